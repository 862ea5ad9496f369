"""`/ws/chat/{room}/`: a frame arrives, a message goes its way."""

import asyncio
import re
import time
from collections.abc import Sequence
from functools import partial
from urllib.parse import parse_qsl

import structlog

from duologue.chat.access.tokens import bearer
from duologue.chat.actions.post_message import post_message
from duologue.chat.api.origins import is_welcome
from duologue.chat.errors import Problem, invalid
from duologue.chat.model import Draft, Person, Posted, Room
from duologue.chat.service import Chat
from duologue.chat.wire import FrameIn, decode, decoder, error_frame, message_frame
from duologue.contract.claims import AccessClaims
from duologue.kit.websocket import Accepted, CloseCode, Endpoint, Handshake, Refusal, WebSocket
from duologue.kit.websocket.frames import text_frame

_log = structlog.get_logger(__name__)
_PATH = re.compile(r"/ws/chat/([1-9][0-9]{0,17})/?", re.ASCII)
_MOST_MISTAKES = 5
_LONGEST_PAUSE_SECONDS = 1.0
_MOST_EARLY_FRAMES = 1000

_frame_in = decoder(FrameIn)


def endpoint(chat: Chat) -> Endpoint:
    """Return what decides about an opening handshake on this chat."""
    return partial(_open, chat)


def _open(chat: Chat, handshake: Handshake) -> Accepted:
    path = _PATH.fullmatch(handshake.path)
    if path is None:
        raise Refusal(Problem(404, "not_found", "Sockets are at /ws/chat/{room}/."))
    if not is_welcome(handshake, chat.settings.origins):
        raise Refusal(
            Problem(403, "origin_refused", "This page's origin may not open sockets; see DUOLOGUE_ALLOWED_ORIGINS.")
        )
    if any(
        name in {"token", "access_token", "ticket"} for name, _ in parse_qsl(handshake.query, keep_blank_values=True)
    ):
        # a URL ends up in logs, histories and Referer headers
        raise Refusal(Problem(400, "token_in_url", "Never put a token into a URL: use the header or the first frame."))
    return Accepted(ChatSocket(chat, int(path[1]), handshake.headers.get("authorization")))


