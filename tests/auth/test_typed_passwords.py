"""A password is what was typed, with the blanks at its ends, at every door."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import httpx
import pytest

from duologue.auth import commands
from tests.auth.conftest import PASSWORD, Person, Service, outcome, unused_name
from tests.auth.test_mail import ask_for_reset, link, mails

API = "/_allauth/app/v1"
TYPED = "  Spaced pass 12 "
OTHERS = (TYPED.strip(), TYPED.rstrip(), TYPED.lstrip(), f"{TYPED} ")
ANOTHER = " Another pass 34  "


@pytest.fixture(autouse=True)
def _nothing_counted(service: Service) -> None:
    # allauth has limits of its own beside ours
    from django.core.cache import cache  # noqa: PLC0415 - Django must be prepared first

    cache.clear()


def login_at_ours(person: Person, password: str) -> bool:
    body = {"username": person.username, "password": password}
    return outcome(person.http.post("/api/login/", json=body)) == "ok"


def login_at_allauths(person: Person, password: str) -> bool:
    body = {"username": person.username, "password": password}
    return person.http.post(f"{API}/auth/login", json=body).is_success


def again_at_allauths(person: Person, password: str) -> bool:
    body = {"password": password}
    return person.http.post(f"{API}/auth/reauthenticate", json=body, headers=person.headers).is_success


def login_at_the_admins(person: Person, password: str) -> bool:
    account = person.account
    account.is_staff = account.is_superuser = True
    account.save()
    with browser_of(person) as browser:
        page = browser.get("/admin/login/")
        fields = {"username": person.username, "password": password}
        browser.post("/admin/login/", data=fields | form_token(page))
        return browser.get("/admin/").status_code == 200


@contextmanager
def browser_of(person: Person) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=person.http.base_url, trust_env=False, timeout=20) as browser:
        yield browser


def form_token(page: httpx.Response) -> dict[str, str]:
    found = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page.text)
    assert found, page.text
    return {"csrfmiddlewaretoken": found[1]}


CHECKS = (login_at_ours, login_at_allauths, again_at_allauths, login_at_the_admins)


def new_at_ours(http: httpx.Client, service: Service) -> Person:
    name = unused_name()
    body = {"username": name, "email": f"{name}@example.com", "password": TYPED}
    return Person(http, name, http.post("/api/register/", json=body).json()["id"], TYPED)


def new_at_allauths(http: httpx.Client, service: Service) -> Person:
    name = unused_name()
    body = {"username": name, "email": f"{name}@example.com", "password": TYPED}
    made = http.post(f"{API}/auth/signup", json=body)
    return Person(http, name, made.json()["data"]["user"]["id"], TYPED)


def new_at_the_command_line(http: httpx.Client, service: Service) -> Person:
    from duologue.auth.models import User  # noqa: PLC0415 - as above

    name = unused_name()
    commands.create_admin(service.settings, name, f"{name}@example.com", TYPED)
    return Person(http, name, User.objects.get(username=name).pk, TYPED)


def changed_at_allauths(http: httpx.Client, service: Service) -> Person:
    person = old(http)
    body = {"current_password": PASSWORD, "new_password": TYPED}
    http.post(f"{API}/account/password/change", json=body, headers=person.headers)
    person.password = TYPED
    return person


def reset_at_allauths(http: httpx.Client, service: Service) -> Person:
    person = old(http)
    with mails("none") as sent:
        ask_for_reset(http, f"{person.username}@example.com")
    body = {"key": link(sent[0], "reset-password"), "password": TYPED}
    http.post(f"{API}/auth/password/reset", json=body)
    person.password = TYPED
    return person


def set_at_the_admins(http: httpx.Client, service: Service) -> Person:
    person = old(http)
    assert login_at_the_admins(person, PASSWORD)
    with browser_of(person) as browser:
        page = browser.get("/admin/login/")
        fields = {"username": person.username, "password": PASSWORD}
        browser.post("/admin/login/", data=fields | form_token(page))
        path = f"/admin/duologue_auth/user/{person.user_id}/password/"
        fields = {"usable_password": "true", "password1": TYPED, "password2": TYPED}
        assert browser.post(path, data=fields | form_token(browser.get(path))).status_code == 302
    person.password = TYPED
    return person


def old(http: httpx.Client) -> Person:
    name = unused_name()
    body = {"username": name, "email": f"{name}@example.com", "password": PASSWORD}
    person = Person(http, name, http.post("/api/register/", json=body).json()["id"])
    person.log_in()
    return person


WAYS = (
    *(new_at_ours, new_at_allauths, new_at_the_command_line),
    *(changed_at_allauths, reset_at_allauths, set_at_the_admins),
)


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
def test_the_blanks_that_were_typed_are_asked_for_at_every_door(
    http: httpx.Client, service: Service, way: Callable[[httpx.Client, Service], Person]
) -> None:
    person = way(http, service)
    person.log_in()
    for check in CHECKS:
        assert check(person, TYPED), check.__name__
        for other in OTHERS:
            assert not check(person, other), (check.__name__, other)


def test_a_password_with_blanks_can_be_changed_by_who_types_them(http: httpx.Client, service: Service) -> None:
    person = new_at_ours(http, service)
    person.log_in()
    for current in OTHERS:
        body = {"current_password": current, "new_password": ANOTHER}
        answer = http.post(f"{API}/account/password/change", json=body, headers=person.headers)
        assert answer.status_code == 400
    body = {"current_password": TYPED, "new_password": ANOTHER}
    http.post(f"{API}/account/password/change", json=body, headers=person.headers)
    assert [login_at_ours(person, password) for password in (TYPED, ANOTHER.strip(), ANOTHER)] == [False, False, True]


@pytest.mark.parametrize("blank", ["", " ", "   "])
def test_blanks_alone_are_no_password(http: httpx.Client, service: Service, blank: str) -> None:
    person = old(http)
    name = unused_name()
    body = {"username": name, "email": f"{name}@example.com", "password": blank}
    assert http.post("/api/register/", json=body).status_code == 400
    assert http.post(f"{API}/auth/signup", json=body).status_code == 400
    body = {"current_password": PASSWORD, "new_password": blank}
    assert http.post(f"{API}/account/password/change", json=body, headers=person.headers).status_code == 400
    assert not any(check(person, blank) for check in CHECKS)
