"""What can go wrong, as exceptions. Programs decide by type and by `code`; texts are for people."""

from collections.abc import Mapping, Sequence

Errors = Mapping[str, Sequence[str]]


class DuologueError(Exception):
    """Everything that this package raises on purpose."""


class ApiError(DuologueError):
    """The server said no, over REST or over the socket.

    `code` is the stable name from `protocol/codes.json`, `status` the HTTP status (None when the socket said it),
    `detail` a sentence for a person, `errors` the reasons by field (empty unless the input was bad), `retryable`
    whether the same can succeed later, `retry_after` the seconds to wait before that (None when none were named).
    """

    def __init__(
        self,
        code: str,
        status: int | None = None,
        detail: str = "",
        errors: Errors | None = None,
        *,
        retryable: bool = False,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(f"{code}: {detail}" if detail else code)
        self.code = code
        self.status = status
        self.detail = detail
        self.errors = dict(errors or {})
        self.retryable = retryable
        self.retry_after = retry_after


class LoginRequired(ApiError):  # noqa: N818 - it names what is needed, as its readers think of it
    """There is no login any more, and no password to log in again with; `code` says what ended it."""


class NotInRoom(ApiError):  # noqa: N818 - it reads as what it says
    """There is no such room, message or person, or it is not the caller's: the server tells no difference."""


class ResyncRequired(ApiError):  # noqa: N818 - it names what is needed
    """The cursor is of another epoch: the server's database was restored or imported. Read the history anew."""


class Unreachable(DuologueError):  # noqa: N818 - it reads as what it says
    """No answer came: a lost connection, a name that does not resolve, a wait that took too long."""


class BadAnswer(DuologueError):  # noqa: N818 - it reads as what it says
    """The answer is not one of Duologue's: often something between the client and the server speaks in its place."""


class ConnectionRefused(DuologueError):  # noqa: N818 - it reads as what it says
    """The server closed the socket for a reason that trying again does not mend; `close_code` is the reason."""

    def __init__(self, close_code: int, detail: str) -> None:
        super().__init__(f"closed with {close_code}: {detail}")
        self.close_code = close_code


class OutboxFull(DuologueError):  # noqa: N818 - it reads as what it says
    """As many messages wait for their acknowledgement as the client keeps; this one was not taken."""


class ClientClosed(DuologueError):  # noqa: N818 - it reads as what it says
    """The client was closed before the server answered. Unsent messages are in `Client.unsent`."""


_BY_CODE: dict[str, type[ApiError]] = {"not_found": NotInRoom, "resync_required": ResyncRequired}


def api_error(
    code: str,
    status: int | None = None,
    detail: str = "",
    errors: Errors | None = None,
    *,
    retryable: bool = False,
    retry_after: float | None = None,
) -> ApiError:
    """Return the most telling exception for a code of the server's."""
    kind = _BY_CODE.get(code, ApiError)
    return kind(code, status, detail, errors, retryable=retryable, retry_after=retry_after)
