"""The walkthrough's rows 3 to 8, word for word."""

import threading
from collections.abc import Callable

import httpx
import jwt
import pytest

from tests.auth.conftest import PASSWORD, Person, unused_name
from tests.rig.people import bearer


def test_a_person_registers_logs_in_refreshes_and_logs_out(http: httpx.Client) -> None:
    name = unused_name("alice")
    body = {
        "username": name,
        "email": f"{name}@example.com",
        "password": PASSWORD,
        "first_name": "Alice",
        "last_name": "Wonder",
    }
    registered = http.post("/api/register/", json=body)
    assert registered.status_code == 201
    account = registered.json()
    assert account == {"id": account["id"], "username": name, "email": f"{name}@example.com"}

    logged_in = http.post("/api/login/", json={"username": name, "password": PASSWORD})
    assert logged_in.status_code == 200
    tokens = logged_in.json()
    assert set(tokens) == {"access", "refresh"}

    first = http.post("/api/token/refresh/", json={"refresh": tokens["refresh"]})
    second = http.post("/api/token/refresh/", json={"refresh": tokens["refresh"]})
    assert (first.status_code, second.status_code) == (200, 200)
    assert set(first.json()) == {"access"}
    access = second.json()["access"]
    assert access != tokens["access"]

    profile = http.get("/api/users/profile/", headers=bearer(access))
    assert (profile.status_code, profile.json()) == (200, account)

    out = http.post("/api/logout/", json={"refresh": tokens["refresh"]}, headers=bearer(access))
    assert out.status_code == 200
    assert http.post("/api/token/refresh/", json={"refresh": tokens["refresh"]}).status_code == 401
    assert http.get("/api/users/profile/", headers=bearer(access)).json()["code"] == "session_ended"


def test_refreshing_twice_at_once_works_twice(service: object, person: Person) -> None:
    answers: list[int] = []
    together = threading.Barrier(6)

    def send() -> None:
        with httpx.Client(base_url=person.http.base_url, trust_env=False) as client:
            together.wait()
            answers.append(client.post("/api/token/refresh/", json={"refresh": person.refresh}).status_code)

    threads = [threading.Thread(target=send) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [200] * 6


def test_the_access_token_is_what_the_services_agreed_on(person: Person) -> None:
    header = jwt.get_unverified_header(person.access)
    claims = jwt.decode(person.access, options={"verify_signature": False})
    assert (header["alg"], header["typ"]) == ("EdDSA", "at+jwt")
    assert claims["iss"] == "duologue"
    assert claims["aud"] == ["duologue-auth", "duologue-chat"]
    assert claims["sub"] == str(person.user_id)
    assert claims["username"] == person.username
    assert claims["exp"] - claims["iat"] == 600
    assert set(claims) == {"iss", "aud", "sub", "username", "sid", "jti", "iat", "exp"}


def test_the_refresh_token_is_stored_only_as_a_hash(person: Person) -> None:
    from duologue.auth.models import LoginSession  # noqa: PLC0415 - models need a prepared Django

    claims = jwt.decode(person.refresh, options={"verify_signature": False})
    assert (claims["aud"], jwt.get_unverified_header(person.refresh)["typ"]) == ("duologue-refresh", "refresh+jwt")
    row = LoginSession.objects.get(pk=claims["sid"])
    assert len(bytes(row.refresh_hash)) == 32
    for value in vars(row).values():
        assert claims["jti"] not in str(value)


def test_somebody_is_looked_up_without_case(arrive: Callable[..., Person]) -> None:
    alice, bob = arrive(), arrive()
    found = alice.http.get(f"/api/users/{bob.username.upper()}/", headers=alice.headers)
    assert found.json() == {"id": bob.user_id, "username": bob.username}


@pytest.mark.parametrize("name", ["nobody.at.all", "%00%00%00", "%ff%fe%fd", "ab", "x" * 300, "ﬁnn", "..-"])
def test_who_does_not_exist_is_not_found(person: Person, name: str) -> None:
    answer = person.http.get(f"/api/users/{name}/", headers=person.headers)
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


def test_a_stranger_looks_up_nobody(http: httpx.Client, person: Person) -> None:
    answer = http.get(f"/api/users/{person.username}/")
    assert (answer.status_code, answer.json()["code"]) == (401, "token_missing")
    assert http.get("/api/users/profile/").json()["code"] == "token_missing"
