"""Public keys: the JWKS document (RFC 7517, RFC 8037) that auth publishes and chat verifies with."""

import secrets
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from types import MappingProxyType

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from jwt.utils import base64url_decode, base64url_encode

ALGORITHM = "EdDSA"

_MADE_AT = "%Y%m%dT%H%M%S%fZ"


def new_key_id() -> str:
    """Return the id of a key that is made now: ids are in the order of time, and nobody can guess one."""
    return f"{datetime.now(UTC):{_MADE_AT}}-{secrets.token_hex(4)}"


def made_at(kid: str) -> float | None:
    """Return when a key was made, by its id, in seconds since the epoch; None for an id of another form."""
    try:
        return datetime.strptime(kid.partition("-")[0], _MADE_AT).replace(tzinfo=UTC).timestamp()
    except ValueError:
        return None


class Jwk(msgspec.Struct, frozen=True):
    """One Ed25519 public key."""

    kid: str
    x: str
    kty: str = "OKP"
    crv: str = "Ed25519"
    alg: str = ALGORITHM
    use: str = "sig"


class JwkSet(msgspec.Struct, frozen=True):
    """The document at `/.well-known/jwks.json`."""

    keys: list[Jwk]


VerifyingKeys = Mapping[str, Ed25519PublicKey]


class KeysUnreadableError(ValueError):
    """The document is not a JWKS."""


def to_jwk(kid: str, key: Ed25519PublicKey) -> Jwk:
    """Return the published form of a key."""
    raw = key.public_bytes(Encoding.Raw, PublicFormat.Raw)
    return Jwk(kid=kid, x=base64url_encode(raw).decode())


def to_jwks(keys: Iterable[Jwk]) -> bytes:
    """Return the JWKS document."""
    return msgspec.json.encode(JwkSet(keys=list(keys)))


class _AnyJwk(msgspec.Struct, frozen=True):
    kid: str = ""
    kty: str = ""
    crv: str = ""
    alg: str = ""
    x: str = ""


class _AnyJwkSet(msgspec.Struct, frozen=True):
    keys: list[_AnyJwk]


def read_jwks(document: bytes) -> VerifyingKeys:
    """Return the Ed25519 keys of a JWKS by `kid`; keys of other kinds are passed over. Raise KeysUnreadableError."""
    try:
        entries = msgspec.json.decode(document, type=_AnyJwkSet).keys
        keys = {
            entry.kid: Ed25519PublicKey.from_public_bytes(base64url_decode(entry.x))
            for entry in entries
            if entry.kid and (entry.kty, entry.crv) == ("OKP", "Ed25519") and entry.alg in ("", ALGORITHM)
        }
    except ValueError as error:
        raise KeysUnreadableError("this is not a JSON Web Key Set") from error
    return MappingProxyType(keys)
