"""How a run ends: everything is answered, everybody has heard it, the rooms are fetched anew."""

import asyncio
from collections.abc import Mapping
from typing import Any

import httpx

from duologue.verify.cast import Cast
from duologue.verify.history import Row, State, row_of
from duologue.verify.people import Person, code_of
from duologue.verify.scene import Room, Scene

# since the last answer: a crowd's last words may have to wait for their turn in a person's allowance
_ANSWER_SECONDS = 20.0
_SETTLE_SECONDS = 30.0
# longer than a stalled reader needs to come back
_QUIET_SECONDS = 5.0
_PAUSE_SECONDS = 0.25
_TRIES = 4
_SECONDS_BETWEEN_TRIES = 1.0


async def settle(scene: Scene, cast: Cast) -> bool:
    """Wait until all is answered and heard, and fetch the rooms; False when they could not be fetched."""
    await _until_answered(cast)
    # what was on its way when its sender hung up has arrived by then
    await asyncio.sleep(_PAUSE_SECONDS)
    loop = asyncio.get_running_loop()
    latest, since, end = -1, loop.time(), loop.time() + _SETTLE_SECONDS
    while True:
        fetched = await _fetch_all(scene)
        if fetched and _all_heard(scene):
            return True
        if scene.counts["delivered"] != latest:
            latest, since = scene.counts["delivered"], loop.time()
        if loop.time() > min(end, since + _QUIET_SECONDS):
            return fetched
        await asyncio.sleep(_PAUSE_SECONDS)


def complain_of_silence(scene: Scene, cast: Cast) -> None:
    """Complain of what was never answered by a server that does let the rooms be fetched."""
    waiting = [client_id for writer in cast.writers for client_id in writer.author.outbox]
    if waiting:
        scene.complain(f"{len(waiting):,} sends, edits or deletions were never answered, {waiting[0]} is one of them")


async def compare_both_ways(scene: Scene) -> bool:
    """Fetch the rooms once more as pages of history, and complain where these show something else or fail alone.

    False when nothing can be fetched any more.
    """
    for room in scene.rooms:
        try:
            pages = await _pages(scene, room)
        except httpx.HTTPError:
            return False
        if pages is None:
            continue
        final = scene.history.final.get(room.id, [])
        for shown, row in zip(pages, final, strict=False):
            if shown != row:
                scene.complain(f"history of room {room.id} shows {shown}, its changes show {row}")
        if len(pages) != len(final):
            scene.complain(f"history of room {room.id} shows {len(pages)} messages, its changes {len(final)}")
    return True


async def _until_answered(cast: Cast) -> None:
    loop = asyncio.get_running_loop()
    latest, since = cast.unanswered, loop.time()
    # so many answers set nothing that could be waited for
    while cast.unanswered and loop.time() < since + _ANSWER_SECONDS:
        if cast.unanswered != latest:
            latest, since = cast.unanswered, loop.time()
        await asyncio.sleep(0.05)


def _all_heard(scene: Scene) -> bool:
    history = scene.history
    states = {
        room: State({row.seq: row for row in rows}, {k: v for k, v in history.marks_at_last[room].items() if v})
        for room, rows in history.final.items()
    }
    return all(states[room] == fold for folds in history.folds.values() for room, fold in folds.items())


async def _fetch_all(scene: Scene) -> bool:
    for room in scene.rooms:
        try:
            rows, marks = await _changes(room.pair[0], room)
        except httpx.HTTPError:
            return False
        scene.history.final[room.id] = [scene.history.shared(rows[place]) for place in sorted(rows)]
        scene.history.marks_at_last[room.id] = marks
    return True


async def _changes(person: Person, room: Room) -> tuple[dict[tuple[int, int], Row], dict[str, int]]:
    # by id too: of two messages at one place neither may hide the other
    rows: dict[tuple[int, int], Row] = {}
    marks: dict[str, int] = {}
    since: dict[str, str | int] = {}
    more = True
    while more:
        page = await _get(person, f"/api/chat/rooms/{room.id}/changes", since)
        rows |= {(message["seq"], message["id"]): row_of(message) for message in page["messages"]}
        marks |= {read["username"]: read["up_to_seq"] for read in page["reads"]}
        since, more = {"since": page["cursor"]}, page["more"]
    return rows, marks


async def _pages(scene: Scene, room: Room) -> list[Row] | None:
    """Return a room's history; None, complained of, when only its changes can be fetched. Raise httpx.HTTPError."""
    person = room.pair[1]
    for _ in range(_TRIES):
        try:
            return await _history(person, room)
        except httpx.HTTPError as error:
            why = str(error) or repr(error)
            await asyncio.sleep(_SECONDS_BETWEEN_TRIES)
    await _changes(person, room)
    scene.complain(f"history of room {room.id} cannot be fetched, its changes can: {why}")
    return None


async def _history(person: Person, room: Room) -> list[Row]:
    rows: list[Row] = []
    while True:
        page = await _get(person, f"/api/chat/rooms/{room.id}/messages/", {"after": len(rows)})
        if not page:
            return rows
        # pages of history do not say it: a place in the list is the seq, or else the comparison says so
        rows += [row_of(message, len(rows) + place) for place, message in enumerate(page, start=1)]


async def _get(person: Person, path: str, params: Mapping[str, str | int]) -> Any:
    answer = await person.ask("GET", path, params=params)
    if answer.status_code != httpx.codes.OK:
        raise httpx.HTTPError(f"{path} was refused: {code_of(answer)}")
    return answer.json()
