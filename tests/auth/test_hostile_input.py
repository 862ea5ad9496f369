"""Input that trips parsers: refused with a reason, and never a 500."""

import json
import socket
from collections.abc import Callable
from urllib.parse import urlsplit

import httpx
import pytest

from tests.auth.conftest import Person, Service

POSTS = ("/api/register/", "/api/login/", "/api/token/refresh/", "/api/logout/")
JSON = {"content-type": "application/json"}

NOT_JSON = {
    "nothing": b"",
    "text": b"hello",
    "cut": b'{"username": "al',
    "two documents": b"{}{}",
    "not UTF-8": b'{"username": "\xff\xfe", "password": "x"}',
    "overlong UTF-8": b'{"username": "\xc0\x80", "password": "x"}',
    "lone surrogate": b'{"username": "\\ud800", "password": "\\udfff", "refresh": "\\ud800", "email": "\\ud800"}',
    "deep": b"[" * 30_000,
    "deep objects": b'{"a":' * 10_000,
    "deep inside": b'{"username": ' + b"[" * 20_000 + b"]" * 20_000 + b"}",
    "endless number": b'{"username": ' + b"9" * 20_000 + b"}",
    "NaN": b'{"username": NaN}',
    "byte order mark": b'\xef\xbb\xbf{"username": "x"}',
    "UTF-16": '{"username": "x"}'.encode("utf-16"),
}
NO_OBJECT = {"list": b"[]", "null": b"null", "number": b"7", "string": b'"x"', "true": b"true"}
ODD_FIELDS = {
    "types": {"username": [], "email": {}, "password": 7, "first_name": None, "refresh": True},
    "huge integer": {"username": 2**63, "email": -(2**63), "password": 2**64 - 1, "refresh": 2**63},
    "null bytes": dict.fromkeys(("username", "email", "password", "first_name", "refresh"), "a\0b"),
    "controls": dict.fromkeys(("username", "email", "password", "first_name", "refresh"), "\x1b[31m\r\n\u202e"),
    "long": dict.fromkeys(("username", "email", "password", "first_name", "refresh"), "x" * 10_000),
    "prototype": {"__proto__": {"x": 1}, "constructor": 1, "username": "x", "password": "y"},
    "markup": dict.fromkeys(("username", "email", "password", "refresh"), "<script>alert(1)</script>"),
    "templates": dict.fromkeys(("username", "email", "password", "refresh"), "{{7*7}}%s%n' OR 1=1 --"),
}


def send(http: httpx.Client, path: str, resident: Person, content: bytes, headers: dict[str, str]) -> httpx.Response:
    return http.post(path, content=content, headers=headers | resident.headers)


@pytest.mark.parametrize("path", POSTS)
@pytest.mark.parametrize("content", NOT_JSON.values(), ids=NOT_JSON.keys())
def test_what_is_not_json_is_malformed(http: httpx.Client, resident: Person, path: str, content: bytes) -> None:
    answer = send(http, path, resident, content, JSON)
    assert (answer.status_code, answer.json()["code"]) == (400, "malformed_json")


@pytest.mark.parametrize("path", POSTS)
@pytest.mark.parametrize("content", NO_OBJECT.values(), ids=NO_OBJECT.keys())
def test_what_is_no_object_is_malformed(http: httpx.Client, resident: Person, path: str, content: bytes) -> None:
    answer = send(http, path, resident, content, JSON)
    assert (answer.status_code, answer.json()["code"]) == (400, "malformed_json")


@pytest.mark.parametrize("path", POSTS)
@pytest.mark.parametrize("fields", ODD_FIELDS.values(), ids=ODD_FIELDS.keys())
def test_odd_fields_are_refused(http: httpx.Client, resident: Person, path: str, fields: object) -> None:
    answer = send(http, path, resident, json.dumps(fields).encode(), JSON)
    assert answer.status_code in (400, 401)
    assert resident.profile_code() == "ok"


@pytest.mark.parametrize("path", POSTS)
@pytest.mark.parametrize(
    "media_type", ["", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "json"]
)
def test_what_is_not_declared_as_json_is_refused(
    http: httpx.Client, resident: Person, path: str, media_type: str
) -> None:
    # without a type it is refused to a page; what is no page is believed
    headers = {"content-type": media_type} if media_type else {"origin": "https://evil.example"}
    answer = send(http, path, resident, b"{}", headers)
    assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_media_type")


def test_a_charset_beside_the_media_type_is_fine(http: httpx.Client, resident: Person) -> None:
    body = json.dumps({"refresh": resident.refresh}).encode()
    headers = {"content-type": "application/json; charset=utf-8"}
    assert http.post("/api/token/refresh/", content=body, headers=headers).status_code == 200


def test_keys_that_nobody_knows_are_passed_over(http: httpx.Client, resident: Person) -> None:
    body = {"username": resident.username, "password": resident.password, "remember": True, "deep": [[[]]]}
    assert http.post("/api/login/", json=body).status_code == 200


def in_parts(content: bytes) -> Callable[[], object]:
    return lambda: (content[start : start + 8192] for start in range(0, len(content), 8192))


