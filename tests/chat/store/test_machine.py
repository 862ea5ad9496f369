"""A store against a model that is a few lists: whatever happens in whatever order, they agree."""

import asyncio
import copy
import itertools
import tempfile
from collections.abc import Coroutine
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)
from msgspec.structs import replace

from duologue.chat.model import Draft, MarkMove, Person, Posted, Rewrite, Room, Write
from duologue.chat.store.api import OutcomeUnknownError
from duologue.chat.store.sqlite import order
from tests.chat.people import ALICE, BOB, EVE, NOON, stranger
from tests.chat.store.model_store import Facts, Kept, KeptRoom, ModelStore, facts_of, seen, writes_something
from tests.chat.store.places import Place, SqlitePlace
from tests.rig.tiers import amount

Result = TypeVar("Result")

_PAIRS = ((ALICE, BOB), (BOB, EVE), (ALICE, EVE))
# mostly one room: what matters happens to messages that have seen something
_PLACE = st.sampled_from([0, 0, 0, 0, 1, 2])
_WHO = st.sampled_from([0, 0, 0, 1, 1, 2])
_SENDS = st.tuples(
    st.just("send"), _PLACE, _WHO, st.sampled_from(["x", "y"]), st.sampled_from([None, "id-1", "id-2", "id-3"])
)
_REWRITES = st.tuples(
    st.just("rewrite"),
    st.integers(0, 5),
    st.sampled_from(["author", "author", "author", "other", "outsider"]),
    st.sampled_from(["x", "z", None]),
    st.sampled_from(["in time", "in time", "in time", "too late", "in another room"]),
)
_MARKS = st.tuples(st.just("mark"), _PLACE, _WHO, st.integers(0, 12))
_WRITES = st.lists(st.one_of(_SENDS, _REWRITES, _REWRITES, _MARKS), min_size=2, max_size=10)
Wanted = list[tuple[Any, ...]]


@dataclass
class Follower:
    """What somebody has who follows a room by its pages of changes, over all restarts."""

    at: tuple[int, int] = (0, 0)
    messages: dict[int, Facts] = field(default_factory=dict)
    marks: dict[int, int] = field(default_factory=dict)


