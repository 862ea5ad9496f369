"""The end of a run: what cannot be fetched is no proof, and what is never answered is no sound server."""

import contextlib
from collections.abc import AsyncIterator

import pytest

from duologue.verify.address import address_of
from duologue.verify.author import Author
from duologue.verify.cast import Cast, gather_people
from duologue.verify.ending import compare_both_ways, complain_of_silence, settle
from duologue.verify.scene import Scene
from duologue.verify.writers import RestWriter, post
from tests.rig.server import RunningServer

pytestmark = pytest.mark.anyio


@contextlib.asynccontextmanager
async def people_at(server: RunningServer) -> AsyncIterator[tuple[Scene, Cast]]:
    """Two people with a room; one of them writes over REST."""
    scene = Scene(address_of(server.url), 1)
    await gather_people(scene, 1, print)
    [room] = scene.rooms
    try:
        yield scene, Cast(writers=[RestWriter(Author(scene, room.pair[0], room.id, "writer"), 1)])
    finally:
        for person in scene.people:
            await person.leave()


async def test_what_was_answered_and_is_shown_both_ways_is_fine(server: RunningServer) -> None:
    async with people_at(server) as (scene, cast):
        author = cast.writers[0].author
        for _ in range(4):
            assert await post(author, author.next())
        assert await settle(scene, cast)
        complain_of_silence(scene, cast)
        assert await compare_both_ways(scene)
        assert scene.history.complaints == []
        assert len(scene.history.final[scene.rooms[0].id]) == 4


async def test_what_is_never_answered_is_complained_of(server: RunningServer) -> None:
    async with people_at(server) as (scene, cast):
        cast.writers[0].author.next()
        complain_of_silence(scene, cast)
        assert scene.history.complaints == ["1 sends, edits or deletions were never answered, writer-1 is one of them"]


async def test_history_that_shows_something_else_is_complained_of(server: RunningServer) -> None:
    async with people_at(server) as (scene, cast):
        author = cast.writers[0].author
        await settle(scene, cast)
        await post(author, author.next())
        assert await compare_both_ways(scene)
        assert "shows 1 messages, its changes 0" in scene.history.complaints[0]


async def test_a_server_that_is_gone_meanwhile_has_not_failed_alone(fresh_server: RunningServer) -> None:
    async with people_at(fresh_server) as (scene, cast):
        assert await settle(scene, cast)
        fresh_server.kill()
        assert not await compare_both_ways(scene)
        assert scene.history.complaints == []
