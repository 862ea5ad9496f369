"""Every answer is held against `protocol/`: an answer that the documents do not describe fails the test that got it.

`hooks()` and `async_hooks()` go into an httpx client's `event_hooks`. `check_frame` does the same for the socket.
Validators are compiled once per process: a check costs some ten microseconds.
"""

import json
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

import httpx
import jsonschema_rs

PROTOCOL = Path(__file__).resolve().parents[2] / "protocol"

PASSED_OVER = (
    # pages for people, and what they load
    re.compile(r"/|/web/.*|/static/.*"),
    # the documents themselves and their pages
    re.compile(r"(/auth|/chat)?/(openapi\.json|asyncapi\.json|codes\.json|docs/?|docs\.css)"),
    # Django's admin and allauth's own interface: described by their makers
    re.compile(r"/admin/.*|/_allauth/.*|/accounts/.*"),
    # an upgrade that is refused is no REST answer; the AsyncAPI document describes it
    re.compile(r"/ws/chat(/.*)?"),
)
# which documents hold on a host; any other host serves both
BY_NAME = {"auth.localhost": ("auth",), "chat.localhost": ("chat",)}
# what any request can get, before the server looks at which operation it is
ANYWHERE = {400: "bad_request", 408: "request_timeout", 431: "head_too_large"}
# HTTP itself gives these to every GET; no document lists them
IMPLIED_METHODS = frozenset({"HEAD", "OPTIONS"})

Document = dict[str, Any]
Dialect = Literal["plain", "v1"]
_ONLY_IN_V1 = {"cursor", "about"}


class UndocumentedAnswer(AssertionError):  # noqa: N818 - it reads as what it says
    """The server said something that the documents do not describe."""


@cache
def document(name: str) -> Document:
    """Return one file of `protocol/`."""
    content: Document = json.loads((PROTOCOL / name).read_text(encoding="utf-8"))
    return content


def resolve(root: Document, node: Document) -> Document:
    """Follow a `$ref` inside a document."""
    while "$ref" in node:
        target: Any = root
        for part in node["$ref"].removeprefix("#/").split("/"):
            target = target[part.replace("~1", "/").replace("~0", "~")]
        node = target
    return node


def compiled(root: Document, schema: Document) -> jsonschema_rs.Validator:
    """Return a validator of a schema that may point into the document's components."""
    components = {"schemas": root["components"]["schemas"]}
    rooted = {"$schema": "https://json-schema.org/draft/2020-12/schema", "components": components, **schema}
    return jsonschema_rs.validator_for(rooted, validate_formats=True)


@dataclass(frozen=True, slots=True)
class Header:
    """What the documents say of one header of an answer."""

    required: bool
    integer: bool
    schema: jsonschema_rs.Validator

    def complaint(self, value: str | None) -> str | None:
        """Return what is wrong with its value, or None."""
        if value is None:
            return "is missing" if self.required else None
        if self.integer and not value.isdecimal():
            return f"is no whole number: {value!r}"
        error = next(self.schema.iter_errors(int(value) if self.integer else value), None)
        return None if error is None else str(error.message)


