"""The bridge from ASGI to WSGI: what it refuses before a thread is taken, and what an application gets to see."""

import asyncio
import itertools
import threading
import time
from collections.abc import Awaitable, Callable, Iterable, Iterator
from typing import Any

import pytest

from duologue.kit.wsgi import Environ, WsgiBridge

Answer = tuple[int, dict[str, str], bytes]
StartResponse = Callable[..., Any]


def echo(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    start_response("200 OK", [("Content-Type", "text/plain"), ("Set-Cookie", " a=b")])
    return [environ["wsgi.input"].read(), b"!"]


@pytest.fixture
def seen() -> list[Environ]:
    return []


@pytest.fixture
def bridge(seen: list[Environ]) -> Iterator[WsgiBridge]:
    def app(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        seen.append(environ)
        return echo(environ, start_response)

    made = WsgiBridge(app, threads=2, body_bytes=100, body_seconds=0.2)
    yield made
    made.close()


async def ask(
    bridge: WsgiBridge,
    parts: Iterable[bytes] = (b"",),
    *,
    pause: float = 0.0,
    leave: bool = False,
    **changes: Any,
) -> Answer:
    """Send one request, its body in parts with pauses between them; with `leave` the client goes before the last."""
    waiting = list(parts)
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        if leave and len(waiting) == 1:
            return {"type": "http.disconnect"}
        await asyncio.sleep(pause)
        return {"type": "http.request", "body": waiting.pop(0), "more_body": bool(waiting)}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "POST", "path": "/x", "query_string": b"", "headers": [], "http_version": "1.1"}
    scope |= {"scheme": "http", "server": ("127.0.0.1", 80), "client": ("127.0.0.9", 1234)} | changes
    call: Awaitable[None] = bridge(scope, receive, send)
    await call
    if not sent:
        return 0, {}, b""
    headers = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
    return sent[0]["status"], headers, b"".join(message["body"] for message in sent[1:])


def test_a_request_and_its_answer_pass(bridge: WsgiBridge, seen: list[Environ]) -> None:
    status, headers, body = asyncio.run(ask(bridge, [b"hello ", b"world"], query_string=b"a=b&c=%20"))
    assert (status, body) == (200, b"hello world!")
    assert headers == {"content-type": "text/plain", "set-cookie": "a=b", "content-length": "12"}
    environ = seen[0]
    assert (environ["CONTENT_LENGTH"], environ["QUERY_STRING"], environ["REMOTE_ADDR"]) == (
        "11",
        "a=b&c=%20",
        "127.0.0.9",
    )


@pytest.mark.parametrize("parts", [[b"x" * 100], [b"x" * 50, b"x" * 50], [b""]])
def test_a_body_within_the_limit_passes(bridge: WsgiBridge, parts: list[bytes]) -> None:
    assert asyncio.run(ask(bridge, parts))[0] == 200


@pytest.mark.parametrize("declared", [b"101", b"9" * 30, b"-1", b"1e3", b"\xb2"])
def test_a_body_declared_too_large_is_not_read(bridge: WsgiBridge, seen: list[Environ], declared: bytes) -> None:
    status, headers, _ = asyncio.run(ask(bridge, [], headers=[(b"content-length", declared)]))
    assert (status, headers["connection"]) == (413, "close")
    assert seen == []


def test_a_body_that_grows_too_large_is_not_served(bridge: WsgiBridge, seen: list[Environ]) -> None:
    status, headers, _ = asyncio.run(ask(bridge, [b"x" * 60, b"x" * 60]))
    assert (status, headers["content-type"]) == (413, "application/problem+json")
    assert seen == []


def test_a_slow_body_is_given_up_and_takes_no_thread(bridge: WsgiBridge, seen: list[Environ]) -> None:
    began = time.monotonic()
    status, _, _ = asyncio.run(ask(bridge, [b"x"] * 50, pause=0.05))
    assert status == 408
    assert time.monotonic() - began < 1
    assert seen == []


def test_a_client_that_leaves_is_not_served(bridge: WsgiBridge, seen: list[Environ]) -> None:
    assert asyncio.run(ask(bridge, [b"half", b"never"], leave=True)) == (0, {}, b"")
    assert seen == []


def test_odd_bytes_become_what_wsgi_allows(bridge: WsgiBridge, seen: list[Environ]) -> None:
    headers = [(b"x-a", b"\xff"), (b"x-a", b"2"), (b"cookie", b"a=1"), (b"cookie", b"b=2"), (b"x_real_ip", b"6.6.6.6")]
    asyncio.run(ask(bridge, path="/\u00e4", query_string=b"\xff \x00", headers=headers))
    environ = seen[0]
    assert environ["PATH_INFO"].encode("latin-1").decode() == "/\u00e4"
    assert environ["QUERY_STRING"] == "%FF%20%00"
    assert environ["HTTP_X_A"] == "\xff,2"
    assert environ["HTTP_COOKIE"] == "a=1; b=2"
    assert "HTTP_X_REAL_IP" not in environ


def test_an_application_that_fails_is_a_500_without_its_reason() -> None:
    def fail(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        raise ValueError("secret")

    bridge = WsgiBridge(fail, threads=1)
    status, headers, body = asyncio.run(ask(bridge))
    bridge.close()
    assert (status, headers["content-type"]) == (500, "application/problem+json")
    assert b"secret" not in body


def test_threads_are_bounded_and_so_is_the_queue_for_them() -> None:
    go, lock = threading.Event(), threading.Lock()
    running, most = 0, 0

    def wait(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        go.wait(5)
        with lock:
            running -= 1
        return echo(environ, start_response)

    bridge = WsgiBridge(wait, threads=2, waiting=3)

    async def crowd() -> list[int]:
        asking = [asyncio.ensure_future(ask(bridge)) for _ in range(8)]
        # those for whom there is no place are answered while the others wait
        for refused in itertools.islice(asyncio.as_completed(asking), 3):
            await refused
        go.set()
        return [status for status, _, _ in await asyncio.gather(*asking)]

    statuses = asyncio.run(crowd())
    assert sorted(statuses) == [200] * 5 + [503] * 3
    assert most == 2
    bridge.close()


def test_closing_reaches_every_thread_that_served() -> None:
    together = threading.Barrier(3)

    def meet(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        together.wait(5)
        return echo(environ, start_response)

    bridge = WsgiBridge(meet, threads=5)

    async def three() -> None:
        await asyncio.gather(*(ask(bridge) for _ in range(3)))

    asyncio.run(three())
    closed: list[int] = []
    bridge.close(in_each_thread=lambda: closed.append(threading.get_ident()))
    assert len(set(closed)) == len(closed) == 3


def test_closing_what_never_served_does_nothing() -> None:
    closed: list[int] = []
    WsgiBridge(echo, threads=5).close(in_each_thread=lambda: closed.append(1))
    assert closed == []
