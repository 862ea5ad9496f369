"""The JWKS document."""

import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from duologue.contract.keys import KeysUnreadableError, made_at, new_key_id, read_jwks
from tests.rig.issuer import Issuer


def test_what_auth_publishes_chat_reads() -> None:
    issuer = Issuer("k1", "k2")
    keys = read_jwks(issuer.jwks())
    assert {kid: key.public_bytes_raw() for kid, key in keys.items()} == {
        kid: key.public_key().public_bytes_raw() for kid, key in issuer.private.items()
    }


def test_the_document_is_public_and_complete() -> None:
    issuer = Issuer("k1")
    document = json.loads(issuer.jwks())
    assert list(document) == ["keys"]
    [key] = document["keys"]
    x = key.pop("x")
    assert key == {"kid": "k1", "kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "use": "sig"}
    assert len(x) == 43
    assert issuer.private["k1"].private_bytes_raw() not in issuer.jwks()


def test_keys_of_other_kinds_are_passed_over() -> None:
    document = json.loads(Issuer("k1").jwks())
    document["keys"] += [
        {"kid": "rsa", "kty": "RSA", "n": "AQAB", "e": "AQAB"},
        {"kid": "p256", "kty": "EC", "crv": "P-256", "x": "AQ", "y": "AQ"},
        {"kid": "x25519", "kty": "OKP", "crv": "X25519", "x": document["keys"][0]["x"]},
        {"kid": "other", **{k: v for k, v in document["keys"][0].items() if k != "kid"}, "alg": "HS256"},
        {k: v for k, v in document["keys"][0].items() if k != "kid"},
    ]
    assert set(read_jwks(json.dumps(document).encode())) == {"k1"}


@pytest.mark.parametrize(
    "document",
    [
        b"",
        b"[]",
        b"null",
        b"{}",
        b'{"keys":{}}',
        b'{"keys":[1]}',
        b'{"keys":[{"kid":1}]}',
        b"\xff\xfe",
        b'{"keys":[{"kid":"k","kty":"OKP","crv":"Ed25519","x":"AQ"}]}',
        b'{"keys":[{"kid":"k","kty":"OKP","crv":"Ed25519","x":"!"}]}',
        '{"keys":[{"kid":"k","kty":"OKP","crv":"Ed25519","x":"é"}]}'.encode(),
    ],
)
def test_anything_else_is_unreadable(document: bytes) -> None:
    with pytest.raises(KeysUnreadableError):
        read_jwks(document)


@given(st.binary(max_size=200))
def test_noise_is_unreadable_and_nothing_worse(document: bytes) -> None:
    with pytest.raises(KeysUnreadableError):
        read_jwks(document)


def test_the_keys_cannot_be_changed() -> None:
    with pytest.raises(TypeError):
        read_jwks(Issuer("k1").jwks())["k2"] = None  # type: ignore[index]  # that is what is tested


def test_a_key_id_says_when_it_was_made_and_comes_after_those_before() -> None:
    began = time.time()
    ids = [new_key_id() for _ in range(20)]
    assert len({kid.partition("-")[2] for kid in ids}) == 20
    for kid in ids:
        made = made_at(kid)
        assert made is not None
        assert began - 0.001 <= made <= time.time() + 0.001


@pytest.mark.parametrize("kid", ["", "k1", "-", "../../x", "20261301T000000000000Z-ab", "\ud800", "9" * 4000])
def test_other_ids_say_nothing(kid: str) -> None:
    assert made_at(kid) is None
