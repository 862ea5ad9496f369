"""Who types is told often enough and no oftener: the clock is virtual, so each moment is exact."""

import asyncio
import json
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from duologue.chat.delivery.hub import Hub
from duologue.chat.delivery.subscription import Subscription
from duologue.chat.delivery.typing import Typing
from duologue.chat.model import Person, Room
from tests.chat.delivery.stand_ins import Ear
from tests.chat.people import NOON
from tests.rig.virtual_loop import VirtualLoop

BOB = Person(2, "2", "bob")
ALICE = Person(1, Ear.user_id, "alice")
EVE = Person(3, "3", "eve")
ROOM, OTHER = Room(7, ALICE, BOB, NOON), Room(8, ALICE, EVE, NOON)

Told = list[tuple[int, str, str]]


class Listening:
    """Alice, who listens to two rooms."""

    def __init__(self) -> None:
        hub = Hub("epoch")
        self.ear = Ear()
        self.typing = Typing(hub)
        for room in (ROOM, OTHER):
            subscription = Subscription(room.id, 16, 10_000)
            subscription.caught_up(0, 0, more=False)
            hub.subscribe(subscription, self.ear)

    def told(self) -> Told:
        """Return who was said to do what, and forget it."""
        frames = [json.loads(frame[frame.index(b"{") :]) for frame in self.ear.whispered]
        self.ear.whispered.clear()
        return [(frame["room"], frame["username"], frame["state"]) for frame in frames]


def on_a_virtual_clock(scene: Callable[[Listening], Coroutine[Any, Any, None]]) -> None:
    async def play() -> None:
        await scene(Listening())

    with asyncio.Runner(loop_factory=lambda: VirtualLoop(1)) as runner:
        runner.run(play())


@pytest.mark.parametrize("pause", [0.1, 0.9, 1.9])
def test_whoever_types_on_is_told_once_in_two_seconds(pause: float) -> None:
    async def scene(alice: Listening) -> None:
        alice.typing.start(ROOM, BOB)
        assert alice.told() == [(ROOM.id, "bob", "start")]
        # up to just before the two seconds are over
        for _ in range(int(1.95 / pause)):
            await asyncio.sleep(pause)
            alice.typing.start(ROOM, BOB)
        assert alice.told() == []
        await asyncio.sleep(2.05 - int(1.95 / pause) * pause)
        alice.typing.start(ROOM, BOB)
        alice.typing.start(ROOM, BOB)
        assert alice.told() == [(ROOM.id, "bob", "start")]

    on_a_virtual_clock(scene)


def test_each_room_and_person_has_two_seconds_of_its_own() -> None:
    async def scene(alice: Listening) -> None:
        for room, who in ((ROOM, BOB), (OTHER, BOB), (OTHER, EVE), (ROOM, BOB)):
            alice.typing.start(room, who)
        assert alice.told() == [(ROOM.id, "bob", "start"), (OTHER.id, "bob", "start"), (OTHER.id, "eve", "start")]

    on_a_virtual_clock(scene)


def test_whoever_stopped_and_begins_again_is_told_at_once() -> None:
    async def scene(alice: Listening) -> None:
        alice.typing.start(ROOM, BOB)
        alice.typing.stop(ROOM, BOB)
        alice.typing.stop(ROOM, BOB)
        alice.typing.start(ROOM, BOB)
        assert [state for _, _, state in alice.told()] == ["start", "stop", "start"]

    on_a_virtual_clock(scene)


def test_it_ends_six_seconds_after_it_was_said_last() -> None:
    async def scene(alice: Listening) -> None:
        alice.typing.start(ROOM, BOB)
        await asyncio.sleep(1.5)
        # not told, and still it counts
        alice.typing.start(ROOM, BOB)
        await asyncio.sleep(5.9)
        assert [state for _, _, state in alice.told()] == ["start"]
        await asyncio.sleep(0.2)
        assert [state for _, _, state in alice.told()] == ["stop"]
        await asyncio.sleep(60)
        assert alice.told() == []

    on_a_virtual_clock(scene)
