"""The check that all other tests rely on must itself be able to fail."""

import json
from collections.abc import Mapping
from typing import Any

import httpx
import pytest

from tests.rig.contract_check import UndocumentedAnswer, async_hooks, check_close, check_frame, hooks

NO_STORE = {"cache-control": "no-store"}
ALICE = {"id": 1, "username": "alice", "email": "alice@example.com"}
HI = {
    "id": 1,
    "room": 1,
    "sender_id": "alice",
    "content": "Hi",
    "timestamp": "2025-11-02T20:30:00Z",
    "is_read": False,
}


def problem(status: int, code: str, **more: Any) -> dict[str, Any]:
    kind = f"urn:duologue:error:{code}"
    return {"type": kind, "title": "No", "status": status, "code": code, "detail": "Because.", **more}


def ask(
    method: str,
    url: str,
    status: int,
    body: Any,
    headers: Mapping[str, str] | None = None,
    media_type: str = "application/json",
) -> httpx.Response:
    answer = httpx.Response(
        status,
        content=json.dumps(body),
        headers={"content-type": media_type, **(NO_STORE if headers is None else headers)},
    )
    with httpx.Client(transport=httpx.MockTransport(lambda _: answer), event_hooks=hooks()) as client:
        return client.request(method, url)


def refuse(method: str, url: str, status: int, code: str, headers: Mapping[str, str], **more: Any) -> httpx.Response:
    return ask(method, url, status, problem(status, code, **more), headers, "application/problem+json")


ONE = "http://localhost:8000"


def test_documented_answers_pass() -> None:
    ask("POST", f"{ONE}/api/register/", 201, ALICE)
    ask("GET", f"{ONE}/api/users/profile/", 200, ALICE)
    ask("GET", f"{ONE}/api/users/bob/", 200, {"id": 2, "username": "bob"})
    ask("POST", f"{ONE}/api/chat/rooms/1/messages/", 201, HI | {"client_id": "a-1"})
    links = '</api/chat/rooms/1/messages/?before=7&limit=1>; rel="prev"'
    ask("GET", f"{ONE}/api/chat/rooms/1/messages/?limit=1", 200, [HI], NO_STORE | {"link": links})
    refuse("GET", f"{ONE}/api/users/profile/", 401, "token_missing", {"www-authenticate": "Bearer"})
    refuse("POST", f"{ONE}/api/login/", 429, "rate_limited", {"retry-after": "3"})


def test_a_path_or_a_method_that_is_not_there_passes_when_it_is_refused_well() -> None:
    refuse("GET", f"{ONE}/api/nothing/", 404, "not_found", {})
    refuse("DELETE", f"{ONE}/api/chat/rooms/1/messages/", 405, "method_not_allowed", {"allow": "GET, HEAD, POST"})


def test_what_any_request_can_get_passes_anywhere() -> None:
    refuse("POST", f"{ONE}/api/login/", 400, "bad_request", {})
    refuse("GET", f"{ONE}/api/nothing/", 431, "head_too_large", {})
    with pytest.raises(UndocumentedAnswer):
        refuse("GET", f"{ONE}/api/nothing/", 431, "bad_request", {})


def test_the_other_service_is_not_there_by_name() -> None:
    refuse("POST", "http://auth.localhost/api/chat/rooms/", 404, "not_found", {})
    with pytest.raises(UndocumentedAnswer):
        refuse("POST", "http://chat.localhost:8000/api/chat/rooms/", 404, "not_found", {})


@pytest.mark.parametrize("path", ["/", "/admin/login/", "/_allauth/app/v1/config", "/static/a.css", "/chat/docs"])
def test_what_others_describe_is_passed_over(path: str) -> None:
    ask("GET", ONE + path, 200, "anything", {})


