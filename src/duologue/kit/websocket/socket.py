"""One upgraded connection: whole text messages in, text out, closed by the book."""

import asyncio
from collections.abc import Callable, Sequence
from typing import cast

import picows
from picows import WSCloseCode, WSFrame, WSMsgType, WSTransport

from duologue.kit.budget import Budget
from duologue.kit.websocket.assembly import Assembly, Violation
from duologue.kit.websocket.backlog import Backlog
from duologue.kit.websocket.close import CloseCode, may_be_received
from duologue.kit.websocket.frames import pong_frame, slices
from duologue.kit.websocket.limits import Limits

# frames that are joined unweighed: even of the largest so many are no burden
_FEW = 4
_TEXT, _CONTINUATION, _BINARY = WSMsgType.TEXT, WSMsgType.CONTINUATION, WSMsgType.BINARY
_PING, _PONG, _CLOSE = WSMsgType.PING, WSMsgType.PONG, WSMsgType.CLOSE


class WebSocket(picows.WSListener):
    """Subclass it and fill in `opened`, `received` and `closed`.

    picows has already refused unmasked frames, reserved opcodes, overlong and fragmented control frames, oversize
    lengths and most bad close codes. Ours are: reserved bits, binary, UTF-8, fragments, the control-frame budget.
    """

    __slots__ = (
        "_assembly",
        "_assembly_timer",
        "_backlog",
        "_control",
        "_peer_left",
        "_room_again",
        "closing",
        "last_heard",
        "limits",
        "loop",
        "send",
        "wire",
    )

    wire: WSTransport
    send: Callable[[bytes], object]
    """Queue a frame made by `text_frame`.

    While all is well this is the transport's own `write`; while the reader is behind it is the backlog's `put`; after a
    close it does nothing.
    """

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.loop = asyncio.get_running_loop()
        self.last_heard = self.loop.time()
        self.closing = False
        self._peer_left = False
        self._assembly: Assembly | None = None
        self._assembly_timer: asyncio.TimerHandle | None = None
        self._control: Budget | None = None
        self._backlog: Backlog | None = None
        self._room_again: asyncio.Future[None] | None = None
        self.send = _nowhere

    # What a subclass fills in

    def opened(self) -> None:
        """Called once the handshake is done."""

    def received(self, text: str) -> None:
        """Called with each whole text message, in order; never after `close`."""

    def closed(self) -> None:
        """Called once, when the connection is gone for whatever reason."""

    def left(self, code: int) -> None:
        """Called when the peer closes with this code; override it to finish what came before, then `say_goodbye`."""
        self.say_goodbye(code)

    def shutting_down(self) -> None:
        """Called when the server stops; override it to finish what has begun before the close."""
        self.close(CloseCode.RESTARTING, "restarting")

    def overflowed(self) -> None:
        """Called when the peer reads too slowly; what waited has been dropped."""
        self.close(CloseCode.TOO_SLOW, "reads too slowly")

    def reads_again(self) -> None:
        """Called when a peer that was behind has read what waited."""

    # What a subclass uses

    def send_all(self, frames: Sequence[bytes]) -> None:
        """Queue frames made by `text_frame`, with one system call for a few of them while the reader keeps up."""
        if len(frames) <= _FEW and self._backlog is None:
            self.send(frames[0] if len(frames) == 1 else b"".join(frames))
        else:
            self._pour(frames)

    @property
    def behind(self) -> bool:
        """Whether the peer reads more slowly than it is sent to: what could be left out should be."""
        return self._backlog is not None

    async def writable(self) -> None:
        """Wait until the peer has read what it was sent, or the connection ends; one task at a time may wait.

        A peer that does not within the limit is too slow, and closed.
        """
        while self._backlog is not None and not self.closing:
            self._room_again = self.loop.create_future()
            try:
                async with asyncio.timeout(self.limits.stalled_seconds):
                    await self._room_again
            except TimeoutError:
                self.overflowed()
            finally:
                self._room_again = None

    def close(self, code: CloseCode, reason: str = "") -> None:
        """Say why and close; the peer has a moment to answer, then the connection is cut."""
        if self.closing:
            return
        self._end()
        self._send_close(code, reason)
        self.loop.call_later(self.limits.closing_seconds, self.cut)

    def say_goodbye(self, code: int) -> None:
        """Answer the peer's close with its own code, and end the connection."""
        if self.closing:
            return
        self._end()
        self._send_close(code)
        self.wire.disconnect()
        self.loop.call_later(self.limits.closing_seconds, self.cut)

    def refused(self) -> None:
        """Send and take nothing more: picows has closed the connection after a frame that it refused."""
        self._end()

    def ping(self) -> None:
        """Ask the peer for a sign of life."""
        if not self.closing:
            self.wire.send_ping()

    def pause_reading(self) -> None:
        """Take nothing more from the peer for now; what is already here still comes."""
        if not self.wire.underlying_transport.is_closing():
            self.wire.underlying_transport.pause_reading()

    def resume_reading(self) -> None:
        """Go on reading."""
        if not self.wire.underlying_transport.is_closing():
            self.wire.underlying_transport.resume_reading()

    # picows' callbacks

    def on_ws_connected(self, transport: WSTransport) -> None:
        """Picows: the handshake is done."""
        self.wire = transport
        self.send = transport.underlying_transport.write
        self.opened()

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        """Picows: a frame is here; it points into the read buffer and is gone when we return."""
        self.last_heard = self.loop.time()
        kind = frame.msg_type
        if self._peer_left or transport.is_close_frame_sent:
            # by us, or by picows, which looks one frame ahead: nothing counts any more but the peer's own close
            if kind == _CLOSE:
                transport.disconnect()
            return
        try:
            if frame.rsv1 or frame.rsv2 or frame.rsv3:
                raise Violation(CloseCode.PROTOCOL_ERROR, "reserved bit set without an extension")
            if kind == _CLOSE:
                self._closed_by_peer(frame)
            elif kind == _TEXT and frame.fin and self._assembly is None:
                self.received(_text_of(frame))
            elif kind in (_PING, _PONG):
                self._on_control(kind, frame)
            else:
                self._on_fragment(kind, frame)
        except Violation as violation:
            self.close(violation.code, violation.reason)

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        """Picows: the connection is gone."""
        self._end()
        self.closed()

    def pause_writing(self) -> None:
        """Asyncio: the kernel and the transport hold all they want."""
        if not self.closing:
            self._backlog = Backlog(self.limits, self.overflowed)
            self.send = self._backlog.put

    def resume_writing(self) -> None:
        """Asyncio: there is room again."""
        backlog, self._backlog = self._backlog, None
        if backlog is not None and not self.closing:
            self.send = self.wire.underlying_transport.write
            self._pour(backlog.take())
            self._let_go()
            if self._backlog is None:
                self.reads_again()

    # Inside

    def _pour(self, frames: Sequence[bytes]) -> None:
        # in slices: after each the transport can say that it has enough, and the rest waits within the limits, as
        # frames that all sockets share; what is joined here is this socket's own
        for some in slices(frames):
            if self._backlog is None:
                self.send(b"".join(some))
            else:
                for frame in some:
                    self.send(frame)

    def _end(self) -> None:
        self.closing = True
        self.send = _nowhere
        self._stop_assembly()
        self._let_go()

    def _let_go(self) -> None:
        if self._room_again is not None and not self._room_again.done():
            self._room_again.set_result(None)

    def _send_close(self, code: int, reason: str = "") -> None:
        # picows' own enumeration has none of the application's codes; its C type takes any number
        self.wire.send_close(cast(WSCloseCode, code), reason.encode())

    def _on_control(self, kind: WSMsgType, frame: WSFrame) -> None:
        if self._control is None:
            self._control = Budget(self.limits.control_frames_per_second, self.limits.control_frames_burst)
        if self._control.spend(self.last_heard):
            raise Violation(CloseCode.POLICY_VIOLATION, "too many control frames")
        if kind == _PING:
            # waits with all else: who asks and does not read must not fill our memory with answers
            self.send(pong_frame(frame.get_payload_as_bytes()))

    def _on_fragment(self, kind: WSMsgType, frame: WSFrame) -> None:
        if kind == _BINARY:
            raise Violation(CloseCode.UNSUPPORTED_DATA, "text only")
        if kind == _TEXT and self._assembly is not None:
            raise Violation(CloseCode.PROTOCOL_ERROR, "a message began inside another")
        payload = frame.get_payload_as_bytes()
        if kind == _TEXT:
            self._assembly = Assembly(self.limits, payload)
            self._assembly_timer = self.loop.call_later(self.limits.assembly_seconds, self._never_finished)
            return
        if self._assembly is None:
            raise Violation(CloseCode.PROTOCOL_ERROR, "a continuation of nothing")
        self._assembly.add(payload)
        if frame.fin:
            text = self._assembly.text()
            self._stop_assembly()
            self.received(text)

    def _never_finished(self) -> None:
        self.close(CloseCode.POLICY_VIOLATION, "the message was never finished")

    def _stop_assembly(self) -> None:
        self._assembly = None
        if self._assembly_timer is not None:
            self._assembly_timer.cancel()
            self._assembly_timer = None

    def _closed_by_peer(self, frame: WSFrame) -> None:
        payload = frame.get_payload_as_bytes()
        code = int.from_bytes(payload[:2], "big") if payload else CloseCode.NORMAL
        if not may_be_received(code):
            raise Violation(CloseCode.PROTOCOL_ERROR, "bad close code")
        self._peer_left = True
        self.left(code)

    def cut(self) -> None:
        """End the connection without a word."""
        # `abort`, not `close`: a peer that does not read would keep a polite close waiting for ever
        self.wire.disconnect(graceful=False)


def _nowhere(_: bytes) -> None:
    """Take the frames of a socket that is not open."""


def _text_of(frame: WSFrame) -> str:
    try:
        return frame.get_payload_as_utf8_text()
    except UnicodeDecodeError:
        raise Violation(CloseCode.INVALID_TEXT, "not UTF-8") from None
