"""Bodies and frames that no client of ours would send: refused with a reason, never a 500 or the end of a socket."""

import json
from typing import Any

import httpx
import pytest

from tests.rig.contract_check import document
from tests.rig.people import Person
from tests.rig.raw_socket import CLOSE, TEXT, close, frame, text
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
    """Return a good-looking body for each documented operation that takes one."""
    known: dict[tuple[str, str], dict[str, Any]] = {
        ("POST", "/api/register/"): {
            "username": "gar.bage",
            "email": "g@example.com",
            "password": "x",
            "first_name": "G",
        },
        ("POST", "/api/login/"): {"username": "gar.bage", "password": "nobody's password"},
        ("POST", "/api/token/refresh/"): {"refresh": "a.b.c"},
        ("POST", "/api/logout/"): {"refresh": "a.b.c"},
        ("POST", "/api/chat/rooms/"): {"participant_a": "gar.bage", "participant_b": "nobody.at.all"},
        ("POST", "/api/chat/rooms/{id}/messages/"): {"content": "x", "sender_id": "gar.bage", "client_id": "g"},
        ("POST", "/api/chat/rooms/{id}/read/"): {"up_to_seq": 1},
        ("PATCH", "/api/chat/rooms/{id}/messages/{message}/"): {"content": "x"},
        ("PATCH", "/api/chat/me/"): {"hide_presence": False},
    }
    taking = {
        (method.upper(), path)
        for name in ("auth", "chat")
        for path, item in document(f"{name}.openapi.json")["paths"].items()
        for method, operation in item.items()
        if "requestBody" in operation
    }
    assert taking == set(known), "an endpoint without garbage"
    return known


BODIES = bodies()


def spelled(body: dict[str, Any], field: str, value: str) -> bytes:
    """Return a body with one value as it is written."""
    fields = (f"{json.dumps(name)}:{value if name == field else json.dumps(own)}" for name, own in body.items())
    return ("{" + ",".join(fields) + "}").encode()


CASES = [pytest.param(key, raw, id=f"{' '.join(key)}-{name}") for key in BODIES for name, raw in RAW.items()] + [
    pytest.param(key, spelled(body, field, value), id=f"{' '.join(key)}-{field}-{name}")
    for key, body in BODIES.items()
    for field in body
    for name, value in VALUES.items()
]
OTHER_KINDS = ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "application/jsonp")


def send(cast: Cast, key: tuple[str, str], body: bytes, headers: dict[str, str]) -> httpx.Response:
    """Make a request; the answer is held against the documents on its way."""
    method, template = key
    path = template.format(id=cast.room, message=cast.messages.get(method))
    kind = {"content-type": "application/json"}
    return cast.a.http.request(method, path, content=body, headers=kind | cast.a.headers | headers)


@pytest.mark.parametrize(("key", "body"), CASES)
def test_a_body_is_refused_or_taken_never_a_500(cast: Cast, key: tuple[str, str], body: bytes) -> None:
    answer = send(cast, key, body, {})
    assert answer.status_code < 500, answer.text
    if answer.status_code >= 400:
        assert answer.json()["status"] == answer.status_code


@pytest.mark.parametrize("key", BODIES, ids=" ".join)
def test_what_is_too_large_or_no_json_is_told_so(cast: Cast, key: tuple[str, str]) -> None:
    good = json.dumps(BODIES[key]).encode()
    assert send(cast, key, good + b" " * (64 * 1024), {}).status_code == 413
    assert send(cast, key, good.ljust(64 * 1024), {}).status_code != 413
    for kind in OTHER_KINDS:
        assert send(cast, key, good, {"content-type": kind}).status_code == 415, kind


@pytest.mark.parametrize("key", BODIES, ids=" ".join)
def test_a_program_may_leave_the_type_out_and_a_page_may_not(cast: Cast, key: tuple[str, str]) -> None:
    """A page reaches other sites with a Blob that has no type, without asking first: it would use up throttles."""
    path = key[1].format(id=cast.room, message=cast.messages.get(key[0]))
    body = json.dumps(BODIES[key]).encode()
    plain = cast.a.http.request(key[0], path, content=body, headers=cast.a.headers)
    assert "content-type" not in plain.request.headers
    assert plain.status_code != 415
    for origin in ("https://evil.example", "null", cast.server.url):
        headers = cast.a.headers | {"origin": origin}
        answer = cast.a.http.request(key[0], path, content=body, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_media_type")


@pytest.mark.parametrize("key", BODIES, ids=" ".join)
def test_the_last_of_two_keys_counts_for_all_alike(cast: Cast, key: tuple[str, str]) -> None:
    """Two parsers that differ here would check one value and use the other: our refusals name the last."""
    body = BODIES[key]
    field = next(iter(body))
    doubled = json.dumps(body).encode()[:-1] + f',"{field}":[true]}}'.encode()
    answer = send(cast, key, doubled, {})
    assert answer.status_code == 400
    assert set(answer.json()["errors"]) == {field}


def test_nothing_was_logged_as_a_failure(server: RunningServer, cast: Cast) -> None:
    already = len(server.log())
    for key in BODIES:
        for raw in RAW.values():
            send(cast, key, raw, {})
    assert "Traceback" not in server.log()[already:]


CURSORS = {
    "empty": "", "words": "the beginning", "dots": "...", "three": "a.1.2", "five": "a.1.2.3.4",
    "negative": "a.{room}.-1.0",
    "fraction": "a.{room}.1.5.0", "plus": "a.{room}.+1.0", "exponent": "a.{room}.1e3.0", "zero-led": "a.{room}.01.0",
    "other-digits": "a.{room}.\u0661.0", "huge": "a.{room}." + "9" * 19 + ".0", "long-epoch": "a" * 33 + ".{room}.1.0",
    "capitals": "A.{room}.1.0", "newline": "a.{room}.1.0\n", "nul": "a.{room}.1.0\0", "another-room": "a.987654321.1.0",
    "long": "9" * 5000,
}  # fmt: skip


@pytest.mark.parametrize("name", CURSORS)
def test_what_is_no_cursor_is_told_so(cast: Cast, name: str) -> None:
    since = CURSORS[name].format(room=cast.room)
    path = f"/api/chat/rooms/{cast.room}/changes"
    answer = cast.a.http.get(path, params={"since": since}, headers=cast.a.headers)
    assert (answer.status_code, answer.json()["code"]) == (400, "validation_failed")
    assert set(answer.json()["errors"]) == {"since"}


@pytest.mark.parametrize("query", ["limit=0", "limit=301", "limit=1&limit=2", "limit=x", "since=a.1.0.0&since=a.1.0.0"])
def test_a_wrong_parameter_of_changes_is_named(cast: Cast, query: str) -> None:
    answer = cast.a.http.get(f"/api/chat/rooms/{cast.room}/changes?{query}", headers=cast.a.headers)
    assert answer.status_code == 400
    assert set(answer.json()["errors"]) == {query.partition("=")[0]}


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
