"""One HTTP connection pool, and answers that are no success as exceptions."""

import ssl
from collections.abc import Mapping
from typing import Any

import httpx
import msgspec

from duologue.client.errors import BadAnswer, Unreachable, api_error

_SECONDS = httpx.Timeout(30.0, connect=10.0)
# codes.json: what can succeed when it is sent again
_RETRYABLE = frozenset({408, 429, 500, 503})
# what stands between the client and the server speaks for it while it is away
_GATEWAY = frozenset({502, 504})


class _Problem(msgspec.Struct):
    code: str
    detail: str = ""
    errors: dict[str, list[str]] = {}


_problem = msgspec.json.Decoder(_Problem)


class Http:
    """Requests to one server. Redirects are not followed: a token would travel with them."""

    def __init__(
        self, url: str, ssl_context: ssl.SSLContext | None, transport: httpx.AsyncBaseTransport | None
    ) -> None:
        # the socket asks no proxy of the environment either: both go the same way
        self._client = httpx.AsyncClient(
            base_url=url, verify=ssl_context or True, transport=transport, trust_env=False, timeout=_SECONDS
        )

    async def request(
        self,
        method: str,
        path: str,
        *,
        token: str | None = None,
        body: Mapping[str, Any] | None = None,
        query: Mapping[str, Any] | None = None,
    ) -> httpx.Response:
        """Return the answer to a request; raise ApiError for a refusal, Unreachable without an answer, BadAnswer."""
        headers = {} if token is None else {"authorization": f"Bearer {token}"}
        content = None if body is None else msgspec.json.encode(body)
        if content is not None:
            headers["content-type"] = "application/json"
        try:
            response = await self._client.request(method, path, content=content, headers=headers, params=query)
        # what an address can be wrong in is found when it is used
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise Unreachable(f"{method} {path}: {type(error).__name__}: {error}") from error
        if response.is_success:
            return response
        raise _refusal(response)

    async def close(self) -> None:
        """Close all connections."""
        await self._client.aclose()


def _refusal(response: httpx.Response) -> Exception:
    status = response.status_code
    try:
        problem = _problem.decode(response.content)
    except msgspec.DecodeError:
        where = f"{response.request.method} {response.request.url.path}: status {status}"
        return Unreachable(where) if status in _GATEWAY else BadAnswer(where)
    wait = response.headers.get("retry-after", "")
    return api_error(
        problem.code,
        status,
        problem.detail,
        problem.errors,
        retryable=status in _RETRYABLE,
        retry_after=float(wait) if wait.isdecimal() else None,
    )
