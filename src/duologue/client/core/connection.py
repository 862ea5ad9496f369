"""The life of the socket: when to connect, with which token, and when to give up."""

from collections.abc import Callable
from dataclasses import dataclass

from duologue.client.core.backoff import full_jitter
from duologue.client.errors import ApiError, ConnectionRefused, DuologueError, LoginRequired, NotInRoom

SILENCE_SECONDS = 25.0
ANSWER_SECONDS = 10.0
GREETING_SECONDS = 60.0
# a connection that lived so long had no trouble: the next pauses begin small again
_PROVEN_SECONDS = 10.0
_OVERLOADED_FIRST_SECONDS = 5.0

_GIVE_UP = {
    1002: "the server could not read the client's frames",
    1003: "the server takes text only",
    1007: "the server could not read the client's text",
    1008: "the client broke the server's rules",
    1009: "the client's frame was too big",
}
_UNAUTHENTICATED, _NOT_IN_ROOM, _ANOTHER_EPOCH = 4401, 4403, 4410
_OVERLOADED = frozenset({1013, 4429})
LOST = 1006
"""What RFC 6455 section 7.1.5 calls a connection that ended without a close frame."""


@dataclass(frozen=True, slots=True)
class Retry:
    """Connect again after so many seconds; with another token, or without cursors, when it says so."""

    after: float
    fresh_token: bool = False
    drop_cursors: bool = False


@dataclass(frozen=True, slots=True)
class GiveUp:
    """Do not try again."""

    error: DuologueError


class Connection:
    """Decides. Times are seconds of any monotonic clock; `random` returns a number from 0 to 1."""

    def __init__(self, random: Callable[[], float]) -> None:
        self._random = random
        self._attempt = 0
        self._wants_fresh_token = False
        self._token_is_fresh = False
        self._ready_at: float | None = None
        self._opened_at = 0.0
        self._heard_at = 0.0
        self._asked = False

    @property
    def is_ready(self) -> bool:
        """Whether the server has told where we stand."""
        return self._ready_at is not None

    def opened(self, now: float) -> None:
        """The socket stands, nothing was said yet."""
        self._ready_at = None
        self._opened_at = now
        self.heard(now)

    def heard(self, now: float) -> None:
        """Anything came: the peer lives."""
        self._heard_at = now
        self._asked = False

    def ready(self, now: float) -> None:
        """The server took the token and told where we stand."""
        self._ready_at = now
        self._wants_fresh_token = self._token_is_fresh = False

    def token_renewed(self) -> None:
        """The fresh token that a `Retry` asked for was had; it is the one that the server sees next."""
        self._wants_fresh_token, self._token_is_fresh = False, True

    def must_ask(self, now: float) -> bool:
        """Whether it was silent for so long that a ping is due; says so once for each silence."""
        if self._asked or now - self._heard_at < SILENCE_SECONDS:
            return False
        self._asked = True
        return True

    def is_dead(self, now: float) -> bool:
        """Whether it stayed silent after the ping, too, or never told where we stand."""
        if self._ready_at is None and now - self._opened_at >= GREETING_SECONDS:
            return True
        return now - self._heard_at >= SILENCE_SECONDS + ANSWER_SECONDS

    def closed(self, code: int, now: float, reason: str = "") -> Retry | GiveUp:
        """Return what to do after a close, or after a try that did not get through (`LOST`).

        `reason`: the code of the error that came before the close.
        """
        lived = 0.0 if self._ready_at is None else now - self._ready_at
        self._ready_at = None
        if lived >= _PROVEN_SECONDS:
            self._attempt = 0
        if code in _GIVE_UP:
            return GiveUp(ConnectionRefused(code, f"{_GIVE_UP[code]} {reason}".rstrip()))
        if code == _NOT_IN_ROOM:
            return GiveUp(NotInRoom("not_found", None, "The server closed the socket with 4403."))
        if code == _UNAUTHENTICATED:
            return self._unauthenticated()
        first = _OVERLOADED_FIRST_SECONDS if code in _OVERLOADED else None
        return Retry(self._pause(first), self._wants_fresh_token, drop_cursors=code == _ANOTHER_EPOCH)

    def login_failed(self, error: ApiError) -> Retry | GiveUp:
        """Return what to do when there was no token to be had: one that is wanted is wanted still."""
        if isinstance(error, LoginRequired) or not error.retryable:
            return GiveUp(error)
        return Retry(max(error.retry_after or 0.0, self._pause(None)), self._wants_fresh_token)

    def _unauthenticated(self) -> Retry | GiveUp:
        # one refusal may be an old token; a fresh one that is refused, too, is a no
        if self._token_is_fresh:
            return GiveUp(LoginRequired("token_invalid", None, "The server refused a fresh token."))
        self._wants_fresh_token = True
        at_once = self._attempt == 0
        pause = self._pause(None)
        return Retry(0.0 if at_once else pause, fresh_token=True)

    def _pause(self, first: float | None) -> float:
        pause = full_jitter(self._attempt, self._random, *(() if first is None else (first,)))
        self._attempt += 1
        return pause
