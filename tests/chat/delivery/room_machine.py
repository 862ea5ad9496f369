"""Whatever happens in whatever order: nobody misses anything, hears it twice, or hears what is not there.

The gate, the frames and the order of steps are the product's; the room is a model, and every wait of the server is a
place where anything else may happen.
"""

import itertools
import time

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from duologue.chat.delivery.subscription import Subscription
from duologue.chat.model import Done, Person
from duologue.verify.history import Attempt, Change, History, Sight
from duologue.verify.oracle import verdict
from tests.chat.delivery.model_connection import Connection, Device
from tests.chat.delivery.model_room import PEOPLE, ROOM, ModelRoom
from tests.rig.v1_state import RoomCopy, row

# small, so that what is held overflows and pages have seams
MOST_HELD, MOST_HELD_BYTES = 3, 10_000
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
    model: type[ModelRoom] = ModelRoom
    copy: type[RoomCopy] = RoomCopy

    def __init__(self) -> None:
        super().__init__()
        self.room = self.model()
        self.connections: list[Connection] = []
        self.away: list[Device] = []
        self.untold = False
        self.history = History()
        self.numbers = itertools.count(1)

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

    @precondition(lambda self: self.untold)
    @rule()
    def look_again(self) -> None:
        """The server could not know what became of a commit: all are to look."""
        for connection in self.connections:
            connection.gate.look_again()
        self.untold = False

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
        """All connections are gone, and what waited."""
        self.room.waiting.clear()
        while self.connections:
            self._end(self.connections[0])
        self.untold = False

    @rule(who=_WHO)
    def look(self, who: Person) -> None:
        """Somebody asks for the room, after all those acknowledgements."""
        asked = time.monotonic_ns()
        shown = {each.id: each for each in self.room.look()}
        # each look is judged as soon as it is over
        self.history.sights = [
            Sight(by=who.username, room=ROOM.id, id=attempt.id, asked=asked, row=shown.get(attempt.id))
            for attempt in self.history.attempts
            if attempt.id is not None
        ]

    # What a connection does

    @precondition(lambda self: len(self.connections) < MOST_CONNECTIONS)
    @rule(who=_WHO, old=st.integers(0, 5), listening=_MEANWHILE, reading=_MEANWHILE)
    def connect(self, who: Person, old: int, listening: Writes, reading: Writes) -> None:
        """Listen, read where the room stands, greet: with a copy that somebody kept, or as a new device."""
        device = self.away.pop(old) if old < len(self.away) else Device(who, self.copy(ROOM.id))
        connection = self._connection(device)
        self.connections.append(connection)
        self.commit_these(listening)
        standing = self.room.standing()
        self.commit_these(reading)
        connection.greet(standing)
        self.history.heard[connection.lane] = connection.heard
        self.history.since[connection.lane] = {ROOM.id: connection.since}
        # what has no answer is said again
        self._say(connection, device.outbox)

    @precondition(lambda self: self.connections)
    @rule(pick=_PICK, count=st.integers(1, 4))
    def say(self, pick: int, count: int) -> None:
        """Say so much at once, and wait for no answer."""
        connection = _pick(self.connections, pick)
        new = [f"{connection.lane}-{next(self.numbers)}" for _ in range(count)]
        connection.device.outbox += new
        self._say(connection, new)

    @precondition(lambda self: self._behind())
    @rule(pick=_PICK, limit=st.integers(1, 4), reading=_MEANWHILE, lost=st.booleans())
    def read_a_page(self, pick: int, limit: int, reading: Writes, lost: bool) -> None:
        _pick(self._behind(), pick).fetch(self.room, limit)
        if lost:
            self.commit_without_an_outcome(reading)
            self.look_again()
        else:
            self.commit_these(reading)

    @precondition(lambda self: self._with_a_page())
    @rule(pick=_PICK)
    def hand_the_page_over(self, pick: int) -> None:
        _pick(self._with_a_page(), pick).hand_over()

    @precondition(lambda self: self.connections)
    @rule(pick=_PICK)
    def drop(self, pick: int) -> None:
        """It is gone; what it said may still be on its way."""
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
        violations = self.judged()
        assert not violations, violations

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
        for client in [device.copy for device in [*self.away, *(each.device for each in self.connections)]]:
            seq, change = client.at
            assert list(client.messages) == [] or sorted(client.messages) == list(range(client.since + 1, seq + 1))
            for message in self.room.messages[client.since : seq]:
                if self.room.changed.get(message.seq, 0) <= change:
                    self._is_the_same(client, message.seq)

    def teardown(self) -> None:
        """In the end everybody who comes back has everything."""
        for connection in self.connections:
            self._end(connection)
        for device in self.away:
            client = device.copy
            connection = self._connection(device)
            connection.greet(self.room.standing())
            self._settle(connection)
            assert client.at == self.room.head
            for message in self.room.messages[client.since :]:
                self._is_the_same(client, message.seq)

    def judged(self) -> list[str]:
        """Return what is wrong with all that has happened so far."""
        self.history.final[ROOM.id] = self.room.rows()
        return verdict(self.history)

    def _is_the_same(self, client: RoomCopy, seq: int) -> None:
        message = self.room.messages[seq - 1]
        mine = client.messages[seq]
        assert (mine["id"], mine["content"], mine["client_id"]) == (message.id, message.content, message.client_id)
        assert ("deleted_at" in mine) == (message.deleted_at is not None)
        assert mine == row(mine)

    def _store(self, writes: Writes, *, answered: bool = True) -> list[Done]:
        """Messages first, then changes, as the store does: those that wait, and those of requests."""
        attempts = self.room.take()
        attempts += [self._begin(f"{who.username}-{n}", who) for what, who, n in writes if what == "send"]
        said = [self._send(attempt, answered=answered) for attempt in attempts]
        changed = [self._change(what, who, n, answered=answered) for what, who, n in writes if what != "send"]
        return [event for event in [*said, *changed] if event is not None]

    def _say(self, connection: Connection, client_ids: list[str]) -> None:
        self.room.waiting += [self._begin(each, connection.device.who, connection.lane) for each in client_ids]

    def _begin(self, client_id: str, who: Person, lane: str = "") -> Attempt:
        # each request is a lane of its own
        lane = lane or f"request {next(self.numbers)}"
        return self.history.begin(lane, ROOM.id, who.username, client_id, f"words of {client_id}")

    def _send(self, attempt: Attempt, *, answered: bool) -> Done | None:
        sender = next(person for person in PEOPLE if person.username == attempt.sender)
        posted = self.room.post(sender, attempt.client_id, attempt.content)
        if answered:
            self._answer(attempt, posted.message.id, posted.seq)
        return None if posted.duplicate else posted

    def _answer(self, attempt: Attempt, message_id: int, seq: int) -> None:
        connection = next((each for each in self.connections if each.lane == attempt.lane), None)
        if connection is not None:
            connection.device.outbox.remove(attempt.client_id)
        elif attempt.lane.startswith("connection"):
            # it is gone, and hears no answer
            return
        attempt.answered(message_id, seq)

    def _change(self, what: str, who: Person, number: int, *, answered: bool) -> Done | None:
        if what == "read":
            return self.room.read(who, number)
        if not self.room.messages:
            return None
        message = self.room.messages[number % len(self.room.messages)]
        name = f"edit {next(self.numbers)}"
        change = Change(
            lane=name, room=ROOM.id, id=message.id, sender=who.username, client_id=name,
            content=None if what == "delete" else name,
        )  # fmt: skip
        self.history.changes.append(change)
        done = self.room.rewrite(message.seq, change.content)
        if message.deleted_at is not None and what == "edit":
            change.refused()
        elif answered:
            change.accepted()
        return done

    def _connection(self, device: Device) -> Connection:
        return Connection(self.gate(ROOM.id, MOST_HELD, MOST_HELD_BYTES), device)

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
        self.away.append(connection.device)

    def _behind(self) -> list[Connection]:
        return [each for each in self.connections if not each.gate.live and each.page is None]

    def _with_a_page(self) -> list[Connection]:
        return [each for each in self.connections if each.page is not None]


def _pick(connections: list[Connection], number: int) -> Connection:
    return connections[number % len(connections)]
