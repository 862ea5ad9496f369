"""Frames that RFC 6455 forbids, and floods that it allows: each ends with its code, and nobody else notices."""

import struct
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from tests.kit.websocket.conftest import Bystanders, Pair
from tests.rig.raw_socket import (
    BINARY,
    CLOSE,
    CONTINUATION,
    PING,
    PONG,
    TEXT,
    RawSocket,
    close,
    frame,
    header,
    text,
)
from tests.rig.server import RunningServer

LARGEST = 32 * 1024
HOSTILE = b'{"message":"HOSTILE"}'
MASK = b"\0\0\0\0"

WRONG_HEADERS = {
    "unmasked": frame(TEXT, HOSTILE, mask=False),
    "unmasked-close": frame(CLOSE, struct.pack("!H", 1000), mask=False),
    **{f"opcode-{code}": frame(code, HOSTILE) for code in (3, 4, 5, 6, 7, 11, 12, 13, 14, 15)},
    **{f"rsv-{bits:03b}": frame(TEXT, HOSTILE, rsv=bits) for bits in (4, 2, 1, 7)},
    "rsv1-on-a-ping": frame(PING, b"", rsv=4),
    "rsv1-on-a-close": frame(CLOSE, struct.pack("!H", 1000), rsv=4),
    "length-16-bits-for-5": header(TEXT, 5, wide=16) + MASK + b"12345",
    "length-64-bits-for-5": header(TEXT, 5, wide=64) + MASK + b"12345",
    "length-64-bits-for-300": header(TEXT, 300, wide=64) + MASK + b"x" * 300,
    "length-top-bit": header(TEXT, 2**63 + 5) + MASK,
    "length-all-bits": header(TEXT, 2**64 - 1) + MASK,
    "ping-in-fragments": frame(PING, b"x", fin=False),
    "pong-in-fragments": frame(PONG, b"x", fin=False),
    "close-in-fragments": frame(CLOSE, struct.pack("!H", 1000), fin=False),
    "ping-of-126-bytes": frame(PING, b"x" * 126),
    "pong-of-126-bytes": frame(PONG, b"x" * 126),
    "close-of-126-bytes": close(1000, b"x" * 124),
    "ping-of-2^62-bytes": header(PING, 2**62) + MASK,
    "close-of-one-byte": frame(CLOSE, b"\x03"),
    **{
        f"close-{code}": close(code)
        for code in (0, 1, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65535)
    },
    "continuation-of-nothing": frame(CONTINUATION, HOSTILE),
    "unfinished-continuation-of-nothing": frame(CONTINUATION, HOSTILE, fin=False),
    "continuation-after-the-end": text("{}") + frame(CONTINUATION, HOSTILE),
    "text-inside-a-message": frame(TEXT, b"{", fin=False) + frame(TEXT, HOSTILE),
    "fragment-inside-a-message": frame(TEXT, b"{", fin=False) + frame(TEXT, HOSTILE, fin=False),
}
TOO_BIG = {
    "one-frame": frame(TEXT, HOSTILE.ljust(LARGEST + 1)),
    "one-frame-of-64-KiB": frame(TEXT, HOSTILE.ljust(65536)),
    "one-frame-of-1-MiB": frame(TEXT, HOSTILE.ljust(1024 * 1024)),
    "2^62-announced": header(TEXT, 2**62) + MASK,
    "2^62-announced-and-some-sent": header(TEXT, 2**62) + MASK + HOSTILE * 1000,
    "2^63-1-announced": header(TEXT, 2**63 - 1) + MASK,
    "two-fragments": frame(TEXT, HOSTILE, fin=False) + frame(CONTINUATION, b" " * (LARGEST - len(HOSTILE) + 1)),
    "many-fragments": frame(TEXT, HOSTILE, fin=False) + frame(CONTINUATION, b" " * 1024, fin=False) * 32,
    "one-fragment-of-2^62": frame(TEXT, HOSTILE, fin=False) + header(CONTINUATION, 2**62) + MASK,
}
NOT_UTF8 = {
    "no-such-byte": b"\xff",
    "lone-continuation-byte": b"\x80",
    "truncated": b"\xe2\x82",
    "overlong-slash": b"\xc0\xaf",
    "overlong-nul": b"\xc0\x80",
    "overlong-in-three": b"\xe0\x80\xaf",
    "surrogate": b"\xed\xa0\x80",
    "surrogate-pair": b"\xed\xa0\xbd\xed\xb8\x80",
    "beyond-unicode": b"\xf4\x90\x80\x80",
    "five-bytes": b"\xf8\x88\x80\x80\x80",
}
UNSUPPORTED = {
    "binary": frame(BINARY, HOSTILE),
    "empty-binary": frame(BINARY),
    "binary-in-fragments": frame(BINARY, HOSTILE[:5], fin=False) + frame(CONTINUATION, HOSTILE[5:]),
}
TOO_MANY = {
    "pings": frame(PING, b"flood") * 500,
    "empty-pings": frame(PING) * 500,
    "pongs": frame(PONG, b"flood") * 500,
    "pings-and-pongs": (frame(PING) + frame(PONG)) * 250,
    "pings-inside-a-message": frame(TEXT, b"{", fin=False) + frame(PING) * 500,
    "empty-continuations": frame(TEXT, HOSTILE, fin=False) + frame(CONTINUATION, fin=False) * 500,
    "continuations-of-one-byte": frame(TEXT, HOSTILE, fin=False) + frame(CONTINUATION, b" ", fin=False) * 500,
}


def cases(code: int, attacks: dict[str, bytes]) -> list[object]:
    return [pytest.param(attack, code, id=f"{code}-{name}") for name, attack in attacks.items()]


