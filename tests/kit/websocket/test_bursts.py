"""Much at once, with the settings that everybody has: what waits for a reader is bounded however it comes."""

import contextlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.durability.test_v1_stalled import greeted, hear
from tests.kit.websocket.conftest import Pair
from tests.kit.websocket.test_handshakes import memory
from tests.rig.people import Person
from tests.rig.raw_socket import CLOSE, PING, PONG, RawSocket, frame, text
from tests.rig.server import running_server
from tests.rig.v1_state import RoomCopy

AT_ONCE = 100
"""What a person may send at once."""
# the longest text at its largest: each of these is six characters of JSON, in `message` and in `content`
HEAVY = "\x01" * 3990
MEGABYTE = 1024 * 1024


@pytest.fixture
def usual(tmp_path: Path) -> Iterator[Pair]:
    """Two people on a server without any setting."""
    with running_server(tmp_path, roomy=False) as server:
        alice, bob = Person.arrive(server, "alice"), Person.arrive(server, "bob")
        yield alice, bob, alice.room_with(bob)


def bursting(raw: RawSocket, expected: int) -> list[str]:
    """Send as much at once as is allowed and meanwhile read so many messages; return the first word of each."""
    burst = b"".join(text({"message": f"{n} {HEAVY}"}) for n in range(AT_ONCE))
    with ThreadPoolExecutor(1) as pool:
        sending = pool.submit(raw.send, burst)
        heard = [raw.message().split()[0] for _ in range(expected)]
        sending.result()
    return heard


def test_a_burst_costs_little_for_those_who_do_not_read_and_they_lose_nothing(usual: Pair) -> None:
    alice, bob, room = usual
    with contextlib.ExitStack() as stack:
        writers = [stack.enter_context(person.socket(room, timeout=20)) for person in (alice, bob)]
        copies = [RoomCopy(room) for _ in range(38)]
        stalled = [stack.enter_context(greeted((alice, bob)[n % 2], room, copy)) for n, copy in enumerate(copies)]
        before = memory(alice.server)
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(bursting, writers, [2 * AT_ONCE] * 2))
        # nine megabytes were said: what waits are the same frames for all, besides a slice of each one's own
        assert memory(alice.server) - before < 22 * MEGABYTE
        ends = [hear(raw, copy, 2 * AT_ONCE) for raw, copy in zip(stalled, copies, strict=True)]
    assert ends[0] == 4429
    assert set(ends) <= {4429, 1006}
    for copy in copies[:2]:
        copy.lost_connection()
        assert copy.at[0] < 2 * AT_ONCE
        with greeted(bob, room, copy) as again:
            assert hear(again, copy, 2 * AT_ONCE) is None
        assert copy.shown() == bob.whole_history(room)


def test_who_reads_gets_the_same_burst_whole_and_stays(usual: Pair) -> None:
    alice, bob, room = usual
    with (
        alice.socket(room, timeout=20) as writer,
        bob.socket(room, timeout=20) as reader,
        ThreadPoolExecutor(1) as pool,
    ):
        reading = pool.submit(lambda: [reader.message().split()[0] for _ in range(AT_ONCE)])
        assert bursting(writer, AT_ONCE) == [str(n) for n in range(AT_ONCE)]
        assert reading.result() == [str(n) for n in range(AT_ONCE)]
        reader.send(text({"message": "still here"}))
        assert writer.message() == reader.message() == "still here"


def test_answers_to_pings_that_nobody_reads_are_bounded_too(tmp_path: Path) -> None:
    patient = {"DUOLOGUE_CONTROL_FRAMES_PER_SECOND": "1000000", "DUOLOGUE_CONTROL_FRAMES_BURST": "1000000"}
    with running_server(tmp_path, patient) as server:
        alice, bob = Person.arrive(server, "alice"), Person.arrive(server, "bob")
        with alice.socket(alice.room_with(bob), timeout=20, receive_buffer=4096) as raw:
            pings = frame(PING, b"p" * 125) * 1000
            for _ in range(100):
                raw.send_until_gone(pings)
            opcodes = set()
            with contextlib.suppress(EOFError, ConnectionError):
                while (got := raw.receive()).opcode != CLOSE:
                    opcodes.add(got.opcode)
                assert got.close_code == 4429
            assert opcodes == {PONG}
