"""Our tokens for logins that come through allauth's own API (`/_allauth/`)."""

from http import HTTPStatus
from typing import Any

from allauth.core import context
from allauth.core.internal.httpkit import authenticated_user, get_authorization_credential
from allauth.headless.internal import sessionkit
from allauth.headless.tokens.strategies.base import AbstractTokenStrategy
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.base import SessionBase
from django.http import HttpRequest

from duologue.auth import sessions
from duologue.auth.backends import AccountBackend
from duologue.auth.models import LoginSession, User
from duologue.kit.problem import Problem

# names the login inside allauth's state of it
LOGIN_KEY = "duologue_login"


class TokenStrategy(AbstractTokenStrategy):
    """allauth keeps a login's state (second factor pending, recently authenticated) in a Django session.

    It is named by `X-Session-Token`, or by our access token: then it is made when it is first needed. A login that is
    ended takes its state along, and the other way round.
    """

    def get_session_token(self, request: HttpRequest) -> str | None:
        """Return the name of the state that the request belongs to. Raise Problem 401 for a bad access token."""
        named: str | None = super().get_session_token(request)
        if named is not None:
            return named
        token = get_authorization_credential(request, "Bearer")
        if token is None:
            return None
        known: str | None = getattr(request, "_duologue_session_token", None)
        if known is None:
            known = _state_of(sessions.of_access(token))
            request._duologue_session_token = known  # type: ignore[attr-defined]  # for the second question
        return known

    def create_session_token(self, request: HttpRequest) -> str:
        """Return the name of the request's state; store it first when it is new."""
        if not request.session.session_key:
            request.session.save()
        return str(request.session.session_key)

    def lookup_session(self, session_token: str) -> SessionBase | None:
        """Return a state by name, unless its login has ended."""
        state: SessionBase | None = sessionkit.lookup_session(session_token)
        if state is None:
            return None
        sid = state.get(LOGIN_KEY)
        if sid is not None and not LoginSession.objects.living().filter(pk=sid).exists():
            state.flush()
            return None
        return state

    def create_access_token_payload(self, request: HttpRequest) -> dict[str, Any]:
        """Begin a login and return its tokens, under allauth's names."""
        user = authenticated_user(request)
        assert isinstance(user, User)  # noqa: S101 - there is one user model
        login, tokens = sessions.start(
            user,
            user_agent=request.headers.get("user-agent", ""),
            django_session=self.create_session_token(request),
        )
        request.session[LOGIN_KEY] = login.pk
        return {"access_token": tokens.access, "refresh_token": tokens.refresh}

    def refresh_token(self, refresh_token: str) -> tuple[str, str] | None:
        """Return the next access token and the same refresh token, or None. Raise Problem 429."""
        try:
            return sessions.refresh(context.request, refresh_token), refresh_token
        except Problem as problem:
            if problem.status != HTTPStatus.UNAUTHORIZED:
                raise
            return None


def _state_of(login: LoginSession) -> str:
    """Return the name of a login's state; make it for one that began at our own endpoint."""
    if login.django_session and sessionkit.lookup_session(login.django_session) is not None:
        return login.django_session
    state = sessionkit.new_session()
    state[SESSION_KEY] = str(login.user_id)
    state[BACKEND_SESSION_KEY] = f"{AccountBackend.__module__}.{AccountBackend.__qualname__}"
    state[HASH_SESSION_KEY] = login.user.get_session_auth_hash()
    state[LOGIN_KEY] = login.pk
    state.save()
    name = str(state.session_key)
    LoginSession.objects.filter(pk=login.pk).update(django_session=name)
    return name
