"""Forged, damaged and misused tokens, against the profile and against refreshing: 401 each, and never a 500."""

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.auth.conftest import Person, Service
from tests.rig.people import bearer, encoded, read_key, signed, unverified

Attack = Callable[[str, ed25519.Ed25519PrivateKey], str]
Attacked = Callable[[Attack, str], str]


def header(**changes: object) -> Attack:
    """Sign anew with a changed header; `...` takes a field out."""

    def attack(token: str, key: ed25519.Ed25519PrivateKey) -> str:
        heading, claims = unverified(token)
        return signed(key, changed(heading, changes), claims)

    return attack


def claims(**changes: object) -> Attack:
    """Sign anew with changed claims; `...` takes a claim out."""

    def attack(token: str, key: ed25519.Ed25519PrivateKey) -> str:
        heading, payload = unverified(token)
        return signed(key, heading, changed(payload, changes))

    return attack


def text(change: Callable[[str], str]) -> Attack:
    """Damage the token as it is written."""
    return lambda token, _key: change(token)


def changed(fields: dict[str, Any], changes: dict[str, object]) -> dict[str, Any]:
    return {name: value for name, value in (fields | changes).items() if value is not ...}


def with_public_key_as_secret(token: str, key: ed25519.Ed25519PrivateKey) -> str:
    heading, payload = unverified(token)
    head = f"{encoded(heading | {'alg': 'HS256'})}.{encoded(payload)}"
    secret = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return f"{head}.{encoded(hmac.digest(secret, head.encode(), hashlib.sha256))}"


def with_another_key(token: str, _key: ed25519.Ed25519PrivateKey) -> str:
    heading, payload = unverified(token)
    return signed(ed25519.Ed25519PrivateKey.generate(), heading, payload)


def with_rsa(token: str, _key: ed25519.Ed25519PrivateKey) -> str:
    heading, payload = unverified(token)
    return jwt.encode(payload, rsa.generate_private_key(65537, 2048), "RS256", headers=heading | {"alg": "RS256"})


def with_ecdsa(token: str, _key: ed25519.Ed25519PrivateKey) -> str:
    heading, payload = unverified(token)
    key = ec.generate_private_key(ec.SECP256R1())
    return jwt.encode(payload, key, "ES256", headers=heading | {"alg": "ES256"})


def duplicate_claims(token: str, key: ed25519.Ed25519PrivateKey) -> str:
    heading, payload = unverified(token)
    twice = json.dumps(payload)[:-1] + ', "sub": "1", "sub": null}'
    return signed(key, heading, twice.encode())


def nested(token: str, key: ed25519.Ed25519PrivateKey) -> str:
    return signed(key, unverified(token)[0], b"[" * 2500)


def flipped(token: str) -> str:
    head, _, signature = token.rpartition(".")
    middle = "A" if signature[40] != "A" else "B"
    return f"{head}.{signature[:40]}{middle}{signature[41:]}"


def respelled(token: str) -> str:
    """Change bits of the last character that carry nothing: the same signature, written otherwise."""
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    return token[:-1] + alphabet[alphabet.index(token[-1]) + 1]


def as_json(token: str) -> str:
    protected, payload, signature = token.split(".")
    return json.dumps({"protected": protected, "payload": payload, "signature": signature})


def jwe(token: str) -> str:
    heading = {"alg": "PBES2-HS512+A256KW", "enc": "A256GCM", "p2c": 2**31, "p2s": "AAAA"}
    return ".".join((encoded(heading), "AAAA", "AAAA", base64.urlsafe_b64encode(b"x" * 99).decode(), "AAAA"))


_NOW = int(time.time())

ATTACKS: dict[str, Attack] = {
    **{f"alg {alg!r}": header(alg=alg) for alg in ("none", "None", "noNE", "", ..., ["EdDSA"], "ES256", "HS256", 1)},
    "alg none, unsigned": text(lambda token: token.rpartition(".")[0] + "."),
    "HS256 with the public key": with_public_key_as_secret,
    "RS256": with_rsa,
    "ES256": with_ecdsa,
    "another key": with_another_key,
    **{
        f"kid {str(kid)[:20]!r}": header(kid=kid)
        for kid in ("../../dev/null", "' OR 1=1 --", "k" * 2000, 7, None, ..., ["x"], {"a": 1}, "", "\0")
    },
    "typ of nothing": header(typ="JWT"),
    "typ missing": header(typ=...),
    "typ a list": header(typ=["at+jwt"]),
    "crit": header(crit=["exp"]),
    "crit unknown": header(crit=["x-unknown"], **{"x-unknown": True}),
    "jku": header(jku="http://127.0.0.1:9/keys", kid="elsewhere"),
    "jwk": header(jwk={"kty": "OKP", "crv": "Ed25519", "x": "A" * 43}, kid="inside"),
    "x5u": header(x5u="http://127.0.0.1:9/cert", kid="elsewhere"),
    "exp missing": claims(exp=...),
    "exp past": claims(exp=_NOW - 3600),
    "exp text": claims(exp=str(_NOW + 3600)),
    "exp infinite": claims(exp=float("inf")),
    "exp huge": claims(exp=10**400),
    "exp null": claims(exp=None),
    "exp a list": claims(exp=[_NOW + 3600]),
    "nbf future": claims(nbf=_NOW + 3600),
    "iat future": claims(iat=_NOW + 3600),
    "iat text": claims(iat="now"),
    "iss missing": claims(iss=...),
    "iss other": claims(iss="somebody"),
    "iss a list": claims(iss=["duologue"]),
    "aud missing": claims(aud=...),
    "aud other": claims(aud="somebody"),
    "aud of chat alone": claims(aud="duologue-chat"),
    "aud a number": claims(aud=7),
    "sub missing": claims(sub=...),
    "sub a number": claims(sub=1),
    "sub null": claims(sub=None),
    "sub an object": claims(sub={"id": 1}),
    "sub text": claims(sub="alice"),
    "sub nobody": claims(sub="999999999"),
    "sub huge": claims(sub="9" * 400),
    "sid missing": claims(sid=...),
    "sid a number": claims(sid=1),
    "sid unknown": claims(sid="A" * 22),
    "sid null byte": claims(sid="\0"),
    "sid a surrogate": claims(sid="\ud800"),
    "jti missing": claims(jti=...),
    "jti a number": claims(jti=1),
    "duplicate claims": duplicate_claims,
    "nested deeply": nested,
    "no object": lambda token, key: signed(key, unverified(token)[0], b'"text"'),
    "not JSON": lambda token, key: signed(key, unverified(token)[0], b"\xff\xfe"),
    "header no object": lambda token, key: signed(key, ["EdDSA"], unverified(token)[1]),
    "signature stripped": text(lambda token: token.rpartition(".")[0]),
    "signature cut": text(lambda token: token[:-4]),
    "signature flipped": text(flipped),
    "signature respelled": text(respelled),
    "padding": text(lambda token: token + "=="),
    "space inside": text(lambda token: token.replace(".", ". ", 1)),
    "JSON serialization": text(as_json),
    "JWE with two milliard rounds": text(jwe),
    "one megabyte": text(lambda token: "a" * 60_000 + token),
    "dots": text(lambda _token: "." * 2000),
    "empty parts": text(lambda _token: ".."),
}


