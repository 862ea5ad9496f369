"""Bodies and frames that no client of ours would send: refused with a reason, never a 500 or the end of a socket."""

import json
from typing import Any

import httpx
import pytest

from tests.rig.contract_check import document
from tests.rig.people import Person
from tests.rig.raw_socket import CLOSE, TEXT, RawSocket, close, frame, text
from tests.rig.server import RunningServer
from tests.security.conftest import Cast

RAW: dict[str, bytes] = {
    "nothing": b"",
    "spaces": b"   ",
    "half": b'{"content":',
    "not-utf8": b'{"content":"\xff\xfe"}',
    "latin-1": '{"content":"grün"}'.encode("latin-1"),
    "utf-16": '{"content":"x"}'.encode("utf-16"),
    "byte-order-mark": b'\xef\xbb\xbf{"content":"x"}',
    "nan": b"NaN",
    "infinity": b'{"content":Infinity}',
    "list": b"[]",
    "text": b'"text"',
    "number": b"7",
    "huge-number": b"9" * 5000,
    "1e999": b"1e999",
    "null": b"null",
    "true": b"true",
    "deep-list": b"[" * 10_000 + b"]" * 10_000,
    "deep-object": b'{"a":' * 10_000 + b"1" + b"}" * 10_000,
    "deep-and-open": b"[" * 30_000,
    "two": b"{}{}",
    "trailing": b"{} x",
    "comment": b"{} // x",
    "single-quotes": b"{'content':'x'}",
    "xml": b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><x>&e;</x>',
    "form": b"username=a&password=b",
    "gzip": b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03",
    "nul": b"\0" * 100,
    "empty-object": b"{}",
    "proto-only": b'{"__proto__":{"content":"x"},"constructor":{"prototype":{}}}',
}
# JSON values in a good body's place, as they are written
VALUES: dict[str, str] = {
    "lone-surrogate": r'"\ud800"',
    "turned-surrogates": r'"\udc00\ud800"',
    "nul": r'"a\u0000b"',
    "nan": "NaN",
    "1e999": "1e999",
    "-1e999": "-1e999",
    "huge": "9" * 4000,
    "fraction": "1.5",
    "true": "true",
    "list": '["x"]',
    "object": '{"__proto__":{}}',
    "deep": "[" * 9000 + "]" * 9000,
    "long": '"' + "x" * 60_000 + '"',
    "spaces": '"   "',
    "empty": '""',
    "control": r'"\u001b[31m\r\n\t\u0007"',
    "bad-escape": r'"\x41"',
    "not-characters": r'"\ufffe\uffff"',
    "right-to-left": r'"\u202e\u2066"',
}


def bodies() -> dict[tuple[str, str], dict[str, Any]]:
    """Return a good-looking body for each documented POST."""
    known: dict[str, dict[str, Any]] = {
        "/api/register/": {"username": "gar.bage", "email": "g@example.com", "password": "x", "first_name": "G"},
        "/api/login/": {"username": "gar.bage", "password": "nobody's password"},
        "/api/token/refresh/": {"refresh": "a.b.c"},
        "/api/logout/": {"refresh": "a.b.c"},
        "/api/chat/rooms/": {"participant_a": "gar.bage", "participant_b": "nobody.at.all"},
        "/api/chat/rooms/{id}/messages/": {"content": "x", "sender_id": "gar.bage", "client_id": "g"},
        "/api/chat/rooms/{id}/read/": {"up_to_seq": 1},
    }
    posts = {
        path
        for name in ("auth", "chat")
        for path, item in document(f"{name}.openapi.json")["paths"].items()
        if "post" in item
    }
    assert posts == set(known), "an endpoint without garbage"
    return {("POST", path): body for path, body in known.items()}


BODIES = bodies()


def spelled(body: dict[str, Any], field: str, value: str) -> bytes:
    """Return a body with one value as it is written."""
    fields = (f"{json.dumps(name)}:{value if name == field else json.dumps(own)}" for name, own in body.items())
    return ("{" + ",".join(fields) + "}").encode()


CASES = [pytest.param(path, raw, id=f"{path}-{name}") for _, path in BODIES for name, raw in RAW.items()] + [
    pytest.param(path, spelled(body, field, value), id=f"{path}-{field}-{name}")
    for (_, path), body in BODIES.items()
    for field in body
    for name, value in VALUES.items()
]
OTHER_KINDS = ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "application/jsonp")


def send(cast: Cast, path: str, body: bytes, headers: dict[str, str]) -> httpx.Response:
    """Post; the answer is held against the documents on its way."""
    kind = {"content-type": "application/json"}
    return cast.a.http.post(path.format(id=cast.room), content=body, headers=kind | cast.a.headers | headers)


@pytest.mark.parametrize(("path", "body"), CASES)
def test_a_body_is_refused_or_taken_never_a_500(cast: Cast, path: str, body: bytes) -> None:
    answer = send(cast, path, body, {})
    assert answer.status_code < 500, answer.text
    if answer.status_code >= 400:
        assert answer.json()["status"] == answer.status_code


