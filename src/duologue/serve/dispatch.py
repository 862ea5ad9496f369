"""One port: by name on `auth.localhost` and `chat.localhost`, by path on any other host."""

from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager

from starlette.types import ASGIApp, Receive, Scope, Send

_BY_NAME = {"auth.localhost": "auth", "chat.localhost": "chat"}
_AUTH_PREFIXES = ("/api/", "/_allauth/", "/accounts/", "/admin/", "/static/")
_AUTH_PATHS = frozenset({"/.well-known/jwks.json", "/.well-known/ended-sessions.json", "/admin"})

Lifespan = Callable[[], AbstractAsyncContextManager[None]]


class Dispatch:
    """The process's ASGI application.

    `sites`, by service or `all`, answer what is no API: health, documents, the page.
    """

    def __init__(
        self, *, auth: ASGIApp | None, chat: ASGIApp | None, sites: Mapping[str, ASGIApp], lifespan: Lifespan
    ) -> None:
        self._services = {"auth": auth, "chat": chat}
        self._sites = sites
        self._lifespan = lifespan
        self.failure: str | None = None
        """Why the services could not start, once that is so."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] == "http":
            await self._find(scope)(scope, receive, send)
        elif scope["type"] == "lifespan":
            await self._live(receive, send)

    def _find(self, scope: Scope) -> ASGIApp:
        host = next((value for name, value in scope["headers"] if name == b"host"), b"")
        named = service_named(host.decode("latin-1"))
        wanted = _service_of(scope["path"])
        if wanted is None or (named is not None and wanted != named):
            return self._sites[named or "all"]
        return self._services[wanted] or self._sites[named or "all"]

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        try:
            running = self._lifespan()
            await running.__aenter__()
        except Exception as error:  # noqa: BLE001 - the server is told, and stops
            # these say what is wrong in their own words
            told = isinstance(error, (RuntimeError, OSError))
            self.failure = str(error) if told else f"{type(error).__name__}: {error}"
            await send({"type": "lifespan.startup.failed", "message": self.failure})
            return
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await running.__aexit__(None, None, None)
        await send({"type": "lifespan.shutdown.complete"})


def service_named(host: str) -> str | None:
    """Return the service that a Host header names, or None for any other host."""
    host = host.lower()
    return _BY_NAME.get(host.rpartition(":")[0] if ":" in host and not host.endswith("]") else host)


def _service_of(path: str) -> str | None:
    # what reaches this place at an address of sockets has opened none
    if path.startswith(("/api/chat/", "/ws/chat/")) or path == "/ws/chat":
        return "chat"
    if path.startswith(_AUTH_PREFIXES) or path in _AUTH_PATHS:
        return "auth"
    return None
