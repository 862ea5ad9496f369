"""A login without a cookie: allauth's flows need a session to write to, our endpoints need none to stay."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.contrib.auth.models import AnonymousUser
from django.contrib.sessions.backends.base import SessionBase
from django.http import HttpRequest


class EphemeralSession(SessionBase):
    """A session that is never stored."""

    def load(self) -> dict[str, Any]:
        """Return what is stored: nothing."""
        return {}

    def exists(self, session_key: str) -> bool:
        """Tell whether a session is stored: no."""
        return False

    def create(self) -> None:
        """Store nothing."""

    def save(self, must_create: bool = False) -> None:
        """Store nothing."""

    def delete(self, session_key: str | None = None) -> None:
        """Have nothing to delete."""


@contextmanager
def without_cookies(request: HttpRequest) -> Iterator[None]:
    """Let a flow run as nobody, whatever cookies came along, and leave none behind."""
    kept = request.session, request.user
    request.session = EphemeralSession()
    request.user = AnonymousUser()
    try:
        yield
    finally:
        request.session, request.user = kept
        # a login makes Django renew its CSRF cookie, which has no use here
        request.META["CSRF_COOKIE_NEEDS_UPDATE"] = False
