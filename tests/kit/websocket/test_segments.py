"""TCP promises bytes, not frames: good messages arrive however they are cut, and bad ends disturb nobody."""

import contextlib
import time
from pathlib import Path

import pytest

from tests.kit.websocket.conftest import Bystanders, Pair
from tests.rig.raw_socket import CLOSE, CONTINUATION, PING, PONG, TEXT, RawSocket, close, frame, text
from tests.rig.server import RunningServer


def heard(raw: RawSocket, *wanted: str) -> None:
    """Expect these messages once each and in this order among those of the others."""
    left = list(wanted)
    while left:
        said = raw.message()
        if not said.startswith("bystander "):
            assert said == left.pop(0)


def stored(pair: Pair, content: str) -> int:
    alice, _, room = pair
    return sum(each["content"] == content for each in alice.whole_history(room))


def test_a_message_in_fragments_with_a_ping_in_between(attacker: RawSocket) -> None:
    whole = '{"message":"größer 😀 als zwei"}'.encode()
    # every cut, so also inside a character of two and of four bytes
    for cut in range(len(whole) + 1):
        attacker.send(frame(TEXT, whole[:cut], fin=False))
        if cut % 8 == 0:
            attacker.send(frame(PING, b"now?"))
            while (got := attacker.receive()).opcode == TEXT:
                pass
            assert (got.opcode, got.payload) == (PONG, b"now?")
        attacker.send(frame(CONTINUATION, whole[cut:]))
        heard(attacker, "größer 😀 als zwei")


def test_a_message_in_as_many_fragments_as_are_allowed(attacker: RawSocket) -> None:
    whole = b'{"message":"' + b"x" * 40 + b'"}'
    parts = [whole[at : at + 1] for at in range(len(whole))] + [b""] * (64 - len(whole))
    attacker.send(b"".join(frame(CONTINUATION if at else TEXT, part, fin=False) for at, part in enumerate(parts[:-1])))
    attacker.send(frame(CONTINUATION, parts[-1]))
    heard(attacker, "x" * 40)


def test_the_largest_frame_and_the_largest_message_in_fragments(attacker: RawSocket) -> None:
    padded = b'{"message":"largest"}'.ljust(32 * 1024)
    attacker.send(frame(TEXT, padded))
    heard(attacker, "largest")
    attacker.send(frame(TEXT, padded[: 16 * 1024], fin=False) + frame(CONTINUATION, padded[16 * 1024 :]))
    heard(attacker, "largest")


def test_byte_by_byte(attacker: RawSocket) -> None:
    for byte in text({"message": "one byte at a time"}) + frame(PING, b"p") + text({"message": "and another"}):
        attacker.send(bytes([byte]))
        time.sleep(0.0005)
    said: list[str | bytes] = []
    while len(said) < 3:
        got = attacker.receive()
        if got.opcode == PONG:
            said.append(got.payload)
        elif b"bystander" not in got.payload:
            said.append(got.payload.split(b'"content":"')[1].split(b'"')[0].decode())
    assert sorted(map(str, said)) == ["and another", "b'p'", "one byte at a time"]


@pytest.mark.parametrize("size", [1, 7, 1400, 4096])
def test_a_burst_cut_anywhere(attacker: RawSocket, size: int) -> None:
    names = [f"burst {size} {number}" for number in range(60)]
    stream = b"".join(text({"message": name}) for name in names)
    for at in range(0, len(stream), size):
        attacker.send(stream[at : at + size])
    heard(attacker, *names)


def test_many_messages_and_the_close_in_one_segment(pair: Pair, attacker: RawSocket) -> None:
    names = [f"before the close {number}" for number in range(10)]
    attacker.send(b"".join(text({"message": name}) for name in names) + close(1000))
    assert attacker.close_code() == 1000
    assert attacker.is_gone()
    assert [stored(pair, name) for name in names] == [1] * len(names)


def test_a_token_and_messages_in_one_segment(pair: Pair, bystanders: Bystanders) -> None:
    """What a client sends on top of its first frame waits for the token's check and is not lost."""
    alice, _, room = pair
    names = [f"with the token {number}" for number in range(20)]
    with RawSocket.open(alice.server.port, f"/ws/chat/{room}/") as raw:
        raw.send(text({"token": alice.token}) + b"".join(text({"message": name}) for name in names))
        heard(raw, *names)
    bystanders.go_on()


def test_a_peer_that_stops_sending_is_closed(attacker: RawSocket) -> None:
    """Half open: its side is shut, ours would wait for ever."""
    import socket  # noqa: PLC0415 - the constant only

    attacker.tcp.shutdown(socket.SHUT_WR)
    assert attacker.is_gone()


CUT_SHORT = {
    "nothing": b"",
    "in-the-header": text({"message": "HALF"})[:1],
    "in-the-mask": text({"message": "HALF"})[:4],
    "in-the-payload": text({"message": "HALF"})[:15],
    "in-a-fragment": frame(TEXT, b'{"message"', fin=False),
    "in-a-close": frame(CLOSE, b"\x03\xe8")[:3],
}


@pytest.mark.parametrize("reset", [True, False], ids=["rst", "fin"])
@pytest.mark.parametrize("half", CUT_SHORT.values(), ids=CUT_SHORT)
def test_an_end_in_the_middle_leaves_nothing_behind(
    pair: Pair, server: RunningServer, bystanders: Bystanders, half: bytes, reset: bool
) -> None:
    alice, _, room = pair
    peers: set[int] = set()
    for _ in range(10):
        with alice.socket(room) as raw:
            port = raw.tcp.getsockname()[1]
            assert port in peers_of(server)
            peers.add(port)
            raw.send(half)
            if reset:
                raw.reset()
    deadline = time.monotonic() + 5
    while peers & peers_of(server) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not peers & peers_of(server)
    bystanders.go_on()


def peers_of(server: RunningServer) -> set[int]:
    """Return the ports of those to whom the server has a connection open: who else comes and goes does not matter."""
    assert server.process is not None
    folder = Path(f"/proc/{server.process.pid}/fd")
    owned: set[str] = set()
    for handle in folder.iterdir():
        with contextlib.suppress(FileNotFoundError):
            owned.add(handle.readlink().name)
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return {int(row[2].partition(":")[2], 16) for row in rows if f"socket:[{row[9]}]" in owned}


def test_none_of_the_halves_was_stored(pair: Pair) -> None:
    assert stored(pair, "HALF") == 0
