"""A connection on a virtual loop: stands where picows and the kernel stand, between a server's socket and a client.

Bytes arrive in pieces of any size after any time, in their order. Past a bound the server is told to pause, as asyncio
tells it, and it can pause the client. Either side can end the connection, with a word or without.
"""

from collections import deque
from dataclasses import dataclass
from typing import Protocol, Self

from duologue.kit.websocket import WebSocket
from tests.rig.raw_socket import CLOSE, PONG
from tests.rig.virtual_loop import VirtualLoop


@dataclass(frozen=True)
class ClientFrame:
    """What picows shows of a client's frame."""

    msg_type: int
    payload: bytes
    fin = True
    rsv1 = rsv2 = rsv3 = False

    def get_payload_as_utf8_text(self) -> str:
        return self.payload.decode()

    def get_payload_as_bytes(self) -> bytes:
        return self.payload


class Client(Protocol):
    """The other end."""

    def heard(self, opcode: int, payload: bytes) -> None:
        """A frame is here."""

    def gone(self) -> None:
        """The connection has ended; called once."""


@dataclass
class Pace:
    """Seconds between two pieces, bytes in one, and bytes after which the server is told to pause."""

    seconds: float
    piece: int
    bound: int


class VirtualWire:
    """Both what picows calls the transport and what it calls the one underneath."""

    def __init__(self, loop: VirtualLoop, socket: WebSocket, client: Client, pace: Pace) -> None:
        self.pace = pace
        self.is_close_frame_sent = False
        self.over = False
        self._loop = loop
        self._socket = socket
        self._client = client
        self._down = bytearray()
        self._half = bytearray()
        self._up: deque[ClientFrame] = deque()
        self._flows = self._arrives = False
        self._full = self._deaf = self._ends = False

    @property
    def underlying_transport(self) -> Self:
        return self

    # The client's side

    def open(self) -> None:
        """The handshake is done."""
        self._socket.on_ws_connected(self)  # type: ignore[arg-type]  # stands in for picows' transport

    def say(self, opcode: int, payload: bytes) -> None:
        """Send a frame."""
        self._up.append(ClientFrame(opcode, payload))
        self._arrive_soon()

    def reset(self) -> None:
        """End without a word: what is under way is lost, the server learns it some time later."""
        self._up.clear()
        self._let_go(self._loop.random.uniform(0, 0.5))

    # What the server calls

    def write(self, data: bytes) -> None:
        if self.over or self._ends:
            return
        self._down += data
        if len(self._down) > self.pace.bound and not self._full:
            self._full = True
            self._socket.pause_writing()
        self._flow_soon()

    def send_close(self, code: int, reason: bytes) -> None:
        payload = code.to_bytes(2, "big") + reason
        self.write(bytes([0x80 | CLOSE, len(payload)]) + payload)
        self.is_close_frame_sent = True

    def send_ping(self) -> None:
        self.say(PONG, b"")

    def is_closing(self) -> bool:
        return self.over or self._ends

    def pause_reading(self) -> None:
        self._deaf = True

    def resume_reading(self) -> None:
        self._deaf = False
        self._arrive_soon()

    def disconnect(self, graceful: bool = True) -> None:
        self._ends = True
        if not graceful or not self._down:
            self._let_go(0)

    # On the way

    def _let_go(self, later: float) -> None:
        if not self.over:
            self.over = True
            self._down.clear()
            self._loop.call_later(later, lambda: self._socket.on_ws_disconnected(self))  # type: ignore[arg-type]  # as above
            self._loop.call_soon(self._client.gone)

    def _flow_soon(self) -> None:
        if self._down and not self._flows:
            self._flows = True
            self._loop.call_later(self._loop.random.uniform(0, self.pace.seconds), self._flow)

    def _flow(self) -> None:
        self._flows = False
        if self.over:
            return
        size = self._loop.random.randint(1, self.pace.piece)
        self._half += self._down[:size]
        del self._down[:size]
        if self._full and len(self._down) <= self.pace.bound // 4:
            self._full = False
            self._socket.resume_writing()
        self._parse()
        if self._ends and not self._down:
            self._let_go(0)
        self._flow_soon()

    def _parse(self) -> None:
        while len(self._half) >= 2 and not self.over:
            size, start = self._half[1] & 0x7F, 2
            if size == 126:
                size, start = int.from_bytes(self._half[2:4], "big"), 4
            if len(self._half) < start + size:
                return
            opcode, payload = self._half[0] & 0x0F, bytes(self._half[start : start + size])
            del self._half[: start + size]
            self._client.heard(opcode, payload)

    def _arrive_soon(self) -> None:
        if self._up and not self._arrives and not self._deaf and not self.over:
            self._arrives = True
            self._loop.call_later(self._loop.random.uniform(0, 0.01), self._arrive)

    def _arrive(self) -> None:
        self._arrives = False
        # what one read brought comes, also when the first of it made the server pause
        for _ in range(0 if self._deaf else self._loop.random.randint(1, 4)):
            if self._up and not self.over and not self._ends:
                self._socket.on_ws_frame(self, self._up.popleft())  # type: ignore[arg-type]  # as above
        self._arrive_soon()
