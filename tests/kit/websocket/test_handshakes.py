"""Opening requests: those that must work, and those that get an answer and no socket."""

import time

import pytest

from tests.kit.websocket.conftest import Pair
from tests.rig.people import Person, bearer
from tests.rig.raw_socket import Headers, RawSocket, ask, opening, text
from tests.rig.server import RunningServer

KEY = "dGhlIHNhbXBsZSBub25jZQ=="

GOOD: dict[str, Headers] = {
    "plain": {},
    "firefox": {"Connection": "keep-alive, Upgrade"},
    "in-capitals": {"Connection": "UPGRADE", "Upgrade": "WebSocket"},
    "connection-twice": [("Connection", "keep-alive"), ("Connection", "Upgrade")],
    "a-hundred-headers": [(f"X-Number-{number}", "y" * 40) for number in range(100)],
    "a-header-of-16-KiB": {"Cookie": "y" * 16 * 1024},
    "an-extension-that-we-lack": {"Sec-WebSocket-Extensions": "permessage-deflate; client_max_window_bits"},
    "subprotocols-that-we-lack": {"Sec-WebSocket-Protocol": "chat, superchat"},
}


@pytest.mark.parametrize("headers", GOOD.values(), ids=GOOD)
def test_opens_and_speaks(pair: Pair, headers: Headers) -> None:
    alice, _, room = pair
    extra = list(headers.items()) if isinstance(headers, dict) else list(headers)
    with RawSocket(alice.server.port) as raw:
        raw.send(opening(f"/ws/chat/{room}/", [*extra, *alice.headers.items(), ("Sec-WebSocket-Key", KEY)]))
        answer = raw.answer()
        assert answer.status == 101, answer
        # RFC 6455 section 1.3's own example
        assert answer.headers["sec-websocket-accept"] == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
        assert "sec-websocket-extensions" not in answer.headers
        assert "sec-websocket-protocol" not in answer.headers
        raw.send(text({"message": "made it"}))
        assert raw.message() == "made it"


def test_frames_that_follow_the_opening_at_once_do_no_harm(pair: Pair) -> None:
    """A client must wait for the answer; one that does not loses its early frames or has them heard, nothing else."""
    alice, _, room = pair
    with RawSocket(alice.server.port) as raw:
        raw.send(opening(f"/ws/chat/{room}/", alice.headers) + text({"message": "too early"}))
        assert raw.answer().status == 101
        raw.send(text({"message": "in time"}))
        heard = raw.message()
        assert heard == "in time" or (heard == "too early" and raw.message() == "in time")


BAD: dict[str, tuple[int, str, dict[str, object]]] = {
    "no-key": (400, "websocket_key", {"leave_out": ["Sec-WebSocket-Key"]}),
    "empty-key": (400, "websocket_key", {"headers": {"Sec-WebSocket-Key": ""}}),
    "short-key": (400, "websocket_key", {"headers": {"Sec-WebSocket-Key": "c2hvcnQ="}}),
    "long-key": (400, "websocket_key", {"headers": {"Sec-WebSocket-Key": "dG9vIGxvbmcgYnkgYSBieXRl"}}),
    "key-not-base64": (400, "websocket_key", {"headers": {"Sec-WebSocket-Key": "!" * 24}}),
    "key-twice": (400, "websocket_key", {"headers": [("Sec-WebSocket-Key", KEY)] * 2}),
    "version-8": (426, "websocket_version", {"headers": {"Sec-WebSocket-Version": "8"}}),
    "version-14": (426, "websocket_version", {"headers": {"Sec-WebSocket-Version": "14"}}),
    "no-version": (426, "websocket_version", {"leave_out": ["Sec-WebSocket-Version"]}),
    "two-versions": (426, "websocket_version", {"headers": [("Sec-WebSocket-Version", v) for v in ("13", "8")]}),
    "post": (405, "method_not_allowed", {"line": "POST /ws/chat/1/ HTTP/1.1"}),
    "http-1.0": (426, "upgrade_required", {"line": "GET /ws/chat/1/ HTTP/1.0"}),
    "http-2.0": (426, "upgrade_required", {"line": "GET /ws/chat/1/ HTTP/2.0"}),
    "http-0.9": (426, "upgrade_required", {"line": "GET /ws/chat/1/"}),
    "no-upgrade": (426, "upgrade_required", {"leave_out": ["Upgrade"]}),
    "no-connection": (426, "upgrade_required", {"leave_out": ["Connection"]}),
    "h2c": (426, "upgrade_required", {"headers": {"Upgrade": "h2c", "HTTP2-Settings": "AAMAAABkAARAAAAAAAIAAAAA"}}),
    "both-lengths": (400, "bad_request", {"headers": {"Content-Length": "5", "Transfer-Encoding": "chunked"}}),
    "two-lengths": (400, "bad_request", {"headers": [("Content-Length", "5"), ("Content-Length", "6")]}),
    "folded-header": (400, "bad_request", {"headers": {"X-A": "a\r\n b"}}),
    "space-before-colon": (400, "bad_request", {"headers": {"X-A ": "a"}}),
    "nul-in-a-header": (400, "bad_request", {"headers": {"X-A": "a\0b"}}),
    "not-http": (400, "bad_request", {"line": "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"}),
    "a-header-of-1-MiB": (431, "head_too_large", {"headers": {"Cookie": "y" * 1024 * 1024}}),
    "a-path-of-1-MiB": (431, "head_too_large", {"line": f"GET /ws/chat/{'1' * 1024 * 1024}/ HTTP/1.1"}),
    "a-million-headers": (431, "head_too_large", {"headers": [("X", "y")] * 1_000_000}),
}


