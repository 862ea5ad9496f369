"""Caddy in front: who answers where, what it refuses, what it writes down."""

import base64
import http.client
import os
import socket
import time
from pathlib import Path

import pytest

from tests.compose.rig.commands import ROOT, run
from tests.compose.rig.machine import TOOLS
from tests.compose.rig.stack import LOOPBACK, Stack
from tests.rig.people import Person

CANARY = "canary-8b52-never-in-a-log"
JSON = {"Content-Type": "application/json"}


@pytest.mark.parametrize("public", ["", "https://chat.example.com"])
def test_the_newest_caddy_takes_the_caddyfile_too(public: str) -> None:
    if not (TOOLS / "bin" / "caddy").exists():
        pytest.skip("with Docker, the stack itself runs the newest Caddy")
    env = os.environ | ({"SITE": public} if public else {})
    words: list[str | Path] = [
        TOOLS / "bin" / "caddy",
        "validate",
        "--adapter",
        "caddyfile",
        "--config",
        ROOT / "deploy" / "Caddyfile",
    ]
    assert "Valid configuration" in run(words, env=env).stdout


@pytest.mark.parametrize(
    ("service", "path", "status"),
    [
        ("auth", "/.well-known/jwks.json", 200),
        ("auth", "/api/users/profile/", 401),
        ("auth", "/healthz", 200),
        ("auth", "/readyz", 200),
        ("auth", "/openapi.json", 200),
        ("auth", "/docs", 200),
        ("auth", "/api/chat/rooms/", 404),
        ("chat", "/api/chat/rooms/1/messages/", 401),
        ("chat", "/healthz", 200),
        ("chat", "/readyz", 200),
        ("chat", "/openapi.json", 200),
        ("chat", "/docs", 200),
        ("chat", "/.well-known/jwks.json", 404),
        # services ask each other; the outside has no use for it
        ("auth", "/.well-known/ended-sessions.json", 404),
        ("chat", "/.well-known/ended-sessions.json", 404),
        (None, "/.well-known/ended-sessions.json", 404),
        ("chat", "/api/users/profile/", 404),
        (None, "/", 200),
        (None, "/.well-known/jwks.json", 200),
        (None, "/api/users/profile/", 401),
        (None, "/api/chat/rooms/1/messages/", 401),
        (None, "/admin/login/", 200),
        (None, "/healthz", 200),
        (None, "/readyz", 200),
        (None, "/auth/openapi.json", 200),
        (None, "/auth/docs", 200),
        (None, "/chat/openapi.json", 200),
        (None, "/chat/asyncapi.json", 200),
        (None, "/chat/docs", 200),
        (None, "/docs", 200),
        (None, "/api/nothing/", 404),
        (None, "/nothing", 404),
    ],
)
def test_who_answers_where(stack: Stack, service: str | None, path: str, status: int) -> None:
    assert stack.ask("GET", path, service=service).status == status


def test_any_other_name_answers_by_path(stack: Stack) -> None:
    assert stack.ask("GET", "/api/users/profile/", host="chat.example.com").status == 401
    assert stack.ask("GET", "/", host=f"{LOOPBACK}:{stack.app_port}").status == 200


def test_the_page_says_what_a_browser_may_load(stack: Stack) -> None:
    page = stack.ask("GET", "/")
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]
    assert "Server" not in page.headers
    assert "Strict-Transport-Security" not in page.headers, "a promise that plain HTTP cannot keep"


@pytest.mark.parametrize("path", ["/api/register/", "/api/chat/rooms/"])
@pytest.mark.parametrize("declared", [True, False])
def test_a_large_body_is_refused_as_the_services_would(stack: Stack, path: str, declared: bool) -> None:
    token = Person.arrive(stack.people_reach()).token
    body = b'{"content":"' + b"x" * 200_000 + b'"}'
    framing = {} if declared else {"Transfer-Encoding": "chunked"}
    sent = body if declared else b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)
    for _ in range(10):
        answer = stack.ask("POST", path, sent, {**JSON, **framing, "Authorization": f"Bearer {token}"})
        assert (answer.status, answer.json()["code"]) == (413, "body_too_large")
        assert answer.headers["Content-Type"] == "application/problem+json"


def test_a_body_as_large_as_allowed_reaches_the_service(stack: Stack) -> None:
    body = b'{"username":"' + b"x" * (64 * 1024 - 15) + b'"}'
    answer = stack.ask("POST", "/api/register/", body, JSON)
    assert (len(body), answer.status, answer.json()["code"]) == (65_536, 400, "validation_failed")


def test_a_request_head_that_never_ends_is_cut(stack: Stack) -> None:
    with socket.create_connection((LOOPBACK, stack.app_port), timeout=12) as slow:
        slow.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n")
        began = time.monotonic()
        while slow.recv(1000):
            pass
        assert time.monotonic() - began < 8


def test_a_large_head_is_refused(stack: Stack) -> None:
    assert stack.ask("GET", "/", headers={"Cookie": "x" * 40_000}).status == 431


def test_a_client_cannot_claim_another_address(stack: Stack) -> None:
    # an account bears five failures from one address: were the header believed, these would be eight addresses
    body = b'{"username":"nobody.here","password":"wrong"}'
    claims = (JSON | {"X-Forwarded-For": f"203.0.113.{number}"} for number in range(8))
    assert 429 in (stack.ask("POST", "/api/login/", body, claim).status for claim in claims)


def test_the_log_shows_no_query_and_no_token(stack: Stack) -> None:
    secret = {"Authorization": f"Bearer {CANARY}", "Cookie": f"sessionid={CANARY}", "Referer": f"http://x/?t={CANARY}"}
    for service in ("auth", "chat", None):
        for path in ("/healthz", "/api/users/profile/", "/api/chat/rooms/1/messages/", "/nothing"):
            stack.ask("GET", f"{path}?token={CANARY}", headers=secret, service=service)
    upgrade = {
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": base64.b64encode(os.urandom(16)).decode(),
        "Sec-WebSocket-Protocol": CANARY,
    }
    stack.ask("GET", f"/ws/chat/0/?token={CANARY}", headers=upgrade | secret)
    for service in ("auth", "chat", "caddy"):
        assert CANARY not in stack.log(service)
    assert '"uri":"/ws/chat/0/"' in stack.log("caddy")


def test_a_service_that_is_away_is_told_as_every_error_is(stack: Stack) -> None:
    stack.kill("chat")
    stack.engine.run("stop", stack.engine.container("chat"), check=False)
    try:
        secret = {"Sec-WebSocket-Protocol": CANARY}
        answer = stack.ask("GET", f"/api/chat/rooms/1/messages/?token={CANARY}", headers=secret)
        assert stack.ask("GET", "/.well-known/jwks.json").status == http.client.OK
    finally:
        stack.start("chat")
    assert (answer.status, answer.json()["code"]) == (503, "not_ready")
    assert answer.headers["Retry-After"]
    assert CANARY not in stack.log("caddy")
