"""Around every request: refusals become problem documents, answers carry their security headers."""

import json
from collections.abc import Callable

import structlog
from django.db import OperationalError
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.http.response import HttpResponseBase

from duologue.auth.views.body import malformed
from duologue.auth.views.endpoint import method_not_allowed, refuse
from duologue.kit.problem import MEDIA_TYPE, Problem

Handler = Callable[[HttpRequest], HttpResponseBase]

_log = structlog.get_logger(__name__)

_ALLAUTH = "/_allauth/"
_PAGES = ("/admin", "/static/")

_HEADERS = {"X-Content-Type-Options": "nosniff", "Cross-Origin-Resource-Policy": "same-origin"}
_API_HEADERS = _HEADERS | {
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cache-Control": "no-store",
}
_PAGE_HEADERS = _HEADERS | {
    # without a referrer browsers send `Origin: null` with forms, which Django's CSRF check refuses
    "Referrer-Policy": "same-origin",
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
        "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
}


def answers(get_response: Handler) -> Handler:
    """Outermost: whatever answers, also Django and allauth themselves, answers like the rest."""

    def handle(request: HttpRequest) -> HttpResponseBase:
        response = _as_problem(request, get_response(request))
        for name, value in (_PAGE_HEADERS if request.path.startswith(_PAGES) else _API_HEADERS).items():
            response.headers.setdefault(name, value)
        return response

    return handle


def _as_problem(request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
    if response.headers.get("Content-Type") == MEDIA_TYPE:
        return response
    if isinstance(response, HttpResponseNotAllowed):
        return refuse(method_not_allowed(), allow=tuple(response.headers["Allow"].split(", ")))
    if response.status_code == 429:
        return refuse(Problem(429, "rate_limited", "Too many tries; wait a moment.", retry_after=60))
    return response


class _Problems:
    """Innermost: bodies that would trip allauth's parser are refused, exceptions of views become answers."""

    def __init__(self, get_response: Handler) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if request.path.startswith(_ALLAUTH) and request.body and not _is_plain_json(request.body):
            return refuse(malformed())
        return self._get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """Django: answer an exception of a view, or leave it to the 500."""
        if isinstance(exception, Problem):
            return refuse(exception)
        if isinstance(exception, OperationalError):
            _log.exception("database_unavailable", path=request.path)
            return refuse(Problem(503, "overloaded", "The service is busy; try again in a moment.", retry_after=2))
        if request.path.startswith(_ALLAUTH) and isinstance(exception, (TypeError, ValueError)):
            # some of allauth's forms trip over input that other ones refuse, such as a reset key of "-"
            _log.exception("allauth_tripped", path=request.path)
            return refuse(Problem(400, "bad_request", "This request makes no sense."))
        return None


problems = _Problems


def _is_plain_json(body: bytes) -> bool:
    """Tell whether allauth's parser and forms survive this body: real text, no depth, no numbers without end."""
    try:
        document = json.loads(body)
        # lone surrogates parse, and break whatever encodes them later
        text = json.dumps(document, ensure_ascii=False)
        text.encode()
    except (ValueError, RecursionError):
        return False
    return isinstance(document, dict) and "\\u0000" not in text