@pytest.mark.parametrize("path", [path for _, path in BODIES])
def test_what_is_too_large_or_no_json_is_told_so(cast: Cast, path: str) -> None:
    good = json.dumps(BODIES["POST", path]).encode()
    assert send(cast, path, good + b" " * (64 * 1024), {}).status_code == 413
    assert send(cast, path, good.ljust(64 * 1024), {}).status_code != 413
    for kind in OTHER_KINDS:
        assert send(cast, path, good, {"content-type": kind}).status_code == 415, kind


@pytest.mark.parametrize("path", [path for _, path in BODIES])
def test_the_last_of_two_keys_counts_for_all_alike(cast: Cast, path: str) -> None:
    """Two parsers that differ here would check one value and use the other: our refusals name the last."""
    body = BODIES["POST", path]
    field = next(iter(body))
    doubled = json.dumps(body).encode()[:-1] + f',"{field}":true}}'.encode()
    answer = send(cast, path, doubled, {})
    assert answer.status_code == 400
    assert set(answer.json()["errors"]) == {field}


def test_nothing_was_logged_as_a_failure(server: RunningServer, cast: Cast) -> None:
    already = len(server.log())
    for path in (path for _, path in BODIES):
        for raw in RAW.values():
            send(cast, path, raw, {})
    assert "Traceback" not in server.log()[already:]


FRAMES: dict[str, bytes] = {
    **RAW,
    **{f"message-{name}": f'{{"message":{value}}}'.encode() for name, value in VALUES.items() if name != "long"},
    **{
        f"{field}-{name}": f'{{"message":"x","{field}":{value}}}'.encode()
        for field in ("client_id", "sender_id", "username")
        for name, value in VALUES.items()
        if name not in ("long", "control", "right-to-left", "not-characters")
    },
}
BROKEN_UTF8 = {"not-utf8", "latin-1", "utf-16", "gzip"}
HARMLESS = {"message-control", "message-right-to-left", "message-not-characters"}
TOO_LONG = {name for name, raw in FRAMES.items() if len(raw) > 32 * 1024}


@pytest.mark.parametrize(("name", "raw"), FRAMES.items(), ids=FRAMES)
def test_a_frame_is_answered_and_the_socket_lives(cast: Cast, name: str, raw: bytes) -> None:
    with cast.b.socket(cast.room) as socket:
        socket.send(frame(TEXT, raw))
        if name in BROKEN_UTF8 or name in TOO_LONG:
            assert socket.close_code() == (1007 if name in BROKEN_UTF8 else 1009)
            return
        got = socket.json()
        assert got["type"] == ("message" if name in HARMLESS else "error"), got
        socket.send(text({"message": f"after {name}"}))
        assert socket.message() == f"after {name}"


def test_the_fifth_mistake_is_the_last(cast: Cast) -> None:
    garbage = [raw for name, raw in RAW.items() if name not in BROKEN_UTF8 | TOO_LONG]
    for start in range(0, len(garbage) - 5, 5):
        with cast.b.socket(cast.room) as socket:
            for raw in garbage[start : start + 4]:
                socket.send(frame(TEXT, raw))
                assert socket.json()["type"] == "error"
            socket.send(text({"message": "four are forgiven"}))
            assert socket.message() == "four are forgiven"
            socket.send(frame(TEXT, garbage[start + 4]))
            assert socket.json()["type"] == "error"
            assert socket.close_code() == 1008


@pytest.mark.parametrize("name", [name for name in RAW if name not in BROKEN_UTF8 | TOO_LONG])
def test_garbage_as_the_first_frame_is_told_what_is_missing(cast: Cast, name: str) -> None:
    with RawSocket.open(cast.server.port, f"/ws/chat/{cast.room}/") as socket:
        socket.send(frame(TEXT, RAW[name]))
        assert socket.error() in {"malformed_json", "validation_failed", "token_missing"}
        assert socket.close_code() in {1008, 4401}


def test_a_close_after_garbage_is_still_answered(cast: Cast) -> None:
    with cast.b.socket(cast.room) as socket:
        socket.send(text("{") + close(1000))
        assert socket.error() == "malformed_json"
        assert (ending := socket.receive()).opcode == CLOSE
        assert ending.close_code == 1000


def test_strange_text_comes_back_as_it_was(cast: Cast) -> None:
    """What is taken is kept to the letter: by REST, on a socket, in the history."""
    assert isinstance(cast.a, Person)
    family = "👩\u200d👩\u200d👧\u200d👦"
    strange = ["\u202e\u2066abc", "\ufffe\uffff", "e\u0301", "\u00e9", family]
    strange += ["\x1b[31m\r\n\tx", "</script>", "a\u2028b"]
    with cast.a.socket(cast.room) as socket:
        for each in strange:
            answer = cast.a.post(cast.room, each)
            assert answer.json().get("content") == each, answer.text
            assert socket.message() == each
            socket.send(text({"message": each}))
            assert socket.message() == each
    wanted = [each for each in strange for _ in range(2)]
    assert cast.said()[-len(wanted) :] == wanted
