"""Who is seen, whatever happens while the store is asked whether they want to be."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from duologue.chat.delivery.presence import Presence
from tests.rig.virtual_loop import VirtualLoop

pytestmark = pytest.mark.anyio


class Watching:
    """Somebody who shares a room with bob."""

    def __init__(self) -> None:
        self.heard: list[bool] = []
        self.behind = False

    def whisper(self, frame: bytes) -> bool:
        if not self.behind:
            self.heard.append(b'"online":true' in frame)
        return not self.behind


@pytest.fixture
async def presence() -> Presence:
    return Presence()


async def answered(hidden: bool) -> bool:
    return hidden


@pytest.mark.parametrize("now", [True, False])
@pytest.mark.parametrize("is_here", [True, False])
async def test_a_switch_set_while_the_store_was_asked_is_the_newer_one(
    presence: Presence, now: bool, is_here: bool
) -> None:
    watching = Watching()
    presence.watch("2", watching)
    if is_here:
        await presence.enter("2", "bob", answered(not now))
    answer: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
    entering = asyncio.create_task(presence.enter("2", "bob", answer))
    await asyncio.sleep(0)
    presence.hide("2", now)
    answer.set_result(not now)
    await entering
    assert presence.is_online("2") is not now
    # whoever watches knows, too
    assert (watching.heard[-1] if watching.heard else False) is not now


async def test_the_switch_of_somebody_who_is_not_here_leaves_nothing_behind(presence: Presence) -> None:
    empty = {name: len(part) for name, part in vars(presence).items() if hasattr(part, "__len__")}
    presence.hide("2", True)
    presence.hide("2", False)
    lost = asyncio.create_task(presence.enter("2", "bob", asyncio.get_running_loop().create_future()))
    await asyncio.sleep(0)
    presence.hide("2", True)
    lost.cancel()
    await asyncio.wait([lost])
    assert {name: len(part) for name, part in vars(presence).items() if hasattr(part, "__len__")} == empty
    # what was set before is the store's to know
    await presence.enter("2", "bob", answered(False))
    assert presence.is_online("2")


async def test_who_hides_is_hidden_on_all_connections(presence: Presence) -> None:
    for hidden in (False, True):
        await presence.enter("2", "bob", answered(hidden))
    assert not presence.is_online("2")


async def test_who_was_behind_is_told_how_it_is_once_they_read_again(presence: Presence) -> None:
    behind, other = Watching(), Watching()
    for watching in (behind, other):
        presence.watch("2", watching)
    await presence.enter("2", "bob", answered(False))
    behind.behind = True
    for hidden in (True, False, True):
        presence.hide("2", hidden)
    # told while it is behind again: that does not count
    presence.keep_up(behind)
    assert (behind.heard, other.heard) == ([True], [True, False, True, False])
    behind.behind = False
    presence.keep_up(behind)
    assert behind.heard == [True, False]
    presence.keep_up(behind)
    presence.keep_up(other)
    assert (behind.heard, other.heard) == ([True, False], [True, False, True, False])


async def test_nothing_is_kept_for_a_connection_that_is_gone(presence: Presence) -> None:
    watching = Watching()
    watching.behind = True
    presence.watch("2", watching)
    await presence.enter("2", "bob", answered(False))
    presence.hide("2", True)
    presence.unwatch("2", watching)
    watching.behind = False
    presence.keep_up(watching)
    assert watching.heard == []
    assert presence._missed == {}


def on_a_virtual_clock(scene: Callable[[Presence, Watching], Coroutine[Any, Any, None]]) -> None:
    async def play() -> None:
        presence, watching = Presence(), Watching()
        presence.watch("2", watching)
        await presence.enter("2", "bob", answered(False))
        assert watching.heard == [True]
        await scene(presence, watching)

    with asyncio.Runner(loop_factory=lambda: VirtualLoop(1)) as runner:
        runner.run(play())


def test_who_left_is_gone_after_five_seconds_and_not_before() -> None:
    async def scene(presence: Presence, watching: Watching) -> None:
        presence.leave("2")
        await asyncio.sleep(4.9)
        assert (watching.heard, presence.is_online("2")) == ([True], True)
        await asyncio.sleep(0.2)
        assert (watching.heard, presence.is_online("2")) == ([True, False], False)

    on_a_virtual_clock(scene)


def test_who_is_back_within_five_seconds_was_never_gone() -> None:
    async def scene(presence: Presence, watching: Watching) -> None:
        for _ in range(3):
            presence.leave("2")
            await asyncio.sleep(4.9)
            await presence.enter("2", "bob", answered(False))
        await asyncio.sleep(60)
        assert (watching.heard, presence.is_online("2")) == ([True], True)

    on_a_virtual_clock(scene)


def test_who_is_still_here_with_another_connection_is_not_gone() -> None:
    async def scene(presence: Presence, watching: Watching) -> None:
        await presence.enter("2", "bob", answered(False))
        presence.leave("2")
        await asyncio.sleep(60)
        assert (watching.heard, presence.is_online("2")) == ([True], True)

    on_a_virtual_clock(scene)