class StoreMachine(RuleBasedStateMachine):
    """Sends, retries, edits, deletions, marks, outsiders, failures, restarts and crashes."""

    kind: type[KeptRoom] = KeptRoom

    def __init__(self) -> None:
        super().__init__()
        self._runner = asyncio.Runner()
        self._bounds = pytest.MonkeyPatch()
        self._folder = tempfile.TemporaryDirectory()
        self._place: Place = SqlitePlace(Path(self._folder.name))
        self._store = self._place.open()
        self._rooms: list[Room] = []
        self._kept = ModelStore(())
        self._followers: dict[int, Follower] = {}
        self._clock = itertools.count(NOON + 1)

    def _run(self, work: Coroutine[Any, Any, Result]) -> Result:
        return self._runner.run(work)

    @initialize(most_recent=st.sampled_from([1, 5, 2048]), at_once=st.sampled_from([1, 2, 256]))
    def open_rooms(self, most_recent: int, at_once: int) -> None:
        self._bounds.setattr(order, "_MOST_RECENT", most_recent)
        self._bounds.setattr(order, "_AT_ONCE", at_once)
        self._rooms = [self._run(self._store.open_room(*pair, NOON))[0] for pair in _PAIRS]
        self._kept = ModelStore(self._rooms, self.kind)
        self._followers = {room.id: Follower() for room in self._rooms}

    @rule(wanted=_WRITES)
    def write(self, wanted: Wanted) -> None:
        self._commit(wanted)

    @rule(wanted=_WRITES, again=_WRITES)
    def write_twice(self, wanted: Wanted, again: Wanted) -> None:
        """Whoever has no answer says it again; meanwhile other things have happened."""
        self._commit(wanted)
        self._commit(again)
        self._commit(wanted)

    @rule(wanted=_WRITES, then=st.sampled_from(["go on", "restart", "crash"]))
    def fail(self, wanted: Wanted, then: str) -> None:
        """Nothing can be written for a while."""
        writes = self._writes(wanted)
        self._place.break_writes()
        # also a batch that stores nothing needs a sound file, but not a write: both outcomes are right for it
        if writes_something(copy.deepcopy(self._kept).apply(writes)):
            self._must_fail(writes)
        if then == "restart":
            self.restart()
        elif then == "crash":
            self.crash()
        self.the_history_is_the_model()
        self._place.mend_writes()

    @rule()
    def restart(self) -> None:
        self._run(self._store.close())
        self._store = self._place.open()

    @rule()
    def crash(self) -> None:
        revived = self._place.after_crash()
        self._run(self._store.close())
        self._place, self._store = revived, revived.open()

    @rule(place=_PLACE, size=st.integers(1, 4), edge=st.integers(0, 12))
    def read_a_slice(self, place: int, size: int, edge: int) -> None:
        room = self._rooms[place]
        all_of_it = [message.facts() for message in self._kept.rooms[room.id].messages]
        older = self._run(self._store.page(room, before=edge + 1, after=None, limit=size))
        newer = self._run(self._store.page(room, before=None, after=edge, limit=size))
        assert [seen(message) for message in older.messages] == all_of_it[:edge][-size:]
        assert [seen(message) for message in newer.messages] == all_of_it[edge:][:size]

    @rule(place=_PLACE, limit=st.integers(1, 4))
    def follow(self, place: int, limit: int) -> None:
        """Somebody who was away reads on from where they were, and has what the room is."""
        room = self._rooms[place]
        kept, follower = self._kept.rooms[room.id], self._followers[room.id]
        more = True
        while more:
            page = self._run(self._store.changes(room, *follower.at, limit))
            assert page is not None
            assert not page.more or (page.seq, page.change) > follower.at
            for message in page.messages:
                assert message.seq <= page.seq
                follower.messages[message.seq] = seen(message)
            follower.marks |= {read.person: read.last_read_seq for read in page.reads}
            follower.at, more = (page.seq, page.change), page.more
        assert follower.at == (len(kept.messages), kept.change)
        assert follower.messages == {message.seq: message.facts() for message in kept.messages}
        assert follower.marks == {who: seq for who, (seq, _) in kept.marks.items() if seq}
        assert self._run(self._store.changes(room, len(kept.messages), kept.change + 1, limit)) is None

    @invariant()
    def the_history_is_the_model(self) -> None:
        for room in self._rooms:
            kept = self._kept.rooms[room.id]
            page = self._run(self._store.page(room, before=None, after=None, limit=1000))
            assert [(*seen(message), message.id, message.is_read) for message in page.messages] == [
                (*message.facts(), message.id, kept.is_read(message)) for message in kept.messages
            ]

    @invariant()
    def everybody_sees_the_room_where_it_stands(self) -> None:
        ids = [room.id for room in self._rooms]
        for member in {person.number: person for room in self._rooms for person in room.participants}.values():
            standings = self._run(self._store.standings(member.user_id, ids))
            assert {each.room.id for each in standings} == {
                room.id for room in self._rooms if member in room.participants
            }
            for standing in standings:
                kept = self._kept.rooms[standing.room.id]
                assert (standing.seq, standing.change) == (len(kept.messages), kept.change)
                assert standing.unread == kept.unread(member.number)
                assert {read.person: read.last_read_seq for read in standing.reads} == {
                    who: seq for who, (seq, _) in kept.marks.items()
                }

    def teardown(self) -> None:
        self._run(self._store.close())
        self._runner.close()
        self._folder.cleanup()
        self._bounds.undo()

    def _commit(self, wanted: Wanted) -> None:
        writes = self._writes(wanted)
        expected = self._kept.apply(writes)
        outcomes = self._run(self._store.commit(writes))
        assert [facts_of(outcome) for outcome in outcomes] == expected
        for outcome in outcomes:
            if isinstance(outcome, Posted):
                self._kept.learn_id(outcome.message)

    def _writes(self, wanted: Wanted) -> list[Write]:
        known = [(kept.room, message) for kept in self._kept.rooms.values() for message in kept.messages]
        writes: list[Write] = []
        for kind, *rest in wanted:
            if kind == "send":
                place, who, content, client_id = rest
                writes.append(Draft(self._rooms[place], self._person(place, who), content, NOON, client_id))
            elif kind == "mark":
                place, who, up_to_seq = rest
                writes.append(MarkMove(self._rooms[place], self._person(place, who), up_to_seq))
            elif known:
                number, *how = rest
                writes.append(self._rewrite(*known[number % len(known)], *how))
        return writes

    def _rewrite(self, room: Room, message: Kept, by: str, content: str | None, where: str) -> Rewrite:
        author = next(each for each in room.participants if each.number == message.sender)
        person = {"author": author, "other": room.other(author), "outsider": stranger()}[by]
        if where == "in another room":
            room = next(
                each for each in self._rooms if each != room and (each.member(person.user_id) or by == "outsider")
            )
        return Rewrite(room, person, message.id, content, next(self._clock), NOON + (where == "too late"))

    def _person(self, place: int, who: int) -> Person:
        return (*self._rooms[place].participants, stranger())[who]

    def _must_fail(self, writes: list[Write]) -> None:
        try:
            self._run(self._store.commit(writes))
        except OutcomeUnknownError:
            assert not self._store.healthy
        else:
            raise AssertionError("stored although writing fails")


