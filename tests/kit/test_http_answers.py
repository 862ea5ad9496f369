"""Answers go out whole where they can, and in uvicorn's own way where they cannot."""

import asyncio
import logging
from typing import Any

import pytest

from duologue.kit.http_answers import OneWrite

HEADERS = [(b"content-type", b"text/plain"), (b"content-length", b"2")]


class Transport:
    """Keeps each write."""

    def __init__(self) -> None:
        self.writes: list[bytes] = []
        self.closed = False

    def write(self, data: bytes) -> None:
        self.writes.append(data)

    def close(self) -> None:
        self.closed = True

    def is_closing(self) -> bool:
        return self.closed


class Flow:
    """Never full."""

    write_paused = False

    def resume_reading(self) -> None:
        """Nothing was paused."""


def cycle(method: str = "GET", *, keep_alive: bool = True) -> tuple[OneWrite, Transport]:
    transport = Transport()
    arguments: dict[str, Any] = {
        "scope": {"type": "http", "method": method},
        "transport": transport,
        "flow": Flow(),
        "logger": logging.getLogger("test"),
        "access_logger": logging.getLogger("test"),
        "access_log": False,
        "default_headers": [(b"date", b"today")],
        "message_event": asyncio.Event(),
        "expect_100_continue": False,
        "keep_alive": keep_alive,
        "on_response": lambda: None,
    }
    return OneWrite(**arguments), transport


def answered(one: OneWrite, headers: list[tuple[bytes, bytes]], *parts: bytes) -> None:
    asyncio.run(say(one, headers, *parts))


async def say(one: OneWrite, headers: list[tuple[bytes, bytes]], *parts: bytes) -> None:
    await one.send({"type": "http.response.start", "status": 200, "headers": headers})
    for number, part in enumerate(parts, 1):
        await one.send({"type": "http.response.body", "body": part, "more_body": number < len(parts)})


def test_a_short_answer_is_one_write() -> None:
    one, transport = cycle()
    answered(one, HEADERS, b"ok")
    expected = b"HTTP/1.1 200 OK\r\ndate: today\r\ncontent-type: text/plain\r\ncontent-length: 2\r\n\r\nok"
    assert transport.writes == [expected]
    assert one.response_complete
    with pytest.raises(RuntimeError, match="already completed"):
        asyncio.run(one.send({"type": "http.response.body", "body": b"more"}))


@pytest.mark.parametrize(
    ("headers", "parts", "ending"),
    [
        (HEADERS, (b"o", b"k"), b"\r\n\r\nok"),
        ([], (b"ok",), b"\r\n\r\n2\r\nok\r\n0\r\n\r\n"),
        ([*HEADERS, (b"Connection", b"close")], (b"ok",), b"connection: close\r\n\r\nok"),
        ([*HEADERS, (b"Set-Cookie", b"sessionid=secret")], (b"ok",), b"set-cookie: sessionid=secret\r\n\r\nok"),
    ],
)
def test_any_other_answer_is_what_uvicorn_makes_of_it(
    headers: list[tuple[bytes, bytes]], parts: tuple[bytes, ...], ending: bytes
) -> None:
    one, transport = cycle()
    answered(one, headers, *parts)
    assert len(transport.writes) > 1
    assert b"".join(transport.writes).endswith(ending)
    assert one.response_complete


def test_head_has_no_body_and_a_last_answer_says_so() -> None:
    one, transport = cycle("HEAD")
    answered(one, HEADERS, b"ok")
    assert b"".join(transport.writes).endswith(b"content-length: 2\r\n\r\n")
    one, transport = cycle(keep_alive=False)
    answered(one, HEADERS, b"ok")
    assert b"connection: close\r\n\r\nok" in b"".join(transport.writes)
    assert transport.closed


@pytest.mark.parametrize("body", [b"", b"too long"])
def test_a_wrong_length_is_refused(body: bytes) -> None:
    one, _ = cycle()
    with pytest.raises(RuntimeError, match="than Content-Length"):
        answered(one, HEADERS, body)


@pytest.mark.parametrize("header", [(b"bad name", b"x"), (b"x-bad", b"a\r\nset-cookie: b")])
def test_nothing_breaks_out_of_a_header(header: tuple[bytes, bytes]) -> None:
    one, transport = cycle()
    with pytest.raises(RuntimeError, match="Invalid HTTP header"):
        answered(one, [*HEADERS, header], b"ok")
    assert not transport.writes


def test_an_application_that_fails_between_head_and_body_still_gets_a_500() -> None:
    async def app(_: object, __: object, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": HEADERS})
        raise ValueError

    one, transport = cycle()
    asyncio.run(one.run_asgi(app))
    assert b"".join(transport.writes).startswith(b"HTTP/1.1 500")
