"""Django's admin: it works, and its login is no way around anything."""

import re
from collections.abc import Callable, Iterator

import httpx
import pytest

from tests.auth import second_factor
from tests.auth.conftest import PASSWORD, Person, Service, rates, unused_name

COOKIE, HOST = "duologue_admin", "127.0.0.1"


@pytest.fixture
def browser(service: Service) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=service.url, trust_env=False, follow_redirects=True, timeout=20) as client:
        yield client


@pytest.fixture
def admin(arrive: Callable[..., Person]) -> Person:
    person = arrive()
    account = person.account
    account.is_staff = account.is_superuser = True
    account.save()
    return person


def form_token(page: httpx.Response) -> str:
    found = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page.text)
    assert found, page.text
    return found[1]


def log_in(browser: httpx.Client, person: Person, password: str = PASSWORD, **fields: str) -> httpx.Response:
    page = browser.get("/admin/")
    body = {
        "username": person.username,
        "password": password,
        "next": "/admin/",
        "csrfmiddlewaretoken": form_token(page),
    }
    return browser.post("/admin/login/", data=body | fields)


def is_inside(browser: httpx.Client) -> bool:
    return not browser.get("/admin/").url.path.startswith("/admin/login")


def test_an_administrator_gets_in_and_out(browser: httpx.Client, admin: Person) -> None:
    assert not is_inside(browser)
    answer = log_in(browser, admin)
    assert answer.status_code == 200
    assert is_inside(browser)
    out = browser.post("/admin/logout/", data={"csrfmiddlewaretoken": form_token(answer)})
    assert out.status_code == 200
    assert not is_inside(browser)


@pytest.mark.parametrize("password", ["Wrong-Password-1", ""])
def test_a_wrong_password_does_not_get_in(browser: httpx.Client, admin: Person, password: str) -> None:
    log_in(browser, admin, password)
    assert not is_inside(browser)


def test_who_is_no_administrator_does_not_get_in(browser: httpx.Client, person: Person) -> None:
    log_in(browser, person)
    assert not is_inside(browser)


def test_a_second_factor_is_asked_for(browser: httpx.Client, admin: Person) -> None:
    from django.core.cache import cache  # noqa: PLC0415 - Django must be prepared first

    cache.clear()
    secret = second_factor.turn_on(admin.http, admin.headers, PASSWORD)
    for fields in ({}, {"code": "000000"}):
        log_in(browser, admin, **fields)
        assert not is_inside(browser)
    cache.clear()
    log_in(browser, admin, code=second_factor.code(secret, step=1))
    assert is_inside(browser)


def session_token(admin: Person) -> str:
    """Log in at allauth's API and return the name of that login's state."""
    body = {"username": admin.username, "password": PASSWORD}
    answer = admin.http.post("/_allauth/app/v1/auth/login", json=body)
    return str(answer.json()["meta"]["session_token"])


def test_a_login_at_the_api_does_not_open_it(browser: httpx.Client, admin: Person) -> None:
    token = session_token(admin)
    state = {"x-session-token": token}
    assert admin.http.get("/_allauth/app/v1/auth/session", headers=state).status_code == 200
    browser.cookies.set(COOKIE, token, domain=HOST)
    assert not is_inside(browser)
    for path in (*PAGES, f"/admin/duologue_auth/user/{admin.user_id}/change/"):
        assert browser.get(path).url.path.startswith("/admin/login"), path


def test_the_state_behind_an_access_token_does_not_open_it(browser: httpx.Client, admin: Person) -> None:
    from duologue.auth.models import LoginSession  # noqa: PLC0415 - models need a prepared Django

    admin.log_in()
    assert admin.http.get("/_allauth/app/v1/auth/session", headers=admin.headers).status_code == 200
    login = LoginSession.objects.filter(user_id=admin.user_id).latest("created_at")
    browser.cookies.set(COOKIE, login.django_session, domain=HOST)
    assert not is_inside(browser)


def test_logging_in_there_gives_no_session_of_the_api_the_key(browser: httpx.Client, admin: Person) -> None:
    token = session_token(admin)
    browser.cookies.set(COOKIE, token, domain=HOST)
    log_in(browser, admin)
    assert is_inside(browser)
    assert browser.cookies[COOKIE] != token
    browser.cookies.clear()
    browser.cookies.set(COOKIE, token, domain=HOST)
    assert not is_inside(browser)


def test_its_logins_count_into_the_same_limits(browser: httpx.Client, admin: Person) -> None:
    with rates(login_failed="2/m/key"):
        for _ in range(2):
            log_in(browser, admin, "Wrong-Password-1")
        page = log_in(browser, admin)
        assert "Too many tries" in page.text
        assert not is_inside(browser)
        body = {"username": admin.username, "password": PASSWORD}
        assert admin.http.post("/api/login/", json=body).status_code == 429


def test_a_form_from_elsewhere_is_refused(browser: httpx.Client, admin: Person) -> None:
    page = browser.get("/admin/login/")
    body = {"username": admin.username, "password": PASSWORD}
    answer = browser.post("/admin/login/", data=body)
    assert (answer.status_code, answer.json()["code"]) == (403, "csrf_failed")
    body["csrfmiddlewaretoken"] = form_token(page)
    foreign = browser.post("/admin/login/", data=body, headers={"origin": "https://elsewhere.example"})
    assert foreign.json()["code"] == "csrf_failed"


