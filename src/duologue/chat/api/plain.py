"""The plain dialect: send a message, receive messages and errors, nothing else."""

from duologue.chat.actions.post_message import post_message
from duologue.chat.api.dialect import FrameRefused, Peer
from duologue.chat.delivery.group_commit import Answer
from duologue.chat.delivery.subscription import Subscription
from duologue.chat.errors import Problem, invalid
from duologue.chat.frames import TYPES
from duologue.chat.model import Draft, Person, Posted, Room
from duologue.chat.service import Chat
from duologue.chat.wire import FrameIn, decode, decoder, error_frame, message_frame
from duologue.contract.claims import AccessClaims
from duologue.kit.websocket.frames import text_frame

_frame_in = decoder(FrameIn)
_NOT_PLAIN = TYPES - {"message"}


class Plain:
    """One room, in the plain dialect. `first`: the frame that carried the token."""

    __slots__ = ("_chat", "_first", "_place", "_room_id", "_socket", "_untouched")

    def __init__(self, chat: Chat, socket: Peer, room_id: int, first: FrameIn | None) -> None:
        self._chat = chat
        self._socket = socket
        self._room_id = room_id
        self._first = first
        self._untouched = first is None
        self._place: tuple[Room, Person] | None = None

    async def join(self, who: AccessClaims) -> None:
        """Come into the room."""
        place = await self._chat.rooms.for_member(who, self._room_id)
        if not self._socket.closing:
            self._place = place
            self._chat.hub.join(self._room_id, self._socket)

    def say_first(self) -> None:
        """Post what came with the token."""
        first, self._first = self._first, None
        if first is not None and first.message is not None:
            self._post(first)

    def received(self, text: str) -> None:
        """Take a frame."""
        frame = decode(_frame_in, text)
        untouched, self._untouched = self._untouched, False
        if untouched and frame.type == "hello":
            # the token was in the header, and the first frame says that it is v1
            self._socket.become_v1(text)
        elif frame.token is None:
            self._post(frame)
        else:
            self._socket.authenticate(frame.token)
            self._first = frame

    def renewed(self, who: AccessClaims) -> None:
        """Nothing to say."""

    def beat(self, who: AccessClaims, left: float) -> None:
        """Nothing to do."""

    def fell_behind(self, subscription: Subscription) -> None:
        """Nothing to do: this dialect has no subscription."""

    def room_opened(self, room: Room) -> None:
        """Nothing to do: this socket is in its one room."""

    def leave(self) -> None:
        """Leave the room."""
        if self._place is not None:
            self._place = None
            self._chat.hub.leave(self._room_id, self._socket)

    def _post(self, frame: FrameIn) -> None:
        assert self._place is not None  # noqa: S101 - only a socket in its room comes here
        if frame.type in _NOT_PLAIN:
            # of a client that forgot to greet: its edit must not become a message
            raise invalid({"type": ["This is a frame of v1: make `hello` the first one."]})
        if frame.message is None:
            raise invalid({"message": ["This field is required."]})
        try:
            post_message(
                self._chat,
                self._place,
                frame.message,
                self._answered,
                claimed_senders=(frame.sender_id, frame.username),
                client_id=frame.client_id,
                field="message",
            )
        except Problem as problem:
            raise FrameRefused(problem, frame.client_id) from None
        self._socket.pending += 1

    def _answered(self, draft: Draft, outcome: Posted | Problem) -> Answer | None:
        self._socket.pending -= 1
        if isinstance(outcome, Problem):
            return self._socket, text_frame(error_frame(outcome, draft.client_id))
        if outcome.duplicate:
            # the room saw it the first time; the one who asks again needs the acknowledgement
            return self._socket, text_frame(message_frame(draft.room, outcome.message))
        return None