class ChatSocket(WebSocket):
    """One person's socket in one room, speaking the plain dialect."""

    __slots__ = (
        "_chat",
        "_deadline",
        "_early",
        "_mistakes",
        "_pending",
        "_place",
        "_room_id",
        "_task",
        "_token",
        "_who",
    )

    def __init__(self, chat: Chat, room_id: int, authorization: str | None) -> None:
        super().__init__(chat.settings.socket_limits)
        self._chat = chat
        self._room_id = room_id
        self._token = authorization
        self._who: AccessClaims | None = None
        self._place: tuple[Room, Person] | None = None
        self._task: asyncio.Task[None] | None = None
        self._deadline: asyncio.TimerHandle | None = None
        self._early: list[str] | None = None
        self._mistakes = 0
        self._pending = 0

    # A life: opened, joined, frames, closed

    def opened(self) -> None:
        """Start the clock, and come in with the header's token when there is one."""
        self._chat.heartbeat.add(self)
        self._deadline = self.loop.call_later(self._chat.settings.auth_deadline, self._too_late)
        authorization, self._token = self._token, None
        if authorization is not None:
            self._begin_to_join(authorization, None)

    def received(self, text: str) -> None:
        """Take a frame."""
        if self._task is not None:
            self._keep_for_later(text)
            return
        try:
            frame = decode(_frame_in, text)
            if self._place is None:
                if frame.token is None:
                    raise token_missing_on_socket()
                self._begin_to_join(f"Bearer {frame.token}", frame)
            elif frame.token is not None:
                self._begin_to_join(f"Bearer {frame.token}", frame)
            else:
                self._post(frame)
        except Problem as problem:
            self._refuse(problem)

    def closed(self) -> None:
        """Leave the room."""
        self._chat.heartbeat.remove(self)
        self._stop_deadline()
        if self._task is not None:
            self._task.cancel()
        if self._place is not None:
            self._chat.hub.leave(self._room_id, self)
        if self._who is not None:
            self._chat.hub.count_out(self._who.sub)

    def left(self, code: int) -> None:
        """Say goodbye when all that came before the peer's close has been taken and answered."""
        if self._task is None and self._pending == 0:
            self.say_goodbye(code)
        elif not self.closing:
            self.loop.call_later(0.005, self.left, code)

    def shutting_down(self) -> None:
        """Close when the last message on its way has been answered."""
        if self._pending == 0:
            # or the peer's answer to the close stays unread
            self.resume_reading()
            super().shutting_down()
        else:
            self.pause_reading()
            self.loop.call_later(0.02, self.shutting_down)

    # Delivery and the sweep call these

    def deliver(self, frames: Sequence[bytes]) -> None:
        """Pass on messages of the room."""
        self.send_all(frames)

    def beat(self, now: float) -> None:
        """Ask a silent peer for a sign of life; cut a dead one; end with the token."""
        silent = now - self.last_heard
        settings = self._chat.settings
        if silent > settings.ping_interval + settings.ping_timeout:
            self.cut()
        elif silent > settings.ping_interval:
            self.ping()
        if self._who is not None and self._who.exp <= time.time():
            self._end(Problem(401, "token_expired", "The access token has expired; connect with a fresh one."))

    # Coming in

    def _begin_to_join(self, authorization: str, frame: FrameIn | None) -> None:
        # what arrives meanwhile waits in the kernel, not here
        self.pause_reading()
        self._task = self.loop.create_task(self._join(authorization, frame))

    async def _join(self, authorization: str, frame: FrameIn | None) -> None:
        try:
            who = await self._chat.tokens.verify(bearer(authorization))
            if self._who is None:
                place = await self._chat.rooms.for_member(who, self._room_id)
                if self.closing:
                    return
                self._come_in(who, place)
            elif who.sub == self._who.sub:
                self._who = who
            else:
                raise Problem(401, "token_invalid", "A socket belongs to one person; open another one.")
        except Problem as problem:
            self._end(problem)
            return
        except Exception:  # noqa: BLE001 - logged in full; a socket that reads no more must not stay open
            _log.exception("join_failed")
            self.close(CloseCode.INTERNAL_ERROR, "internal error")
            return
        finally:
            self._task = None
        self._go_on(frame)

    def _come_in(self, who: AccessClaims, place: tuple[Room, Person]) -> None:
        if not self._chat.hub.count_in(who.sub, self._chat.settings.sockets_per_user):
            raise Problem(429, "too_many_sockets", "Too many open sockets; close one.", retry_after=5)
        self._who = who
        self._place = place
        self._stop_deadline()
        self._chat.hub.join(self._room_id, self)

    def _go_on(self, frame: FrameIn | None) -> None:
        if self.closing:
            return
        if frame is not None and frame.message is not None:
            try:
                self._post(frame)
            except Problem as problem:
                self._refuse(problem)
        self._take_early()

    def _take_early(self) -> None:
        early, self._early = self._early, None
        for position, text in enumerate(early or ()):
            if self.closing:
                return
            self.received(text)
            if self._task is not None:
                # another token among them: the rest waits for it
                self._early = (early or [])[position + 1 :]
                return
        self.resume_reading()

    def _keep_for_later(self, text: str) -> None:
        if self._early is None:
            self._early = []
        self._early.append(text)
        if len(self._early) > _MOST_EARLY_FRAMES:
            self.close(CloseCode.POLICY_VIOLATION, "too much before the token was checked")

    # Speaking

    def _post(self, frame: FrameIn) -> None:
        assert self._place is not None  # noqa: S101 - only a socket in its room comes here
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
            self._refuse(problem, frame.client_id)
            return
        self._pending += 1

    def _answered(self, draft: Draft, outcome: Posted | Problem) -> None:
        self._pending -= 1
        if isinstance(outcome, Problem):
            self.send(text_frame(error_frame(outcome, draft.client_id)))
        elif outcome.duplicate:
            # the room saw it the first time; the one who asks again needs the acknowledgement
            self.send(text_frame(message_frame(draft.room, outcome.message)))

    # Refusing

    def _refuse(self, problem: Problem, client_id: str | None = None) -> None:
        if self._place is None:
            self._end(problem)
            return
        self.send(text_frame(error_frame(problem, client_id)))
        if problem.retry_after is not None:
            # whoever sends on regardless waits in the kernel: telling them so again and again would stall everybody
            self.pause_reading()
            self.loop.call_later(min(problem.retry_after, _LONGEST_PAUSE_SECONDS), self.resume_reading)
        if problem.status in _MISTAKES:
            self._mistakes += 1
            if self._mistakes >= _MOST_MISTAKES:
                self.close(CloseCode.POLICY_VIOLATION, "too many bad frames")

    def _end(self, problem: Problem) -> None:
        # or the peer's answer to the close stays unread, and it waits until the connection is cut
        self.resume_reading()
        self.send(text_frame(error_frame(problem)))
        self.close(_CLOSE_CODES.get(problem.status, CloseCode.POLICY_VIOLATION), problem.code)

    def _too_late(self) -> None:
        self.send(text_frame(error_frame(Problem(408, "auth_timeout", _HOW_TO_AUTHENTICATE))))
        self.close(CloseCode.AUTH_TIMEOUT, "auth_timeout")

    def _stop_deadline(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None


_HOW_TO_AUTHENTICATE = (
    "Show an access token: in the handshake's header (Authorization: Bearer <access>) or in the first frame "
    '({"token": "<access>", ...}).'
)
_MISTAKES = frozenset({400})
_CLOSE_CODES = {
    401: CloseCode.UNAUTHENTICATED,
    404: CloseCode.NO_SUCH_ROOM,
    429: CloseCode.TOO_SLOW,
    503: CloseCode.TRY_LATER,
}


def token_missing_on_socket() -> Problem:
    """Refuse a socket that speaks before it says who it is."""
    return Problem(401, "token_missing", _HOW_TO_AUTHENTICATE)
