"""What chat asks auth over HTTP: does this person exist, which keys sign, which logins have ended."""

from collections.abc import Callable
from typing import TypeVar
from urllib.parse import quote

import httpx
import msgspec

from duologue.chat.errors import auth_unavailable
from duologue.contract.ended_sessions import EndedSessions, EndedSessionsUnreadableError, read_ended_sessions
from duologue.contract.keys import KeysUnreadableError, VerifyingKeys, read_jwks

Document = TypeVar("Document")


class _User(msgspec.Struct, frozen=True):
    id: int | str
    username: str


class KnownUser(msgspec.Struct, frozen=True):
    """Somebody whom auth knows."""

    user_id: str
    username: str


class AuthService:
    """The other service; `transport` reaches it without a network when both run in one process."""

    def __init__(self, url: str, timeout: float, transport: httpx.AsyncBaseTransport | None = None) -> None:
        # asked rarely, so nothing is kept open: a connection that outlived a restart of auth would fail the next room
        limits = httpx.Limits(max_keepalive_connections=0)
        self._client = httpx.AsyncClient(
            base_url=url, timeout=timeout, transport=transport, limits=limits, trust_env=False
        )

    async def find_user(self, username: str, token: str) -> KnownUser | None:
        """Ask with the caller's own token whether somebody has this username. Raise Problem `auth_unavailable`."""
        path = f"/api/users/{quote(username, safe='')}/"
        answer = await self._get(path, {"authorization": f"Bearer {token}"})
        if answer.status_code == httpx.codes.NOT_FOUND:
            return None
        if answer.status_code != httpx.codes.OK:
            raise auth_unavailable()
        try:
            user = msgspec.json.decode(answer.content, type=_User)
        except msgspec.MsgspecError:
            raise auth_unavailable() from None
        return KnownUser(str(user.id), user.username)

    async def fetch_keys(self) -> VerifyingKeys:
        """Return the public keys that auth signs with now. Raise Problem `auth_unavailable`."""
        return await self._published("jwks.json", read_jwks)

    async def ended_sessions(self, since: str) -> EndedSessions:
        """Return which logins have ended since a place on auth's list. Raise Problem `auth_unavailable`."""
        return await self._published(f"ended-sessions.json?since={quote(since, safe='')}", read_ended_sessions)

    async def close(self) -> None:
        """Let go of the connections."""
        await self._client.aclose()

    async def _published(self, name: str, read: Callable[[bytes], Document]) -> Document:
        answer = await self._get(f"/.well-known/{name}", {})
        if answer.status_code != httpx.codes.OK:
            raise auth_unavailable()
        try:
            return read(answer.content)
        except (KeysUnreadableError, EndedSessionsUnreadableError):
            raise auth_unavailable() from None

    async def _get(self, path: str, headers: dict[str, str]) -> httpx.Response:
        try:
            return await self._client.get(path, headers=headers)
        except (httpx.HTTPError, httpx.InvalidURL):
            raise auth_unavailable() from None
