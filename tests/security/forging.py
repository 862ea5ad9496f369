"""Ways to make a token that must not work: each takes somebody's good token apart and puts it together wrongly.

Most carry a genuine signature of the server's own key over wrong contents, so that nothing but the check that is meant
can refuse them.
"""

import hashlib
import hmac
import json
import time
from collections.abc import Callable
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from jwt.utils import base64url_decode, base64url_encode, der_to_raw_signature

from tests.rig.people import Person, encoded, forge, signed, signing_key, unverified

Forgery = Callable[[Person], str]

MINE = Ed25519PrivateKey.generate()
_MY_RSA = rsa.generate_private_key(65537, 2048)
_MY_EC = ec.generate_private_key(ec.SECP256R1())
# the order of Ed25519's group: a signature's second half plus this satisfies a verifier that forgets to reduce
_ORDER = 2**252 + 27742317777372353535851937790883648493


def parts(person: Person) -> tuple[str, str, str]:
    head, body, signature = person.token.split(".")
    return head, body, signature


def headed(**changes: Any) -> Forgery:
    """A genuine signature under another header."""
    return lambda person: forge(person, header=changes)


def claims(**changes: Any) -> Forgery:
    """A genuine signature over other claims."""
    return lambda person: forge(person, **changes)


def later(claim: str, seconds: float) -> Forgery:
    def make(person: Person) -> str:
        return claims(**{claim: int(time.time() + seconds)})(person)

    return make


def unsigned(alg: Any, keep_signature: bool = False) -> Forgery:
    def make(person: Person) -> str:
        header, _ = unverified(person.token)
        _, body, signature = parts(person)
        return f"{encoded(header | {'alg': alg})}.{body}.{signature if keep_signature else ''}"

    return make


def hmac_signed(secret: Callable[[Person], bytes], alg: str = "HS256") -> Forgery:
    """The oldest trick: the public key as a shared secret."""

    def make(person: Person) -> str:
        header, claims = unverified(person.token)
        head = f"{encoded(header | {'alg': alg})}.{encoded(claims)}"
        digest = {"HS256": hashlib.sha256, "HS384": hashlib.sha384, "HS512": hashlib.sha512}[alg]
        return f"{head}.{encoded(hmac.new(secret(person), head.encode(), digest).digest())}"

    return make


def public(encoding: Encoding, shape: PublicFormat) -> Callable[[Person], bytes]:
    return lambda person: signing_key(person.server).public_key().public_bytes(encoding, shape)


def foreign(alg: str, sign: Callable[[bytes], bytes], **header: Any) -> Forgery:
    """The server's claims, signed by a key of the attacker's."""

    def make(person: Person) -> str:
        heading, claims = unverified(person.token)
        fields = {name: value for name, value in (heading | {"alg": alg} | header).items() if value is not ...}
        head = f"{encoded(fields)}.{encoded(claims)}"
        return f"{head}.{encoded(sign(head.encode()))}"

    return make


def rs256(data: bytes) -> bytes:
    return _MY_RSA.sign(data, padding.PKCS1v15(), hashes.SHA256())


def ps256(data: bytes) -> bytes:
    return _MY_RSA.sign(data, padding.PSS(padding.MGF1(hashes.SHA256()), 32), hashes.SHA256())


def es256(data: bytes) -> bytes:
    return der_to_raw_signature(_MY_EC.sign(data, ec.ECDSA(hashes.SHA256())), _MY_EC.curve)


def my_jwk(kid: str = "mine") -> dict[str, str]:
    """Return the attacker's public key."""
    x = base64url_encode(MINE.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)).decode()
    return {"kty": "OKP", "crv": "Ed25519", "kid": kid, "x": x, "alg": "EdDSA", "use": "sig"}


def signature(change: Callable[[bytes], bytes]) -> Forgery:
    def make(person: Person) -> str:
        head, body, signature = parts(person)
        return f"{head}.{body}.{encoded(change(base64url_decode(signature)))}"

    return make


def spelled(change: Callable[[str, str, str], str]) -> Forgery:
    return lambda person: change(*parts(person))


def raw_claims(claims: Callable[[dict[str, Any]], bytes]) -> Forgery:
    """A genuine signature over a payload that is spelled by hand."""

    def make(person: Person) -> str:
        header, payload = unverified(person.token)
        return signed(signing_key(person.server), header, claims(payload))

    return make


def replaced(**texts: str) -> Forgery:
    """A genuine signature over claims with some values spelled by hand."""

    def spell(payload: dict[str, Any]) -> bytes:
        kept = {name: json.dumps(value) for name, value in payload.items()} | texts
        return ("{" + ",".join(f'"{name}":{value}' for name, value in kept.items()) + "}").encode()

    return raw_claims(spell)


def header_bytes(header: bytes) -> Forgery:
    return lambda person: signed(signing_key(person.server), header, unverified(person.token)[1])


def doubled(name: str, second: str) -> Forgery:
    return raw_claims(lambda payload: json.dumps(payload).encode()[:-1] + f',"{name}":{second}}}'.encode())


def flip(at: int) -> Callable[[bytes], bytes]:
    return lambda raw: raw[:at] + bytes([raw[at] ^ 1]) + raw[at + 1 :]


def unreduced(raw: bytes) -> bytes:
    return raw[:32] + (int.from_bytes(raw[32:], "little") + _ORDER).to_bytes(32, "little")


def next_spelling(signature: str) -> str:
    """Return the same bytes in other characters: the last one carries bits that decoders pass over."""
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    other = signature[:-1] + alphabet[alphabet.index(signature[-1]) + 1]
    assert base64url_decode(other) == base64url_decode(signature)
    return other


def json_serialized(head: str, body: str, signature: str) -> str:
    return json.dumps({"payload": body, "signatures": [{"protected": head, "signature": signature}]})
