"""The seam between uvicorn and picows: a protocol class for uvicorn's `ws=` setting."""

import asyncio
import logging
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

from picows import WSProtocolError, WSUpgradeResponse, WSUpgradeResponseWithListener
from picows.picows import WSProtocol  # type: ignore[attr-defined]  # not public: the version is pinned, tests hold it
from uvicorn.protocols.utils import get_remote_addr

from duologue.kit.addresses import Addresses
from duologue.kit.websocket.handshake import Handshake, Refusal, canonical, parse
from duologue.kit.websocket.limits import Limits
from duologue.kit.websocket.socket import WebSocket


class _OurErrorsOnly(logging.LoggerAdapter[logging.Logger]):
    """Passes on what went wrong on our side. Picows reports hostile frames too: strangers must not write our log.

    No `logging.Logger`: of those picows makes one for each connection.
    """

    def log(self, level: int, msg: object, *args: object, **_: Any) -> None:
        kind = sys.exc_info()[0]
        if level >= logging.WARNING and kind is not None and not issubclass(kind, WSProtocolError):
            super().log(level, msg, *args, exc_info=True)


_log = _OurErrorsOnly(logging.getLogger("picows"))

# picows' default of 16 kB per socket is most of what an idle socket costs; the buffer grows when a frame needs it
_READ_BUFFER_BYTES = 2048

# libuv reads one socket up to 32 times in a turn of the loop, and picows would double its buffer each time: a flood of
# tiny frames would be parsed by the megabyte while all others wait
_READ_AT_ONCE_BYTES = 4096


@dataclass(frozen=True, slots=True)
class Accepted:
    """The endpoint takes the connection; `subprotocol` is one that the client offered."""

    socket: WebSocket
    subprotocol: str | None = None


Endpoint = Callable[[Handshake], Accepted]
"""Decides about an opening handshake: returns Accepted or raises Refusal."""


class UpgradedConnection(WSProtocol):  # type: ignore[misc]  # a compiled class without type information
    """A connection that uvicorn hands over after it has parsed the opening request."""

    __slots__ = ("_accepted", "_connections")

    endpoint: "ClassVar[staticmethod[[Handshake], Accepted]]"
    limits: ClassVar[Limits]
    addresses: ClassVar[Addresses]

    def __init__(self, config: Any, server_state: Any, app_state: Any) -> None:
        super().__init__(
            host_port=None,
            ws_path=None,
            is_client_side=False,
            ws_listener_factory=self._accept,
            logger=_log,
            # an unforeseen error ends this socket with 1011, not the process
            disconnect_on_exception=True,
            # the request is already here, whole
            websocket_handshake_timeout=None,
            # one sweep looks after all sockets instead of a task for each; our pongs have a budget
            enable_auto_ping=False,
            auto_ping_idle_timeout=None,
            auto_ping_reply_timeout=None,
            auto_ping_strategy=1,
            enable_auto_pong=False,
            max_frame_size=self.limits.frame_bytes,
            extra_headers=None,
            read_buffer_init_size=_READ_BUFFER_BYTES,
        )
        self._connections = server_state.connections
        self._accepted: Accepted | None = None

    def connection_made(self, transport: Any) -> None:
        """Uvicorn: here is the transport."""
        super().connection_made(transport)
        # uvicorn ends what stands in this set when it shuts down, and waits until the set is empty
        self._connections.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """Asyncio: the connection is gone."""
        self._connections.discard(self)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Uvicorn: the opening request, written out anew. Called once; later data goes into picows' own buffer."""
        try:
            handshake = parse(data, self._peer(), self.addresses)
            self._accepted = self.endpoint(handshake)
        except Refusal as refusal:
            self.transport.underlying_transport.write(refusal.response())
            self.transport.disconnect()
            return
        request = canonical(handshake)
        room = self.get_buffer(len(request))
        room[: len(request)] = request
        self.buffer_updated(len(request))

    def get_buffer(self, sizehint: int) -> memoryview:
        """Asyncio: where shall data go?"""
        # both are called for each read, so they name the base: `super()` takes longer than what it finds
        room: memoryview = WSProtocol.get_buffer(self, sizehint)
        return room if len(room) <= _READ_AT_ONCE_BYTES else room[:_READ_AT_ONCE_BYTES]

    def buffer_updated(self, nbytes: int) -> None:
        """Asyncio: data is in picows' buffer."""
        WSProtocol.buffer_updated(self, nbytes)
        if self.transport.is_close_frame_sent and self._accepted is not None and not self._accepted.socket.closing:
            # picows refused a frame. It would parse on in what follows, and keep all of it, until the connection ends
            self._accepted.socket.refused()
            self.transport.underlying_transport.set_protocol(_Discard(self))

    def shutdown(self) -> None:
        """Uvicorn: the server stops."""
        if self._accepted is None:
            self.transport.disconnect()
        else:
            self._accepted.socket.shutting_down()

    def _peer(self) -> str:
        address = get_remote_addr(self.transport.underlying_transport)
        return address[0] if address else ""

    def _accept(self, _: Any) -> WSUpgradeResponseWithListener:
        assert self._accepted is not None  # noqa: S101 - set before the request is fed
        subprotocol = self._accepted.subprotocol
        headers = {"Sec-WebSocket-Protocol": subprotocol} if subprotocol else None
        return WSUpgradeResponseWithListener(WSUpgradeResponse.create_101_response(headers), self._accepted.socket)


class _Discard(asyncio.Protocol):
    """Reads what a refused peer still sends, so that our close frame reaches it, and keeps nothing."""

    def __init__(self, refused: UpgradedConnection) -> None:
        self._refused = refused

    def connection_lost(self, exc: Exception | None) -> None:
        self._refused.connection_lost(exc)


def protocol_for(endpoint: Endpoint, limits: Limits, addresses: Addresses | None = None) -> type[asyncio.Protocol]:
    """Return the class to give to `uvicorn.Config(ws=…)`: it hands each opening handshake to `endpoint`."""
    bound = {
        "__slots__": (),
        "endpoint": staticmethod(endpoint),
        "limits": limits,
        "addresses": addresses or Addresses(),
    }
    return type("BoundConnection", (UpgradedConnection,), bound)
