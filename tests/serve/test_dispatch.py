"""One port: by path on any host, by name on auth.localhost and chat.localhost."""

import re
import socket
from collections.abc import Iterator

import httpx
import pytest

from duologue.serve.page import FOLDER, HEADERS
from tests.rig.contract_check import hooks
from tests.rig.server import RunningServer

AUTH, CHAT, ANY = "auth.localhost", "chat.localhost", "localhost"


@pytest.fixture(scope="module")
def http(server: RunningServer) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=server.url, event_hooks=hooks(), trust_env=False) as client:
        yield client


def status(http: httpx.Client, host: str, method: str, path: str) -> int:
    return http.request(method, path, headers={"host": host}).status_code


@pytest.mark.parametrize(
    "host", [AUTH, f"{AUTH}:8000", "AUTH.localhost", ANY, "127.0.0.1:8000", "[::1]:8000", "example.com"]
)
def test_auth_answers_by_its_name_and_by_path(http: httpx.Client, host: str) -> None:
    assert status(http, host, "GET", "/.well-known/jwks.json") == 200
    assert status(http, host, "GET", "/.well-known/ended-sessions.json") == 200
    assert status(http, host, "GET", "/api/users/profile/") == 401


@pytest.mark.parametrize("host", [CHAT, f"{CHAT}:8000", "Chat.LocalHost", ANY, "127.0.0.1:8000", "example.com"])
def test_chat_answers_by_its_name_and_by_path(http: httpx.Client, host: str) -> None:
    assert status(http, host, "GET", "/api/chat/rooms/1/") == 401


@pytest.mark.parametrize(
    ("host", "path"),
    [
        (AUTH, "/api/chat/rooms/1/"),
        (CHAT, "/api/users/profile/"),
        (CHAT, "/.well-known/jwks.json"),
        (CHAT, "/.well-known/ended-sessions.json"),
        (CHAT, "/admin/"),
        (AUTH, "/web/main.js"),
        (AUTH, "/chat/openapi.json"),
        (CHAT, "/auth/openapi.json"),
        (AUTH, "/asyncapi.json"),
        (ANY, "/nothing"),
    ],
)
def test_a_name_shows_nothing_of_the_other_service(http: httpx.Client, host: str, path: str) -> None:
    assert status(http, host, "GET", path) == 404


@pytest.mark.parametrize(
    ("host", "path"),
    [
        *((host, path) for host in (AUTH, CHAT, ANY) for path in ("/healthz", "/readyz", "/docs")),
        (AUTH, "/openapi.json"),
        (CHAT, "/openapi.json"),
        (CHAT, "/asyncapi.json"),
        *((ANY, f"/{service}/{name}") for service in ("auth", "chat") for name in ("openapi.json", "docs")),
        (ANY, "/chat/asyncapi.json"),
        (ANY, "/"),
    ],
)
def test_health_documents_and_the_page_are_where_they_are_said_to_be(http: httpx.Client, host: str, path: str) -> None:
    assert status(http, host, "GET", path) == 200


def test_each_name_has_its_own_document(http: httpx.Client) -> None:
    for host, prefix in ((AUTH, "/auth"), (CHAT, "/chat")):
        by_name = http.get("/openapi.json", headers={"host": host})
        assert by_name.content == http.get(f"{prefix}/openapi.json").content
        assert by_name.json()["openapi"].startswith("3.1")


@pytest.mark.parametrize("path", ["/", *(f"/web/{file.name}" for file in sorted(FOLDER.iterdir()) if file.is_file())])
def test_the_page_and_its_files_come_with_their_guards(http: httpx.Client, path: str) -> None:
    answer = http.get(path)
    assert answer.status_code == 200
    assert {name: answer.headers[name] for name in HEADERS} == HEADERS
    if answer.headers["content-type"].startswith("text/html"):
        assert "<script>" not in answer.text
        assert re.search(r"\son\w+=|javascript:|style=", answer.text) is None
    assert "unsafe-inline" not in HEADERS["content-security-policy"]


def test_readiness_is_never_cached_and_tells_by_name(http: httpx.Client) -> None:
    answer = http.get("/readyz")
    assert answer.headers["cache-control"] == "no-store"
    assert answer.json() == {"status": "ok", "checks": {"auth": True, "chat": True}}
    for host, name in ((AUTH, "auth"), (CHAT, "chat")):
        assert http.get("/readyz", headers={"host": host}).json() == {"status": "ok", "checks": {name: True}}


@pytest.mark.parametrize(("host", "expected"), [(AUTH, 404), (f"{AUTH}:8000", 404), (CHAT, 101), (ANY, 101)])
def test_sockets_are_not_opened_under_auths_name(server: RunningServer, host: str, expected: int) -> None:
    opening = (
        f"GET /ws/chat/1/ HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", server.port), timeout=5) as raw:
        raw.sendall(opening.encode())
        assert int(raw.recv(12)[9:]) == expected


@pytest.mark.parametrize("host", [AUTH, CHAT])
def test_a_name_without_a_path_leads_to_its_documents(http: httpx.Client, host: str) -> None:
    answer = http.get("/", headers={"host": host})
    assert (answer.status_code, answer.headers["location"]) == (307, "docs")


@pytest.mark.parametrize("path", ["/ws/chat/1/", "/ws/chat/1", "/ws/chat/", "/ws/chat"])
@pytest.mark.parametrize("host", [CHAT, ANY])
def test_a_plain_request_to_a_socket_hears_that_it_is_one(http: httpx.Client, host: str, path: str) -> None:
    answer = http.get(path, headers={"host": host})
    assert (answer.status_code, answer.json()["code"]) == (426, "upgrade_required")
    assert "WebSocket" in answer.json()["detail"]
    # RFC 9110: a 426 names the protocol, and the field goes with its connection option
    assert (answer.headers["upgrade"], answer.headers["connection"]) == ("websocket", "upgrade")
    assert status(http, host, "POST", path) == 405


@pytest.mark.parametrize(
    ("host", "path"),
    [(AUTH, "/ws/chat/1/"), (ANY, "/ws/chat/0/"), (ANY, "/ws/chat/x/"), (ANY, "/ws/chats"), (ANY, "/ws/")],
)
def test_where_no_socket_can_be_there_is_nothing(http: httpx.Client, host: str, path: str) -> None:
    assert status(http, host, "GET", path) == 404
