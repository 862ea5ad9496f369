"""Who takes part: people, their rooms, and who listens and speaks in them."""

import asyncio
from collections import Counter
from dataclasses import dataclass, field

import httpx

from duologue.verify.author import Author
from duologue.verify.line import Line
from duologue.verify.people import CannotStartError, Person, Say, code_of
from duologue.verify.readers import PlainReader, Reader
from duologue.verify.scene import Room, Scene
from duologue.verify.writers import PlainWriter, RestWriter, SocketWriter, Writer

_KINDS = ("v1", "v1 everywhere", "rest", "plain")
# every so many readers has so little room that a stall is felt
_SLOW_EVERY = 2


@dataclass
class Cast:
    """Everybody of a run."""

    readers: list[Reader] = field(default_factory=list)
    writers: list[Writer] = field(default_factory=list)
    plain_readers: list[PlainReader] = field(default_factory=list)

    @property
    def lines(self) -> list[Line]:
        """Everybody with a socket."""
        return [*self.readers, *self.plain_readers, *(each for each in self.writers if isinstance(each, Line))]

    @property
    def listening(self) -> list[Reader]:
        """Everybody with a stream that goes on across connections."""
        return [line for line in self.lines if isinstance(line, Reader)]

    @property
    def unanswered(self) -> int:
        """How much has been said and not answered yet."""
        return sum(len(writer.author.outbox) for writer in self.writers)


async def gather_people(scene: Scene, rooms: int, say: Say) -> None:
    """Make as few accounts as have so many rooms of two. Raise CannotStartError, UnreachableError, httpx.HTTPError."""
    pairs = _pairs(rooms)
    for _ in range(1 + max(second for _, second in pairs)):
        person = Person(scene.address)
        scene.people.append(person)
        await person.arrive(say)
    for first, second in pairs:
        pair = (scene.people[first], scene.people[second])
        scene.rooms.append(await _open(pair))


def _pairs(rooms: int) -> list[tuple[int, int]]:
    pairs = [(first, second) for second in range(1, rooms + 1) for first in range(second)]
    return pairs[:rooms]


async def _open(pair: tuple[Person, Person]) -> Room:
    body = {"participant_a": pair[0].username, "participant_b": pair[1].username}
    while True:
        answer = await pair[0].ask("POST", "/api/chat/rooms/", json=body)
        if answer.status_code in (httpx.codes.OK, httpx.codes.CREATED):
            break
        if answer.status_code not in (429, 503):
            raise CannotStartError(f"to open a room was refused: {answer.status_code} {code_of(answer)}")
        await asyncio.sleep(2)
    room: int = answer.json()["id"]
    beginning = await pair[0].ask("GET", f"/api/chat/rooms/{room}/changes")
    if beginning.status_code != httpx.codes.OK:
        raise CannotStartError(f"to read a room was refused: {beginning.status_code} {code_of(beginning)}")
    return Room(room, pair, beginning.json()["cursor"])


def assign(scene: Scene, writers: int) -> Cast:
    """Give everybody a part: each person hears all rooms, each room has two listeners of its own, writers go round."""
    cast = Cast()
    for number, person in enumerate(scene.people):
        cursors = {room.id: room.cursor for room in scene.rooms if person in room.pair}
        cast.readers.append(Reader(scene, person, f"everywhere{number}", None, cursors))
    for number, room in enumerate(scene.rooms):
        one, other = room.pair if number % 2 else reversed(room.pair)
        slow = number % _SLOW_EVERY == 0
        cast.readers.append(Reader(scene, one, f"reader{number}", room.id, {room.id: room.cursor}, slow=slow))
        cast.plain_readers.append(PlainReader(scene, other, f"plain{number}", room.id))
    _hire(scene, cast, writers)
    return cast


def _hire(scene: Scene, cast: Cast, writers: int) -> None:
    places = [scene.rooms[n % len(scene.rooms)] for n in range(writers)]
    people = [room.pair[n // len(scene.rooms) % 2] for n, room in enumerate(places)]
    shares = Counter(id(person) for person in people)
    for number, (room, person) in enumerate(zip(places, people, strict=True)):
        kind = _KINDS[number % len(_KINDS)]
        name = f"{kind.split()[0]}-writer{number}"
        author = Author(scene, person, room.id, name, changes=kind != "plain")
        share = shares[id(person)]
        if kind == "rest":
            cast.writers.append(RestWriter(author, share))
        elif kind == "plain":
            cast.writers.append(PlainWriter(author, share))
        elif kind == "v1":
            cast.writers.append(SocketWriter(author, room.id, {room.id: room.cursor}, share))
        else:
            cursors = {each.id: each.cursor for each in scene.rooms if person in each.pair}
            cast.writers.append(SocketWriter(author, None, cursors, share))
