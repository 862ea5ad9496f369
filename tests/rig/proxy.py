"""A TCP proxy that cuts each connection after so many bytes from the server, in the middle of whatever that is."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable


@contextlib.asynccontextmanager
async def cutting_proxy(port: int, budget: Callable[[], int]) -> AsyncIterator[int]:
    """Run a proxy before a port; yield its own. `budget` is asked for each connection."""

    running: dict[asyncio.Task[None], tuple[asyncio.StreamWriter, ...]] = {}

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        running[task] = (writer,)
        upstream_reader, upstream_writer = await asyncio.open_connection("127.0.0.1", port)
        running[task] = (writer, upstream_writer)
        there = asyncio.create_task(_pass_on(reader, upstream_writer, None))
        await _pass_on(upstream_reader, writer, budget())
        await _abort(writer, upstream_writer)
        await there
        del running[task]

    server = await asyncio.start_server(connected, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for writers in list(running.values()):
            await _abort(*writers)
        await asyncio.gather(*running, return_exceptions=True)


async def _abort(*writers: asyncio.StreamWriter) -> None:
    for writer in writers:
        writer.transport.abort()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, left: int | None) -> None:
    with contextlib.suppress(ConnectionError):
        while data := await reader.read(65_536):
            writer.write(data if left is None else data[:left])
            await writer.drain()
            if left is not None:
                left -= len(data)
                if left <= 0:
                    return
