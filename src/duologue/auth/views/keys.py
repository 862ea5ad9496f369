"""The public keys."""

from django.http import HttpRequest, HttpResponse

from duologue.auth.runtime import runtime
from duologue.auth.views.endpoint import endpoint


@endpoint("GET", "HEAD")
def jwks(request: HttpRequest) -> HttpResponse:
    """Return the JWKS. Verifiers ask again for a key they don't know, so five minutes delay no rotation."""
    return HttpResponse(
        runtime().keys.document,
        content_type="application/json",
        headers={"Cache-Control": "public, max-age=300"},
    )
