"""Logging in: who may, what it costs, and what a failure tells."""

from collections.abc import Callable

import httpx
import pytest

from tests.auth.conftest import PASSWORD, Person, Service, unused_name
from tests.auth.queries import queries_of


def log_in(http: httpx.Client, username: str, password: str) -> httpx.Response:
    return http.post("/api/login/", json={"username": username, "password": password})


def test_the_username_is_taken_without_case(person: Person) -> None:
    assert log_in(person.http, person.username.upper(), PASSWORD).status_code == 200


def test_every_failure_is_the_same_answer_for_the_same_work(
    arrive: Callable[..., Person], count_hashes: list[str]
) -> None:
    person, inactive, passwordless = arrive(), arrive(), arrive()
    account = inactive.account
    account.is_active = False
    account.save()
    account = passwordless.account
    account.set_unusable_password()
    account.save()
    attempts = {
        "wrong password": (person.username, "Wrong-Password-1"),
        "unknown": (unused_name("nobody"), PASSWORD),
        "no username at all": ("no such name, ever", PASSWORD),
        "deactivated, right": (inactive.username, PASSWORD),
        "deactivated, wrong": (inactive.username, "Wrong-Password-1"),
        "no password set": (passwordless.username, PASSWORD),
    }
    answers, work = {}, {}
    for name, (username, password) in attempts.items():
        count_hashes.clear()
        answer = log_in(person.http, username, password)
        answers[name] = (answer.status_code, answer.content)
        work[name] = len(count_hashes)
    assert set(work.values()) == {1}, work
    assert len(set(answers.values())) == 1, answers
    assert answers["unknown"][0] == 401
    assert b"invalid_credentials" in answers["unknown"][1]
    # not vacuous: the same answer is not the answer to a right password
    assert log_in(person.http, person.username, PASSWORD).status_code == 200


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({}, {"username", "password"}),
        ({"username": "", "password": ""}, {"username", "password"}),
        ({"username": "alice"}, {"password"}),
        ({"username": 1, "password": {"$ne": ""}}, {"username", "password"}),
        ({"username": "alice\0", "password": "x"}, {"username"}),
        ({"username": "x" * 151, "password": "x"}, {"username"}),
        ({"username": "alice", "password": "x" * 1025}, {"password"}),
        ({"username": "alice", "password": "å" * 513}, {"password"}),
    ],
)
def test_what_cannot_be_right_is_refused_before_any_work(
    http: httpx.Client, count_hashes: list[str], body: dict[str, object], fields: set[str]
) -> None:
    answer = http.post("/api/login/", json=body)
    assert (answer.status_code, answer.json()["code"]) == (400, "validation_failed")
    assert set(answer.json()["errors"]) == fields
    assert count_hashes == []


@pytest.mark.parametrize(
    "costs", ["m=2147483648,t=2,p=1", "m=19456,t=4294967295,p=1", "m=19456,t=2,p=16777215", "m=nonsense", ""]
)
def test_a_stored_hash_cannot_say_that_checking_it_takes_the_machine(person: Person, costs: str) -> None:
    from duologue.auth.models import User  # noqa: PLC0415 - models need a prepared Django

    stored = person.account.password
    algorithm, variety, version, _, salt, digest = stored.split("$")
    hostile = "$".join((algorithm, variety, version, costs, salt, digest))
    User.objects.filter(pk=person.user_id).update(password=hostile)
    assert log_in(person.http, person.username, PASSWORD).json()["code"] == "invalid_credentials"
    User.objects.filter(pk=person.user_id).update(password=stored)
    assert log_in(person.http, person.username, PASSWORD).status_code == 200


def test_the_hash_is_argon2id_with_the_agreed_costs(person: Person) -> None:
    assert person.account.password.startswith("argon2$argon2id$v=19$m=19456,t=2,p=1$")


def test_a_cheaper_hash_is_renewed_and_ends_no_login(person: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    from duologue.auth.hashing import PasswordHasher  # noqa: PLC0415 - as above

    with monkeypatch.context() as patch:
        patch.setattr(PasswordHasher, "time_cost", 1)
        account = person.account
        account.set_password(PASSWORD)
        account.save()
    assert "t=1" in person.account.password
    person.log_in()
    assert "t=2" in person.account.password
    assert person.profile_code() == "ok"


def test_a_login_takes_few_queries_and_one_commit(person: Person) -> None:
    queries = queries_of("POST", "/api/login/", {"username": person.username, "password": PASSWORD})
    assert len(queries) <= 7, queries
    assert [query for query in queries if query == "COMMIT"] == ["COMMIT"]


def test_a_look_at_the_profile_takes_one_query_and_a_refresh_too(person: Person) -> None:
    assert len(queries_of("GET", "/api/users/profile/", token=person.access)) == 1
    assert len(queries_of("POST", "/api/token/refresh/", {"refresh": person.refresh})) == 1


def test_no_cookie_comes_with_our_own_endpoints(service: Service, person: Person) -> None:
    with httpx.Client(base_url=service.url, trust_env=False) as client:
        answers = [
            log_in(client, person.username, PASSWORD),
            client.get("/api/users/profile/", headers=person.headers),
            client.post("/api/register/", json={}),
        ]
    assert [answer.headers.get("set-cookie") for answer in answers] == [None] * 3
