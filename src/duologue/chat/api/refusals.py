"""What somebody hears who is sent away from a socket, and the code that it closes with."""

from duologue.chat.errors import Problem
from duologue.kit.websocket import CloseCode

_HOW_TO_AUTHENTICATE = (
    "Show an access token: in the handshake's header (Authorization: Bearer <access>) or in the first frame "
    '({"token": "<access>", ...}).'
)
_CLOSE_CODES = {
    401: CloseCode.UNAUTHENTICATED,
    404: CloseCode.NO_SUCH_ROOM,
    408: CloseCode.AUTH_TIMEOUT,
    429: CloseCode.TOO_SLOW,
    503: CloseCode.TRY_LATER,
}


def close_code(problem: Problem) -> CloseCode:
    """Return the code for a socket that ends with this problem."""
    return _CLOSE_CODES.get(problem.status, CloseCode.POLICY_VIOLATION)


def token_missing_on_socket() -> Problem:
    """Refuse a socket that speaks before it says who it is."""
    return Problem(401, "token_missing", _HOW_TO_AUTHENTICATE)


def token_expired_on_socket() -> Problem:
    """End a socket whose token has ended."""
    return Problem(401, "token_expired", "The access token has expired; connect with a fresh one.")


def somebody_elses_token() -> Problem:
    """Refuse another person's token on a socket."""
    return Problem(401, "token_invalid", "A socket belongs to one person; open another one.")


def auth_timeout() -> Problem:
    """End a socket that does not say who it is."""
    return Problem(408, "auth_timeout", _HOW_TO_AUTHENTICATE)


def too_many_sockets() -> Problem:
    """Refuse one more socket of the same person."""
    return Problem(429, "too_many_sockets", "Too many open sockets; close one.", retry_after=5)
