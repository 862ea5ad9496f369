"""A reader that does not read costs a bounded amount, stalls nobody, and can fetch all that it missed."""

import contextlib
import time

from tests.kit.websocket.conftest import Pair
from tests.kit.websocket.test_handshakes import memory
from tests.rig.raw_socket import CLOSE, RawSocket, text

# the largest text: as JSON it is 32 kB twice over, in `message` and in `content`
LARGE = "😀" * 3990
MESSAGES = 200


def flood(writer: RawSocket, reader: RawSocket) -> float:
    """Send, and expect every message once on both sockets; return the longest time that one took."""
    slowest = 0.0
    for number in range(MESSAGES):
        began = time.monotonic()
        writer.send(text({"message": f"{number} {LARGE}"}))
        for socket in (writer, reader):
            assert socket.message().startswith(f"{number} ")
        slowest = max(slowest, time.monotonic() - began)
    return slowest


def read_all(raw: RawSocket) -> tuple[list[int], int]:
    """Return the numbers of the messages up to the end, and the close code."""
    numbers: list[int] = []
    with contextlib.suppress(EOFError, ConnectionError):
        while (got := raw.receive()).opcode != CLOSE:
            numbers.append(int(got.payload.split(b'"message":"')[1].split(b" ")[0]))
        return numbers, got.close_code
    return numbers, 1006


def test_a_slow_reader_is_closed_and_loses_nothing(strict_pair: Pair) -> None:
    alice, bob, room = strict_pair
    first = len(alice.whole_history(room))
    with alice.socket(room) as writer, bob.socket(room) as reader, bob.socket(room, receive_buffer=4096) as slow:
        slowest = flood(writer, reader)
        got, code = read_all(slow)
    assert code == 4429
    assert slowest < 1
    # what it has is a piece of the whole without a gap, the rest is there to be read
    assert got == list(range(len(got)))
    assert 0 < len(got) < MESSAGES
    missed = bob.history(room, after=first + len(got))
    assert [int(each["content"].split()[0]) for each in missed] == list(range(len(got), MESSAGES))


def test_twenty_slow_readers_cost_a_bounded_amount(strict_pair: Pair) -> None:
    alice, bob, room = strict_pair
    before = memory(alice.server)
    with contextlib.ExitStack() as stack:
        writer, reader = (stack.enter_context(person.socket(room)) for person in (alice, bob))
        slow = [stack.enter_context(bob.socket(room, receive_buffer=4096)) for _ in range(20)]
        assert flood(writer, reader) < 1
        grown = memory(alice.server) - before
        # what waits for each are the same frames
        assert grown < 40 * 1024 * 1024
        assert {read_all(raw)[1] for raw in slow} <= {4429, 1006}


def test_who_never_reads_is_cut(strict_pair: Pair) -> None:
    """A polite close would wait for ever behind what is not read."""
    alice, bob, room = strict_pair
    with alice.socket(room) as writer, bob.socket(room) as reader, bob.socket(room, receive_buffer=4096) as slow:
        flood(writer, reader)
        time.sleep(2.5)
        slow.tcp.settimeout(0.5)
        with contextlib.suppress(ConnectionError):
            assert slow.is_gone()


def test_a_reader_who_is_slow_for_a_moment_gets_everything(pair: Pair) -> None:
    alice, bob, room = pair
    with alice.socket(room) as writer, bob.socket(room, receive_buffer=65536) as reader:
        for number in range(20):
            writer.send(text({"message": f"{number} {LARGE}"}))
            assert writer.message().startswith(f"{number} ")
        time.sleep(0.3)
        for number in range(20):
            assert reader.message().startswith(f"{number} ")
