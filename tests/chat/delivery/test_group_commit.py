"""All that waits goes into one commit; nobody waits for ever, whatever happens."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from duologue.chat.delivery import group_commit
from duologue.chat.delivery.group_commit import GroupCommit
from duologue.chat.delivery.hub import Hub
from duologue.chat.errors import Problem
from duologue.chat.model import Draft, Person, Posted, Room
from duologue.chat.store.api import ClientIdReusedError, NotAMemberError, OutcomeUnknownError
from tests.chat.delivery.stand_ins import Ear, ScriptedStore
from tests.chat.people import ALICE, BOB, NOON, draft

pytestmark = pytest.mark.anyio

ROOM = Room(7, Person(1, "1", "alice"), Person(2, "2", "bob"), NOON)


@pytest.fixture
async def store() -> ScriptedStore:
    return ScriptedStore()


@pytest.fixture
async def hub() -> Hub:
    return Hub("scripted")


@pytest.fixture
async def writer(store: ScriptedStore, hub: Hub) -> AsyncIterator[GroupCommit]:
    made = GroupCommit(store, hub, most_waiting=2000)
    yield made
    store.gate.set()
    await made.close()


def post(writer: GroupCommit, said: Draft) -> "asyncio.Future[Posted]":
    """Post as the REST endpoint does; a second answer to the same draft fails the test."""
    outcome: asyncio.Future[Posted] = asyncio.get_running_loop().create_future()

    def reply(answered: Draft, result: Posted | Problem) -> None:
        assert answered is said
        if outcome.cancelled():
            return
        if isinstance(result, Problem):
            outcome.set_exception(result)
        else:
            outcome.set_result(result)

    writer.post(said, reply)
    return outcome


async def code_of(outcome: "asyncio.Future[Posted]") -> str:
    with pytest.raises(Problem) as caught:
        await outcome
    return caught.value.code


async def test_a_lone_sender_waits_for_nobody(store: ScriptedStore, writer: GroupCommit) -> None:
    async with asyncio.timeout(10):
        posted = await post(writer, draft(ROOM, ALICE, "one"))
    assert posted.message.seq == 1
    assert store.batches == [["one"]]


async def test_what_arrives_during_a_commit_goes_together_into_the_next_in_order(
    store: ScriptedStore, writer: GroupCommit
) -> None:
    store.gate.clear()
    first = post(writer, draft(ROOM, ALICE, "first"))
    await store.begun.wait()
    rest = [post(writer, draft(ROOM, (ALICE, BOB)[n % 2], str(n))) for n in range(1100)]
    await asyncio.sleep(0.01)
    assert store.batches == [["first"]]
    store.gate.set()
    outcomes = await asyncio.gather(first, *rest)

    assert [len(batch) for batch in store.batches] == [1, group_commit._BATCH, 1100 - group_commit._BATCH]
    assert [outcome.message.content for outcome in outcomes] == ["first", *map(str, range(1100))]
    assert [outcome.message.seq for outcome in outcomes] == list(range(1, 1102))


async def test_nothing_is_answered_or_delivered_before_the_commit(
    store: ScriptedStore, hub: Hub, writer: GroupCommit
) -> None:
    ear = Ear()
    hub.join(ROOM.id, ear)
    store.gate.clear()
    outcome = post(writer, draft(ROOM, ALICE))
    await asyncio.sleep(0.02)
    assert not outcome.done()
    assert ear.heard == []
    store.gate.set()
    await outcome
    assert ear.heard == [1]


async def test_more_than_may_wait_is_turned_away_and_room_comes_back(store: ScriptedStore, hub: Hub) -> None:
    writer = GroupCommit(store, hub, most_waiting=3)
    store.gate.clear()
    first = post(writer, draft(ROOM, ALICE, "on its way"))
    await store.begun.wait()
    waiting = [post(writer, draft(ROOM, ALICE, str(n))) for n in range(3)]
    with pytest.raises(Problem) as refused:
        post(writer, draft(ROOM, ALICE, "too many"))
    assert (refused.value.status, refused.value.code, refused.value.retry_after) == (503, "overloaded", 1)
    store.gate.set()
    await asyncio.gather(first, *waiting)
    await post(writer, draft(ROOM, ALICE, "later"))
    assert "too many" not in [content for batch in store.batches for content in batch]
    await writer.close()


async def test_each_outcome_reaches_its_own_sender(store: ScriptedStore, hub: Hub, writer: GroupCommit) -> None:
    ear = Ear()
    hub.join(ROOM.id, ear)
    store.gate.clear()
    post(writer, draft(ROOM, ALICE))
    await store.begun.wait()
    stored = Posted((await _posted(store)).message, duplicate=True)
    store.script = [stored, NotAMemberError(), stored, ClientIdReusedError()]
    outcomes = [post(writer, draft(ROOM, ALICE, str(n))) for n in range(5)]
    store.gate.set()

    assert await outcomes[1] == stored
    assert await code_of(outcomes[0]) == "not_found"
    assert await code_of(outcomes[2]) == "client_id_reused"
    assert not (await outcomes[3]).duplicate
    # a duplicate was delivered the first time, a refusal never
    assert ear.heard == [(await outcomes[n]).message.seq for n in (3, 4)]


async def _posted(store: ScriptedStore) -> Posted:
    outcome = store._outcome(draft(ROOM, ALICE, "before"))
    assert isinstance(outcome, Posted)
    return outcome


@pytest.mark.parametrize("failure", [OutcomeUnknownError(), ValueError("unforeseen"), KeyError()])
async def test_a_failing_store_is_told_to_all_of_the_batch_and_the_queue_lives_on(
    store: ScriptedStore, writer: GroupCommit, failure: Exception
) -> None:
    store.gate.clear()
    first = post(writer, draft(ROOM, ALICE))
    await store.begun.wait()
    outcomes = [post(writer, draft(ROOM, ALICE, str(n))) for n in range(3)]
    store.script = [Posted((await _posted(store)).message, duplicate=False), failure]
    store.gate.set()
    await first

    assert [await code_of(outcome) for outcome in outcomes] == ["outcome_unknown"] * 3
    assert writer.alive
    assert (await post(writer, draft(ROOM, ALICE, "next"))).message.content == "next"


async def test_a_caller_who_gives_up_leaves_the_message_on_its_way(
    store: ScriptedStore, hub: Hub, writer: GroupCommit
) -> None:
    ear = Ear()
    hub.join(ROOM.id, ear)
    store.gate.clear()

    async def ask() -> Posted:
        return await post(writer, draft(ROOM, ALICE, "kept"))

    caller = asyncio.create_task(ask())
    other = post(writer, draft(ROOM, BOB, "other"))
    await store.begun.wait()
    caller.cancel()
    await asyncio.wait([caller])
    store.gate.set()
    await other

    assert caller.cancelled()
    assert sorted(content for batch in store.batches for content in batch) == ["kept", "other"]
    assert ear.heard == [1, 2]


async def test_a_broken_socket_is_cut_and_nobody_else_notices(hub: Hub, writer: GroupCommit) -> None:
    broken, ear = Ear(broken=True), Ear()
    hub.join(ROOM.id, broken)
    hub.join(ROOM.id, ear)
    for _ in range(2):
        await post(writer, draft(ROOM, ALICE))
    assert broken.was_cut
    assert ear.heard == [1, 2]
    assert writer.alive


async def test_a_reply_that_raises_silences_nobody_and_nobody_hears_twice(
    store: ScriptedStore, writer: GroupCommit
) -> None:
    store.gate.clear()
    first = post(writer, draft(ROOM, ALICE))
    await store.begun.wait()
    heard: list[str] = []

    def broken(said: Draft, _: Posted | Problem) -> None:
        heard.append(said.content)
        raise ConnectionError

    writer.post(draft(ROOM, ALICE, "broken"), broken)
    after = post(writer, draft(ROOM, BOB, "after"))
    store.gate.set()
    await asyncio.gather(first, after)
    await writer.close()
    assert heard == ["broken"]


async def test_a_batch_is_bounded_by_its_size_too(store: ScriptedStore, writer: GroupCommit) -> None:
    """All of it reaches a socket in one turn, and must not be more than may wait for a reader."""
    store.gate.clear()
    first = post(writer, draft(ROOM, ALICE, "on its way"))
    await store.begun.wait()
    waiting = [post(writer, draft(ROOM, ALICE, "x" * 4000)) for _ in range(40)]
    waiting += [post(writer, draft(ROOM, ALICE, "short")) for _ in range(500)]
    store.gate.set()
    await asyncio.gather(first, *waiting)
    # the seventeenth of the long ones is the one that is too many
    assert [len(batch) for batch in store.batches] == [1, 17, 17, 506]


async def test_close_stores_what_waits_and_takes_nothing_more(store: ScriptedStore, writer: GroupCommit) -> None:
    store.gate.clear()
    first = post(writer, draft(ROOM, ALICE, "on its way"))
    await store.begun.wait()
    waiting = [post(writer, draft(ROOM, ALICE, str(n))) for n in range(300)]
    closing = asyncio.create_task(writer.close())
    await asyncio.sleep(0.01)
    with pytest.raises(Problem, match="overloaded"):
        post(writer, draft(ROOM, ALICE, "too late"))
    assert not closing.done()
    store.gate.set()
    await closing

    assert [outcome.result().message.seq for outcome in [first, *waiting]] == list(range(1, 302))
    assert not writer.alive
    await writer.close()


async def test_close_of_an_idle_queue_returns_at_once(writer: GroupCommit) -> None:
    async with asyncio.timeout(10):
        await writer.close()
    assert not writer.alive


async def test_when_the_task_is_cancelled_everybody_is_answered(store: ScriptedStore, writer: GroupCommit) -> None:
    store.gate.clear()
    outcomes = [post(writer, draft(ROOM, ALICE, "on its way"))]
    await store.begun.wait()
    outcomes += [post(writer, draft(ROOM, ALICE, str(n))) for n in range(3)]
    writer._running.cancel()

    assert [await code_of(outcome) for outcome in outcomes] == ["outcome_unknown"] * 4
    assert not writer.alive
    with pytest.raises(Problem, match="overloaded"):
        post(writer, draft(ROOM, ALICE))