@pytest.mark.parametrize(
    ("method", "path", "status", "body", "headers"),
    [
        pytest.param("GET", "/api/users/profile/", 202, ALICE, NO_STORE, id="status"),
        pytest.param("GET", "/api/users/profile/", 200, ALICE | {"is_staff": True}, NO_STORE, id="extra key"),
        pytest.param("GET", "/api/users/profile/", 200, {"id": 1, "username": "alice"}, NO_STORE, id="missing key"),
        pytest.param("GET", "/api/users/profile/", 200, ALICE | {"email": "alice"}, NO_STORE, id="format"),
        pytest.param("GET", "/api/users/profile/", 200, ALICE, {}, id="missing header"),
        pytest.param("GET", "/api/users/profile/", 200, ALICE, {"cache-control": "public"}, id="wrong header"),
        pytest.param(
            "GET", "/api/chat/rooms/1/messages/", 200, [HI | {"timestamp": "today"}], NO_STORE, id="in a list"
        ),
        pytest.param("GET", "/api/nothing/", 200, {}, NO_STORE, id="unlisted path"),
        pytest.param("PUT", "/api/login/", 200, {}, NO_STORE, id="unlisted method"),
        pytest.param("GET", "/api/nothing/", 404, {"detail": "Not found."}, NO_STORE, id="no problem document"),
    ],
)
def test_undocumented_answers_fail(method: str, path: str, status: int, body: Any, headers: Mapping[str, str]) -> None:
    with pytest.raises(UndocumentedAnswer):
        ask(method, ONE + path, status, body, headers)


@pytest.mark.parametrize(
    ("method", "path", "status", "code", "headers"),
    [
        pytest.param("POST", "/api/login/", 401, "token_missing", {"www-authenticate": "Bearer"}, id="another's code"),
        pytest.param("POST", "/api/login/", 401, "invalid_credentials", {}, id="no challenge"),
        pytest.param("POST", "/api/login/", 429, "rate_limited", {}, id="no Retry-After"),
        pytest.param("POST", "/api/login/", 429, "rate_limited", {"retry-after": "0"}, id="Retry-After of zero"),
        pytest.param("POST", "/api/login/", 429, "rate_limited", {"retry-after": "soon"}, id="Retry-After in words"),
        pytest.param("GET", "/api/nothing/", 404, "token_missing", {}, id="unlisted path, another code"),
        pytest.param("PUT", "/api/login/", 405, "method_not_allowed", {}, id="no Allow"),
        pytest.param("PUT", "/api/login/", 405, "method_not_allowed", {"allow": "GET"}, id="wrong Allow"),
    ],
)
def test_undocumented_refusals_fail(method: str, path: str, status: int, code: str, headers: Mapping[str, str]) -> None:
    with pytest.raises(UndocumentedAnswer):
        refuse(method, ONE + path, status, code, headers)


def test_a_refusal_with_an_extra_key_fails() -> None:
    with pytest.raises(UndocumentedAnswer):
        refuse("POST", f"{ONE}/api/login/", 401, "invalid_credentials", {"www-authenticate": "Bearer"}, trace="…")


@pytest.mark.anyio
async def test_an_asynchronous_client_checks_as_well() -> None:
    answer = httpx.Response(200, json={"status": "fine"})
    transport = httpx.MockTransport(lambda _: answer)
    async with httpx.AsyncClient(transport=transport, event_hooks=async_hooks()) as client:
        with pytest.raises(UndocumentedAnswer):
            await client.get(f"{ONE}/healthz")


def test_frames() -> None:
    good = HI | {"type": "message", "username": "alice", "message": "Hi", "seq": 1}
    assert check_frame(json.dumps(good)) == good
    for bad in (good | {"seq": 0}, good | {"secret": 1}, good | {"type": "ack"}, {"type": "error", "code": "no_such"}):
        with pytest.raises(UndocumentedAnswer):
            check_frame(json.dumps(bad))


def test_each_dialect_has_its_own_frames() -> None:
    plain = HI | {"type": "message", "username": "alice", "message": "Hi", "seq": 1}
    told = plain | {"cursor": "k3f9c2.1.1.0"}
    typing = {"type": "typing", "room": 1, "username": "alice", "state": "start", "expires_in_ms": 6000}
    assert check_frame(json.dumps(told)) == told == check_frame(json.dumps(told), "v1")
    assert check_frame(json.dumps(typing)) == typing
    for frame, dialect in ((told, "plain"), (plain, "v1"), (typing, "plain")):
        with pytest.raises(UndocumentedAnswer):
            check_frame(json.dumps(frame), "plain" if dialect == "plain" else "v1")


def test_close_codes() -> None:
    assert check_close(4401) == 4401
    with pytest.raises(UndocumentedAnswer):
        check_close(4000)
