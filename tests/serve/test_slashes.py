"""An address with a slash too few or too many: the answer says what was meant, and nothing is done."""

import httpx
import pytest

from tests.protocol.test_documents import SERVICES, operations
from tests.rig.people import Person
from tests.rig.server import RunningServer

PATHS = sorted(
    {
        label.partition(" ")[2].format(id=1, message=1, username="x")
        for name in SERVICES
        for label, _ in operations(name)
        if "/.well-known/" not in label
    }
)
NOTHING = ["/api/nothing", "/api/nothing/", "/api/chat/rooms/1/nothing", "/auth/nothing", "/nothing/", "/web/nothing"]
NOTHING += ["/api/chat/rooms///", "/admin/nothing", f"/api/users/{'x' * 300}"]


def other(path: str) -> str:
    return path.removesuffix("/") if path.endswith("/") else f"{path}/"


def ask(server: RunningServer, method: str, path: str) -> httpx.Response:
    return httpx.request(method, f"{server.url}{path}", json={} if method == "POST" else None, trust_env=False)


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("path", [*PATHS, "/_allauth/app/v1/config"])
def test_the_other_spelling_is_named(server: RunningServer, path: str, method: str) -> None:
    answer = ask(server, method, other(path))
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert answer.json()["detail"] == f"There is nothing at this address. Did you mean {path}?"


@pytest.mark.parametrize("path", NOTHING)
def test_nothing_is_promised_where_nothing_is(server: RunningServer, path: str) -> None:
    answer = ask(server, "GET", path)
    assert "Did you mean" not in answer.text
    assert answer.status_code in (302, 404)


def test_what_is_in_a_room_is_asked_for_by_its_members_alone(server: RunningServer) -> None:
    """The hint is about addresses; it tells a stranger as much about a room that is not there."""
    person = Person.arrive(server)
    for room in (1, 987_654_321):
        answer = person.http.get(f"/api/chat/rooms/{room}/messages", headers=person.headers)
        assert answer.json()["detail"].endswith(f"Did you mean /api/chat/rooms/{room}/messages/?")
