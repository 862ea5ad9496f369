"""The outbox: what is put in is sent until it is acknowledged or refused for good, in order, under one id."""

import random

import msgspec
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from duologue.client.core.outbox import Outbox, Unsent
from duologue.client.errors import OutboxFull

IN_FLIGHT = 3


def said(number: int, room: int = 1) -> Unsent:
    return Unsent("message", room, f"id-{number}", f"text {number}")


def outbox(limit: int = 1000) -> Outbox:
    return Outbox(lambda: 1.0, in_flight=IN_FLIGHT, limit=limit)


def test_one_of_a_room_flies_at_a_time_and_some_of_all() -> None:
    box = outbox()
    for number in range(8):
        box.add(said(number, room=number // 2))
    assert [unsent.client_id for unsent in box.due(0)] == ["id-0", "id-2", "id-4"]
    assert list(box.due(0)) == []
    box.acknowledged(0, "id-0")
    assert [unsent.client_id for unsent in box.due(0)] == ["id-6"]


def test_a_refusal_for_the_moment_holds_everything_back_as_long_as_it_says() -> None:
    box = outbox()
    box.add(said(1, room=1))
    list(box.due(10))
    box.add(said(2, room=2))
    assert box.refused(1, "id-1", "rate_limited", retryable=True, wait=1.2, now=10) is None
    assert box.held_until == 11.2
    assert list(box.due(11.1)) == []
    assert {unsent.client_id for unsent in box.due(11.2)} == {"id-1", "id-2"}


def test_without_a_word_from_the_server_the_pauses_grow() -> None:
    box = outbox()
    box.add(said(1))
    pauses = []
    now = 0.0
    for _ in range(8):
        list(box.due(now))
        box.refused(1, "id-1", "outcome_unknown", retryable=True, wait=None, now=now)
        pauses.append(box.held_until - now)
        now = box.held_until
    assert pauses == [0.5, 1, 2, 4, 8, 16, 30, 30]


def test_what_is_refused_for_good_leaves_and_the_next_one_goes() -> None:
    box = outbox()
    box.add(said(1))
    box.add(said(2))
    list(box.due(0))
    assert box.refused(1, "id-1", "validation_failed", retryable=False, wait=None, now=0) == said(1)
    assert [unsent.client_id for unsent in box.due(0)] == ["id-2"]
    assert box.refused(1, "id-1", "validation_failed", retryable=False, wait=None, now=0) is None


@pytest.mark.parametrize("code", ["token_expired", "token_invalid", "token_missing", "session_ended"])
def test_a_refused_token_says_nothing_about_a_message(code: str) -> None:
    box = outbox()
    box.add(said(1))
    list(box.due(0))
    assert box.refused(1, "id-1", code, retryable=False, wait=None, now=0) is None
    assert len(box) == 1


def test_an_error_that_names_no_room_is_about_what_is_on_its_way() -> None:
    box = outbox()
    box.add(said(1, room=1))
    list(box.due(0))
    assert box.refused(None, "id-1", "not_found", retryable=False, wait=None, now=0) == said(1, room=1)
    assert box.refused(None, "id-1", "not_found", retryable=False, wait=None, now=0) is None


def test_the_same_thing_is_there_once_and_an_id_names_one_thing() -> None:
    box = outbox()
    box.add(said(1))
    box.add(said(1))
    assert len(box) == 1
    with pytest.raises(ValueError, match="id-1"):
        box.add(Unsent("message", 1, "id-1", "other words"))
    box.add(said(1, room=2))


def test_it_is_bounded() -> None:
    box = outbox(limit=2)
    box.add(said(1))
    box.add(said(2))
    with pytest.raises(OutboxFull):
        box.add(said(3))
    box.acknowledged(1, "id-1")
    box.add(said(3))


def test_a_snapshot_holds_everything_that_is_not_acknowledged() -> None:
    box = outbox()
    things = [said(1), Unsent("edit", 1, "e", "other", 7), Unsent("delete", 1, "d", id=7), said(2, room=2)]
    for unsent in things:
        box.add(unsent)
    list(box.due(0))
    again = outbox()
    again.restore(box.snapshot())
    assert again.snapshot() == box.snapshot()
    found = []
    for _ in range(3):
        for unsent in list(again.due(0)):
            found.append(unsent)
            again.acknowledged(*unsent.key)
    assert sorted(found, key=str) == sorted(things, key=str)
    with pytest.raises(msgspec.DecodeError):
        again.restore(b"no snapshot")


def test_each_kind_has_its_frame() -> None:
    frames = [said(1), Unsent("edit", 1, "e", "other", 7), Unsent("delete", 1, "d", id=7)]
    assert [msgspec.json.decode(unsent.frame()) for unsent in frames] == [
        {"type": "message", "room": 1, "client_id": "id-1", "message": "text 1"},
        {"type": "edit", "room": 1, "client_id": "e", "id": 7, "message": "other"},
        {"type": "delete", "room": 1, "client_id": "d", "id": 7},
    ]


class OutboxMachine(RuleBasedStateMachine):
    """A line to a server that stores, refuses, loses what it hears and what it says, and repeats itself."""

    def __init__(self) -> None:
        super().__init__()
        self.box = outbox()
        self.now = 0.0
        self.number = 0
        self.put: dict[int, list[str]] = {}
        self.texts: dict[str, set[bytes]] = {}
        self.stored: dict[int, list[str]] = {}
        self.dead: set[str] = set()
        self.acks: list[tuple[int, str]] = []
        self.line: list[Unsent] = []
        self.sent: set[str] = set()

    def _send(self) -> None:
        for unsent in self.box.due(self.now):
            self.line.append(unsent)
            self.sent.add(unsent.client_id)
            self.texts.setdefault(unsent.text, set()).add(unsent.frame())

    @rule(room=st.integers(1, 3))
    def put_in(self, room: int) -> None:
        self.number += 1
        unsent = said(self.number, room)
        self.box.add(unsent)
        self.put.setdefault(room, []).append(unsent.client_id)
        self._send()

    @precondition(lambda self: self.line)
    @rule(store=st.booleans(), heard=st.booleans())
    def arrive(self, store: bool, heard: bool) -> None:
        unsent = self.line.pop(0)
        if store and unsent.client_id not in self.stored.setdefault(unsent.room, []):
            self.stored[unsent.room].append(unsent.client_id)
        if heard and store:
            self.acks.append(unsent.key)
        elif heard:
            wait = random.Random(self.number).choice([None, 0.5])
            assert self.box.refused(*unsent.key, "rate_limited", retryable=True, wait=wait, now=self.now) is None
            self._send()

    @precondition(lambda self: self.line)
    @rule()
    def refuse_for_good(self) -> None:
        unsent = self.line.pop(0)
        if unsent.client_id in self.stored.get(unsent.room, []):
            return
        assert self.box.refused(*unsent.key, "not_found", retryable=False, wait=None, now=self.now) == unsent
        self.dead.add(unsent.client_id)
        self._send()

    @precondition(lambda self: self.acks)
    @rule(again=st.booleans())
    def acknowledge(self, again: bool) -> None:
        key = self.acks[0] if again else self.acks.pop(0)
        self.box.acknowledged(*key)
        self._send()

    @rule(restart=st.booleans())
    def reconnect(self, restart: bool) -> None:
        self.line.clear()
        self.acks.clear()
        if restart:
            kept = self.box.snapshot()
            self.box = outbox()
            self.box.restore(kept)
        self.box.disconnected()
        self._send()

    @rule(seconds=st.floats(0, 40))
    def wait(self, seconds: float) -> None:
        self.now += seconds
        self._send()

    @invariant()
    def the_order_of_each_room_is_kept(self) -> None:
        for room, stored in self.stored.items():
            assert stored == [one for one in self.put[room] if one in set(stored)]

    @invariant()
    def a_send_has_one_id_and_one_frame(self) -> None:
        assert all(len(frames) == 1 for frames in self.texts.values())

    @invariant()
    def few_are_on_their_way(self) -> None:
        assert len(self.line) <= IN_FLIGHT

    def teardown(self) -> None:
        # whatever happened, with a line that works everything arrives
        self.reconnect(False)
        for _ in range(10 * self.number + 10):
            self.now += 31
            self._send()
            while self.line:
                self.arrive(True, True)
            while self.acks:
                self.acknowledge(False)
        assert len(self.box) == 0
        for room, put in self.put.items():
            assert self.stored.get(room, []) == [one for one in put if one not in self.dead]


OutboxMachine.TestCase.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
TestOutboxMachine = OutboxMachine.TestCase
