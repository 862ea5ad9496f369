"""One user's reads: one after the other, and what is large counts as many."""

import asyncio

import pytest

from duologue.chat.access.reads import Reads
from duologue.chat.errors import Problem

pytestmark = pytest.mark.anyio


async def test_a_user_has_one_turn_at_a_time_and_another_user_does_not_wait() -> None:
    reads = Reads(rate=1.0, burst=10)
    running: list[str] = []
    most: list[int] = []

    async def read(user: str) -> None:
        async with reads.turn(user):
            running.append(user)
            most.append(running.count("1"))
            await asyncio.sleep(0.01)
            running.remove(user)

    async with reads.turn("1"):
        waiting = [asyncio.create_task(read("1")) for _ in range(3)]
        await read("2")
        assert running == []
    await asyncio.gather(*waiting)
    assert max(most) == 1
    assert not reads._turns


async def test_a_large_answer_is_paid_for_by_those_that_wait_behind_it() -> None:
    reads = Reads(rate=1.0, burst=10)

    async def read(size: int) -> bool:
        try:
            async with reads.turn("1") as count:
                await asyncio.sleep(0)
                count(size)
        except Problem:
            return False
        return True

    assert await asyncio.gather(*[read(65_536 * 8) for _ in range(5)]) == [True, False, False, False, False]
    assert not await read(0)
    assert not reads._turns


async def test_small_answers_cost_no_more_than_their_request() -> None:
    reads = Reads(rate=0.001, burst=10)
    for _ in range(10):
        async with reads.turn("1") as count:
            count(65_535)
    with pytest.raises(Problem):
        async with reads.turn("1"):
            pass


async def test_a_turn_ends_with_an_error_too() -> None:
    reads = Reads(rate=1.0, burst=10)
    with pytest.raises(RuntimeError):
        async with reads.turn("1"):
            raise RuntimeError
    async with asyncio.timeout(1), reads.turn("1"):
        pass
