"""What is true of access tokens holds for refresh tokens: forged, misdirected and ended ones renew nothing."""

import time
from typing import Any

import httpx
import pytest

from tests.rig.people import Person, forge, unverified
from tests.rig.server import RunningServer
from tests.security.forgeries import ALGORITHMS, KEYS, SIGNATURES, SPELLINGS
from tests.security.forging import Forgery, claims

_VALUES: tuple[Any, ...] = (..., None, "other", 7, [])
WRONG: dict[str, Forgery] = {
    **ALGORITHMS,
    **{name: forgery for name, forgery in KEYS.items() if name != "typ-'refresh+jwt'"},
    **SIGNATURES,
    **SPELLINGS,
    "typ-at+jwt": lambda person: forge(person, header={"typ": "at+jwt"}),
    "expired": lambda person: forge(person, exp=int(time.time()) - 40),
    **{
        f"{name}-{value!r}": claims(**{name: value})
        for name in ("iss", "aud", "sub", "sid", "jti", "exp")
        for value in _VALUES
        if (name, value) != ("exp", 7)
    },
    "aud-of-access": claims(aud=["duologue-auth", "duologue-chat"]),
    "sub-of-somebody": claims(sub="1"),
}


@pytest.fixture(scope="module")
def renewing(server: RunningServer) -> Person:
    """Somebody whose refresh token stands where the forgeries look for a token."""
    Person.arrive(server, "first")
    alice = Person.arrive(server, "alice")
    alice.token, alice.refresh_token = alice.refresh_token, alice.token
    return alice


def renew(person: Person, token: str) -> httpx.Response:
    return person.http.post("/api/token/refresh/", json={"refresh": token})


@pytest.mark.parametrize("forgery", WRONG.values(), ids=WRONG)
def test_renews_nothing(renewing: Person, forgery: Forgery) -> None:
    token = forgery(renewing)
    answer = renew(renewing, token)
    if len(token) > 4096:
        assert (answer.status_code, answer.json()["code"]) == (400, "validation_failed")
    else:
        assert (answer.status_code, answer.json()["code"]) == (401, "refresh_invalid")


def test_the_control_renews(renewing: Person) -> None:
    for token in (renewing.token, forge(renewing)):
        answer = renew(renewing, token)
        assert answer.status_code == 200
        assert set(answer.json()) == {"access"}
        _, said = unverified(answer.json()["access"])
        assert said["sub"] == str(renewing.user_id)


def test_a_refresh_token_of_an_ended_login_renews_nothing(server: RunningServer) -> None:
    leaver = Person.arrive(server, "leaver")
    assert renew(leaver, leaver.refresh_token).status_code == 200
    leaver.log_out()
    answer = renew(leaver, leaver.refresh_token)
    assert (answer.status_code, answer.json()["code"]) == (401, "refresh_invalid")
    # another login of theirs is another login
    leaver.log_in()
    assert renew(leaver, leaver.refresh_token).status_code == 200


def test_nobody_ends_the_login_of_another(server: RunningServer) -> None:
    victim, attacker = Person.arrive(server, "victim"), Person.arrive(server, "attacker")
    answer = attacker.http.post("/api/logout/", json={"refresh": victim.refresh_token}, headers=attacker.headers)
    assert (answer.status_code, answer.json()["code"]) == (401, "refresh_invalid")
    assert renew(victim, victim.refresh_token).status_code == 200
