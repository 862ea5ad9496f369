"""Who somebody is."""

from django.http import HttpRequest, HttpResponse

from duologue.auth.models import User
from duologue.auth.usernames import folded_or_none
from duologue.auth.views.endpoint import answer, caller, endpoint
from duologue.kit.problem import Problem


@endpoint("GET", "HEAD")
def person(request: HttpRequest, username: str) -> HttpResponse:
    """Return the id and the handle of an active account, to anybody who is logged in."""
    caller(request)
    folded = folded_or_none(username)
    found = folded and User.objects.filter(username=folded, is_active=True).only("id", "username").first()
    if not found:
        raise Problem(404, "not_found", "There is no such user.")
    return answer(200, {"id": found.pk, "username": found.username})
