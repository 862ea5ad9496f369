"""Who may do what at auth: every role against every route of its document."""

import re
from collections.abc import Mapping
from pathlib import Path

import httpx
import pytest

from tests.rig.contract_check import PROTOCOL, document
from tests.rig.people import PASSWORD, Person
from tests.security.conftest import Cast
from tests.security.test_matrix import Key

# a room makes no difference here: whoever is logged in is a stranger
ROLES = ("anonymous", "stranger", "disabled")
TABLE: dict[Key, tuple[int, int, int]] = {
    ("POST", "/api/register/"): (201, 201, 201),
    ("POST", "/api/login/"): (401, 200, 401),
    ("POST", "/api/token/refresh/"): (401, 200, 401),
    ("POST", "/api/logout/"): (401, 200, 401),
    ("GET", "/api/users/profile/"): (401, 200, 401),
    ("GET", "/api/users/{username}/"): (401, 200, 401),
    ("GET", "/.well-known/jwks.json"): (200, 200, 200),
    ("GET", "/.well-known/ended-sessions.json"): (200, 200, 200),
    ("GET", "/healthz"): (200, 200, 200),
    ("GET", "/readyz"): (200, 200, 200),
}
OTHERS = [
    (method, path)
    for path in sorted({path for _, path in TABLE if path.startswith("/api/")})
    for method in ("GET", "POST", "PUT", "PATCH", "DELETE", "TRACE")
    if (method, path) not in TABLE
]


def documented() -> set[Key]:
    paths = document("auth.openapi.json")["paths"]
    return {(method.upper(), path) for path, item in paths.items() for method in item}


def routed() -> set[str]:
    """Return the addresses that the source gives to Django, those of forms and of its libraries left out."""
    source = Path(PROTOCOL.parent / "src/duologue/auth/urls.py").read_text(encoding="utf-8")
    found = re.findall(r'path\("((?:api|\.well-known)/[^"]*)"', source)
    return {"/" + re.sub(r"<str:(\w+)>", r"{\1}", each) for each in found}


def test_nothing_is_missing_from_the_table() -> None:
    assert documented() == set(TABLE)
    assert routed() == {path for _, path in TABLE} - {"/healthz", "/readyz"}


def ask(cast: Cast, role: str, key: Key, username: str | None = None) -> httpx.Response:
    """Make the request of a route on behalf of a role; a good one, so that only the role can be refused."""
    method, template = key
    person = cast.people[role]
    if person is not None and template == "/api/logout/" and role != "disabled":
        # a login of its own: the others go on with theirs
        person = Person(cast.server, person.username)
        person.log_in()
    newcomer = Person.arrive(cast.server, "new").username + ".x"
    bodies: Mapping[str, Mapping[str, str]] = {
        "/api/register/": {"username": newcomer, "email": "new@example.com", "password": PASSWORD},
        "/api/login/": {"username": person.username if person else "nobody.at.all", "password": PASSWORD},
        "/api/token/refresh/": {"refresh": person.refresh_token if person else "a.b.c"},
        "/api/logout/": {"refresh": person.refresh_token if person else "a.b.c"},
    }
    path = template.format(username=username or cast.a.username)
    body = bodies.get(template) if method != "GET" else None
    return cast.a.http.request(method, path, json=body, headers=person.headers if person else {})


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("key", TABLE, ids=" ".join)
def test_rest(cast: Cast, key: Key, role: str) -> None:
    answer = ask(cast, role, key)
    assert answer.status_code == TABLE[key][ROLES.index(role)], answer.text


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("key", OTHERS, ids=" ".join)
def test_no_other_method_gets_anywhere(cast: Cast, key: Key, role: str) -> None:
    answer = ask(cast, role, key)
    assert (answer.status_code, answer.json()["code"]) == (405, "method_not_allowed")


def test_nobody_ends_the_login_of_somebody_else(cast: Cast) -> None:
    body = {"refresh": cast.b.refresh_token}
    answer = cast.a.http.post("/api/logout/", json=body, headers=cast.a.headers)
    assert (answer.status_code, answer.json()["code"]) == (401, "refresh_invalid")
    assert cast.b.http.post("/api/token/refresh/", json=body).status_code == 200


def test_disabled_and_not_there_look_the_same(cast: Cast) -> None:
    """Nobody learns who was put out: not whoever looks them up, not whoever tries to log in."""
    disabled = cast.people["disabled"]
    assert disabled is not None
    look_up = ("GET", "/api/users/{username}/")
    looked = [ask(cast, "stranger", look_up, name) for name in (disabled.username, "nobody.at.all")]
    tried = [ask(cast, role, ("POST", "/api/login/")) for role in ("disabled", "anonymous")]
    for answers, status in ((looked, 404), (tried, 401)):
        assert {(answer.status_code, answer.content) for answer in answers} == {(status, answers[0].content)}
