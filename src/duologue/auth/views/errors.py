"""Django's own refusals, as problem documents."""

from django.http import HttpRequest, HttpResponse
from django.urls import Resolver404, resolve
from django.views.decorators.csrf import csrf_exempt

from duologue.auth.views.endpoint import refuse
from duologue.kit.application import nothing_here
from duologue.kit.problem import Problem


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """400."""
    return refuse(Problem(400, "bad_request", "This request makes no sense."))


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    """403."""
    return refuse(Problem(403, "forbidden", "You may not do this."))


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """403 for a form that did not come from our own page."""
    return refuse(Problem(403, "csrf_failed", "This form was not sent from its own page, or the page is too old."))


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """404."""
    # the admin's pages answer for everything below them
    return refuse(nothing_here(request.path, lambda path: not path.startswith("/admin") and _exists(path)))


@csrf_exempt
def absent(request: HttpRequest, *path: str) -> HttpResponse:
    """404 for what a library would serve and we do not."""
    return refuse(Problem(404, "not_found", "There is nothing at this address."))


def _exists(path: str) -> bool:
    try:
        resolve(path)
    except Resolver404:
        return False
    return True


def server_error(request: HttpRequest) -> HttpResponse:
    """500; Django has logged why."""
    return refuse(Problem(500, "internal_error", "Something went wrong on our side."))
