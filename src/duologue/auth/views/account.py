"""Register, log in, stay logged in, log out."""

import msgspec
from django.http import HttpRequest, HttpResponse

from duologue.auth import login, registration, sessions
from duologue.auth.ephemeral import without_cookies
from duologue.auth.views.body import Credentials, RefreshBody, Registration, read
from duologue.auth.views.endpoint import answer, caller, endpoint


@endpoint("POST")
def register(request: HttpRequest) -> HttpResponse:
    """Make an account."""
    said = msgspec.structs.asdict(read(request, Registration))
    # a null is how many programs leave a name out
    fields = {name: value for name, value in said.items() if value is not None}
    with without_cookies(request):
        user = registration.register(request, fields)
    return answer(201, {"id": user.pk, "username": user.username, "email": user.email})


@endpoint("POST")
def log_in(request: HttpRequest) -> HttpResponse:
    """Begin a login."""
    credentials = read(request, Credentials)
    with without_cookies(request):
        tokens = login.log_in(request, credentials.username, credentials.password)
    return answer(200, {"access": tokens.access, "refresh": tokens.refresh})


@endpoint("POST")
def refresh(request: HttpRequest) -> HttpResponse:
    """Return the next access token. The refresh token stays: two requests at once are two right answers."""
    return answer(200, {"access": sessions.refresh(request, read(request, RefreshBody).refresh)})


@endpoint("POST")
def log_out(request: HttpRequest) -> HttpResponse:
    """End the login of a refresh token, which must be the caller's own."""
    current = caller(request)
    ending = sessions.of_refresh(sessions.claims_of_refresh(read(request, RefreshBody).refresh))
    if ending.user_id != current.user_id:
        raise sessions.refresh_invalid()
    sessions.end(ending, "logout")
    return answer(200, {"detail": "Logged out."})


@endpoint("GET", "HEAD")
def profile(request: HttpRequest) -> HttpResponse:
    """Return the caller's own account."""
    user = caller(request).user
    return answer(200, {"id": user.pk, "username": user.username, "email": user.email})
