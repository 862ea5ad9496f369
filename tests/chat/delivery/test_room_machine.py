"""Whatever happens in whatever order: nobody misses anything, hears it twice, or hears what is not there.

The gate, the frames and the order of steps are the product's; the room is a model, and every wait of the server is a
place where anything else may happen.
"""

from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from duologue.chat.delivery.subscription import Subscription
from duologue.chat.model import Done, Person
from duologue.verify.history import History, Row, row_of
from duologue.verify.oracle import verdict
from tests.chat.delivery.model_room import PEOPLE, ROOM, Connection, ModelRoom
from tests.rig.v1_state import RoomCopy, row

# small, so that what is held overflows and pages have seams
MOST_HELD = 3
MOST_CONNECTIONS = 4

_WHO = st.sampled_from(PEOPLE)
_PICK = st.integers(0, 30)
_WRITES = st.one_of(
    st.tuples(st.just("send"), _WHO, st.integers(1, 12)),
    st.tuples(st.just("edit"), _WHO, _PICK),
    st.tuples(st.just("delete"), _WHO, _PICK),
    st.tuples(st.just("read"), _WHO, _PICK),
)

_MEANWHILE = st.lists(_WRITES, max_size=5)
Writes = list[tuple[str, Person, int]]


class RoomMachine(RuleBasedStateMachine):
    """One room, several devices. A device keeps its copy over all its connections."""

    gate: type[Subscription] = Subscription

    def __init__(self) -> None:
        super().__init__()
        self.room = ModelRoom()
        self.connections: list[Connection] = []
        self.away: list[RoomCopy] = []
        self.untold = False
        self.history = History()
        self.edits = 0

    # What happens in the room

    @rule(writes=st.lists(_WRITES, min_size=1, max_size=5))
    def commit(self, writes: Writes) -> None:
        self.commit_these(writes)

    def commit_these(self, writes: Writes) -> None:
        """Store a batch, tell everybody, answer: as the one queue does."""
        events = self._store(writes)
        for connection in self.connections:
            self._tell(connection, events)
        self.untold = self.untold and not events

    @precondition(lambda self: self.room.messages)
    @rule(writes=st.lists(_WRITES, min_size=1, max_size=3))
    def commit_without_an_outcome(self, writes: Writes) -> None:
        """The rows are there, and the server never hears of it."""
        self.untold = bool(self._store(writes, answered=False)) or self.untold

    @precondition(lambda self: self.connections)
    @rule(writes=st.lists(_WRITES, min_size=1, max_size=3), told=st.integers(0, MOST_CONNECTIONS))
    def crash_while_telling(self, writes: Writes, told: int) -> None:
        """Some have heard it, then the process dies; what is stored stays."""
        events = self._store(writes, answered=False)
        for connection in self.connections[:told]:
            self._tell(connection, events)
        self.crash()

    @rule()
    def crash(self) -> None:
        """All connections are gone."""
        while self.connections:
            self._end(self.connections[0])
        self.untold = False

    # What a connection does

    @precondition(lambda self: len(self.connections) < MOST_CONNECTIONS)
    @rule(old=st.integers(0, 5), listening=_MEANWHILE, reading=_MEANWHILE)
    def connect(self, old: int, listening: Writes, reading: Writes) -> None:
        """Listen, read where the room stands, greet: with a copy that somebody kept, or as a new device."""
        client = self.away.pop(old) if old < len(self.away) else RoomCopy(ROOM.id)
        connection = Connection(self.gate(ROOM.id, MOST_HELD, 10_000), client)
        self.connections.append(connection)
        self.commit_these(listening)
        standing = self.room.standing()
        self.commit_these(reading)
        connection.greet(standing)

    @precondition(lambda self: self._behind())
    @rule(pick=_PICK, limit=st.integers(1, 4), reading=_MEANWHILE)
    def read_a_page(self, pick: int, limit: int, reading: Writes) -> None:
        _pick(self._behind(), pick).fetch(self.room, limit)
        self.commit_these(reading)

    @precondition(lambda self: self._with_a_page())
    @rule(pick=_PICK)
    def hand_the_page_over(self, pick: int) -> None:
        _pick(self._with_a_page(), pick).hand_over()

    @precondition(lambda self: self.connections)
    @rule(pick=_PICK)
    def drop(self, pick: int) -> None:
        self._end(_pick(self.connections, pick))

    @rule()
    def let_everybody_catch_up(self) -> None:
        for connection in self.connections:
            self._settle(connection)
            if connection.gate.live and not self.untold:
                assert connection.client.at == self.room.head

    # What always holds

    @invariant()
    def the_history_is_sound(self) -> None:
        self.history.final[ROOM.id] = [row_of(message) for message in self.room.rows()]
        assert verdict(self.history) == []

    @invariant()
    def who_is_live_has_all_that_was_told(self) -> None:
        for connection in self.connections:
            gate, client = connection.gate, connection.client
            if connection.greeted:
                assert (gate.seq, gate.change) == client.at
            if gate.live and not self.untold:
                assert client.at == self.room.head

    @invariant()
    def every_copy_is_a_piece_of_the_room(self) -> None:
        for client in [*self.away, *(connection.client for connection in self.connections)]:
            seq, change = client.at
            assert list(client.messages) == [] or sorted(client.messages) == list(range(client.since + 1, seq + 1))
            for message in self.room.messages[client.since : seq]:
                if self.room.changed.get(message.seq, 0) <= change:
                    self._is_the_same(client, message.seq)

    def teardown(self) -> None:
        """In the end everybody who comes back has everything."""
        for connection in self.connections:
            self._end(connection)
        for client in self.away:
            connection = Connection(self.gate(ROOM.id, MOST_HELD, 10_000), client)
            connection.greet(self.room.standing())
            self._settle(connection)
            assert client.at == self.room.head
            for message in self.room.messages[client.since :]:
                self._is_the_same(client, message.seq)

    def _is_the_same(self, client: RoomCopy, seq: int) -> None:
        message = self.room.messages[seq - 1]
        mine = client.messages[seq]
        assert (mine["id"], mine["content"], mine["client_id"]) == (message.id, message.content, message.client_id)
        assert ("deleted_at" in mine) == (message.deleted_at is not None)
        assert mine == row(mine)

    def _store(self, writes: Writes, *, answered: bool = True) -> list[Done]:
        """Messages first, then changes, as the store does."""
        said: list[Done] = []
        for what, who, number in writes:
            if what == "send":
                said += self._send(who, f"{who.username}-{number}", answered=answered)
        changed = [self._change(what, who, number) for what, who, number in writes if what != "send"]
        return said + [event for event in changed if event is not None]

    def _send(self, who: Person, client_id: str, *, answered: bool) -> list[Done]:
        attempt = self.history.begin(client_id, ROOM.id, who.username, client_id, f"words of {client_id}")
        posted = self.room.post(who, client_id, attempt.content)
        if answered:
            attempt.answered(posted.message.id, posted.seq)
        return [] if posted.duplicate else [posted]

    def _change(self, what: str, who: Person, number: int) -> Done | None:
        if what == "read":
            return self.room.read(who, number)
        if not self.room.messages:
            return None
        self.edits += 1
        seq = number % len(self.room.messages) + 1
        return self.room.rewrite(seq, None if what == "delete" else f"edit {self.edits}")

    def _tell(self, connection: Connection, events: list[Done]) -> None:
        for event in events:
            connection.offer(event)

    def _settle(self, connection: Connection) -> None:
        for _ in range(1000):
            if connection.page is not None:
                connection.hand_over()
            if connection.gate.live or not connection.greeted:
                return
            connection.fetch(self.room, 2)
        raise AssertionError("it never arrives")

    def _end(self, connection: Connection) -> None:
        self.connections = [each for each in self.connections if each is not connection]
        connection.client.lost_connection()
        self.history.heard[connection.lane] = [_as_sent(self.room, frame) for frame in connection.said]
        self.away.append(connection.client)

    def _behind(self) -> list[Connection]:
        return [each for each in self.connections if not each.gate.live and each.page is None]

    def _with_a_page(self) -> list[Connection]:
        return [each for each in self.connections if each.page is not None]