def refused(raw: RawSocket, code: int) -> None:
    """Expect the close code, answer the close, and expect the end of the connection within the five seconds."""
    began = time.monotonic()
    assert raw.close_code() == code
    raw.send_until_gone(close(code if code < 1012 else 1000))
    assert raw.is_gone()
    assert time.monotonic() - began < 5


@pytest.fixture(scope="module", autouse=True)
def _nothing_hostile_was_stored_or_logged(pair: Pair, server: RunningServer) -> Iterator[None]:
    already = len(server.log())
    yield
    alice, _, room = pair
    assert not [each for each in alice.whole_history(room) if "HOSTILE" in each["content"]]
    # strangers must not write the log
    assert server.log()[already:] == ""


@pytest.fixture(scope="module", autouse=True)
def unfinished(pair: Pair) -> Iterator["Future[tuple[int, float]]"]:
    """A message that is begun before all these tests; it takes its ten seconds beside them."""
    alice, _, room = pair

    def begin_and_wait() -> tuple[int, float]:
        began = time.monotonic()
        with alice.socket(room, timeout=15) as raw:
            raw.send(frame(TEXT, HOSTILE[:5], fin=False))
            return raw.close_code(), time.monotonic() - began

    with ThreadPoolExecutor(1) as pool:
        yield pool.submit(begin_and_wait)


@pytest.mark.parametrize(
    ("attack", "code"),
    [
        *cases(1002, WRONG_HEADERS),
        *cases(1009, TOO_BIG),
        *cases(1007, {name: frame(TEXT, b'{"message":"HOSTILE' + bad + b'"}') for name, bad in NOT_UTF8.items()}),
        *cases(1003, UNSUPPORTED),
        *cases(1008, TOO_MANY),
    ],
)
def test_refused_with_its_code(attacker: RawSocket, attack: bytes, code: int) -> None:
    attacker.send_until_gone(attack)
    refused(attacker, code)


@pytest.mark.parametrize("bad", NOT_UTF8.values(), ids=NOT_UTF8)
@pytest.mark.parametrize("at", [0, 1])
def test_bad_utf8_split_over_fragments(attacker: RawSocket, bad: bytes, at: int) -> None:
    first, rest = b'{"message":"HOSTILE' + bad[:at], bad[at:] + b'"}'
    attacker.send(frame(TEXT, first, fin=False) + frame(CONTINUATION, rest))
    refused(attacker, 1007)


def test_close_with_a_reason_that_is_not_utf8(attacker: RawSocket) -> None:
    attacker.send(close(1000, b"\xc0\xaf"))
    refused(attacker, 1007)


def test_strangers_are_held_to_the_same(pair: Pair, bystanders: Bystanders) -> None:
    """Before the token has been shown, too."""
    alice, _, room = pair
    tables = {1002: WRONG_HEADERS, 1009: TOO_BIG, 1003: UNSUPPORTED, 1008: TOO_MANY}
    for code, attacks in tables.items():
        for name, attack in attacks.items():
            if name == "continuation-after-the-end":
                continue
            with RawSocket.open(alice.server.port, f"/ws/chat/{room}/") as raw:
                raw.send_until_gone(attack)
                assert raw.close_code() == code, name
    bystanders.go_on()


AFTER = {
    "too-big": (TOO_BIG["one-frame"], 1009),
    "bad-opcode": (frame(3), 1002),
    "bad-close-code": (close(2999), 1002),
    "close-of-one-byte": (frame(CLOSE, b"\x03"), 1002),
    "binary": (frame(BINARY), 1003),
    "not-utf8": (frame(TEXT, b"\xff"), 1007),
    "good-close": (close(1000), 1000),
}


@pytest.mark.parametrize("together", [True, False], ids=["same-segment", "next-segment"])
@pytest.mark.parametrize(("attack", "code"), AFTER.values(), ids=AFTER)
def test_nothing_counts_after_the_end(attacker: RawSocket, attack: bytes, code: int, together: bool) -> None:
    if together:
        attacker.send_until_gone(attack + frame(TEXT, HOSTILE) * 3)
    else:
        attacker.send(attack)
        attacker.send_until_gone(frame(TEXT, HOSTILE) * 3)
    refused(attacker, code)


@pytest.mark.parametrize("code", [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4999])
def test_a_good_close_is_answered_with_its_code(attacker: RawSocket, code: int) -> None:
    attacker.send(close(code, "tschüß".encode()))
    answer = attacker.receive()
    while answer.opcode != CLOSE:
        answer = attacker.receive()
    assert answer.close_code == code
    assert attacker.is_gone()


def test_a_close_without_a_code_is_answered(attacker: RawSocket) -> None:
    attacker.send(frame(CLOSE))
    assert attacker.close_code() == 1000
    assert attacker.is_gone()


def test_who_does_not_answer_a_close_is_cut(attacker: RawSocket) -> None:
    attacker.send(frame(BINARY))
    began = time.monotonic()
    assert attacker.close_code() == 1003
    assert attacker.is_gone()
    assert time.monotonic() - began < 4


def test_a_few_pings_are_answered_each_with_its_payload(attacker: RawSocket) -> None:
    payloads = [b"", b"x", b"y" * 125]
    for payload in payloads:
        attacker.send(frame(PING, payload))
    answers: list[bytes] = []
    while len(answers) < len(payloads):
        got = attacker.receive()
        if got.opcode == PONG:
            answers.append(got.payload)
    assert answers == payloads


def test_a_message_that_is_never_finished(unfinished: "Future[tuple[int, float]]") -> None:
    """Ten seconds for a message, however much else the socket hears meanwhile."""
    code, took = unfinished.result(15)
    assert code == 1008
    assert 9 < took < 12


def test_the_others_never_waited_long(bystanders: Bystanders) -> None:
    bystanders.go_on()
    assert bystanders.slowest < 2
