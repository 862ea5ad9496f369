"""An auth service of a few lines behind httpx.MockTransport: it counts, refuses and answers late on demand."""

import asyncio
import json
from collections import Counter
from typing import Any

import httpx

_WAIT_SECONDS = 20.0
SECRETS = ("the-password", "the-refresh-token", "the-access-token")


class AuthStandIn:
    """Gives `the-access-token-N`; only the newest one is good.

    `ailments` are what the next refreshes get instead, and none is answered while `refreshes` is not set.
    """

    def __init__(self) -> None:
        self.asked: Counter[str] = Counter()
        self.number = 0
        self.refresh_is_good = True
        self.password_is_good = True
        self.ailments: list[httpx.Response | Exception] = []
        self.refreshes = asyncio.Event()
        self.refreshes.set()
        self._more = asyncio.Event()

    @property
    def newest(self) -> str:
        """The one token that is good."""
        return f"the-access-token-{self.number}"

    @property
    def transport(self) -> httpx.MockTransport:
        return httpx.MockTransport(self._answer)

    def expire(self) -> None:
        """The token that is out is too old from now on."""
        self.number += 1

    async def is_asked(self, path: str, times: int) -> None:
        """Wait until somebody asked so often."""
        async with asyncio.timeout(_WAIT_SECONDS):
            while self.asked[path] < times:
                self._more.clear()
                await self._more.wait()

    async def _answer(self, request: httpx.Request) -> httpx.Response:
        # whoever asks at the same time must be there before the first answer
        await asyncio.sleep(0)
        self.asked[request.url.path] += 1
        self._more.set()
        if request.url.path == "/api/login/":
            return self._tokens(self.password_is_good, "invalid_credentials")
        if request.url.path == "/api/token/refresh/":
            await self.refreshes.wait()
            if self.ailments:
                return suffered(self.ailments.pop(0))
            return self._tokens(self.refresh_is_good, "refresh_invalid")
        if request.headers.get("authorization") != f"Bearer {self.newest}":
            return problem(401, "token_expired")
        return httpx.Response(200, json=[])

    def _tokens(self, good: bool, code: str) -> httpx.Response:
        if not good:
            return problem(401, code)
        self.number += 1
        return httpx.Response(200, json={"access": self.newest, "refresh": "the-refresh-token"})


def away() -> list[httpx.Response | Exception]:
    """Return what a refresh meets while auth starts anew: no answer, what stands before it, a full queue."""
    return [
        httpx.ConnectError("nobody is there"),
        problem(503, "unavailable"),
        httpx.Response(502, content=b"<html>"),
        problem(429, "rate_limited", {"retry-after": "1"}),
    ]


def suffered(ailment: httpx.Response | Exception) -> httpx.Response:
    """Return what was met, or raise it."""
    if isinstance(ailment, Exception):
        raise ailment
    return ailment


def problem(status: int, code: str, headers: dict[str, str] | None = None, **more: Any) -> httpx.Response:
    """Return a refusal."""
    body = {
        "type": f"urn:duologue:error:{code}",
        "title": "No",
        "status": status,
        "code": code,
        "detail": "No.",
        **more,
    }
    return httpx.Response(
        status, content=json.dumps(body), headers={"content-type": "application/problem+json", **(headers or {})}
    )
