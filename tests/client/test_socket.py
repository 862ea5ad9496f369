"""The socket against servers that do as they like: other close codes, fragments, pings, silence, no upgrade."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from websockets.asyncio.server import ServerConnection, serve
from websockets.http11 import Request, Response

from duologue.client.socket import HandshakeRefusedError, Socket, open_socket

pytestmark = pytest.mark.anyio


@contextlib.asynccontextmanager
async def served(
    handler: Callable[[ServerConnection], Awaitable[None]], status: int | None = None
) -> AsyncIterator[str]:
    """Run a server; with a status it refuses every handshake."""

    def answer(connection: ServerConnection, request: Request) -> Response | None:
        assert request.headers["sec-websocket-protocol"] == "duologue.v1"
        return None if status is None else connection.respond(status, "no")

    async with serve(handler, "127.0.0.1", 0, process_request=answer, ping_interval=None) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        yield f"ws://127.0.0.1:{port}/ws/chat/"


@contextlib.asynccontextmanager
async def opened(url: str, heard: list[bytes]) -> AsyncIterator[Socket]:
    socket = await open_socket(url, heard.append, lambda: None, None)
    try:
        yield socket
    finally:
        await socket.close()


async def test_texts_go_both_ways_whole() -> None:
    async def handler(connection: ServerConnection) -> None:
        await connection.send(["in ", "three ", "parts"])
        await connection.send(await connection.recv())
        await (await connection.ping())
        await connection.send("pong came")

    heard: list[bytes] = []
    async with served(handler) as url, opened(url, heard) as socket:
        socket.send("ä".encode())
        assert await asyncio.wait_for(asyncio.shield(socket.closed), 5) == 1000
    assert heard == [b"in three parts", "ä".encode(), b"pong came"]


@pytest.mark.parametrize("code", [1001, 1008, 1011, 1012, 1013, 4401, 4403, 4408, 4410, 4429, 4999])
async def test_the_close_code_is_told(code: int) -> None:
    async def handler(connection: ServerConnection) -> None:
        await connection.close(code, "why")

    async with served(handler) as url, opened(url, []) as socket:
        assert await asyncio.wait_for(asyncio.shield(socket.closed), 5) == code


async def test_a_connection_that_just_ends_is_1006() -> None:
    async def handler(connection: ServerConnection) -> None:
        connection.transport.abort()

    async with served(handler) as url, opened(url, []) as socket:
        assert await asyncio.wait_for(asyncio.shield(socket.closed), 5) == 1006


async def test_after_a_cut_nothing_is_heard() -> None:
    async def handler(connection: ServerConnection) -> None:
        await connection.recv()
        await connection.send("first")
        await connection.send("second")

    async with served(handler) as url:
        heard: list[bytes] = []

        def hear(text: bytes) -> None:
            heard.append(text)
            socket.cut()

        socket = await open_socket(url, hear, lambda: None, None)
        socket.send(b"go")
        await asyncio.wait_for(socket.closed, 5)
        assert heard == [b"first"]


async def test_what_is_paused_waits() -> None:
    async def handler(connection: ServerConnection) -> None:
        await connection.recv()
        await connection.send("now")
        await connection.wait_closed()

    heard: asyncio.Queue[bytes] = asyncio.Queue()
    async with served(handler) as url:
        socket = await open_socket(url, heard.put_nowait, lambda: None, None)
        socket.pause()
        socket.send(b"go")
        await asyncio.sleep(0.1)
        assert heard.empty()
        socket.resume()
        assert await asyncio.wait_for(heard.get(), 5) == b"now"
        await socket.close()


@pytest.mark.parametrize("status", [302, 401, 404, 429, 503])
async def test_a_refused_handshake_tells_its_status(status: int) -> None:
    async def handler(connection: ServerConnection) -> None:
        """Nobody comes here."""

    async with served(handler, status) as url:
        with pytest.raises(HandshakeRefusedError) as refused:
            await open_socket(url, print, lambda: None, None)
        assert refused.value.status == status


async def test_something_that_is_no_web_server_is_an_os_error() -> None:
    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 mail.example.com ESMTP\r\n\r\n")
        writer.close()

    async with await asyncio.start_server(accept, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        with pytest.raises(OSError, match="handshake"):
            await open_socket(f"ws://127.0.0.1:{port}/", print, lambda: None, None)
