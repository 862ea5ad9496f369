"""Access tokens, verified once and remembered until they expire."""

import time
from collections import OrderedDict
from collections.abc import Callable

from duologue.chat.access.keys import Keys
from duologue.chat.errors import Problem, key_withdrawn, session_ended, token_missing
from duologue.contract.claims import CHAT_AUDIENCE, AccessClaims, TokenRefused, verify_access

_REMEMBERED = 20_000


class Tokens:
    """Says who a bearer is. Only public keys are here: nothing in chat can make a token."""

    def __init__(self, issuer: str, keys: Keys, is_ended: Callable[[AccessClaims], bool]) -> None:
        self._issuer = issuer
        self._keys = keys
        self._is_ended = is_ended
        self._known: OrderedDict[str, AccessClaims] = OrderedDict()

    def remembered(self, token: str) -> AccessClaims | None:
        """Return the claims of a token that was verified before and still lives, as do its login and its key."""
        claims = self._known.get(token)
        if claims is None:
            return None
        if claims.exp <= time.time() or self.revoked(claims) is not None:
            del self._known[token]
            return None
        return claims

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
        self._known[token] = claims
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
