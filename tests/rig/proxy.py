"""A TCP proxy that cuts each connection after so many bytes from the server, in the middle of whatever that is."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable


@contextlib.asynccontextmanager
async def cutting_proxy(port: int, budget: Callable[[], int]) -> AsyncIterator[int]:
    """Run a proxy before a port; yield its own. `budget` is asked for each connection."""

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        upstream_reader, upstream_writer = await asyncio.open_connection("127.0.0.1", port)
        there = asyncio.create_task(_pass_on(reader, upstream_writer, None))
        await _pass_on(upstream_reader, writer, budget())
        there.cancel()
        for side in (upstream_writer, writer):
            side.transport.abort()

    server = await asyncio.start_server(connected, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, left: int | None) -> None:
    with contextlib.suppress(ConnectionError):
        while data := await reader.read(65_536):
            writer.write(data if left is None else data[:left])
            await writer.drain()
            if left is not None:
                left -= len(data)
                if left <= 0:
                    return
