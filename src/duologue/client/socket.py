"""One WebSocket connection: whole texts in and out, control frames, close codes. No protocol of Duologue's."""

import asyncio
import ssl
from collections.abc import Callable

from picows import WSError, WSFrame, WSHandshakeError, WSListener, WSMsgType, WSTransport, ws_connect

from duologue.client.core.connection import LOST

CONNECT_SECONDS = 10.0
_CLOSE_SECONDS = 2.0
# a page of a sync is the largest frame; a server that sends more than this is none of ours
LARGEST_FRAME = 32 * 1024 * 1024
_SUBPROTOCOL = "duologue.v1"
_NO_CODE = 1005


class HandshakeRefusedError(Exception):
    """The server answered the opening request with an HTTP status."""

    def __init__(self, status: int) -> None:
        super().__init__(f"status {status}")
        self.status = status


class Socket(WSListener):
    """A connection that stands. `on_text` gets each whole text, `on_sign_of_life` hears of everything that comes."""

    def __init__(self, on_text: Callable[[bytes], None], on_sign_of_life: Callable[[], None]) -> None:
        self.closed: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        """Done with the close code when the connection has ended."""
        self.is_paused = False
        self._on_text = on_text
        self._on_sign_of_life = on_sign_of_life
        self._transport: WSTransport | None = None
        self._parts: list[bytes] = []
        self._code = LOST

    def send(self, text: bytes) -> None:
        """Send a text; a connection that has ended swallows it."""
        if self._transport is not None:
            self._transport.send(WSMsgType.TEXT, text)

    def ping(self) -> None:
        """Ask for a sign of life."""
        if self._transport is not None:
            self._transport.send_ping()

    def pause(self) -> None:
        """Read no more: the server fills the buffers in between and then waits, or gives up."""
        if self._transport is not None and not self.is_paused:
            self.is_paused = True
            self._transport.underlying_transport.pause_reading()

    def resume(self) -> None:
        """Read on."""
        if self._transport is not None and self.is_paused:
            self.is_paused = False
            self._transport.underlying_transport.resume_reading()

    def cut(self) -> None:
        """End it at once, without a word; what is still in the buffer is not heard."""
        self._on_text = _ignore
        if self._transport is not None:
            self._transport.disconnect(graceful=False)

    async def close(self) -> None:
        """Say goodbye, wait a little for the answer, and end it."""
        if self._transport is None:
            return
        self.resume()
        self._on_text = _ignore
        self._transport.send(WSMsgType.CLOSE, (1000).to_bytes(2, "big"))
        await asyncio.wait({self.closed}, timeout=_CLOSE_SECONDS)
        self.cut()

    # picows calls these

    def on_ws_connected(self, transport: WSTransport) -> None:
        """Take the transport."""
        self._transport = transport

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        """Take a frame."""
        self._on_sign_of_life()
        kind = frame.msg_type
        if kind == WSMsgType.PING:
            transport.send_pong(frame.get_payload_as_bytes())
        elif kind == WSMsgType.CLOSE:
            self._closing(transport, frame.get_payload_as_bytes())
        elif kind in (WSMsgType.TEXT, WSMsgType.CONTINUATION):
            self._part(transport, frame.get_payload_as_bytes(), last=frame.fin)

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        """Tell who waits for the end."""
        self._transport = None
        if not self.closed.done():
            self.closed.set_result(self._code)

    def _part(self, transport: WSTransport, payload: bytes, *, last: bool) -> None:
        self._parts.append(payload)
        if sum(map(len, self._parts)) > LARGEST_FRAME:
            self.cut()
        elif last:
            whole = b"".join(self._parts)
            self._parts.clear()
            self._on_text(whole)

    def _closing(self, transport: WSTransport, payload: bytes) -> None:
        self._code = int.from_bytes(payload[:2], "big") or _NO_CODE
        if not transport.is_close_frame_sent:
            transport.send(WSMsgType.CLOSE, payload[:2])
        transport.disconnect()


async def open_socket(
    url: str,
    on_text: Callable[[bytes], None],
    on_sign_of_life: Callable[[], None],
    ssl_context: ssl.SSLContext | None,
) -> Socket:
    """Return a connection that stands; raise OSError or TimeoutError when it does not, HandshakeRefusedError."""
    try:
        async with asyncio.timeout(CONNECT_SECONDS):
            # the token goes into the first frame: headers of the handshake stand in debug logs, ours and of others
            _, socket = await ws_connect(
                lambda: Socket(on_text, on_sign_of_life),
                url,
                ssl_context=ssl_context,
                websocket_handshake_timeout=CONNECT_SECONDS,
                enable_auto_pong=False,
                max_frame_size=LARGEST_FRAME,
                extra_headers={"Sec-WebSocket-Protocol": _SUBPROTOCOL},
                # a token would travel with a redirect
                max_redirects=0,
                logger_name="duologue",
            )
    except WSHandshakeError as error:
        if error.response is None:
            raise OSError(f"no handshake: {type(error).__name__}") from None
        raise HandshakeRefusedError(int(error.response.status)) from None
    except WSError as error:
        raise OSError(f"no handshake: {type(error).__name__}") from None
    assert isinstance(socket, Socket)  # noqa: S101 - the factory above made it
    return socket


def _ignore(_: bytes) -> None:
    """Whoever said goodbye listens no more."""
