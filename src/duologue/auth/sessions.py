"""Logins: begun with a pair of tokens, kept alive by refreshing, ended for ever."""

import hmac
from datetime import timedelta
from hashlib import sha256

import structlog
from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone

from duologue.auth.models import LoginSession, User
from duologue.auth.runtime import runtime
from duologue.auth.throttling import spend
from duologue.auth.tokens import RefreshClaims, TokenPair, issue_access, issue_refresh, new_token_id, verify_refresh
from duologue.contract.claims import AUTH_AUDIENCE, TokenRefused, verify_access
from duologue.kit.problem import Problem

_log = structlog.get_logger(__name__)

# when a login was last used is told to the quarter of an hour, so that refreshing rarely writes
_USE_GRAIN = timedelta(minutes=15)


def start(user: User, *, user_agent: str, django_session: str = "") -> tuple[LoginSession, TokenPair]:
    """Begin a login of `user` and return it with its tokens. Raise Problem 401 when the account changed meanwhile."""
    token_id = new_token_id()
    login = LoginSession(
        user=user,
        refresh_hash=_hash(token_id),
        user_agent=user_agent[:200],
        expires_at=timezone.now() + timedelta(days=runtime().settings.session_days),
        django_session=django_session,
    )
    with transaction.atomic(savepoint=False):
        # while a password is checked the account may get another one or be deactivated, which ends the logins that are
        # there: one that begins a moment later on the old grounds would be overlooked
        if not User.objects.filter(pk=user.pk, password=user.password, is_active=True).exists():
            raise invalid_credentials()
        login.save(force_insert=True)
    refresh = issue_refresh(user, login.pk, token_id, int(login.expires_at.timestamp()))
    _log.info("session_started", sid=login.pk, user=user.pk)
    return login, TokenPair(access=issue_access(user, login.pk), refresh=refresh)


def of_access(token: str) -> LoginSession:
    """Return the living login, with its user, of an access token. Raise Problem 401."""
    try:
        claims = verify_access(token, runtime().keys.public, issuer=runtime().settings.issuer, audience=AUTH_AUDIENCE)
    except TokenRefused as refused:
        raise Problem(401, refused.code, refused.detail) from None
    login = LoginSession.objects.living().select_related("user").filter(pk=claims.sid).first()
    if login is None or str(login.user_id) != claims.sub:
        raise Problem(401, "session_ended", "This session has ended; log in again.")
    return login


def claims_of_refresh(token: str) -> RefreshClaims:
    """Return what a genuine refresh token says. Raise Problem 401."""
    try:
        return verify_refresh(token)
    except TokenRefused as refused:
        _log.info("refresh_refused", why=refused.code)
        raise refresh_invalid() from None


def of_refresh(claims: RefreshClaims) -> LoginSession:
    """Return the living login, with its user, of a genuine refresh token. Raise Problem 401."""
    login = LoginSession.objects.living().select_related("user").filter(pk=claims.sid).first()
    if (
        login is None
        or str(login.user_id) != claims.sub
        or not hmac.compare_digest(bytes(login.refresh_hash), _hash(claims.jti))
    ):
        _log.info("refresh_refused", why="session_ended", sid=claims.sid)
        raise refresh_invalid()
    return login


def refresh(request: HttpRequest, token: str) -> str:
    """Return the next access token for a refresh token. Raise Problem: 401, 429."""
    claims = claims_of_refresh(token)
    spend(request, "refresh", key=claims.sid)
    login = of_refresh(claims)
    now = timezone.now()
    if now - login.last_used_at > _USE_GRAIN:
        LoginSession.objects.filter(pk=login.pk).update(last_used_at=now)
    return issue_access(login.user, login.pk)


def end(login: LoginSession, because: str) -> None:
    """End one login."""
    LoginSession.objects.filter(pk=login.pk).end(because)


def invalid_credentials() -> Problem:
    """Return the one refusal of every username and password that do not belong together."""
    return Problem(401, "invalid_credentials", "No account matches this username and password.")


def refresh_invalid() -> Problem:
    """Return the one refusal of every refresh token that does not work."""
    return Problem(401, "refresh_invalid", "This refresh token is not valid.")


def _hash(token_id: str) -> bytes:
    # 128 random bits need no salt and no slow hash
    return sha256(token_id.encode()).digest()
