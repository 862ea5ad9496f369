"""A process that writes with the product's own store and says what is acknowledged: each word of it is a system call.

`python -m tests.durability.power_writer DATABASE ACKNOWLEDGED SEED`
"""

import asyncio
import os
import random
import sys
from pathlib import Path

import msgspec

from duologue.chat.model import MarkMove, MarkMoved, Message, Posted, Rewrite, Rewritten, Room, Write
from duologue.chat.store.api import Outcome
from duologue.chat.store.sqlite import SqliteStore, checkpoints
from tests.chat.people import ALICE, BOB, NOON, draft

BATCHES = 60
# so that checkpoints come within these batches, too
_STEP_PAGES = 40


class Acknowledged(msgspec.Struct):
    """What one commit promised: messages as they are after it, and marks by the reader's number."""

    messages: list[Message]
    marks: dict[int, int]


def _writes(room: Room, chance: random.Random, batch: int, said: list[Message]) -> list[Write]:
    size = chance.choice((1, 1, 3, 10))
    writes: list[Write] = [
        draft(room, chance.choice((ALICE, BOB)), f"{batch}-{n} " + "x" * chance.randrange(600), f"id-{batch}-{n}")
        for n in range(size)
    ]
    for n in range(chance.randrange(3)):
        if said:
            message = chance.choice(said)
            author = room.participant_a if message.sender == room.participant_a.number else room.participant_b
            content = None if chance.random() < 0.2 else f"edit {batch:03}.{n}"
            writes.append(Rewrite(room, author, message.id, content, NOON + batch * 10 + n))
    if chance.random() < 0.4:
        writes.append(MarkMove(room, chance.choice((room.participant_a, room.participant_b)), 10**6))
    return writes


def _acknowledged(outcomes: list[Outcome]) -> Acknowledged:
    told = Acknowledged([], {})
    for outcome in outcomes:
        if isinstance(outcome, Posted | Rewritten):
            told.messages.append(outcome.message)
        elif isinstance(outcome, MarkMoved):
            told.marks[outcome.reader.number] = outcome.mark.last_read_seq
    return told


async def write(database: Path, acknowledged: int, chance: random.Random) -> None:
    """Open a room, and fill it."""
    store = SqliteStore(database)
    room, _ = await store.open_room(ALICE, BOB, NOON)
    said: list[Message] = []
    for batch in range(BATCHES):
        outcomes = await store.commit(_writes(room, chance, batch, said))
        os.write(acknowledged, msgspec.json.encode(_acknowledged(outcomes)) + b"\n")
        said += [outcome.message for outcome in outcomes if isinstance(outcome, Posted)]
    # no farewell: closing would put everything into its place
    os._exit(0)


if __name__ == "__main__":
    vars(checkpoints)["_STEP_PAGES"] = _STEP_PAGES
    _database, _file, _seed = sys.argv[1:]
    _handle = os.open(_file, os.O_WRONLY | os.O_CREAT)
    asyncio.run(write(Path(_database), _handle, random.Random(int(_seed))))
