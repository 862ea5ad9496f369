"""Signs tokens as auth does, for tests of what only reads them."""

import time
from collections.abc import Mapping
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from duologue.contract.keys import Jwk, VerifyingKeys, read_jwks, to_jwk, to_jwks
from tests.rig.people import signed


class Issuer:
    """A set of signing keys by `kid`."""

    def __init__(self, *kids: str) -> None:
        self.private = {kid: Ed25519PrivateKey.generate() for kid in kids or ("k1",)}

    def jwks(self) -> bytes:
        """Return the published document."""
        return to_jwks(self.jwk(kid) for kid in self.private)

    def jwk(self, kid: str) -> Jwk:
        """Return one published key."""
        return to_jwk(kid, self.private[kid].public_key())

    def keys(self) -> VerifyingKeys:
        """Return what a reader of the document verifies with."""
        return read_jwks(self.jwks())

    def token(
        self,
        username: str = "alice",
        *,
        kid: str = "k1",
        lives: float = 600,
        header: Mapping[str, Any] | None = None,
        **claims: Any,
    ) -> str:
        """Return an access token; a claim of `...` is left out."""
        now = int(time.time())
        payload = {
            "iss": "duologue", "aud": ["duologue-auth", "duologue-chat"], "sub": "1", "username": username,
            "sid": "session", "jti": "token", "iat": now, "exp": int(now + lives),
        } | claims  # fmt: skip
        kept = {name: value for name, value in payload.items() if value is not ...}
        heading = {"alg": "EdDSA", "typ": "at+jwt", "kid": kid} | dict(header or {})
        return signed(self.private[kid], heading, kept)
