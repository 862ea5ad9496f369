"""The client that cuts: what arrives at the other end of a real connection."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest

from duologue.verify.address import address_of
from duologue.verify.websocket import GONE, LostError, RefusedError, Socket
from tests.rig.people import Person
from tests.rig.server import RunningServer

pytestmark = pytest.mark.anyio


class Wire:
    """Stands between client and server, and sees what passes."""

    def __init__(self, server: RunningServer) -> None:
        self._server = server
        self.from_client = bytearray()
        self.was_reset = asyncio.Event()

    async def pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._server.port)
        back = asyncio.create_task(self._back(far_reader, writer))
        try:
            while data := await reader.read(65536):
                self.from_client += data
                far_writer.write(data)
        except ConnectionResetError:
            self.was_reset.set()
        finally:
            back.cancel()
            for each in (far_writer, writer):
                each.close()
                with contextlib.suppress(OSError):
                    await each.wait_closed()

    async def _back(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(65536):
                writer.write(data)


@contextlib.asynccontextmanager
async def through_a_wire(server: RunningServer, person: Person, room: int) -> AsyncIterator[tuple[Wire, Socket]]:
    wire = Wire(server)
    async with await asyncio.start_server(wire.pass_on, "127.0.0.1", 0) as listening:
        port = listening.sockets[0].getsockname()[1]
        address = address_of(f"http://127.0.0.1:{port}")
        socket = await Socket.open(address, f"/ws/chat/{room}/", person.token, v1=True)
        socket.send({"type": "hello"})
        assert (await socket.receive())["type"] == "ready"
        try:
            yield wire, socket
        finally:
            socket.cut()
            await asyncio.sleep(0.05)


@pytest.fixture(scope="module")
def place(server: RunningServer) -> tuple[Person, int]:
    alice, bob = Person.arrive(server, "alice"), Person.arrive(server, "bob")
    return alice, alice.room_with(bob)


async def test_it_speaks_and_hears(server: RunningServer, place: tuple[Person, int]) -> None:
    async with through_a_wire(server, *place) as (_, socket):
        socket.send({"type": "message", "client_id": "x", "message": "naïve 😀" * 300})
        frames = [await socket.receive() for _ in range(2)]
        assert {frame["type"] for frame in frames} == {"ack", "message"}


async def test_it_ends_in_the_middle_of_a_frame_that_it_sends(server: RunningServer, place: tuple[Person, int]) -> None:
    person, room = place
    before = len(person.whole_history(room))
    async with through_a_wire(server, *place) as (wire, socket):
        already = len(wire.from_client)
        socket.cut_while_sending({"type": "message", "client_id": "half", "message": "x" * 100})
        await asyncio.wait_for(wire.was_reset.wait(), 5)
        assert 20 < len(wire.from_client) - already < 100
        with pytest.raises(LostError):
            socket.send({"type": "typing", "state": "start"})
    assert len(person.whole_history(room)) == before


async def test_it_ends_in_the_middle_of_a_frame_that_it_receives(
    server: RunningServer, place: tuple[Person, int]
) -> None:
    async with through_a_wire(server, *place) as (wire, socket):
        socket.cut_next = True
        socket.send({"type": "message", "client_id": "cut", "message": "heard by half"})
        with pytest.raises(LostError) as lost:
            await socket.receive()
        assert lost.value.code == GONE
        await asyncio.wait_for(wire.was_reset.wait(), 5)


async def test_a_refused_opening_has_its_status(server: RunningServer) -> None:
    with pytest.raises(RefusedError) as refused:
        await Socket.open(address_of(server.url), "/ws/nothing/", None, v1=True)
    assert refused.value.status == 404


async def test_a_close_has_its_code(server: RunningServer, place: tuple[Person, int]) -> None:
    socket = await Socket.open(address_of(server.url), "/ws/chat/999999/", place[0].token, v1=False)
    assert (await socket.receive())["code"] == "not_found"
    with pytest.raises(LostError) as lost:
        await socket.receive()
    assert lost.value.code == 4403


@pytest.mark.parametrize("url", ["ftp://example.com", "https://", "http://user:secret@example.com", "http://x/?a=b"])
def test_an_address_that_is_none_is_refused_without_a_word_of_it(url: str) -> None:
    with pytest.raises(ValueError, match="the address must") as refused:
        address_of(url)
    assert "secret" not in str(refused.value)


def test_addresses_have_ports_and_paths() -> None:
    assert address_of("localhost:8000").url == "http://localhost:8000"
    assert (address_of("https://chat.example.com/some/").port, address_of("https://x/some/").prefix) == (443, "/some")
    assert address_of("http://[::1]:8000").host_header == "[::1]:8000"
    assert address_of("https://example.com").tls is not None
