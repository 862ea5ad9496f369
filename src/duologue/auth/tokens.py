"""Access and refresh tokens: what is in them, and which refresh tokens are genuine."""

import secrets
import time
from dataclasses import dataclass

import msgspec

from duologue.auth.models import User
from duologue.auth.runtime import runtime
from duologue.contract.claims import ACCESS_TYPE, AUTH_AUDIENCE, CHAT_AUDIENCE, Seconds, verify

REFRESH_TYPE = "refresh+jwt"
REFRESH_AUDIENCE = "duologue-refresh"


class RefreshClaims(msgspec.Struct, frozen=True):
    """What a refresh token says. `sub`: the user id, `sid`: the login, `jti`: its secret, stored only as a hash."""

    sub: str
    sid: str
    jti: str
    exp: Seconds
    iat: Seconds


@dataclass(frozen=True, slots=True)
class TokenPair:
    """What a login hands out."""

    access: str
    refresh: str

    def __repr__(self) -> str:
        return "TokenPair(…)"


def new_token_id() -> str:
    """Return a random `jti` of 128 bits."""
    return secrets.token_urlsafe(16)


def issue_access(user: User, sid: str) -> str:
    """Return an access token for both services (RFC 9068), signed with the newest key."""
    settings = runtime().settings
    now = int(time.time())
    return runtime().keys.sign(
        {
            "iss": settings.issuer,
            "aud": [AUTH_AUDIENCE, CHAT_AUDIENCE],
            "sub": str(user.pk),
            "username": user.username,
            "sid": sid,
            "jti": new_token_id(),
            "iat": now,
            "exp": now + settings.access_token_seconds,
        },
        ACCESS_TYPE,
    )


def issue_refresh(user: User, sid: str, token_id: str, expires: int) -> str:
    """Return the refresh token of a login; `expires` in seconds since the epoch."""
    return runtime().keys.sign(
        {
            "iss": runtime().settings.issuer,
            "aud": REFRESH_AUDIENCE,
            "sub": str(user.pk),
            "sid": sid,
            "jti": token_id,
            "iat": int(time.time()),
            "exp": expires,
        },
        REFRESH_TYPE,
    )


def verify_refresh(token: str) -> RefreshClaims:
    """Return the claims of a refresh token that we signed and that has not expired; else raise TokenRefused.

    Whether its login still lives is the database's to say: see `sessions.refresh`.
    """
    return verify(
        token,
        runtime().keys.public,
        RefreshClaims,
        token_type=REFRESH_TYPE,
        issuer=runtime().settings.issuer,
        audience=REFRESH_AUDIENCE,
        # or a clock that is set back would end the login of everybody who came lately; the database knows which live
        from_the_future=True,
    )
