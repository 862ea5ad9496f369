"""Once it is enough nothing new is said: the rooms are fetched soon after that, and must not change any more.

A message that began after the fetch would be heard and not be in what was fetched: a sound server called broken.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest

from duologue.verify.address import address_of
from duologue.verify.author import Author
from duologue.verify.cast import gather_people
from duologue.verify.scene import Limits, Scene
from duologue.verify.writers import PlainWriter, RestWriter, SocketWriter, Writer
from tests.rig.server import RunningServer

pytestmark = pytest.mark.anyio

_PER_SECOND = 5.0
# of the pace above: one message waits a ninth to a third of a second for its turn
_LONGEST_TURN_SECONDS = 0.4
_WAIT_SECONDS = 15


@pytest.fixture
async def scene(server: RunningServer) -> AsyncIterator[Scene]:
    """Two people with a room on a real server."""
    scene = Scene(address_of(server.url), 1)
    await gather_people(scene, 1, print)
    yield scene
    await asyncio.gather(*(person.leave() for person in scene.people))


@pytest.fixture
def author(scene: Scene) -> Author:
    [room] = scene.rooms
    return Author(scene, room.pair[0], room.id, "writer")


def v1(author: Author) -> SocketWriter:
    [room] = author.scene.rooms
    return SocketWriter(author, room.id, {room.id: room.cursor}, 1)


def plain(author: Author) -> PlainWriter:
    return PlainWriter(author, 1)


@pytest.fixture(params=[v1, plain], ids=lambda kind: kind.__name__)
def writer(request: pytest.FixtureRequest, author: Author) -> SocketWriter | PlainWriter:
    """A writer with a socket."""
    made: SocketWriter | PlainWriter = request.param(author)
    return made


@contextlib.asynccontextmanager
async def speaking(writer: Writer) -> AsyncIterator[None]:
    """Let it speak, for a while at most."""
    task = asyncio.create_task(writer.run())
    try:
        async with asyncio.timeout(_WAIT_SECONDS):
            yield
    finally:
        task.cancel()
        await asyncio.wait([task])


def an_answer(scene: Scene) -> asyncio.Event:
    """Return what is set whenever something is acknowledged."""
    heard = asyncio.Event()
    scene.when_acknowledged = lambda room, message_id, seq: heard.set()
    return heard


async def test_a_writer_with_a_socket_begins_nothing_once_it_is_enough(writer: SocketWriter | PlainWriter) -> None:
    async with speaking(writer):
        await writer.joined.wait()
        # now it waits for its first turn
        await asyncio.sleep(0)
        writer.scene.enough.set()
        turns = writer._pipeline._speaking
        assert turns is not None
        assert not turns.done()
        await turns
    assert writer.scene.history.attempts == []
    assert writer.author.outbox == {}


async def test_a_writer_with_a_socket_begins_until_it_is_enough(writer: SocketWriter | PlainWriter) -> None:
    heard = an_answer(writer.scene)
    async with speaking(writer):
        await heard.wait()
    assert writer.scene.history.attempts


async def test_a_writer_over_rest_begins_until_it_is_enough_and_then_nothing(author: Author) -> None:
    scene = author.scene
    scene.limits = Limits(1000, _PER_SECOND, _PER_SECOND)
    heard = an_answer(scene)
    async with speaking(RestWriter(author, 1)):
        for _ in range(2):
            await heard.wait()
            heard.clear()
        # now it waits for its next turn
        scene.enough.set()
        begun = len(scene.history.attempts)
        await asyncio.sleep(_LONGEST_TURN_SECONDS)
    assert len(scene.history.attempts) == begun
    assert author.outbox == {}


async def test_what_is_unanswered_is_said_although_it_is_enough(author: Author) -> None:
    author.next()
    author.scene.enough.set()
    heard = an_answer(author.scene)
    async with speaking(RestWriter(author, 1)):
        await heard.wait()
    assert author.outbox == {}
