"""Access tokens: what is believed and what is not. (The attacks on JWT as such are in tests/security.)"""

import string
import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from duologue.contract.claims import (
    CHAT_AUDIENCE,
    LEEWAY_SECONDS,
    REQUIRED_CLAIMS,
    AccessClaims,
    TokenRefused,
    verify_access,
)
from tests.rig.issuer import Issuer

ISSUER = Issuer("k1", "k2")
KEYS = ISSUER.keys()
IN_AN_HOUR = int(time.time()) + 3600
CHARACTERS = string.ascii_letters + string.digits + "-_.="


def verified(token: str) -> AccessClaims:
    return verify_access(token, KEYS, issuer="duologue", audience=CHAT_AUDIENCE)


def refused(token: str) -> TokenRefused:
    with pytest.raises(TokenRefused) as caught:
        verified(token)
    return caught.value


def test_a_genuine_token_says_who_it_is() -> None:
    claims = verified(ISSUER.token("alice", sub="7", sid="s1", jti="j1", kid="k2"))
    assert (claims.sub, claims.username, claims.sid, claims.jti) == ("7", "alice", "s1", "j1")
    assert claims.exp - claims.iat == 600


@pytest.mark.parametrize("claim", [*REQUIRED_CLAIMS, "username"])
def test_every_claim_is_required(claim: str) -> None:
    without: dict[str, Any] = {claim: ...}
    assert refused(ISSUER.token(**without)).code == "token_invalid"


@pytest.mark.parametrize(
    "wrong",
    [
        {"iss": "somebody"}, {"iss": ["duologue"]}, {"aud": "duologue-auth"}, {"aud": []}, {"aud": "duologue-refresh"},
        {"sub": 7}, {"sub": ""}, {"sid": ""}, {"sid": None}, {"username": "Alice"}, {"username": "al"},
        {"username": "alice\n"}, {"username": ["alice"]}, {"exp": "soon"}, {"exp": 10**30}, {"exp": -1},
        {"iat": IN_AN_HOUR}, {"nbf": IN_AN_HOUR}, {"iat": "now"}, {"jti": 5},
    ],
    # without the time of day
    ids=lambda wrong: str(wrong).replace(str(IN_AN_HOUR), "in an hour"),
)  # fmt: skip
def test_a_claim_with_another_value_is_refused(wrong: dict[str, Any]) -> None:
    assert refused(ISSUER.token(**wrong)).code in ("token_invalid", "token_expired")


@pytest.mark.parametrize(
    "header",
    [{"typ": "JWT"}, {"typ": "refresh+jwt"}, {"kid": 1}, {"crit": ["exp"]}, {"alg": "none"}, {"alg": "HS256"}],
    ids=str,
)
def test_another_header_is_refused_without_a_look_at_the_keys(header: dict[str, Any]) -> None:
    assert refused(ISSUER.token(header=header)).unknown_kid is None


def test_time_is_kept_with_a_little_patience() -> None:
    assert verified(ISSUER.token(lives=-LEEWAY_SECONDS + 5))
    late = refused(ISSUER.token(lives=-LEEWAY_SECONDS - 5))
    assert (late.code, late.unknown_kid) == ("token_expired", None)


def test_an_unknown_key_is_named_so_that_newer_keys_can_be_fetched() -> None:
    stranger = refused(Issuer("k9").token(kid="k9"))
    assert (stranger.code, stranger.unknown_kid) == ("token_invalid", "k9")


def test_every_forgery_hears_the_same_sentence() -> None:
    details = {
        refused(token).detail
        for token in ("x", ISSUER.token(iss="x"), Issuer("k1").token(), Issuer("k9").token(kid="k9"), "a.b.c", "")
    }
    assert len(details) == 1


@settings(max_examples=300)
@given(st.data())
def test_no_character_can_be_changed(data: st.DataObject) -> None:
    """One spelling only: not even a bit that a decoder would pass over."""
    token = ISSUER.token(jti="fixed", iat=int(time.time()), exp=int(time.time()) + 600)
    position = data.draw(st.integers(0, len(token) - 1))
    other = data.draw(st.sampled_from([c for c in CHARACTERS if c != token[position]]))
    refused(token[:position] + other + token[position + 1 :])


@given(st.text(max_size=300))
def test_noise_is_refused(noise: str) -> None:
    assert refused(noise).code == "token_invalid"


@given(
    st.text(CHARACTERS, max_size=60), st.text(CHARACTERS, max_size=60), st.text(CHARACTERS, min_size=80, max_size=90)
)
def test_noise_in_the_shape_of_a_token_is_refused(head: str, payload: str, signature: str) -> None:
    assert refused(f"{head}.{payload}.{signature}").code == "token_invalid"


def test_size_is_bounded_before_anything_is_parsed() -> None:
    assert refused(ISSUER.token(more="x" * 5000)).code == "token_invalid"
