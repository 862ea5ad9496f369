"""The product's public API as set-up and verification use it: plain, one connection per thread, nothing measured."""

from __future__ import annotations

import http.client
import re
from collections.abc import Iterator
from typing import Any

import msgspec

_PAGE = 1000


class RefusedError(RuntimeError):
    """The product answered something else than set-up needs."""


class Api:
    """One keep-alive connection."""

    def __init__(self, port: int) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)

    def call(
        self, method: str, path: str, body: object = None, token: str | None = None
    ) -> tuple[int, http.client.HTTPMessage, bytes]:
        """Send one request; return status, headers and body."""
        headers = {"content-type": "application/json"} if body is not None else {}
        if token is not None:
            headers["authorization"] = f"Bearer {token}"
        self._connection.request(method, path, None if body is None else msgspec.json.encode(body), headers)
        answer = self._connection.getresponse()
        return answer.status, answer.headers, answer.read()

    def expect(self, statuses: set[int], method: str, path: str, body: object = None, token: str | None = None) -> Any:
        """Send one request; return the decoded body, or raise RefusedError when the status is another one."""
        status, _, content = self.call(method, path, body, token)
        if status not in statuses:
            raise RefusedError(f"{method} {path}: {status} {content[:300].decode(errors='replace')}")
        return msgspec.json.decode(content)

    def close(self) -> None:
        """Let go of the connection."""
        self._connection.close()


def head_of(api: Api, room: int, token: str) -> int:
    """Return a room's newest `seq`, 0 for an empty room: the `Link` to what is older names it."""
    path = f"/api/chat/rooms/{room}/messages/?limit=1"
    status, headers, body = api.call("GET", path, token=token)
    if status != 200:
        raise RefusedError(f"GET {path}: {status} {body[:300].decode(errors='replace')}")
    before = re.search(r"[?&]before=(\d+)", headers.get("link", ""))
    return int(before.group(1)) if before else len(msgspec.json.decode(body))


def ids_after(api: Api, room: int, token: str, after: int) -> Iterator[int]:
    """Yield the ids of a room's messages after a `seq`, in order, over as many pages as it takes."""
    while True:
        path = f"/api/chat/rooms/{room}/messages/?after={after}&limit={_PAGE}"
        page = api.expect({200}, "GET", path, token=token)
        yield from (message["id"] for message in page)
        if len(page) < _PAGE:
            return
        after += _PAGE