@dataclass(frozen=True, slots=True)
class Answer:
    """What the documents say of one status of one operation."""

    bodies: Mapping[str, jsonschema_rs.Validator]
    headers: Mapping[str, Header]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One path template with what its methods answer."""

    template: str
    pattern: re.Pattern[str]
    methods: Mapping[str, Mapping[int, Answer]]


def _answer(root: Document, node: Document) -> Answer:
    node = resolve(root, node)
    bodies = {kind: compiled(root, content["schema"]) for kind, content in node.get("content", {}).items()}
    headers = {}
    for name, each in node.get("headers", {}).items():
        header = resolve(root, each)
        integer = header["schema"].get("type") == "integer"
        headers[name] = Header(header.get("required", False), integer, compiled(root, header["schema"]))
    return Answer(bodies, headers)


@cache
def paths(name: str) -> list[Endpoint]:
    """Return the paths of a service, those without parameters first."""
    root = document(f"{name}.openapi.json")
    found = []
    for template, item in root["paths"].items():
        pattern = re.compile("[^/]+".join(re.escape(part) for part in re.split(r"\{\w+\}", template)))
        methods = {
            method.upper(): {int(status): _answer(root, node) for status, node in operation["responses"].items()}
            for method, operation in item.items()
        }
        found.append(Endpoint(template, pattern, methods))
    return sorted(found, key=lambda path: "{" in path.template)


@cache
def _problem() -> jsonschema_rs.Validator:
    root = document("auth.openapi.json")
    return compiled(root, {"$ref": "#/components/schemas/Problem"})


def _find(host: str, path: str) -> Endpoint | None:
    for name in BY_NAME.get(host, ("auth", "chat")):
        for candidate in paths(name):
            if candidate.pattern.fullmatch(path):
                return candidate
    return None


def _refusal(response: httpx.Response, code: str) -> str | None:
    """Return what is wrong with an answer that must be this problem, or None."""
    kind = response.headers.get("content-type", "")
    if kind.partition(";")[0] != "application/problem+json":
        return f"{kind!r} instead of application/problem+json"
    if response.request.method == "HEAD":
        return None
    body = response.json()
    error = next(_problem().iter_errors(body), None)
    if error is not None:
        return str(error.message)
    return None if body["code"] == code else f"code {body['code']!r} instead of {code!r}"


def _outside(response: httpx.Response, found: Endpoint | None) -> str | None:
    """Return what is wrong with the answer to a path or a method that no document lists, or None."""
    if found is None:
        if response.status_code != httpx.codes.NOT_FOUND:
            return f"status {response.status_code} from a path that no document lists"
        return _refusal(response, "not_found")
    if response.status_code != httpx.codes.METHOD_NOT_ALLOWED:
        return f"status {response.status_code} from a method that no document lists"
    allowed = {method.strip() for method in response.headers.get("allow", "").split(",")}
    if allowed - IMPLIED_METHODS != set(found.methods):
        return f"Allow: {response.headers.get('allow')} instead of {', '.join(found.methods)}"
    return _refusal(response, "method_not_allowed")


def _documented(response: httpx.Response, answers: Mapping[int, Answer]) -> str | None:
    """Return what is wrong with the answer of a documented operation, or None."""
    answer = answers.get(response.status_code)
    if answer is None:
        return f"status {response.status_code} is not documented"
    for name, header in answer.headers.items():
        if complaint := header.complaint(response.headers.get(name)):
            return f"header {name} {complaint}"
    kind = response.headers.get("content-type", "").partition(";")[0]
    if kind not in answer.bodies:
        return f"media type {kind!r} is not documented"
    if response.request.method == "HEAD":
        return None
    error = next(answer.bodies[kind].iter_errors(json.loads(response.content)), None)
    return None if error is None else f"at {'/'.join(map(str, error.instance_path)) or 'the top'}: {error.message}"


def check(response: httpx.Response) -> None:
    """Raise UndocumentedAnswer unless the documents describe this answer; its body must have been read."""
    url, method = response.request.url, response.request.method
    if any(pattern.fullmatch(url.path) for pattern in PASSED_OVER):
        return
    # a test may name a host without asking the resolver for it
    host = response.request.headers.get("host", url.host)
    found = _find(re.sub(r":\d+$", "", host), url.path)
    answers = found.methods.get("GET" if method == "HEAD" else method) if found else None
    complaint = _outside(response, found) if answers is None else _documented(response, answers)
    if complaint and response.status_code in ANYWHERE:
        complaint = complaint if _refusal(response, ANYWHERE[response.status_code]) else None
    if complaint:
        shown = response.text[:500]
        raise UndocumentedAnswer(f"{method} {url.path} → {response.status_code}: {complaint}\n{shown}")


def _hook(response: httpx.Response) -> None:
    response.read()
    check(response)


async def _async_hook(response: httpx.Response) -> None:
    await response.aread()
    check(response)


def hooks() -> dict[str, list[Callable[[httpx.Response], None]]]:
    """Return `event_hooks` for httpx.Client."""
    return {"response": [_hook]}


def async_hooks() -> dict[str, list[Callable[[httpx.Response], Awaitable[None]]]]:
    """Return `event_hooks` for httpx.AsyncClient."""
    return {"response": [_async_hook]}


@cache
def frame_schema(name: str) -> jsonschema_rs.Validator | None:
    """Return the schema of one kind of frame, such as `server.ready`, or None when there is no such kind."""
    path = PROTOCOL / "frames" / f"{name}.json"
    if not path.exists():
        return None
    return jsonschema_rs.validator_for(json.loads(path.read_text(encoding="utf-8")), validate_formats=True)


def check_frame(text: str | bytes, dialect: Dialect | None = None) -> dict[str, Any]:
    """Return a frame of the server's as JSON; raise UndocumentedAnswer unless its schema describes it.

    Without `dialect` it is told by the frame: only messages and errors are there in both, and v1's say more.
    """
    frame: dict[str, Any] = json.loads(text)
    kind = frame.get("type", "")
    if dialect is None:
        dialect = "plain" if kind in ("message", "error") and not frame.keys() & _ONLY_IN_V1 else "v1"
    validator = frame_schema(f"server.{kind}" if dialect == "v1" else f"plain.server.{kind}")
    error = next(validator.iter_errors(frame), None) if validator else None
    if validator is None or error is not None:
        raise UndocumentedAnswer(f"{error.message if error else 'unknown type'}\n{frame}")
    return frame


def check_close(code: int) -> int:
    """Return a close code of the server's; raise UndocumentedAnswer unless codes.json lists it."""
    if str(code) not in document("codes.json")["closes"]:
        raise UndocumentedAnswer(f"close code {code}")
    return code
