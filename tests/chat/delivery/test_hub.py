"""Who hears what."""

from collections.abc import Sequence

import msgspec
import pytest

from duologue.chat.delivery.hub import Hub
from duologue.chat.delivery.subscription import Subscription
from duologue.chat.model import Message, Person, Posted, Room
from tests.chat.delivery.stand_ins import Ear
from tests.chat.people import NOON

ROOM = Room(7, Person(1, "1", "alice"), Person(2, "2", "bob"), NOON)
MESSAGE = Message(501, 7, 85, 2, "Hi", NOON, None)


def test_all_sockets_of_the_room_hear_one_frame_and_others_none() -> None:
    hub, here, too, elsewhere = Hub("scripted"), Ear(), Ear(), Ear()
    hub.join(7, here)
    hub.join(7, too)
    hub.join(8, elsewhere)
    hub.deliver([(ROOM, Posted(MESSAGE, duplicate=False))])

    assert here.heard == too.heard == [85]
    assert here.frames[0] is too.frames[0]
    assert elsewhere.heard == []
    assert msgspec.json.decode(here.frames[0][here.frames[0].index(b"{") :]) == {
        "type": "message", "id": 501, "room": 7, "sender_id": "bob", "username": "bob", "message": "Hi",
        "content": "Hi", "timestamp": "2025-11-02T20:18:12.365841Z", "is_read": False, "seq": 85,
    }  # fmt: skip


def test_who_has_left_hears_nothing_and_the_room_is_forgotten() -> None:
    hub, ear = Hub("scripted"), Ear()
    hub.join(7, ear)
    hub.leave(7, ear)
    hub.leave(7, ear)
    hub.deliver([(ROOM, Posted(MESSAGE, duplicate=False))])
    assert ear.heard == []
    assert hub._rooms == {}


def test_a_socket_that_leaves_while_it_hears_disturbs_nobody() -> None:
    hub, last = Hub("scripted"), Ear()

    class Leaver(Ear):
        def deliver(self, frames: Sequence[bytes]) -> None:
            super().deliver(frames)
            hub.leave(7, self)

    leavers = [Leaver(), Leaver()]
    for ear in [*leavers, last]:
        hub.join(7, ear)
    hub.deliver([(ROOM, Posted(MESSAGE, duplicate=False))])
    hub.deliver([(ROOM, Posted(msgspec.structs.replace(MESSAGE, seq=86), duplicate=False))])
    assert [ear.heard for ear in [*leavers, last]] == [[85], [85], [85, 86]]


def test_a_batch_reaches_each_socket_at_once_and_in_order() -> None:
    calls: list[list[bytes]] = []

    class Counting(Ear):
        def deliver(self, frames: Sequence[bytes]) -> None:
            calls.append(list(frames))
            super().deliver(frames)

    hub, ears = Hub("scripted"), [Counting(), Counting()]
    for ear in ears:
        hub.join(7, ear)
    hub.deliver([(ROOM, Posted(msgspec.structs.replace(MESSAGE, seq=seq), duplicate=False)) for seq in range(1, 21)])
    assert len(calls) == len(ears)
    assert [ear.heard for ear in ears] == [list(range(1, 21))] * 2


@pytest.mark.parametrize("most", [1, 3])
def test_sockets_are_counted_for_each_user(most: int) -> None:
    hub = Hub("scripted")
    assert [hub.count_in("1", most) for _ in range(most + 1)] == [True] * most + [False]
    assert hub.count_in("2", most)
    hub.count_out("1")
    assert hub.count_in("1", most)
    for _ in range(most):
        hub.count_out("1")
    hub.count_out("2")
    assert hub._sockets == {}


def test_an_answer_leaves_with_what_its_socket_hears_and_behind_it() -> None:
    calls: list[list[bytes]] = []

    class Counting(Ear):
        def deliver(self, frames: Sequence[bytes]) -> None:
            calls.append(list(frames))

    hub, sender, other, elsewhere = Hub("scripted"), Counting(), Ear(), Counting()
    hub.join(7, sender)
    hub.join(7, other)
    hub.deliver([(ROOM, Posted(MESSAGE, duplicate=False))], [(sender, b"ack"), (elsewhere, b"refused")])
    assert [len(frames) for frames in calls] == [2, 1]
    assert calls[0][1] == b"ack"
    assert calls[1] == [b"refused"]
    assert other.heard == [85]


def test_what_cannot_be_encoded_cuts_its_room_and_nobody_else() -> None:
    hub, here, elsewhere = Hub("scripted"), Ear(), Ear()
    hub.join(7, here)
    hub.join(8, elsewhere)
    spoilt = msgspec.structs.replace(MESSAGE, content="\ud800")
    sound = Posted(msgspec.structs.replace(MESSAGE, room_id=8), duplicate=False)
    hub.deliver([(ROOM, Posted(spoilt, duplicate=False)), (msgspec.structs.replace(ROOM, id=8), sound)])
    assert here.was_cut
    assert not elsewhere.was_cut
    assert elsewhere.heard == [85]


def test_what_nobody_may_have_been_told_of_is_read_by_who_listens() -> None:
    hub, live, reading, elsewhere = Hub("scripted"), Ear(), Ear(), Ear()
    subscriptions = [Subscription(room_id, 16, 1000) for room_id in (7, 7, 8)]
    for subscription, ear in zip(subscriptions, (live, reading, elsewhere), strict=True):
        hub.subscribe(subscription, ear)
        if ear is not reading:
            subscription.caught_up(85, 0, more=False)
    for _ in range(2):
        hub.look_again([7, 9])
    assert [ear.behind for ear in (live, reading, elsewhere)] == [[subscriptions[0]], [], []]
    assert [ear.frames for ear in (live, reading, elsewhere)] == [[], [], []]


def test_who_breaks_when_it_is_to_look_comes_back_and_stops_nobody() -> None:
    class Breaking(Ear):
        def fell_behind(self, subscription: Subscription) -> None:
            raise ConnectionError

    hub, breaking, ear = Hub("scripted"), Breaking(), Ear()
    for room_id, each in ((7, breaking), (8, ear)):
        subscription = Subscription(room_id, 16, 1000)
        hub.subscribe(subscription, each)
        subscription.caught_up(1, 0, more=False)
    hub.look_again([7, 8])
    assert breaking.was_cut
    assert len(ear.behind) == 1
    assert not ear.was_cut