@pytest.mark.parametrize("path", [*POSTS, "/_allauth/app/v1/auth/login"])
@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_may_have_64_kib_and_no_more(http: httpx.Client, resident: Person, path: str, chunked: bool) -> None:
    def post(size: int) -> int:
        content = b'{"username": "' + b"x" * (size - 16) + b'"}'
        assert len(content) == size
        body = in_parts(content)() if chunked else content
        return http.post(path, content=body, headers=JSON | resident.headers).status_code  # type: ignore[arg-type]

    assert post(64 * 1024) in (400, 401, 409)
    assert post(64 * 1024 + 1) == 413
    assert post(1024 * 1024) == 413


@pytest.mark.parametrize(
    ("path", "allowed"),
    [
        ("/api/register/", {"POST"}),
        ("/api/login/", {"POST"}),
        ("/api/token/refresh/", {"POST"}),
        ("/api/logout/", {"POST"}),
        ("/api/users/profile/", {"GET", "HEAD"}),
        ("/api/users/alice/", {"GET", "HEAD"}),
        ("/.well-known/jwks.json", {"GET", "HEAD"}),
        ("/.well-known/ended-sessions.json", {"GET", "HEAD"}),
    ],
)
@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"])
def test_other_methods_are_refused_with_the_right_ones(
    http: httpx.Client, path: str, allowed: set[str], method: str
) -> None:
    answer = http.request(method, path)
    if method in allowed:
        assert answer.status_code != 405
        return
    assert answer.status_code == 405
    assert set(answer.headers["allow"].split(", ")) == allowed
    if method != "HEAD":
        assert answer.json()["code"] == "method_not_allowed"


@pytest.mark.parametrize(
    "path", ["/", "/api/", "/api/nothing/", "/api/login", "/api/users/", "/accounts/login/", "/x\u00e4"]
)
def test_elsewhere_there_is_nothing(http: httpx.Client, path: str) -> None:
    answer = http.get(path)
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


def raw(service: Service, request: bytes) -> bytes:
    """Send bytes that an HTTP library would not."""
    address = urlsplit(service.url)
    with socket.create_connection((address.hostname, address.port or 80), timeout=10) as connection:
        connection.sendall(request)
        answer = b""
        while part := connection.recv(65536):
            answer += part
    return answer


@pytest.mark.parametrize(
    ("line", "headers"),
    [
        (b"GET /api/users/profile/?\xff\xfe=\x80 HTTP/1.1", b"Host: x\r\n"),
        (b"GET /.well-known/ended-sessions.json?since=\xff%ff%00&since=\x80 HTTP/1.1", b"Host: x\r\n"),
        (b"GET /api/users/%ff%00%0d%0a/ HTTP/1.1", b"Host: x\r\n"),
        (b"GET /api/users/profile/ HTTP/1.1", b"Host: \xff\xfe\r\n"),
        (b"GET /api/users/profile/ HTTP/1.1", b"Host: x y, z@@\r\n"),
        (b"GET /api/users/profile/ HTTP/1.1", b"Host: x\r\nAuthorization: Bearer \xff\xfe\r\n"),
        (b"GET /api/users/profile/ HTTP/1.1", b"Host: x\r\nCookie: \xff=\xfe; duologue_admin=\x01\r\n"),
        (b"GET /admin/login/?next=\xff%00 HTTP/1.1", b"Host: x\r\nCookie: duologue_admin=../../x\r\n"),
        (b"GET /admin/login/ HTTP/1.1", b"Host: x y, z@@\r\n"),
        (b"GET /static/../../etc/passwd HTTP/1.1", b"Host: x\r\n"),
        (b"GET /static/%2e%2e/%2e%2e/%00 HTTP/1.1", b"Host: x\r\n"),
        (b"POST /api/login/ HTTP/1.1", b"Host: x\r\nContent-Length: 0\r\nContent-Type: \xff\r\n"),
        (b"POST /_allauth/app/v1/auth/login HTTP/1.1", b"Host: x y\r\nContent-Length: 2\r\n\r\n{}"),
        (b"GET /_allauth/app/v1/auth/session HTTP/1.1", b"Host: x\r\nX-Session-Token: \xff\x00\r\n"),
    ],
)
def test_odd_bytes_in_the_head_are_no_error_of_ours(service: Service, line: bytes, headers: bytes) -> None:
    body = b"" if headers.endswith(b"{}") else b"\r\n"
    answer = raw(service, line + b"\r\nConnection: close\r\n" + headers + body)
    status = int(answer.split(b" ", 2)[1])
    assert 200 <= status < 500, answer


def test_a_header_with_an_underscore_is_not_mistaken_for_another(service: Service, resident: Person) -> None:
    token = resident.access.encode()
    request = b"GET /api/users/profile/ HTTP/1.1\r\nHost: x\r\nConnection: close\r\n%s: Bearer " + token + b"\r\n\r\n"
    assert raw(service, request % b"Authorization").startswith(b"HTTP/1.1 200")
    for name in (b"HTTP_AUTHORIZATION", b"Authorization_"):
        assert raw(service, request % name).startswith(b"HTTP/1.1 401")


@pytest.mark.parametrize(
    ("path", "signed_in"), [("/api/users/profile/", True), ("/api/nothing/", False), ("/_allauth/app/v1/config", False)]
)
def test_every_answer_of_the_api_has_its_security_headers(
    http: httpx.Client, resident: Person, path: str, signed_in: bool
) -> None:
    headers = http.get(path, headers=resident.headers if signed_in else {}).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert "no-store" in headers["cache-control"]
    assert "default-src 'none'" in headers["content-security-policy"]
    assert "access-control-allow-origin" not in headers
