"""One person's socket: from the opening over the token to the dialect that it speaks, and to its end."""

import asyncio
from collections.abc import Callable

import structlog

from duologue.chat.access.tokens import End, bearer
from duologue.chat.access.waiting import Place
from duologue.chat.api.dialect import Dialect, FrameRefused
from duologue.chat.api.early import Early
from duologue.chat.api.first_frame import first_frame
from duologue.chat.api.greeting import Greeting
from duologue.chat.api.plain import Plain
from duologue.chat.api.refusals import (
    auth_timeout,
    close_code,
    somebody_elses_token,
    token_expired_on_socket,
    token_missing_on_socket,
    too_many_sockets,
)
from duologue.chat.api.v1 import V1
from duologue.chat.delivery.subscription import Subscription
from duologue.chat.errors import Problem
from duologue.chat.model import Room
from duologue.chat.service import Chat
from duologue.chat.wire import error_frame
from duologue.contract.claims import AccessClaims
from duologue.kit.budget import Budget
from duologue.kit.websocket import CloseCode, WebSocket
from duologue.kit.websocket.frames import text_frame

_log = structlog.get_logger(__name__)
_MISTAKES_PER_SECOND, _MISTAKES_AT_ONCE = 1 / 12, 4
_LONGEST_PAUSE_SECONDS = 1.0


