"""An auth service of a few lines behind httpx.MockTransport: it counts, refuses and answers late on demand."""

import asyncio
import json
from collections import Counter
from typing import Any

import httpx

SECRETS = ("the-password", "the-refresh-token", "the-access-token")


class AuthStandIn:
    """Gives `the-access-token-N`; only the newest one is good."""

    def __init__(self) -> None:
        self.asked: Counter[str] = Counter()
        self.number = 0
        self.refresh_is_good = True
        self.password_is_good = True

    @property
    def transport(self) -> httpx.MockTransport:
        return httpx.MockTransport(self._answer)

    def expire(self) -> None:
        """The token that is out is too old from now on."""
        self.number += 1

    async def _answer(self, request: httpx.Request) -> httpx.Response:
        # whoever asks at the same time must be there before the first answer
        await asyncio.sleep(0)
        self.asked[request.url.path] += 1
        if request.url.path == "/api/login/":
            return self._tokens(self.password_is_good, "invalid_credentials")
        if request.url.path == "/api/token/refresh/":
            return self._tokens(self.refresh_is_good, "refresh_invalid")
        if request.headers.get("authorization") != f"Bearer the-access-token-{self.number}":
            return problem(401, "token_expired")
        return httpx.Response(200, json=[])

    def _tokens(self, good: bool, code: str) -> httpx.Response:
        if not good:
            return problem(401, code)
        self.number += 1
        return httpx.Response(200, json={"access": f"the-access-token-{self.number}", "refresh": "the-refresh-token"})


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
