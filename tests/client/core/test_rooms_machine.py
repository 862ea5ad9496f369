"""Rooms against a model server: whatever is lost, each message is told once, in order, and the states agree."""

import msgspec
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from duologue.client import Limits, MessageDeleted, MessageReceived
from duologue.client.core import frames
from duologue.client.core.rooms import Rooms, Step
from duologue.client.model import Changes
from tests.client.core.model_server import ME, OTHER, ModelRoom

_PEOPLE = st.sampled_from([ME, OTHER])


class RoomsMachine(RuleBasedStateMachine):
    """Two rooms, one of which is opened at any time; a connection that is lost at any frame; restarts; REST pages."""

    def __init__(self) -> None:
        super().__init__()
        self.server = {1: ModelRoom(1)}
        self.places: dict[int, str] = {}
        self.rooms = Rooms({})
        self.heard: dict[int, list[int]] = {}
        self.wire: list[frames.RoomFrame | frames.ReadyFrame] = []
        self.connected = False
        self.estimated: set[int] = set()
        """Rooms in which the own mark moved to where nothing was heard: the next `rooms` frame says what is unread."""
        self.page: tuple[int, Changes] | None = None

    def _happened(self, frame: frames.RoomFrame | None) -> None:
        if frame is not None and self.connected:
            self.wire.append(frame)

    def _took(self, step: Step) -> None:
        for event in step.events:
            if isinstance(event, MessageReceived):
                self.heard.setdefault(step.room, []).append(event.message.seq)
            elif isinstance(event, MessageDeleted) and event.seq not in self.heard.get(step.room, []):
                self.heard.setdefault(step.room, []).append(event.seq)
        if step.place is not None:
            self.places[step.room] = step.place

    @rule(sender=_PEOPLE, pick=st.integers(0, 9))
    def say(self, sender: str, pick: int) -> None:
        room = self._pick(pick)
        self._happened(room.say(sender, f"text {len(room.messages)}"))

    @rule(pick=st.integers(0, 9), at=st.integers(0, 99), delete=st.booleans())
    def rewrite(self, pick: int, at: int, delete: bool) -> None:
        room = self._pick(pick)
        if room.messages:
            self._happened(room.rewrite(at % len(room.messages) + 1, None if delete else f"edit {room.change}"))

    @rule(pick=st.integers(0, 9), who=_PEOPLE, at=st.integers(0, 99))
    def read(self, pick: int, who: str, at: int) -> None:
        room = self._pick(pick)
        self._happened(room.read(who, at % (len(room.messages) + 1)))

    @rule(pick=st.integers(0, 9))
    def take_back_the_newest(self, pick: int) -> None:
        room = self._pick(pick)
        if room.messages:
            self._happened(room.rewrite(len(room.messages), None))

    @precondition(lambda self: len(self.server) == 1)
    @rule()
    def open_another(self) -> None:
        self.server[2] = ModelRoom(2)
        self._happened(frames.RoomsFrame([self.server[2].entry(None)]))

    @precondition(lambda self: not self.connected)
    @rule()
    def connect(self) -> None:
        self.connected = True
        hello = msgspec.json.decode(self.rooms.hello("t"))
        since = {room: hello["rooms"].get(str(room)) for room in self.server}
        entries = [self.server[room].entry(at) for room, at in since.items()]
        self.wire = [frames.RoomsFrame([entry]) for entry in entries]
        self.wire.append(frames.ReadyFrame(ME))
        self.wire += [sync for room, at in since.items() for sync in self.server[room].syncs(at)]

    @precondition(lambda self: self.wire)
    @rule(count=st.integers(1, 5))
    def deliver(self, count: int) -> None:
        for frame in self.wire[:count]:
            if isinstance(frame, frames.ReadyFrame):
                self.rooms.ready(frame.user, Limits())
            else:
                for step in self.rooms.take(frame):
                    self._took(step)
                self._notes_what_is_exact(frame)
        del self.wire[:count]

    def _notes_what_is_exact(self, frame: frames.RoomFrame) -> None:
        if isinstance(frame, frames.RoomsFrame):
            self.estimated -= {entry.room for entry in frame.rooms}
        elif isinstance(frame, frames.ReadFrame) and frame.username == ME:
            known = self.rooms.conversations[frame.room]
            first = min(known.messages, default=(known.last or 0) + 1)
            (self.estimated.add if first > frame.up_to_seq + 1 else self.estimated.discard)(frame.room)

    @precondition(lambda self: self.rooms.catching_up and self.page is None and self._is_ready())
    @rule()
    def ask_for_a_page(self) -> None:
        room = next(iter(self.rooms.catching_up))
        self.page = room, self.server[room].changes(self.rooms.fetching(room))

    def _is_ready(self) -> bool:
        # the client reads over REST once `ready` is here: before it does not know who it is, and what is its own
        return not any(isinstance(frame, frames.ReadyFrame) for frame in self.wire)

    @precondition(lambda self: self.page is not None)
    @rule()
    def get_the_page(self) -> None:
        assert self.page is not None
        self._took(self.rooms.fetched(*self.page))
        self.page = None

    @precondition(lambda self: not self.connected)
    @rule(missed=st.integers(1, 4), before=st.integers(0, 2), meanwhile=st.integers(1, 3), delivered=st.integers(1, 9))
    def come_back_to_a_room_that_goes_on(self, missed: int, before: int, meanwhile: int, delivered: int) -> None:
        """Opened and used while away, and busy while it is read over REST."""
        if len(self.server) == 1:
            self.open_another()
        self._talk(missed)
        self.connect()
        self._deliver_all()
        self._talk(before)
        if self.rooms.catching_up:
            self.ask_for_a_page()
        self._talk(meanwhile)
        if self.wire:
            self.deliver(delivered)
        if self.page is not None:
            self.get_the_page()
        # later a lost connection would mend what is missing now
        self._all_is_told()

    def _talk(self, count: int) -> None:
        for number in range(count):
            self.say(OTHER, 1)
            if number % 2:
                self.rewrite(1, number, delete=False)

    def _deliver_all(self) -> None:
        while self.wire:
            self.deliver(1)

    def _finish(self) -> None:
        while self.wire or self.page is not None or self.rooms.catching_up:
            self._deliver_all()
            if self.page is not None:
                self.get_the_page()
            elif self.rooms.catching_up:
                self.ask_for_a_page()

    @precondition(lambda self: self.connected)
    @rule()
    def lose_the_connection(self) -> None:
        self.connected = False
        self.wire.clear()
        self.page = None
        self.rooms.disconnected()

    @rule()
    def restart(self) -> None:
        self.connected = False
        self.wire.clear()
        self.page = None
        self.rooms = Rooms(dict(self.places))

    @invariant()
    def each_message_once_and_in_order(self) -> None:
        for heard in self.heard.values():
            assert heard == list(range(1, len(heard) + 1))

    @invariant()
    def it_agrees_whenever_all_is_told(self) -> None:
        # not only at the end: there a new connection may have mended what was wrong
        if self.connected and not self.wire and not self.rooms.catching_up:
            self._all_is_told()

    def teardown(self) -> None:
        # a connection that stands is not made anew: that would mend what it missed
        if not self.connected:
            self.connect()
        self._all_is_told()

    def _all_is_told(self) -> None:
        self._finish()
        for number, room in self.server.items():
            self._agrees(room, number)

    def _agrees(self, room: ModelRoom, number: int) -> None:
        assert len(self.heard.get(number, [])) == len(room.messages)
        known = self.rooms.conversations[number]
        assert (known.cursor, known.last) == (room.head, len(room.messages))
        for seq, message in known.messages.items():
            assert message == room.messages[seq - 1]
        assert known.marks == {who: up_to for who, (up_to, _) in room.marks.items()}
        assert known.unread == room.entry(None).unread or number in self.estimated

    def _pick(self, number: int) -> ModelRoom:
        return list(self.server.values())[number % len(self.server)]


RoomsMachine.TestCase.settings = settings(max_examples=80, stateful_step_count=40, deadline=None)
TestRoomsMachine = RoomsMachine.TestCase
