"""A WSGI application behind an ASGI server: bodies are read whole before a thread is taken, threads are bounded."""

import asyncio
import io
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import quote

import structlog

from duologue.kit.problem import Problem

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Any]
Send = Callable[[Message], Any]
Environ = dict[str, Any]
Headers = list[tuple[str, str]]
WsgiApp = Callable[[Environ, Callable[..., Any]], Iterable[bytes]]

_CLOSE_SECONDS = 30

_log = structlog.get_logger(__name__)


class _Gone(Exception):  # noqa: N818 - the client went away; nobody is left to hear of an error
    pass


class WsgiBridge:
    """Serves HTTP requests with `app` on at most `threads` threads.

    A thread is taken only when the whole body is here, so that slow uploads hold none; a body larger than
    `body_bytes` is refused with 413, one that takes longer than `body_seconds` with 408. At most `waiting` requests
    wait for a thread, further ones are refused with 503.
    """

    def __init__(
        self, app: WsgiApp, *, threads: int, waiting: int = 256, body_bytes: int = 64 * 1024, body_seconds: float = 10.0
    ) -> None:
        self._app = app
        self._started = 0
        self._executor = ThreadPoolExecutor(threads, "wsgi", self._count_thread)
        self._room = threads + waiting
        self._body_bytes = body_bytes
        self._body_seconds = body_seconds
        self._running = 0
        self._lock = threading.Lock()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI, for scopes of type `http`."""
        try:
            body = await self._read(scope, receive)
            status, headers, content = await self._run(_environ(scope, body))
        except _Gone:
            return
        except Problem as problem:
            status, content = problem.status, problem.body()
            headers = [*problem.headers().items(), ("x-content-type-options", "nosniff")]
            if problem.status in (408, 413):
                # what is left of the body will not be read
                headers.append(("connection", "close"))
        await send({"type": "http.response.start", "status": status, "headers": list(_encoded(headers, len(content)))})
        await send({"type": "http.response.body", "body": content})

    def close(self, in_each_thread: Callable[[], object] = lambda: None) -> None:
        """Wait for the requests that run, do this once in each thread (to close what it holds), end the threads."""
        # each of these holds its thread until all have one
        together = threading.Barrier(max(1, self._started))

        def finish() -> None:
            together.wait(_CLOSE_SECONDS)
            in_each_thread()

        for _ in range(self._started):
            self._executor.submit(finish)
        self._executor.shutdown(wait=True)

    def _count_thread(self) -> None:
        with self._lock:
            self._started += 1

    async def _read(self, scope: Scope, receive: Receive) -> bytes:
        declared = next((value for name, value in scope["headers"] if name == b"content-length"), b"0")
        if not declared.isdigit() or len(declared) > 12 or int(declared) > self._body_bytes:
            raise self._too_large()
        try:
            async with asyncio.timeout(self._body_seconds):
                return await self._collect(receive)
        except TimeoutError:
            raise Problem(408, "request_timeout", "The body took too long to arrive.") from None

    async def _collect(self, receive: Receive) -> bytes:
        parts: list[bytes] = []
        size = 0
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise _Gone
            part = message.get("body", b"")
            size += len(part)
            if size > self._body_bytes:
                raise self._too_large()
            parts.append(part)
            if not message.get("more_body", False):
                return b"".join(parts)

    def _too_large(self) -> Problem:
        return Problem(413, "body_too_large", f"The body is larger than {self._body_bytes // 1024} KiB.")

    async def _run(self, environ: Environ) -> tuple[int, Headers, bytes]:
        if self._running >= self._room:
            raise Problem(503, "overloaded", "The service is busy; try again in a moment.", retry_after=2)
        self._running += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._executor, self._answer, environ)
        except Exception:  # noqa: BLE001 - whatever it was, the caller gets an answer and the log the reason
            _log.exception("wsgi_application_failed", path=environ["PATH_INFO"])
            raise Problem(500, "internal_error", "Something went wrong on our side.") from None
        finally:
            self._running -= 1

    def _answer(self, environ: Environ) -> tuple[int, Headers, bytes]:
        started: tuple[str, Headers] = ("500 Internal Server Error", [])

        def start_response(status: str, headers: Headers, exc_info: object = None) -> Callable[[bytes], object]:
            nonlocal started
            started = (status, headers)
            return _refuse_write

        chunks = self._app(environ, start_response)
        try:
            content = b"".join(chunks)
        finally:
            close = getattr(chunks, "close", None)
            if close is not None:
                close()
        return int(started[0][:3]), started[1], content


def _refuse_write(_: bytes) -> object:
    raise NotImplementedError("PEP 3333's write() is for applications older than it")


def _encoded(headers: Iterable[tuple[str, str]], size: int) -> Iterator[tuple[bytes, bytes]]:
    has_length = False
    for name, value in headers:
        folded = name.lower()
        has_length = has_length or folded == "content-length"
        yield folded.encode("latin-1"), value.strip().encode("latin-1")
    if not has_length:
        yield b"content-length", str(size).encode()


def _environ(scope: Scope, body: bytes) -> Environ:
    """Return PEP 3333's environment of a request."""
    server = scope.get("server") or ("localhost", None)
    client = scope.get("client") or ("", 0)
    environ: Environ = {
        "REQUEST_METHOD": scope["method"],
        "SCRIPT_NAME": "",
        "PATH_INFO": scope["path"].encode().decode("latin-1"),
        # raw bytes reach us unchecked; WSGI has text here
        "QUERY_STRING": quote(scope.get("query_string", b""), safe="/?:@!$&'()*+,;=%~-._[]"),
        "SERVER_NAME": str(server[0]),
        "SERVER_PORT": str(server[1] or 0),
        "SERVER_PROTOCOL": f"HTTP/{scope['http_version']}",
        "REMOTE_ADDR": str(client[0]),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope.get("scheme", "http"),
        "wsgi.input": io.BytesIO(body),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    for name, value in scope["headers"]:
        # `X_Real_Ip` and `X-Real-Ip` would become one variable: who sends an underscore wants to be mistaken
        if b"_" not in name:
            _add(environ, name.decode("latin-1").upper().replace("-", "_"), value.decode("latin-1"))
    environ["CONTENT_LENGTH"] = str(len(body))
    return environ


def _add(environ: Environ, name: str, value: str) -> None:
    key = name if name in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{name}"
    present = environ.get(key)
    if present is None:
        environ[key] = value
    else:
        environ[key] = f"{present}{'; ' if key == 'HTTP_COOKIE' else ','}{value}"
