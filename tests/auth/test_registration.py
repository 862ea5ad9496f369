"""Who may register, and under which name."""

import threading
from collections import Counter
from collections.abc import Callable

import httpx
import pytest

from tests.auth.conftest import PASSWORD, Person, Service, unused_name
from tests.auth.queries import queries_of


def register(http: httpx.Client, **fields: object) -> httpx.Response:
    name = unused_name()
    body = {"username": name, "email": f"{name}@example.com", "password": PASSWORD, **fields}
    return http.post("/api/register/", json=body)


def refused_fields(answer: httpx.Response) -> set[str]:
    assert (answer.status_code, answer.json()["code"]) == (400, "validation_failed"), answer.text
    return set(answer.json()["errors"])


@pytest.mark.parametrize("username", ["abc", "a.b-c_9", "x" * 30, "...", "0123"])
def test_wellformed_usernames_can_be_had(http: httpx.Client, username: str) -> None:
    assert register(http, username=username).status_code == 201


@pytest.mark.parametrize(
    "username",
    [
        *(
            "",
            "ab",
            "x" * 31,
            "with space",
            "näme",
            "a/b",
            "a@b",
            "abc\n",
            "\u212aate",
            "ﬁnn",
            "abc\0",
            " abc",
            "a" * 60_000,
        ),
        *("admin", "ROOT", "system", "support", "duologue", "me", "profile"),
    ],
)
def test_malformed_and_reserved_usernames_cannot(http: httpx.Client, username: str) -> None:
    assert refused_fields(register(http, username=username)) == {"username"}


def test_usernames_are_folded(http: httpx.Client) -> None:
    name = unused_name("MiXed")
    assert register(http, username=name).json()["username"] == name.lower()
    assert refused_fields(register(http, username=name.upper())) == {"username"}


def test_twenty_at_once_cannot_share_a_name(service: Service) -> None:
    name = unused_name("race")
    statuses: list[int] = []
    fields: list[set[str]] = []
    together = threading.Barrier(20)

    def send(number: int) -> None:
        spelled = name.upper() if number % 2 else name
        body = {"username": spelled, "email": f"race{number}@example.com", "password": PASSWORD}
        with httpx.Client(base_url=service.url, trust_env=False, timeout=30) as client:
            together.wait()
            answer = client.post("/api/register/", json=body)
        statuses.append(answer.status_code)
        if answer.status_code != 201:
            fields.append(refused_fields(answer))

    threads = [threading.Thread(target=send, args=(number,)) for number in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Counter(statuses) == {201: 1, 400: 19}
    assert fields == [{"username"}] * 19


def test_a_deleted_accounts_name_and_id_are_never_given_again(arrive: Callable[..., Person]) -> None:
    person = arrive()
    person.account.delete()
    assert refused_fields(register(person.http, username=person.username)) == {"username"}
    assert arrive().user_id > person.user_id


def test_an_address_in_use_is_not_told(http: httpx.Client) -> None:
    first = register(http, email="Shared@Example.com")
    assert first.json()["email"] == "shared@example.com"
    assert register(http, email="shared@example.com").status_code == 201


def test_a_confirmed_address_is_one_accounts(http: httpx.Client) -> None:
    from allauth.account.models import EmailAddress  # noqa: PLC0415 - models need a prepared Django

    ids = [register(http, email="both@example.com").json()["id"] for _ in range(2)]
    first, second = (EmailAddress.objects.get(user_id=user) for user in ids)
    assert first.set_verified()
    assert not second.set_verified()


@pytest.mark.parametrize("email", ["", "x", "a@b", "a@@example.com", "a@example.com\0", "x" * 250 + "@example.com"])
def test_what_is_no_address_cannot_be_given(http: httpx.Client, email: str) -> None:
    assert refused_fields(register(http, email=email)) == {"email"}


@pytest.mark.parametrize("password", [PASSWORD, "ten chars.", "påsswörd lång nog", "x9" * 512, " inner  spaces "])
def test_good_passwords_can_be_chosen_and_used(http: httpx.Client, password: str) -> None:
    registered = register(http, password=password)
    assert registered.status_code == 201, registered.text
    name = registered.json()["username"]
    assert http.post("/api/login/", json={"username": name, "password": password}).status_code == 200
    # the whole password counts
    for wrong in (password[:-1], password + "x"):
        assert http.post("/api/login/", json={"username": name, "password": wrong}).status_code in (400, 401)


@pytest.mark.parametrize(
    "password", ["", "short", "password123", "1234567890987", "x9" * 512 + "x", "å" * 600, "null\0null\0null"]
)
def test_bad_passwords_cannot(http: httpx.Client, password: str, count_hashes: list[str]) -> None:
    assert refused_fields(register(http, password=password)) == {"password"}
    assert count_hashes == []


def test_a_password_like_the_username_cannot_be_chosen(http: httpx.Client) -> None:
    assert refused_fields(register(http, username="somewhatlong", password="somewhatlong1")) == {"password"}


def test_every_bad_field_is_named(http: httpx.Client) -> None:
    body = {"username": 7, "email": None, "first_name": ["x"], "last_name": "x" * 151}
    answer = http.post("/api/register/", json=body)
    assert refused_fields(answer) == {"username", "email", "password", "first_name", "last_name"}
    assert answer.json()["errors"]["password"] == ["This field is required."]


def test_a_null_leaves_a_name_out(http: httpx.Client) -> None:
    from duologue.auth.models import User  # noqa: PLC0415 - models need a prepared Django

    name = unused_name()
    answer = register(http, username=name, first_name=None, last_name=None)
    assert answer.status_code == 201, answer.text
    account = User.objects.get(username=name)
    assert (account.first_name, account.last_name) == ("", "")


@pytest.mark.parametrize("field", ["username", "email", "password"])
def test_a_null_is_no_value_for_what_is_required(http: httpx.Client, field: str) -> None:
    assert refused_fields(register(http, **{field: None})) == {field}


def test_a_registration_takes_few_queries_and_one_commit(service: Service) -> None:
    name = unused_name()
    body = {"username": name, "email": f"{name}@example.com", "password": PASSWORD}
    queries = queries_of("POST", "/api/register/", body)
    assert len(queries) <= 9, queries
    assert [query for query in queries if query == "COMMIT"] == ["COMMIT"]
