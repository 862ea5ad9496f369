"""A store against a model that is a few lists: whatever happens in whatever order, they agree."""

import asyncio
import tempfile
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, TypeVar

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from duologue.chat.model import Draft, Posted
from duologue.chat.store.api import ClientIdReusedError, NotAMemberError, Outcome, OutcomeUnknownError
from tests.chat.people import ALICE, BOB, EVE, NOON, stranger
from tests.chat.store.places import Place, SqlitePlace

Result = TypeVar("Result")

_PAIRS = ((ALICE, BOB), (BOB, EVE), (ALICE, EVE))
_IDS = st.sampled_from([None, "id-1", "id-2", "id-3"])
_SENDS = st.tuples(st.integers(0, 2), st.integers(0, 2), st.sampled_from(["x", "y"]), _IDS)


class StoreMachine(RuleBasedStateMachine):
    """Sends, retries, outsiders, failures, restarts and crashes."""

    def __init__(self) -> None:
        super().__init__()
        self._runner = asyncio.Runner()
        self._folder = tempfile.TemporaryDirectory()
        self._place: Place = SqlitePlace(Path(self._folder.name))
        self._store = self._place.open()
        self._model: dict[int, list[Draft]] = {}
        self._broken = False

    def _run(self, work: Coroutine[Any, Any, Result]) -> Result:
        return self._runner.run(work)

    @initialize()
    def open_rooms(self) -> None:
        self._rooms = [self._run(self._store.open_room(*pair, NOON))[0] for pair in _PAIRS]
        self._model = {room.id: [] for room in self._rooms}

    @rule(sends=st.lists(_SENDS, min_size=1, max_size=8))
    def send(self, sends: list[tuple[int, int, str, str | None]]) -> None:
        drafts = [self._draft(*send) for send in sends]
        if self._broken:
            # also a batch that stores nothing needs a sound file, but not a write: both outcomes are right for it
            if any(self._is_new(draft) for draft in drafts):
                self._must_fail(drafts)
            return
        outcomes = self._run(self._store.commit(drafts))
        assert len(outcomes) == len(drafts)
        for draft, outcome in zip(drafts, outcomes, strict=True):
            self._check(draft, outcome)

    @precondition(lambda self: not self._broken)
    @rule()
    def break_writes(self) -> None:
        self._place.break_writes()
        self._broken = True

    @precondition(lambda self: self._broken)
    @rule()
    def mend_writes(self) -> None:
        self._place.mend_writes()
        self._broken = False

    @rule()
    def restart(self) -> None:
        self._run(self._store.close())
        self._store = self._place.open()

    @rule()
    def crash(self) -> None:
        revived = self._place.after_crash()
        self._run(self._store.close())
        self._place, self._store = revived, revived.open()

    @rule(place=st.integers(0, 2), size=st.integers(1, 4), edge=st.integers(0, 12))
    def read_a_slice(self, place: int, size: int, edge: int) -> None:
        room, all_of_it = self._rooms[place], self._model[self._rooms[place].id]
        older = self._run(self._store.page(room, before=edge + 1, after=None, limit=size))
        newer = self._run(self._store.page(room, before=None, after=edge, limit=size))
        assert [m.content for m in older.messages] == [d.content for d in all_of_it[:edge][-size:]]
        assert [m.content for m in newer.messages] == [d.content for d in all_of_it[edge:][:size]]

    @invariant()
    def the_history_is_the_model(self) -> None:
        for room in getattr(self, "_rooms", ()):
            page = self._run(self._store.page(room, before=None, after=None, limit=1000))
            assert [m.seq for m in page.messages] == list(range(1, len(page.messages) + 1))
            assert [(m.content, m.client_id, m.sender) for m in page.messages] == [
                (d.content, d.client_id, d.sender.number) for d in self._model[room.id]
            ]

    def teardown(self) -> None:
        self._run(self._store.close())
        self._runner.close()
        self._folder.cleanup()

    def _draft(self, place: int, who: int, content: str, client_id: str | None) -> Draft:
        room = self._rooms[place]
        sender = (room.participant_a, room.participant_b, stranger())[who]
        return Draft(room, sender, content, NOON, client_id)

    def _is_new(self, draft: Draft) -> bool:
        return draft.sender.number != stranger().number and self._twin(draft) is None

    def _twin(self, draft: Draft) -> tuple[int, Draft] | None:
        for seq, stored in enumerate(self._model[draft.room.id], start=1):
            if draft.client_id is not None and (stored.client_id, stored.sender) == (draft.client_id, draft.sender):
                return seq, stored
        return None

    def _must_fail(self, drafts: list[Draft]) -> None:
        try:
            self._run(self._store.commit(drafts))
        except OutcomeUnknownError:
            assert not self._store.healthy
        else:
            raise AssertionError("stored although writing fails")

    def _check(self, draft: Draft, outcome: Outcome) -> None:
        twin = self._twin(draft)
        if draft.sender.number == stranger().number:
            assert isinstance(outcome, NotAMemberError)
        elif twin is None:
            self._model[draft.room.id].append(draft)
            assert isinstance(outcome, Posted)
            assert (outcome.duplicate, outcome.message.seq) == (False, len(self._model[draft.room.id]))
        elif twin[1].content != draft.content:
            assert isinstance(outcome, ClientIdReusedError)
        else:
            assert isinstance(outcome, Posted)
            assert (outcome.duplicate, outcome.message.seq) == (True, twin[0])


StoreMachine.TestCase.settings = settings(max_examples=25, stateful_step_count=20, deadline=None, derandomize=True)
TestStore = StoreMachine.TestCase