@pytest.mark.parametrize(("status", "code", "how"), BAD.values(), ids=BAD)
def test_refused_with_a_reason(pair: Pair, status: int, code: str, how: dict[str, object]) -> None:
    alice, _, _room = pair
    with RawSocket(alice.server.port) as raw:
        raw.send_until_gone(opening("/ws/chat/1/", **how))  # type: ignore[arg-type]  # a table of keyword arguments
        answer = raw.answer()
    assert (answer.status, answer.problem["code"]) == (status, code)
    assert answer.headers.get("sec-websocket-version") == ("13" if status == 426 else None)
    assert answer.headers.get("allow") == ("GET" if status == 405 else None)


def test_a_huge_head_costs_little_memory_and_time(pair: Pair) -> None:
    alice, _, _room = pair
    before, began = memory(alice.server), time.monotonic()
    for _ in range(8):
        with RawSocket(alice.server.port) as raw:
            raw.send_until_gone(opening("/api/chat/rooms/1/", {"Cookie": "y" * 8 * 1024 * 1024}))
            assert raw.answer().status == 431
    assert time.monotonic() - began < 2
    assert memory(alice.server) - before < 16 * 1024 * 1024


def memory(server: RunningServer) -> int:
    """Return the server's resident memory in bytes."""
    assert server.process is not None
    with open(f"/proc/{server.process.pid}/statm") as statm:
        return int(statm.read().split()[1]) * 4096


TRICKS = {
    "leading-zero": "/ws/chat/0{room}/",
    "encoded-digit": "/ws/chat/%3{room}/",
    "encoded-slash": "/ws/chat/{room}%2f../",
    "encoded-nul": "/ws/chat/{room}%00/",
    "dot-dot": "/ws/chat/../chat/{room}/",
    "two-slashes": "/ws/chat/{room}//",
    "slashes-before": "//ws/chat/{room}/",
    "zero": "/ws/chat/0/",
    "minus": "/ws/chat/-{room}/",
    "plus": "/ws/chat/+{room}/",
    "decimal": "/ws/chat/{room}.0/",
    "exponent": "/ws/chat/{room}e0/",
    "underscore": "/ws/chat/{room}_0/",
    "hexadecimal": "/ws/chat/0x{room}/",
    "space": "/ws/chat/{room}%20/",
    "line-break": "/ws/chat/{room}%0a",
    "arabic-digit": "/ws/chat/%D9%A3/",
    "fullwidth-digit": "/ws/chat/%EF%BC%91/",
    "10^30": f"/ws/chat/1{'0' * 30}/",
    "10^18": f"/ws/chat/1{'0' * 18}/",
    "nothing": "/ws/chat//",
    "capitals": "/WS/CHAT/{room}/",
    "more": "/ws/chat/{room}/x",
    "absolute": "http://127.0.0.1/ws/chat/{room}/",
    "star": "*",
    "rest": "/api/chat/rooms/{room}/messages/",
}


@pytest.mark.parametrize("path", TRICKS.values(), ids=TRICKS)
def test_no_other_spelling_opens_a_room(pair: Pair, path: str) -> None:
    alice, _, room = pair
    answers = {
        (answer.status, answer.body)
        for answer in (
            ask(alice.server.port, opening(path.format(room=room), alice.headers)),
            ask(alice.server.port, opening("/ws/chat/nowhere/", alice.headers)),
        )
    }
    assert len(answers) == 1
    assert answers.pop()[0] == 404


def test_raw_unicode_in_a_path_is_no_http(pair: Pair) -> None:
    alice, _, _room = pair
    answer = ask(alice.server.port, opening("/ws/chat/٣/".encode().decode("latin-1"), alice.headers))
    assert (answer.status, answer.problem["code"]) == (400, "bad_request")


QUERIES = ["token={}", "access_token={}", "ticket={}", "a&b=&token={}", "%74oken={}", "token={}&token=x", "token"]


@pytest.mark.parametrize("query", QUERIES)
def test_a_token_in_the_address_is_refused_and_never_logged(pair: Pair, query: str) -> None:
    alice, _, room = pair
    # a good token beside it changes nothing
    path = f"/ws/chat/{room}/?{query.format(alice.token)}"
    answer = ask(alice.server.port, opening(path, alice.headers))
    assert (answer.status, answer.problem["code"]) == (400, "token_in_url")
    assert alice.token.encode() not in answer.body
    assert alice.token not in alice.server.log()


@pytest.mark.parametrize("query", ["a", "?a", "a&b=&c", "a=%ff", "a=%", "&&&", "=", "tokens=1"])
def test_any_other_query_is_passed_over(pair: Pair, query: str) -> None:
    alice, _, room = pair
    assert ask(alice.server.port, opening(f"/ws/chat/{room}/?{query}", alice.headers)).status == 101


def test_strangers_do_not_write_the_log(pair: Pair) -> None:
    alice, _, _room = pair
    already = len(alice.server.log())
    for request in (b"\x16\x03\x01garbage\r\n\r\n", opening("/ws/chat/1/", {"Upgrade": "h2c"}), opening("/nowhere")):
        ask(alice.server.port, request)
    assert alice.server.log()[already:] == ""


def test_the_header_of_another_scheme_is_no_token(pair: Pair) -> None:
    alice, _, room = pair
    assert isinstance(alice, Person)
    for value in ("Basic YWxpY2U6eA==", "Bearer", "Bearer ", alice.token, f"Token {alice.token}"):
        with RawSocket.open(alice.server.port, f"/ws/chat/{room}/", {"Authorization": value}) as raw:
            assert raw.error() == "token_missing", value
            assert raw.close_code() == 4401
    with RawSocket.open(alice.server.port, f"/ws/chat/{room}/", bearer(alice.token)) as raw:
        raw.send(text({"message": "with the right one"}))
        assert raw.message() == "with the right one"
