"""The v1 dialect: what a client says, each frame handed to its action."""

import msgspec

from duologue.chat.actions.mark_read import mark_read
from duologue.chat.actions.post_message import post_message
from duologue.chat.actions.rewrite_message import delete_message, edit_message
from duologue.chat.actions.signal_typing import signal_typing
from duologue.chat.api.dialect import FrameRefused, Peer
from duologue.chat.api.places import Places
from duologue.chat.delivery.group_commit import Answer
from duologue.chat.delivery.heartbeat import SWEEP_SECONDS
from duologue.chat.delivery.subscription import Subscription
from duologue.chat.errors import Problem, invalid
from duologue.chat.frames import (
    TYPES,
    Auth,
    Delete,
    Edit,
    FrameIn,
    Hello,
    Read,
    Say,
    Typing,
    ack_frame,
    auth_frame,
    token_expiring_frame,
)
from duologue.chat.model import Draft, MarkMove, MarkMoved, Person, Posted, Rewrite, Rewritten, Room
from duologue.chat.service import Chat
from duologue.chat.wire import check_client_id, decode, decoder, error_frame, whole
from duologue.contract.claims import AccessClaims
from duologue.kit.websocket.frames import text_frame

_TOLD_BEFORE_SECONDS = 60


class _Loose(msgspec.Struct, frozen=True):
    type: str | None = None
    client_id: str | None = None


_loose_in = decoder(_Loose)
_frame_in: msgspec.json.Decoder[FrameIn] = msgspec.json.Decoder(FrameIn)


class V1:
    """One room, or all of a person's rooms."""

    __slots__ = ("_chat", "_places", "_socket", "_told")

    def __init__(self, chat: Chat, socket: Peer, room_id: int | None, hello: Hello) -> None:
        self._chat = chat
        self._socket = socket
        self._places = Places(chat, socket, room_id, hello)
        self._told = False

    async def join(self, who: AccessClaims) -> None:
        """Come in."""
        await self._places.join(who)

    def say_first(self) -> None:
        """Nothing to say."""

    def received(self, text: str) -> None:
        """Take a frame."""
        try:
            frame = decode(_frame_in, text)
        except Problem as problem:
            raise _unread(problem, text) from None
        try:
            match frame:
                case Say():
                    self._say(frame)
                case Auth(token):
                    self._socket.authenticate(token)
                case Hello():
                    raise invalid({"type": ["This socket has been greeted."]})
                case _:
                    self._change(frame, self._place(frame))
        except Problem as problem:
            about = frame.__struct_config__.tag
            client_id = None if isinstance(frame, Hello) else frame.client_id
            raise FrameRefused(problem, client_id, room=_room_named(frame), about=str(about)) from None

    def renewed(self, who: AccessClaims) -> None:
        """Tell when the fresh token ends."""
        self._told = False
        self._socket.send(text_frame(auth_frame(who.exp)))

    def beat(self, who: AccessClaims, left: float) -> None:
        """Tell in time that the token ends."""
        # of a short life half is left then: told in the last minute of thirty seconds, a client would be told at once
        notice = min(_TOLD_BEFORE_SECONDS, (who.exp - who.iat) / 2 + SWEEP_SECONDS)
        if not self._told and left <= notice:
            self._told = True
            self._socket.send(text_frame(token_expiring_frame(who.exp)))

    def fell_behind(self, subscription: Subscription) -> None:
        """Read what is missing."""
        self._places.bring_up(subscription)

    def room_opened(self, room: Room) -> None:
        """Be in a new room."""
        self._places.opened(room)

    def leave(self) -> None:
        """Leave all rooms."""
        self._places.leave()

    def _place(self, frame: Say | Edit | Delete | Read | Typing) -> tuple[Room, Person]:
        room_id = None if frame.room is None else whole("room", frame.room)
        try:
            return self._places.find(room_id)
        except Problem:
            # the action that would have spent is never reached: what is refused is work, too
            budget = self._chat.signals if isinstance(frame, Read | Typing) else self._chat.sends
            budget.spend(self._socket.user_id)
            raise

    def _say(self, frame: Say) -> None:
        post_message(
            self._chat,
            self._place(frame),
            frame.message,
            self._said,
            claimed_senders=(frame.sender_id, frame.username),
            client_id=frame.client_id,
            field="message",
        )
        self._socket.pending += 1

    def _change(self, frame: Edit | Delete | Read | Typing, place: tuple[Room, Person]) -> None:
        check_client_id(frame.client_id)
        match frame:
            case Edit():
                reply = _Rewriting(self, "edit", frame.client_id)
                edit_message(self._chat, place, whole("id", frame.id), frame.message, reply, field="message")
            case Delete():
                reply = _Rewriting(self, "delete", frame.client_id)
                delete_message(self._chat, place, whole("id", frame.id), reply)
            case Read():
                mark_read(self._chat, place, whole("up_to_seq", frame.up_to_seq), _Marking(self, frame.client_id))
            case Typing():
                signal_typing(self._chat, place, typing=frame.state == "start")
                return
        self._socket.pending += 1

    # Answers

    def _said(self, draft: Draft, outcome: Posted | Problem) -> Answer:
        if isinstance(outcome, Problem):
            return self.answer(error_frame(outcome, draft.client_id, room=draft.room.id, about="message"))
        return self.answer(ack_frame(draft.room, outcome.message, draft.client_id, duplicate=outcome.duplicate))

    def answer(self, payload: bytes) -> Answer:
        """Return the answer to a frame that was taken."""
        self.done()
        return self._socket, text_frame(payload)

    def done(self) -> None:
        """A frame that was taken needs no answer any more."""
        self._socket.pending -= 1


class _Rewriting:
    """Remembers how an edit or a deletion was asked for until it is answered."""

    __slots__ = ("_about", "_client_id", "_dialect")

    def __init__(self, dialect: V1, about: str, client_id: str | None) -> None:
        self._dialect = dialect
        self._about = about
        self._client_id = client_id

    def __call__(self, wanted: Rewrite, outcome: Rewritten | Problem) -> Answer:
        if isinstance(outcome, Problem):
            payload = error_frame(outcome, self._client_id, room=wanted.room.id, about=self._about)
        else:
            payload = ack_frame(wanted.room, outcome.message, self._client_id, duplicate=not outcome.fresh)
        return self._dialect.answer(payload)


class _Marking:
    """Remembers how a read mark was moved until it is."""

    __slots__ = ("_client_id", "_dialect")

    def __init__(self, dialect: V1, client_id: str | None) -> None:
        self._dialect = dialect
        self._client_id = client_id

    def __call__(self, move: MarkMove, outcome: MarkMoved | Problem) -> Answer | None:
        if isinstance(outcome, Problem):
            return self._dialect.answer(error_frame(outcome, self._client_id, room=move.room.id, about="read"))
        # whoever listens to the room, this one too, hears a mark that moved; one that did not is no news
        self._dialect.done()
        return None


def _unread(problem: Problem, text: str) -> FrameRefused:
    """Return the refusal of a frame that is none, with as much of it as tells the client which one it was."""
    try:
        loose = decode(_loose_in, text)
    except Problem:
        return FrameRefused(problem, None)
    return FrameRefused(problem, loose.client_id, about=loose.type if loose.type in TYPES else None)


def _room_named(frame: FrameIn) -> int | None:
    room = None if isinstance(frame, Hello) else frame.room
    return int(room) if room is not None and 0 <= room < 10**18 else None
