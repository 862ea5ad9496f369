"""What every endpoint of ours has in common."""

from collections.abc import Callable
from functools import wraps
from typing import Any

import msgspec
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt

from duologue.auth import sessions
from duologue.auth.models import LoginSession
from duologue.kit.problem import Problem

View = Callable[..., HttpResponse]


def endpoint(*methods: str) -> Callable[[View], View]:
    """Make a view an endpoint: it has these methods, and no cookie identifies anybody."""

    def decorate(view: View) -> View:
        @csrf_exempt
        @wraps(view)
        def checked(request: HttpRequest, **path: Any) -> HttpResponse:
            if request.method not in methods:
                return refuse(method_not_allowed(), allow=methods)
            return view(request, **path)

        return checked

    return decorate


def answer(status: int, document: object) -> HttpResponse:
    """Return a JSON answer that no cache keeps."""
    return HttpResponse(
        msgspec.json.encode(document),
        status=status,
        content_type="application/json",
        headers={"Cache-Control": "no-store"},
    )


def refuse(problem: Problem, *, allow: tuple[str, ...] = ()) -> HttpResponse:
    """Return a problem document."""
    headers = problem.headers()
    response = HttpResponse(
        problem.body(), status=problem.status, content_type=headers.pop("content-type"), headers=headers
    )
    if allow:
        response["Allow"] = ", ".join(allow)
    return response


def method_not_allowed() -> Problem:
    """Return the 405; its answer needs an `Allow` header."""
    return Problem(405, "method_not_allowed", "This address does not have that method; see Allow.")


def caller(request: HttpRequest) -> LoginSession:
    """Return the login behind the request's access token. Raise Problem 401."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise Problem(401, "token_missing", "Send the access token as `Authorization: Bearer <access>`.")
    return sessions.of_access(token.strip(" "))