class ChatSocket(WebSocket):
    """A socket in one room, or without `room_id` in all of a person's rooms.

    `greets`: its first frame is a `hello`; else it may be. `place`: where it waits until it has an owner.
    """

    __slots__ = (
        "_authorization",
        "_chat",
        "_dialect",
        "_early",
        "_greeting",
        "_greets",
        "_inside",
        "_mistakes",
        "_place",
        "_room_id",
        "_task",
        "_token_end",
        "_who",
        "pending",
    )

    def __init__(
        self, chat: Chat, room_id: int | None, authorization: str | None, place: Place, *, greets: bool
    ) -> None:
        super().__init__(chat.settings.socket_limits)
        self._chat = chat
        self._room_id = room_id
        self._authorization = authorization
        self._place = place
        self._greets = greets
        self._who: AccessClaims | None = None
        self._token_end: End | None = None
        self._dialect: Dialect | None = None
        self._inside = False
        self._task: asyncio.Task[None] | None = None
        self._early: Early | None = None
        self._greeting: Greeting | None = None
        self._mistakes: Budget | None = None
        self.pending = 0
        """Frames that were taken and are not answered yet."""

    @property
    def user_id(self) -> str:
        """Whose it is, once that is known."""
        return "" if self._who is None else self._who.sub

    # A life: opened, joined, frames, closed

    def opened(self) -> None:
        """Start the clock, and come in with the header's token unless a greeting is to come first."""
        self._chat.heartbeat.add(self)
        self._place.take(lambda: self._send_away(auth_timeout()))
        if self._authorization is not None and not self._greets and self._room_id is not None:
            self._begin(self._authorization, Plain(self._chat, self, self._room_id, None))

    def received(self, text: str) -> None:
        """Take a frame."""
        if self._task is not None:
            self._early = self._early or Early()
            if not self._early.keep(text):
                self.close(CloseCode.POLICY_VIOLATION, "too much before the token was checked")
            return
        take = self._greet if self._dialect is None or self._greeting is not None else self._dialect.received
        self._try(take, text)

    def closed(self) -> None:
        """Leave."""
        self._chat.heartbeat.remove(self)
        self._place.leave()
        if self._task is not None:
            self._task.cancel()
        if self._dialect is not None:
            self._dialect.leave()
        if self._who is not None:
            self._chat.hub.count_out(self._who.sub)

    def left(self, code: int) -> None:
        """Say goodbye when all that came before the peer's close has been taken and answered."""
        if self._task is None and self.pending == 0:
            self.say_goodbye(code)
        elif not self.closing:
            self.loop.call_later(0.005, self.left, code)

    def shutting_down(self) -> None:
        """Close when the last message on its way has been answered."""
        if self.pending == 0:
            # or the peer's answer to the close stays unread
            self.resume_reading()
            super().shutting_down()
        else:
            self.pause_reading()
            self.loop.call_later(0.02, self.shutting_down)

    def failed(self) -> None:
        """End after a defect of ours."""
        self.close(CloseCode.INTERNAL_ERROR, "internal error")

    # Delivery and the sweep call these

    # passing on what happened is no more than sending it
    deliver = WebSocket.send_all

    def whisper(self, frame: bytes) -> bool:
        """Pass on what may be left out; False when it is."""
        if self.behind:
            return False
        self.send(frame)
        return True

    def reads_again(self) -> None:
        """Pass on what was left out and still holds."""
        self._chat.presence.keep_up(self)

    def fell_behind(self, subscription: Subscription) -> None:
        """Read what is missing."""
        if self._dialect is not None:
            self._dialect.fell_behind(subscription)

    def room_opened(self, room: Room) -> None:
        """The person is in a new room."""
        if self._dialect is not None:
            self._dialect.room_opened(room)

    def beat(self, now: float) -> None:
        """Ask a silent peer for a sign of life; cut a dead one; end with the token."""
        silent, settings = now - self.last_heard, self._chat.settings
        if silent > settings.ping_interval + settings.ping_timeout:
            self.cut()
        elif silent > settings.ping_interval:
            self.ping()
        if self._who is None or self._token_end is None or self._dialect is None:
            return
        if (left := self._token_end.seconds_left()) <= 0:
            self._send_away(token_expired_on_socket())
        else:
            self._dialect.beat(self._who, left)

    def revoke(self) -> None:
        """End with the login, or with the key that signed the token."""
        if self._who is not None and not self.closing and (why := self._chat.tokens.revoked(self._who)) is not None:
            self._send_away(why)

    # Coming in

    def authenticate(self, token: str) -> None:
        """Take a fresh token for the same person. Raise Problem `rate_limited`."""
        self._chat.signals.spend(self.user_id)
        self._begin(f"Bearer {token}", None)

    def become_v1(self, hello_text: str) -> None:
        """Change from the plain dialect: from the first `hello` on, good or bad, all is as before any token."""
        if self._dialect is not None:
            self._dialect.leave()
            self._dialect, self._inside = None, False
            self._place.take(lambda: self._send_away(auth_timeout()))
        greeting = self._greeting or Greeting()
        hello = greeting.take(hello_text)
        self._greeting = greeting if hello is None else None
        if hello is None:
            return
        authorization = self._authorization if hello.token is None else f"Bearer {hello.token}"
        if authorization is None:
            raise token_missing_on_socket()
        self._begin(authorization, V1(self._chat, self, self._room_id, hello))

    def _greet(self, text: str) -> None:
        room_id = None if self._greets or self._greeting is not None else self._room_id
        if room_id is None or (first := first_frame(text)).type == "hello":
            self.become_v1(text)
        elif first.token is None:
            raise token_missing_on_socket()
        else:
            self._begin(f"Bearer {first.token}", Plain(self._chat, self, room_id, first))

    def _begin(self, authorization: str, dialect: Dialect | None) -> None:
        # what arrives meanwhile waits in the kernel, not here
        self.pause_reading()
        self._task = self.loop.create_task(self._join(authorization, dialect))

    async def _join(self, authorization: str, dialect: Dialect | None) -> None:
        try:
            who = await self._chat.tokens.verify(bearer(authorization))
            if self.closing:
                return
            self._identify(who)
            if dialect is not None:
                self._dialect = dialect
                await dialect.join(who)
                self._inside = True
            elif self._dialect is not None:
                self._dialect.renewed(who)
        except Problem as problem:
            self._send_away(problem)
            return
        except Exception:  # noqa: BLE001 - logged in full; a socket that reads no more must not stay open
            _log.exception("join_failed")
            self.failed()
            return
        finally:
            self._task = None
        self._go_on()

    def _identify(self, who: AccessClaims) -> None:
        if self._who is None:
            if not self._chat.hub.count_in(who.sub, self._chat.settings.sockets_per_user):
                raise too_many_sockets()
        elif who.sub != self._who.sub:
            raise somebody_elses_token()
        self._who, self._token_end = who, End(who)
        self._place.leave()

    def _go_on(self) -> None:
        if not self.closing and self._dialect is not None:
            self._try(self._dialect.say_first)
        early, self._early = self._early, None
        while early is not None and not self.closing and (text := early.next()) is not None:
            self.received(text)
            if self._task is not None:
                # another token among them: the rest waits for it
                self._early = early
                return
        # also of one that is closing: or the peer's answer to that stays unread, and it waits until it is cut
        self.resume_reading()

    def _try(self, speak: Callable[..., None], *said: str) -> None:
        try:
            speak(*said)
        except FrameRefused as refused:
            self._refuse(refused.problem, refused.client_id, room=refused.room, about=refused.about)
        except Problem as problem:
            self._refuse(problem)

    # Refusing

    def _refuse(
        self, problem: Problem, client_id: str | None = None, *, room: int | None = None, about: str | None = None
    ) -> None:
        if not self._inside:
            self._send_away(problem)
            return
        self.send(text_frame(error_frame(problem, client_id, room=room, about=about)))
        if problem.retry_after is not None:
            # whoever sends on regardless waits in the kernel: telling them so again and again would stall everybody
            self.pause_reading()
            self.loop.call_later(min(problem.retry_after, _LONGEST_PAUSE_SECONDS), self._read_on)
        if problem.status == 400:
            self._mistakes = self._mistakes or Budget(_MISTAKES_PER_SECOND, _MISTAKES_AT_ONCE)
            if self._mistakes.spend(self.last_heard):
                self.close(CloseCode.POLICY_VIOLATION, "too many bad frames")

    def _read_on(self) -> None:
        # else it does so when the token has been checked: until then all that came would be kept here
        if self._task is None:
            self.resume_reading()

    def _send_away(self, problem: Problem) -> None:
        # or the peer's answer to the close stays unread, and it waits until the connection is cut
        self.resume_reading()
        self.send(text_frame(error_frame(problem)))
        self.close(close_code(problem), problem.code)
