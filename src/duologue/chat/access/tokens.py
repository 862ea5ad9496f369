"""Access tokens, verified once and remembered until they expire."""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from types import MappingProxyType

from duologue.chat.errors import Problem, auth_unavailable, session_ended, token_missing
from duologue.contract.claims import CHAT_AUDIENCE, AccessClaims, TokenRefused, verify_access
from duologue.contract.keys import VerifyingKeys

_REMEMBERED = 20_000
# an attacker who invents key ids makes us ask auth this often and no oftener
_SECONDS_BETWEEN_FETCHES = 5.0
_SECONDS_UNTIL_RETRY = 0.5


class Tokens:
    """Says who a bearer is. Only public keys are here: nothing in chat can make a token."""

    def __init__(
        self,
        issuer: str,
        fetch_keys: Callable[[], Awaitable[VerifyingKeys]],
        is_ended: Callable[[AccessClaims], bool],
    ) -> None:
        self._issuer = issuer
        self._fetch_keys = fetch_keys
        self._is_ended = is_ended
        self._keys: VerifyingKeys = MappingProxyType({})
        self._fetch_again_at = 0.0
        self._fetching = asyncio.Lock()
        self._known: OrderedDict[str, AccessClaims] = OrderedDict()

    def remembered(self, token: str) -> AccessClaims | None:
        """Return the claims of a token that was verified before and still lives, as does its login."""
        claims = self._known.get(token)
        if claims is None:
            return None
        if claims.exp <= time.time() or self._is_ended(claims):
            del self._known[token]
            return None
        return claims

    async def verify(self, token: str) -> AccessClaims:
        """Return the claims of a genuine, living token; raise Problem 401, or `auth_unavailable` without any keys."""
        known = self.remembered(token)
        if known is not None:
            return known
        try:
            claims = await self._verify_with_fresh_keys(token)
        except TokenRefused as refused:
            raise Problem(401, refused.code, refused.detail) from None
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
            if refused.unknown_kid is None or not await self._refresh_keys(refused.unknown_kid):
                raise
        return self._verify(token)

    def _verify(self, token: str) -> AccessClaims:
        return verify_access(token, self._keys, issuer=self._issuer, audience=CHAT_AUDIENCE)

    async def _refresh_keys(self, kid: str) -> bool:
        async with self._fetching:
            if kid in self._keys:
                return True
            if time.monotonic() < self._fetch_again_at:
                if not self._keys:
                    raise auth_unavailable()
                return False
            try:
                self._keys = await self._fetch_keys()
            except Problem:
                # with keys in hand auth may be away: what we cannot place is refused, all others get in
                if not self._keys:
                    # those who waited behind us must not each wait for auth in turn
                    self._fetch_again_at = time.monotonic() + _SECONDS_UNTIL_RETRY
                    raise
            self._fetch_again_at = time.monotonic() + _SECONDS_BETWEEN_FETCHES
            return kid in self._keys


def bearer(authorization: str | None) -> str:
    """Return the token of an `Authorization` header; raise Problem `token_missing`."""
    if authorization is not None:
        scheme, _, token = authorization.partition(" ")
        if scheme.lower() == "bearer" and token.strip():
            return token.strip()
    raise token_missing()