PAGES = (
    *("/admin/", "/admin/duologue_auth/user/", "/admin/duologue_auth/user/add/", "/admin/duologue_auth/loginsession/"),
    *("/admin/account/emailaddress/", "/admin/mfa/authenticator/", "/admin/auth/group/", "/admin/password_change/"),
)


def test_every_page_works_under_its_content_policy(browser: httpx.Client, admin: Person) -> None:
    log_in(browser, admin)
    pages = [
        *PAGES,
        f"/admin/duologue_auth/user/{admin.user_id}/change/",
        f"/admin/duologue_auth/user/{admin.user_id}/password/",
    ]
    assets = set()
    for path in pages:
        page = browser.get(path)
        assert page.status_code == 200, path
        policy = page.headers["content-security-policy"]
        assert "script-src 'self';" in policy
        assert "frame-ancestors 'none'" in policy
        # with an inline script, handler or style the page would not work
        assert not re.search(
            r"<script(?![^>]*\bsrc=)(?![^>]*type=\"application/json\")|<style|\son\w+=\"|\sstyle=\"", page.text
        ), path
        assets |= set(re.findall(r'(?:src|href)="(/static/[^"]+)"', page.text))
    assert len(assets) > 10
    for asset in assets:
        assert browser.get(asset).status_code == 200, asset


def test_a_username_cannot_be_changed(browser: httpx.Client, admin: Person, person: Person) -> None:
    log_in(browser, admin)
    path = f"/admin/duologue_auth/user/{person.user_id}/change/"
    page = browser.get(path)
    assert 'name="username"' not in page.text
    body = {
        "username": "somebody-else",
        "email": "new@example.com",
        "is_active": "on",
        "csrfmiddlewaretoken": form_token(page),
    }
    assert browser.post(path, data=body).status_code == 200
    account = person.account
    assert (account.username, account.email) == (person.username, "new@example.com")
    assert person.profile_code() == "ok"


def test_deactivating_ends_the_logins(browser: httpx.Client, admin: Person, person: Person) -> None:
    log_in(browser, admin)
    path = f"/admin/duologue_auth/user/{person.user_id}/change/"
    browser.post(path, data={"email": "x@example.com", "csrfmiddlewaretoken": form_token(browser.get(path))})
    assert not person.account.is_active
    assert person.profile_code() == "session_ended"


def test_a_login_can_be_ended_there(browser: httpx.Client, admin: Person, person: Person) -> None:
    from duologue.auth.models import LoginSession  # noqa: PLC0415 - as above

    log_in(browser, admin)
    path = "/admin/duologue_auth/loginsession/"
    body = {
        "action": "end_selected",
        "_selected_action": LoginSession.objects.get(user_id=person.user_id).pk,
        "csrfmiddlewaretoken": form_token(browser.get(path)),
    }
    assert browser.post(path, data=body).status_code == 200
    assert person.profile_code() == "session_ended"
    assert admin.profile_code() == "ok"


def test_accounts_are_made_and_deleted_there_and_names_stay_taken(browser: httpx.Client, admin: Person) -> None:
    from duologue.auth.models import User  # noqa: PLC0415 - as above

    log_in(browser, admin)
    name = unused_name("Made")
    path = "/admin/duologue_auth/user/add/"
    body = {
        "username": name,
        "email": f"{name}@example.com",
        "usable_password": "true",
        "password1": PASSWORD,
        "password2": PASSWORD,
    }

    def add() -> httpx.Response:
        return browser.post(path, data=body | {"csrfmiddlewaretoken": form_token(browser.get(path))})

    assert "already taken" not in add().text
    made = User.objects.get(username=name.lower())
    assert "already taken" in add().text
    delete = f"/admin/duologue_auth/user/{made.pk}/delete/"
    browser.post(delete, data={"post": "yes", "csrfmiddlewaretoken": form_token(browser.get(delete))})
    assert not User.objects.filter(pk=made.pk).exists()
    assert "already taken" in add().text


@pytest.mark.parametrize(("name", "refused"), [("helpdesk", False), ("profile", True), ("näme", True)])
def test_a_reserved_name_can_be_given_there(browser: httpx.Client, admin: Person, name: str, refused: bool) -> None:
    from duologue.auth.models import User  # noqa: PLC0415 - as above

    log_in(browser, admin)
    path = "/admin/duologue_auth/user/add/"
    body = {
        "username": name,
        "email": "x@example.com",
        "usable_password": "true",
        "password1": PASSWORD,
        "password2": PASSWORD,
        "csrfmiddlewaretoken": form_token(browser.get(path)),
    }
    assert browser.post(path, data=body).status_code == 200
    assert User.objects.filter(username=name).exists() is not refused


def test_an_account_is_deleted_there_with_its_logins(browser: httpx.Client, admin: Person, person: Person) -> None:
    log_in(browser, admin)
    delete = f"/admin/duologue_auth/user/{person.user_id}/delete/"
    browser.post(delete, data={"post": "yes", "csrfmiddlewaretoken": form_token(browser.get(delete))})
    assert person.profile_code() == "session_ended"
    assert admin.profile_code() == "ok"


@pytest.mark.parametrize("path", ["/admin/nothing/", "/admin/duologue_auth/user/999999/change/", "/static/nothing.css"])
def test_what_is_not_there_is_no_error_of_ours(browser: httpx.Client, admin: Person, path: str) -> None:
    log_in(browser, admin)
    assert browser.get(path).status_code in (200, 404)
