"""Which logins have ended."""

from django.http import HttpRequest, HttpResponse

from duologue.auth.ended_logins import page_after
from duologue.auth.views.endpoint import answer, endpoint


@endpoint("GET", "HEAD")
def ended_sessions(request: HttpRequest) -> HttpResponse:
    """Return the logins that ended since a place on the list, as digests: anybody may read it."""
    return answer(200, page_after(request.GET.get("since", "")))
