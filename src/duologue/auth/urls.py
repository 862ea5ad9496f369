"""Every address of auth."""

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import include, path, re_path

from duologue.auth.views import account, ended_sessions, errors, keys, people, typed_passwords


def _to_admin(_: HttpRequest) -> HttpResponse:
    return redirect("/admin/")


urlpatterns = [
    path("api/register/", account.register),
    path("api/login/", account.log_in),
    path("api/token/refresh/", account.refresh),
    path("api/logout/", account.log_out),
    path("api/users/profile/", account.profile),
    path("api/users/<str:username>/", people.person),
    path(".well-known/jwks.json", keys.jwks),
    path(".well-known/ended-sessions.json", ended_sessions.ended_sessions),
    # allauth offers these also to products that store no phone numbers, and trips over it
    re_path(r"^_allauth/app/v1/(account/phone|auth/phone/.*)$", errors.absent),
    path("_allauth/app/v1/", include(typed_passwords.urlpatterns())),
    path("_allauth/", include("allauth.headless.urls")),
    path("admin", _to_admin),
    path("admin/", admin.site.urls),
]

handler400 = "duologue.auth.views.errors.bad_request"
handler403 = "duologue.auth.views.errors.forbidden"
handler404 = "duologue.auth.views.errors.not_found"
handler500 = "duologue.auth.views.errors.server_error"
