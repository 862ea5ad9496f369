"""Messages that arrive in fragments (RFC 6455 section 5.4), with bounds on size and number."""

from duologue.kit.websocket.close import CloseCode
from duologue.kit.websocket.limits import Limits


class Violation(Exception):  # noqa: N818 - the peer's, not ours
    """The peer broke the protocol; the connection closes with this code."""

    def __init__(self, code: CloseCode, reason: str) -> None:
        super().__init__(code, reason)
        self.code = code
        self.reason = reason


class Assembly:
    """One text message in the making."""

    __slots__ = ("_limits", "_parts", "_size")

    def __init__(self, limits: Limits, first: bytes) -> None:
        self._limits = limits
        self._parts = [first]
        self._size = len(first)

    def add(self, part: bytes) -> None:
        """Take the next fragment; raise Violation when the message grows past a limit."""
        self._parts.append(part)
        self._size += len(part)
        if self._size > self._limits.frame_bytes:
            raise Violation(CloseCode.TOO_BIG, "message too big")
        if len(self._parts) > self._limits.fragments:
            raise Violation(CloseCode.POLICY_VIOLATION, "too many fragments")

    def text(self) -> str:
        """Return the whole message; raise Violation when it is not UTF-8."""
        try:
            return b"".join(self._parts).decode()
        except UnicodeDecodeError:
            raise Violation(CloseCode.INVALID_TEXT, "not UTF-8") from None