# of a refresh token: the clock may have been set back since
_NO_ATTACK = "iat future"
_NAMES = [name for name in ATTACKS if name != _NO_ATTACK]


@pytest.fixture
def attacked(service: Service) -> Attacked:
    """Return what makes an attack out of a genuine token, with the very key that signed it."""

    def make(attack: Attack, token: str) -> str:
        kid = unverified(token)[0]["kid"]
        return attack(token, read_key(service.settings.keys / f"{kid}.pem"))

    return make


@pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS.keys())
def test_no_forged_access_token_shows_a_profile(resident: Person, attacked: Attacked, attack: Attack) -> None:
    token = attacked(attack, resident.access)
    began = time.perf_counter()
    answer = resident.http.get("/api/users/profile/", headers=bearer(token))
    assert answer.status_code == 401, answer.text
    assert answer.json()["code"] in {"token_invalid", "token_expired", "session_ended", "token_missing"}
    assert time.perf_counter() - began < 2


@pytest.mark.parametrize("attack", [ATTACKS[name] for name in _NAMES], ids=_NAMES)
def test_no_forged_refresh_token_gets_an_access_token(resident: Person, attacked: Attacked, attack: Attack) -> None:
    token = attacked(attack, resident.refresh)
    answer = resident.http.post("/api/token/refresh/", json={"refresh": token})
    if len(token) > 4096:
        assert answer.json()["code"] == "validation_failed"
    else:
        assert (answer.status_code, answer.json()["code"]) == (401, "refresh_invalid")


@pytest.mark.parametrize("attack", [header(), claims(), claims(is_admin=True), claims(exp=_NOW + 3600)])
def test_a_token_signed_like_the_services_own_is_taken(resident: Person, attacked: Attacked, attack: Attack) -> None:
    # the attacks above fail for what they change, and not because of how they are made
    resident.access, resident.refresh = attacked(attack, resident.access), attacked(attack, resident.refresh)
    assert (resident.profile_code(), resident.refresh_code()) == ("ok", "ok")


@pytest.mark.parametrize(("skew", "expected"), [(-20, "ok"), (-40, "token_expired")])
def test_clocks_may_differ_by_half_a_minute(resident: Person, attacked: Attacked, skew: int, expected: str) -> None:
    resident.access = attacked(claims(exp=int(time.time()) + skew), resident.access)
    assert resident.profile_code() == expected


def test_a_refresh_token_from_before_the_clock_was_set_back_is_taken(resident: Person, attacked: Attacked) -> None:
    resident.refresh = attacked(ATTACKS[_NO_ATTACK], resident.refresh)
    assert resident.refresh_code() == "ok"


def test_a_refresh_token_is_no_access_token_and_the_other_way_round(resident: Person) -> None:
    resident.access, resident.refresh = resident.refresh, resident.access
    assert (resident.profile_code(), resident.refresh_code()) == ("token_invalid", "refresh_invalid")


def test_one_persons_login_does_not_carry_anothers_name(arrive: Callable[..., Person], attacked: Attacked) -> None:
    alice, bob = arrive(), arrive()
    alice.access = attacked(claims(sub=str(bob.user_id)), alice.access)
    assert alice.profile_code() == "session_ended"
    alice.refresh = attacked(claims(sub=str(bob.user_id)), alice.refresh)
    assert alice.refresh_code() == "refresh_invalid"


def test_of_two_refresh_tokens_of_a_login_only_the_stored_one_works(resident: Person, attacked: Attacked) -> None:
    resident.refresh = attacked(claims(jti="somebody-guessed-it"), resident.refresh)
    assert resident.refresh_code() == "refresh_invalid"


def test_a_bearer_of_two_tokens_is_nobody(resident: Person) -> None:
    answer = resident.http.get("/api/users/profile/", headers=bearer(f"{resident.access} {resident.access}"))
    assert answer.json()["code"] == "token_invalid"
    twice = [("authorization", f"Bearer {resident.access}")] * 2
    assert resident.http.get("/api/users/profile/", headers=twice).json()["code"] == "token_invalid"
