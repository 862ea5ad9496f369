"""Access tokens, verified once and remembered until they expire."""

import time
from collections import OrderedDict
from collections.abc import Callable
from typing import NamedTuple

from duologue.chat.access.keys import Keys
from duologue.chat.errors import Problem, key_withdrawn, session_ended, token_missing
from duologue.contract.claims import CHAT_AUDIENCE, AccessClaims, TokenRefused, verify_access

_REMEMBERED = 20_000


class End:
    """When a token's life ends that was found good now: by the clock on the wall, or by another that nobody sets.

    The first alone would let it live on by as much as it is set back.
    """

    __slots__ = ("_by_the_wall", "_steady")

    def __init__(self, claims: AccessClaims) -> None:
        self._by_the_wall = claims.exp
        self._steady = time.monotonic() + claims.exp - max(time.time(), claims.iat)

    def seconds_left(self) -> float:
        """Return how long it lives on; 0 or less when it has ended."""
        return min(self._by_the_wall - time.time(), self._steady - time.monotonic())

    def has_come(self) -> bool:
        """Tell whether it has ended."""
        return self.seconds_left() <= 0


class _Known(NamedTuple):
    claims: AccessClaims
    end: End


class Tokens:
    """Says who a bearer is. Only public keys are here: nothing in chat can make a token."""

    def __init__(self, issuer: str, keys: Keys, is_ended: Callable[[AccessClaims], bool]) -> None:
        self._issuer = issuer
        self._keys = keys
        self._is_ended = is_ended
        self._known: OrderedDict[str, _Known] = OrderedDict()

    def remembered(self, token: str) -> AccessClaims | None:
        """Return the claims of a token that was verified before and still lives, as do its login and its key."""
        known = self._known.get(token)
        if known is None:
            return None
        if known.end.has_come() or self.revoked(known.claims) is not None:
            del self._known[token]
            return None
        return known.claims

    async def verify(self, token: str) -> AccessClaims:
        """Return the claims of a genuine, living token; raise Problem 401.

        Raise Problem `auth_unavailable` when its key is not known and auth cannot be asked now.
        """
        known = self.remembered(token)
        if known is not None:
            return known
        try:
            claims = await self._verify_with_fresh_keys(token)
        except TokenRefused as refused:
            raise Problem(401, refused.code, refused.detail) from None
        return self._remember(token, claims)

    def recognised(self, token: str) -> AccessClaims | None:
        """Return the claims of a token that is good by what is known here; nobody is asked."""
        known = self.remembered(token)
        if known is not None:
            return known
        try:
            return self._remember(token, self._verify(token))
        except (TokenRefused, Problem):
            return None

    def revoked(self, claims: AccessClaims) -> Problem | None:
        """Return why a token that was good is so no longer, although it has not expired; None when it still is."""
        if claims.kid not in self._keys.known:
            return key_withdrawn()
        return session_ended() if self._is_ended(claims) else None

    def _remember(self, token: str, claims: AccessClaims) -> AccessClaims:
        if self._is_ended(claims):
            raise session_ended()
        if len(self._known) >= _REMEMBERED:
            self._known.popitem(last=False)
        self._known[token] = _Known(claims, End(claims))
        return claims

    async def _verify_with_fresh_keys(self, token: str) -> AccessClaims:
        try:
            return self._verify(token)
        except TokenRefused as refused:
            if refused.unknown_kid is None or not await self._keys.look_for(refused.unknown_kid):
                raise
        return self._verify(token)

    def _verify(self, token: str) -> AccessClaims:
        return verify_access(token, self._keys.known, issuer=self._issuer, audience=CHAT_AUDIENCE)


def bearer(authorization: str | None) -> str:
    """Return the token of an `Authorization` header; raise Problem `token_missing`."""
    if authorization is not None:
        scheme, _, token = authorization.partition(" ")
        if scheme.lower() == "bearer" and token.strip():
            return token.strip()
    raise token_missing()
