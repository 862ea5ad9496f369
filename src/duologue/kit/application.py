"""Starlette's router with problems for answers, and with nothing else around it.

Starlette's own application puts three layers around each request; they cost a quarter of what a short answer costs.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence

import structlog
from starlette.datastructures import State
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Match, Mount, Route, Router
from starlette.types import Receive, Scope, Send

from duologue.kit.problem import Problem

Answer = Callable[[Request], Awaitable[Response]]

_log = structlog.get_logger(__name__)

_CODES = {405: "method_not_allowed"}
_DETAILS = {405: "This address does not have that method; see Allow."}
# the other spelling of a longer one helps nobody
_LONGEST_SHOWN = 200


def refuse(problem: Problem) -> Response:
    """Return a problem document."""
    return Response(problem.body(), problem.status, problem.headers() | {"x-content-type-options": "nosniff"})


def route(path: str, **by_method: Answer) -> Route:
    """Return one route for all methods of an address, so that the `Allow` of any other names them all."""
    return Route(path, _Answering(by_method), methods=list(by_method))


class _Answering:
    """Functions from request to response as a route's ASGI application; their Problems become answers."""

    def __init__(self, by_method: Mapping[str, Answer]) -> None:
        self._by_method = by_method

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        # the router lets HEAD through where there is GET; the server keeps the body back
        answer = self._by_method.get(scope["method"]) or self._by_method["GET"]
        try:
            response = await answer(Request(scope, receive))
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
        except ClientDisconnect:
            # nobody is there to be answered, and whoever leaves must not write our log
            return
        except Exception as error:  # noqa: BLE001 - each becomes an answer; if one is under way the server ends it
            await self._refusal(scope, error)(scope, receive, send)

    def _refusal(self, scope: Scope, error: Exception) -> Response:
        if isinstance(error, HTTPException) and error.status_code == 404:
            return refuse(nothing_here(scope["path"], self._exists))
        return _refusal(scope, error)

    def _exists(self, path: str) -> bool:
        # the request's own scope is no longer as it came: the router has written into it
        return _leads_on(self._router.routes, {"type": "http", "method": "GET", "path": path, "root_path": ""})


def nothing_here(path: str, exists: Callable[[str], bool]) -> Problem:
    """Return the 404 for an address that is none, with a hint when it lacks its last slash or has one too many.

    No redirect: it would lose the body of a POST, and be built from what the client says of the host.
    """
    other = path.removesuffix("/") if path.endswith("/") else f"{path}/"
    hint = f" Did you mean {other}?" if len(path) <= _LONGEST_SHOWN and exists(other) else ""
    return Problem(404, "not_found", f"There is nothing at this address.{hint}")


def _leads_on(routes: Sequence[BaseRoute], scope: Scope) -> bool:
    for each in routes:
        match, child = each.matches(scope)
        if match is not Match.NONE and (not isinstance(each, Mount) or _leads_on(each.routes, {**scope, **child})):
            return True
    return False


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
