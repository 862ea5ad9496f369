"""The login: tokens, made and renewed for everybody who needs one, once."""

import asyncio
import random
from typing import TypeVar

import httpx
import msgspec

from duologue.client.errors import ApiError, BadAnswer, DuologueError, LoginRequired
from duologue.client.http import Http

Shape = TypeVar("Shape")
_UNAUTHORIZED, _TOO_MANY = 401, 429
_PATIENCE_SECONDS = 60.0


class _Pair(msgspec.Struct):
    access: str
    refresh: str


class _Access(msgspec.Struct):
    access: str


_pair = msgspec.json.Decoder(_Pair)
_access = msgspec.json.Decoder(_Access)


class Session:
    """One person's login. It logs in when the first token is asked for. Nothing of it shows a token or the password."""

    def __init__(self, http: Http, username: str | None, password: str | None, refresh_token: str | None) -> None:
        self.username = username
        self._http = http
        self._password = password
        self._refresh_token = refresh_token
        self._token: str | None = None
        self._one_at_a_time = asyncio.Lock()
        self._failure: DuologueError | None = None

    @property
    def refresh_token(self) -> str | None:
        """A secret to keep over a restart in place of the password; None before the first login."""
        return self._refresh_token

    async def token(self) -> str:
        """Return an access token, which may be too old; raise LoginRequired, ApiError or Unreachable."""
        return self._token if self._token is not None else await self.renewed(None)

    async def renewed(self, stale: str | None) -> str:
        """Return another token than `stale`. However many ask at once, one request is made, also when it fails."""
        failed_before = self._failure
        async with self._one_at_a_time:
            if self._token is None or self._token == stale:
                if self._failure is not None and self._failure is not failed_before:
                    # it failed while this one waited: asking again, each in turn, would use up the allowance of logins
                    raise self._failure.with_traceback(None)
                self._token = await self._fresh_or_failure()
            return self._token

    async def request(self, method: str, path: str, **options: object) -> httpx.Response:
        """Make a request as this person. A token that is refused is renewed once; whoever asks too much waits."""
        token = await self.token()
        try:
            return await self._patiently(method, path, token, **options)
        except ApiError as refusal:
            if refusal.status != _UNAUTHORIZED:
                raise
        token = await self.renewed(token)
        try:
            return await self._patiently(method, path, token, **options)
        except ApiError as refusal:
            raise _login_required(refusal) from None

    async def _patiently(self, method: str, path: str, token: str, **options: object) -> httpx.Response:
        """Make a request as often as it takes: one that was too many has done nothing."""
        waited = 0.0
        while True:
            try:
                return await self._http.request(method, path, token=token, **options)  # type: ignore[arg-type] # as given
            except ApiError as refusal:
                # those who were turned away together shall not come back together
                pause = (refusal.retry_after or 1.0) * (1 + random.random())  # noqa: S311 - no secret
                if refusal.status != _TOO_MANY or waited + pause > _PATIENCE_SECONDS:
                    raise
            await asyncio.sleep(pause)
            waited += pause

    async def log_out(self) -> None:
        """End the login at the server, which also closes its sockets, and forget the tokens and the password."""
        if self._refresh_token is not None:
            await self.request("POST", "/api/logout/", body={"refresh": self._refresh_token})
        self._refresh_token = self._token = self._password = None

    async def _fresh_or_failure(self) -> str:
        try:
            return await self._fresh()
        except DuologueError as failure:
            self._failure = failure
            raise

    async def _fresh(self) -> str:
        if self._refresh_token is not None:
            try:
                answer = await self._http.request("POST", "/api/token/refresh/", body={"refresh": self._refresh_token})
                return _read(_access, answer).access
            except ApiError as refusal:
                if refusal.status != _UNAUTHORIZED:
                    raise
                self._refresh_token = None
                if self._password is None:
                    raise _login_required(refusal) from None
        return await self._log_in()

    async def _log_in(self) -> str:
        if self.username is None or self._password is None:
            raise LoginRequired("login_required", None, "There is neither a password nor a refresh token.")
        body = {"username": self.username, "password": self._password}
        try:
            answer = await self._http.request("POST", "/api/login/", body=body)
        except ApiError as refusal:
            raise _login_required(refusal) from None
        pair = _read(_pair, answer)
        self._refresh_token = pair.refresh
        return pair.access


def _login_required(refusal: ApiError) -> ApiError:
    if refusal.status != _UNAUTHORIZED:
        return refusal
    return LoginRequired(refusal.code, refusal.status, refusal.detail, refusal.errors)


def _read(decoder: "msgspec.json.Decoder[Shape]", answer: httpx.Response) -> Shape:
    try:
        return decoder.decode(answer.content)
    except msgspec.DecodeError:
        # the decoder's own words, and the answer itself, may hold a token
        raise BadAnswer(f"{answer.request.url.path} did not answer with tokens") from None
