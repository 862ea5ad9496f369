"""Auth as an ASGI application."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from duologue.auth.settings import AuthSettings
from duologue.kit.wsgi import Receive, Scope, Send, WsgiBridge

if TYPE_CHECKING:
    from duologue.auth.runtime import Runtime


class AuthApp:
    """Serves HTTP once it is prepared; Django runs in threads behind it."""

    def __init__(self, settings: AuthSettings) -> None:
        self._settings = settings
        self._bridge: WsgiBridge | None = None
        self._runtime: Runtime | None = None

    def prepare(self) -> None:
        """Make what is missing (directory, keys, schema) and start Django. Call once, before the first request.

        Raises UnsafeFileError when others can read a secret.
        """
        # Django's modules can be imported only once it is configured
        from duologue.auth.django_settings import set_up  # noqa: PLC0415

        self._runtime = set_up(self._settings)

        from django.core.handlers.wsgi import WSGIHandler  # noqa: PLC0415

        from duologue.auth.schema import migrate_if_needed  # noqa: PLC0415

        migrate_if_needed(self._settings)
        self._bridge = WsgiBridge(WSGIHandler(), threads=self._settings.threads)

    @property
    def directory(self) -> Path:
        """Where auth keeps its data; one process at a time serves from it."""
        return self._settings.directory

    @property
    def ready(self) -> bool:
        """Whether requests can be served."""
        return self._bridge is not None

    def when_logins_end(self, call: Callable[[], None]) -> None:
        """Call this after each commit that ended logins, in the thread that made it. Comes after `prepare()`."""
        assert self._runtime is not None  # noqa: S101 - see above
        self._runtime.when_logins_end.append(call)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI, for scopes of type `http`."""
        if self._bridge is None:
            raise RuntimeError("prepare() comes before the first request")
        await self._bridge(scope, receive, send)

    def close(self) -> None:
        """Wait for what runs, then end the threads."""
        if self._bridge is not None:
            from django.db import connections  # noqa: PLC0415 - as above

            self._bridge.close(in_each_thread=connections.close_all)
        if self._runtime is not None:
            self._runtime.hashing.close()
            self._runtime.outbox.close()


def create_app(settings: AuthSettings) -> AuthApp:
    """Return auth, not yet prepared: nothing is read or written before `prepare()`."""
    return AuthApp(settings)
