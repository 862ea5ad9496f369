"""Throw-away accounts, and how they speak REST."""

import asyncio
import secrets
import time
from collections.abc import Callable, Mapping
from typing import Any

import httpx

from duologue.verify.address import Address

_TIMEOUT_SECONDS = 15.0
# until somebody who asks too often may ask again, throttles of a minute included
_PATIENCE_SECONDS = 180.0
_UNREACHABLE_SECONDS = 10.0

Say = Callable[[str], None]


class CannotStartError(Exception):
    """The installation does not let us in; the text says why."""


class UnreachableError(Exception):
    """Nobody answers."""


class Person:
    """Somebody with an account of the run's own. Its password and tokens are never shown."""

    def __init__(self, address: Address) -> None:
        self.username = f"verify-{secrets.token_hex(5)}"
        self._password = secrets.token_urlsafe(18)
        self.token = ""
        self._refresh_token = ""
        self._refreshing = asyncio.Lock()
        # no proxy of the environment: the sockets would not use it either
        verify = True if address.tls is None else address.tls
        self.http = httpx.AsyncClient(base_url=address.url, verify=verify, trust_env=False, timeout=_TIMEOUT_SECONDS)

    async def arrive(self, say: Say) -> None:
        """Register and log in. Raise CannotStartError, UnreachableError."""
        account = {
            "username": self.username,
            "email": f"{self.username}@example.com",
            "password": self._password,
        }
        await self._patiently("register", "/api/register/", account, say)
        await self.log_in(say)

    async def log_in(self, say: Say) -> None:
        """Get a new pair of tokens. Raise CannotStartError, UnreachableError."""
        tokens = await self._patiently(
            "log in", "/api/login/", {"username": self.username, "password": self._password}, say
        )
        self.token, self._refresh_token = tokens["access"], tokens["refresh"]

    async def refresh(self, stale: str) -> str:
        """Return a token that is not the stale one; who asks together gets the same. Raise httpx.HTTPError."""
        async with self._refreshing:
            if self.token == stale:
                answer = await self.http.post("/api/token/refresh/", json={"refresh": self._refresh_token})
                answer.raise_for_status()
                self.token = answer.json()["access"]
        return self.token

    async def ask(
        self,
        method: str,
        path: str,
        *,
        json: object = None,
        params: Mapping[str, str | int] | None = None,
        headers: Mapping[str, str] | None = None,
        patience: float = _TIMEOUT_SECONDS,
    ) -> httpx.Response:
        """Ask with the token, once more with a fresh one when it has expired. Raise httpx.HTTPError.

        Whoever reads too much waits and goes on. `patience`: seconds to wait for the answer after the request has been
        sent.
        """
        for last in (False, True):
            used = self.token
            answer = await self.http.request(
                method,
                path,
                json=json,
                params=dict(params or {}),
                headers={**(headers or {}), "authorization": f"Bearer {used}"},
                timeout=httpx.Timeout(_TIMEOUT_SECONDS, read=patience),
            )
            if answer.status_code != httpx.codes.UNAUTHORIZED or last:
                break
            await self.refresh(used)
        if answer.status_code == httpx.codes.TOO_MANY_REQUESTS and method == "GET":
            await asyncio.sleep(_retry_after(answer))
            return await self.ask(method, path, params=params, headers=headers, patience=patience)
        return answer

    async def leave(self) -> None:
        """Log out, so that no login of ours stays behind."""
        try:
            await self.ask("POST", "/api/logout/", json={"refresh": self._refresh_token})
        except httpx.HTTPError:
            pass
        finally:
            await self.http.aclose()

    async def _patiently(self, what: str, path: str, body: Mapping[str, str], say: Say) -> Any:
        began = time.monotonic()
        while True:
            answer = await self._post(path, body)
            waited = time.monotonic() - began
            if answer is None:
                if waited > _UNREACHABLE_SECONDS:
                    raise UnreachableError
                await asyncio.sleep(0.5)
            elif answer.status_code in (httpx.codes.OK, httpx.codes.CREATED):
                return answer.json()
            elif answer.status_code not in (429, 502, 503, 504) or waited > _PATIENCE_SECONDS:
                raise CannotStartError(f"to {what} was refused: {answer.status_code} {code_of(answer)}")
            else:
                pause = _retry_after(answer)
                say(f"waiting {pause:.0f} s to {what}: the server says {code_of(answer)}")
                await asyncio.sleep(pause)

    async def _post(self, path: str, body: Mapping[str, str]) -> httpx.Response | None:
        try:
            return await self.http.post(path, json=body)
        except httpx.TransportError as error:
            if "CERTIFICATE" in str(error):
                raise CannotStartError("the server's certificate cannot be verified") from None
            return None


def code_of(answer: httpx.Response) -> str:
    """Return the stable code of a refusal."""
    try:
        return str(answer.json()["code"])
    except (ValueError, KeyError, TypeError):
        return "(no problem document)"


def _retry_after(answer: httpx.Response) -> float:
    text = answer.headers.get("retry-after", "")
    return min(60.0, float(text)) if text.isdecimal() else 2.0
