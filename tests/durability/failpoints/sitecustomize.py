"""Python runs this at start when its folder is on the path: a server that dies, fails or dawdles where a test wants it.

FAILPOINT names the place; it acts only while the file that FAILPOINT_FILE names is there. DAWDLES is a seed: reads of
what a connection missed then take a random time. The product's own code has no such places.
"""

import asyncio
import os
import random
import signal
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from duologue.chat.access.tokens import Tokens
from duologue.chat.api.chat_socket import ChatSocket
from duologue.chat.delivery.hub import Hub
from duologue.chat.model import Changes, Room, Standing, Write
from duologue.chat.store.api import Identity, Outcome, OutcomeUnknownError
from duologue.chat.store.sqlite import SqliteStore
from duologue.chat.store.sqlite.writer import Writer
from duologue.contract.claims import AccessClaims

_PLACE = os.environ.get("FAILPOINT", "")
_ARMED = Path(os.environ.get("FAILPOINT_FILE", "/nowhere"))
_chance = random.Random(int(os.environ.get("DAWDLES", "0")))

_commit, _open_pair = Writer.commit, Writer.open_pair
_deliver, _send_all = Hub.deliver, ChatSocket.deliver
_verify = Tokens.verify
_changes, _standings = SqliteStore.changes, SqliteStore.standings


def _is_armed(place: str) -> bool:
    return place == _PLACE and _ARMED.exists()


def _die_at(place: str) -> None:
    if _is_armed(place):
        os.kill(os.getpid(), signal.SIGKILL)


def _commit_and_perhaps_die(self: Writer, writes: Sequence[Write]) -> list[Outcome]:
    _die_at("before the commit")
    outcomes = _commit(self, writes)
    _die_at("after the commit")
    _perhaps_fail()
    return outcomes


def _deliver_and_perhaps_die(self: Hub, events: Any, answers: Any = ()) -> None:
    _die_at("before the delivery")
    if _is_armed("before the acknowledgement"):
        _deliver(self, events)
        _die_at(_PLACE)
    _deliver(self, events, answers)


def _send_and_perhaps_die(self: ChatSocket, frames: Sequence[bytes]) -> None:
    # asked before: what leaves here may be what the test waits for until it arms this
    armed = _is_armed("within the delivery")
    _send_all(self, frames)
    if armed:
        os.kill(os.getpid(), signal.SIGKILL)


def _open_pair_and_perhaps_fail(self: Writer, a: Identity, b: Identity, created_at: int) -> tuple[Room, bool]:
    opened = _open_pair(self, a, b, created_at)
    _perhaps_fail()
    return opened


def _perhaps_fail() -> None:
    if _is_armed("outcome lost"):
        _ARMED.unlink()
        raise OutcomeUnknownError


async def _dawdle() -> None:
    await asyncio.sleep(_chance.choice((0, 0, 0.001, 0.005, 0.02, 0.05)))


def _wait_until_disarmed() -> None:
    while _ARMED.exists():
        time.sleep(0.01)


async def _verify_when_disarmed(self: Tokens, token: str) -> AccessClaims:
    if _is_armed("token waits"):
        await asyncio.to_thread(_wait_until_disarmed)
    return await _verify(self, token)


async def _slow_changes(self: SqliteStore, room: Room, seq: int, change: int, limit: int) -> Changes | None:
    await _dawdle()
    found = await _changes(self, room, seq, change, min(limit, _chance.choice((3, 20, 300))))
    if _PLACE == "page waits":
        await asyncio.to_thread(_wait_until_disarmed)
    await _dawdle()
    return found


async def _slow_standings(self: SqliteStore, user_id: str, room_ids: Sequence[int]) -> list[Standing]:
    await _dawdle()
    if _PLACE == "greeting waits":
        await asyncio.to_thread(_wait_until_disarmed)
    found = await _standings(self, user_id, room_ids)
    await _dawdle()
    return found


if _PLACE:
    Writer.commit = _commit_and_perhaps_die  # type: ignore[method-assign]
    Writer.open_pair = _open_pair_and_perhaps_fail  # type: ignore[method-assign]
    Tokens.verify = _verify_when_disarmed  # type: ignore[method-assign]
    Hub.deliver = _deliver_and_perhaps_die  # type: ignore[method-assign]
    ChatSocket.deliver = _send_and_perhaps_die  # type: ignore[assignment]
if "DAWDLES" in os.environ or _PLACE:
    SqliteStore.changes = _slow_changes  # type: ignore[method-assign]
    SqliteStore.standings = _slow_standings  # type: ignore[method-assign]
