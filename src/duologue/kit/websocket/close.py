"""Close codes (RFC 6455 section 7.4, and the range 4000 to 4999 that applications own)."""

from enum import IntEnum


class CloseCode(IntEnum):
    """The codes that this product sends; protocol/codes.json says what a client does with each."""

    NORMAL = 1000
    PROTOCOL_ERROR = 1002
    UNSUPPORTED_DATA = 1003
    INVALID_TEXT = 1007
    POLICY_VIOLATION = 1008
    TOO_BIG = 1009
    INTERNAL_ERROR = 1011
    RESTARTING = 1012
    TRY_LATER = 1013
    UNAUTHENTICATED = 4401
    NO_SUCH_ROOM = 4403
    AUTH_TIMEOUT = 4408
    EPOCH_CHANGED = 4410
    TOO_SLOW = 4429


# 1005, 1006 and 1015 are for APIs only; 1004 and 1012 and up to 2999 are not a client's to send or not assigned
_CLIENT_CODES = frozenset({1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014})


def may_be_received(code: int) -> bool:
    """Tell whether a peer may put this code into its close frame."""
    return code in _CLIENT_CODES or 3000 <= code <= 4999
