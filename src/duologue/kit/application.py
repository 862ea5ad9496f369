"""Starlette's router with problems for answers, and with nothing else around it.

Starlette's own application puts three layers around each request; they cost a quarter of what a short answer costs.
"""

from collections.abc import Awaitable, Callable, Sequence

import structlog
from starlette.datastructures import State
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Router
from starlette.types import Receive, Scope, Send

from duologue.kit.problem import Problem

_log = structlog.get_logger(__name__)

_CODES = {404: "not_found", 405: "method_not_allowed"}
_DETAILS = {404: "There is nothing at this address.", 405: "This address does not have that method; see Allow."}


def refuse(problem: Problem) -> Response:
    """Return a problem document."""
    return Response(problem.body(), problem.status, problem.headers() | {"x-content-type-options": "nosniff"})


class Answering:
    """A function from request to response as a route's ASGI application; its Problems become answers."""

    def __init__(self, answer: Callable[[Request], Awaitable[Response]]) -> None:
        self._answer = answer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        try:
            response = await self._answer(Request(scope, receive))
        except Problem as problem:
            response = refuse(problem)
        await response(scope, receive, send)


class Application:
    """An ASGI application of routes whose every error is a problem document and whose addresses are exact."""

    def __init__(self, routes: Sequence[BaseRoute]) -> None:
        self.state = State()
        # a redirect to the address with its slash would be built from the Host header, which is the client's to choose
        self._router = Router(routes, redirect_slashes=False)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI, for scopes of type `http`."""
        scope["app"] = self
        try:
            await self._router(scope, receive, send)
        except Exception as error:  # noqa: BLE001 - each becomes an answer; if one is under way the server ends it
            await _refusal(scope, error)(scope, receive, send)


def _refusal(scope: Scope, error: Exception) -> Response:
    if isinstance(error, Problem):
        return refuse(error)
    if isinstance(error, HTTPException):
        status = error.status_code
        response = refuse(Problem(status, _CODES.get(status, "bad_request"), _DETAILS.get(status, str(error.detail))))
        # a 405 must say what is allowed
        response.headers.update(error.headers or {})
        return response
    # the caller learns nothing of it
    _log.error("request_failed", path=scope["path"], exc_info=error)
    return refuse(Problem(500, "internal_error", "Something went wrong on our side."))
