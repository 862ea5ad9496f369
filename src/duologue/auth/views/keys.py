"""The public keys."""

from django.http import HttpRequest, HttpResponse

from duologue.auth.runtime import runtime
from duologue.auth.views.endpoint import endpoint


@endpoint("GET", "HEAD")
def jwks(request: HttpRequest) -> HttpResponse:
    """Return the JWKS. A cache may keep it for a moment only: it would keep a withdrawn key alive."""
    return HttpResponse(
        runtime().keys.document,
        content_type="application/json",
        headers={"Cache-Control": "public, max-age=10"},
    )
