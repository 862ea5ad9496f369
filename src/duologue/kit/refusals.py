"""Problems as Starlette's answers, the ones that Starlette itself gives included."""

from collections.abc import Sequence
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from duologue.kit.problem import Problem

_CODES = {404: "not_found", 405: "method_not_allowed"}
_DETAILS = {404: "There is nothing at this address.", 405: "This address does not have that method; see Allow."}


def refuse(problem: Problem) -> Response:
    """Return a problem document."""
    return Response(problem.body(), problem.status, problem.headers() | {"x-content-type-options": "nosniff"})


async def _problem(_: Request, error: Exception) -> Response:
    assert isinstance(error, Problem)  # noqa: S101 - Starlette's signature is wider than what it calls us with
    return refuse(error)


async def _http_error(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - as above
    status = error.status_code
    response = refuse(Problem(status, _CODES.get(status, "bad_request"), _DETAILS.get(status, str(error.detail))))
    # a 405 must say what is allowed
    response.headers.update(error.headers or {})
    return response


async def _unforeseen(_: Request, __: Exception) -> Response:
    # Starlette logs the exception after this; the caller learns nothing of it
    return refuse(Problem(500, "internal_error", "Something went wrong on our side."))


def application(routes: Sequence[BaseRoute]) -> Starlette:
    """Return an application of these routes whose every error is a problem document and whose addresses are exact."""
    handlers: dict[Any, Any] = {Problem: _problem, HTTPException: _http_error, Exception: _unforeseen}
    made = Starlette(routes=routes, exception_handlers=handlers)
    # a redirect to the address with its slash would be built from the Host header, which is the client's to choose
    made.router.redirect_slashes = False
    return made