def _pick(connections: list[Connection], number: int) -> Connection:
    return connections[number % len(connections)]


def _as_sent(room: ModelRoom, frame: dict[str, Any]) -> Row:
    words = room.first_words[frame["seq"] - 1]
    changed = "edited_at" in frame or "deleted_at" in frame
    assert changed or frame["content"] == words, frame
    return row_of({**frame, "content": words, "timestamp": "", "edited_at": "", "deleted_at": ""})


# by number, not by luck: the same steps on every machine
_SETTINGS = settings(max_examples=200, stateful_step_count=40, deadline=None, derandomize=True)
RoomMachine.TestCase.settings = _SETTINGS
TestRoom = RoomMachine.TestCase


class PassesJumps(Subscription):
    """Hands over whatever is new, whether or not it is the next."""

    __slots__ = ()

    def _continues(self, event: Done) -> bool:
        return not self._has(event)


class ForgetsToHold(Subscription):
    """What comes while the past is read is gone."""

    __slots__ = ()

    def _hold(self, event: Done, frame: bytes) -> None:
        """Nothing."""


class Repeats(Subscription):
    """Tells what it has told."""

    __slots__ = ()

    def _continues(self, event: Done) -> bool:
        return super()._continues(event) or self._has(event)


class GoesLiveTooEarly(Subscription):
    """Takes the first page for the last."""

    __slots__ = ()

    def caught_up(self, seq: int, change: int, *, more: bool) -> list[bytes]:
        frames = super().caught_up(seq, change, more=more)
        self.live = True
        return frames


class LooksAtMessagesOnly(Subscription):
    """Counts messages and lets changes through as they come."""

    __slots__ = ()

    def _continues(self, event: Done) -> bool:
        return event.seq in (self.seq, self.seq + 1) and not self._has(event)


@pytest.mark.parametrize(
    "gate", [PassesJumps, ForgetsToHold, Repeats, GoesLiveTooEarly, LooksAtMessagesOnly], ids=lambda gate: gate.__name__
)
def test_a_gate_that_is_wrong_is_found_out(gate: type[Subscription]) -> None:
    class Wrong(RoomMachine):
        pass

    Wrong.gate = gate
    quick = settings(
        _SETTINGS, phases=[Phase.generate], report_multiple_bugs=False, suppress_health_check=list(HealthCheck)
    )
    with pytest.raises((AssertionError, KeyError)):
        run_state_machine_as_test(Wrong, settings=quick)