_SETTINGS = settings(max_examples=amount(25, 2000), stateful_step_count=20, deadline=None, derandomize=True)
StoreMachine.TestCase.settings = _SETTINGS
TestStore = StoreMachine.TestCase


class ComparesWithTheNewWords(KeptRoom):
    """Holds a send that is repeated against what an edit has made of it."""

    def post(self, draft: Draft) -> Facts:
        for message in self.messages:
            message.first = message.content or message.first
        return super().post(draft)


class LetsAnybodyEdit(KeptRoom):
    """Does not ask who wrote it."""

    def rewrite(self, wanted: Rewrite) -> Facts:
        author = next((each.sender for each in self.messages if each.id == wanted.message_id), wanted.author.number)
        return super().rewrite(replace(wanted, author=replace(wanted.author, number=author)))


class EditsWhatIsDeleted(KeptRoom):
    """Gives a deleted message new words."""

    def rewrite(self, wanted: Rewrite) -> Facts:
        for message in self.messages:
            if message.id == wanted.message_id and wanted.content is not None:
                message.deleted_at = None
        return super().rewrite(wanted)


class LetsMarksGoBack(KeptRoom):
    """Moves a mark to wherever is said."""

    def move(self, wanted: MarkMove) -> Facts:
        self.marks[wanted.reader.number] = (-1, 0)
        return super().move(wanted)


class CountsWhatIsDeleted(KeptRoom):
    """Takes a deleted message for an unread one."""

    def unread(self, reader: int) -> int:
        return sum(each.sender != reader and each.seq > self.marks[reader][0] for each in self.messages)


@pytest.mark.parametrize(
    "kind",
    [ComparesWithTheNewWords, LetsAnybodyEdit, EditsWhatIsDeleted, LetsMarksGoBack, CountsWhatIsDeleted],
    ids=lambda kind: kind.__name__,
)
def test_a_model_that_is_wrong_does_not_agree(kind: type[KeptRoom]) -> None:
    """The machine comes to where each of these rules matters."""

    class Wrong(StoreMachine):
        pass

    Wrong.kind = kind
    until_found = settings(
        _SETTINGS,
        max_examples=100,
        phases=[Phase.generate],
        report_multiple_bugs=False,
        suppress_health_check=list(HealthCheck),
    )
    with pytest.raises(AssertionError):
        run_state_machine_as_test(Wrong, settings=until_found)
