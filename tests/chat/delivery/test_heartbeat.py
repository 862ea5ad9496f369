"""The sweep looks at every socket, and outlives a broken one."""

import asyncio

import pytest

from duologue.chat.delivery import heartbeat
from duologue.chat.delivery.heartbeat import Heartbeat

pytestmark = pytest.mark.anyio


class Heart:
    """Counts its beats."""

    def __init__(self, *, broken: bool = False) -> None:
        self.beats: list[float] = []
        self.twice = asyncio.Event()
        self.revoked = 0
        self.broken = broken

    def beat(self, now: float) -> None:
        self.beats.append(now)
        if len(self.beats) == 2:
            self.twice.set()
        if self.broken:
            raise RuntimeError

    def revoke(self) -> None:
        self.revoked += 1
        if self.broken:
            raise RuntimeError


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(heartbeat, "SWEEP_SECONDS", 0.01)
    monkeypatch.setattr(heartbeat, "_SLICE", 2)


async def test_every_socket_is_looked_at_again_and_again() -> None:
    sweep, hearts = Heartbeat(), [Heart(broken=n == 1) for n in range(5)]
    for heart in hearts:
        sweep.add(heart)
    async with asyncio.timeout(10):
        await asyncio.gather(*(heart.twice.wait() for heart in hearts))
    await sweep.close()
    assert all(heart.beats == sorted(heart.beats) for heart in hearts)


async def test_every_socket_is_told_that_logins_have_ended() -> None:
    sweep, hearts = Heartbeat(), [Heart(broken=n == 1) for n in range(5)]
    for heart in hearts:
        sweep.add(heart)
    await sweep.revoke()
    await sweep.close()
    assert [heart.revoked for heart in hearts] == [1] * 5


async def test_a_socket_that_is_gone_is_forgotten() -> None:
    sweep, gone = Heartbeat(), Heart()
    sweep.add(gone)
    sweep.remove(gone)
    sweep.remove(gone)
    await asyncio.sleep(0.05)
    await sweep.close()
    assert gone.beats == []
