"""Access tokens as auth issues and chat accepts them (RFC 9068, checked as RFC 8725 asks)."""

import binascii
import re
from typing import Annotated, Any, TypeVar

import jwt
import msgspec

from duologue.contract.keys import ALGORITHM, VerifyingKeys
from duologue.contract.usernames import is_wellformed

ACCESS_TYPE = "at+jwt"
AUTH_AUDIENCE = "duologue-auth"
CHAT_AUDIENCE = "duologue-chat"
MAX_TOKEN_BYTES = 4096
LEEWAY_SECONDS = 30
REQUIRED_CLAIMS = ("exp", "iat", "iss", "aud", "sub", "sid", "jti")

# A compact JWS with an Ed25519 signature: 64 bytes, so the last character carries two bits. Decoders pass over line
# breaks, padding and unused bits; then one token has many spellings. The other two parts are what is signed.
_COMPACT = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]{85}[AQgw]")

Claims = TypeVar("Claims", bound=msgspec.Struct)


# since the epoch, up to the year 9999: what follows can take it for a timer or a date
Seconds = Annotated[int, msgspec.Meta(ge=0, le=253_402_300_799)]


class AccessClaims(msgspec.Struct, frozen=True):
    """Who the caller is. `sub`: the immutable user id, `sid`: the login session, `exp`: seconds since the epoch.

    `kid`: the key that signed it, by the header; whatever the token claims under that name counts for nothing.
    """

    sub: str
    username: str
    sid: str
    jti: str
    exp: Seconds
    iat: Seconds
    kid: str = ""


class TokenRefused(Exception):  # noqa: N818 - reads as the sentence it is
    """The token does not identify anybody.

    `code` is `token_invalid` or `token_expired`; with `unknown_kid` newer keys may tell.
    """

    def __init__(self, code: str, detail: str, *, unknown_kid: str | None = None) -> None:
        super().__init__(code, detail)
        self.code = code
        self.detail = detail
        self.unknown_kid = unknown_kid


def _refuse() -> TokenRefused:
    # one sentence for every forgery: an attacker learns nothing about which check failed
    return TokenRefused("token_invalid", "This access token is not valid.")


def _key_id(token: str, token_type: str) -> str:
    try:
        header = jwt.get_unverified_header(token)
    except (jwt.PyJWTError, ValueError, RecursionError, binascii.Error):
        raise _refuse() from None
    kid = header.get("kid")
    # `alg` and `typ` are compared, never looked up: the key decides the algorithm (RFC 8725 section 3.1, 3.11)
    if header.get("alg") != ALGORITHM or header.get("typ") != token_type or not isinstance(kid, str):
        raise _refuse()
    if "crit" in header:
        raise _refuse()
    return kid


def verify(
    token: str,
    keys: VerifyingKeys,
    claims_type: type[Claims],
    *,
    token_type: str,
    issuer: str,
    audience: str,
    from_the_future: bool = False,
) -> Claims:
    """Return the claims of a genuine, living token of one type for one audience; else raise TokenRefused.

    `from_the_future`: also one that was issued later than now, before the clock was set back.
    """
    # before any parsing: the work an attacker can cause stays bounded
    if len(token) > MAX_TOKEN_BYTES or _COMPACT.fullmatch(token) is None:
        raise _refuse()
    kid = _key_id(token, token_type)
    key = keys.get(kid)
    if key is None:
        raise TokenRefused("token_invalid", "This access token is not valid.", unknown_kid=kid)
    try:
        payload: dict[str, Any] = jwt.decode(
            token,
            key,
            algorithms=[ALGORITHM],
            audience=audience,
            issuer=issuer,
            leeway=LEEWAY_SECONDS,
            options={"require": list(REQUIRED_CLAIMS), "verify_iat": not from_the_future},
        )
        claims = msgspec.convert(payload | {"kid": kid}, claims_type)
        # JSON can spell lone surrogates, which no database takes
        msgspec.json.encode(claims)
    except jwt.ExpiredSignatureError:
        raise TokenRefused("token_expired", "This access token has expired; refresh it.") from None
    except (jwt.PyJWTError, ValueError, OverflowError, RecursionError, binascii.Error):
        raise _refuse() from None
    return claims


def verify_access(token: str, keys: VerifyingKeys, *, issuer: str, audience: str) -> AccessClaims:
    """Return the claims of a genuine, living access token for `audience`; else raise TokenRefused.

    Costs one Ed25519 verification (0.1 to 0.3 ms): callers that see a token often keep the answer until `exp`.
    """
    claims = verify(token, keys, AccessClaims, token_type=ACCESS_TYPE, issuer=issuer, audience=audience)
    if not claims.sub or not claims.sid or not claims.jti or not is_wellformed(claims.username):
        raise _refuse()
    return claims
