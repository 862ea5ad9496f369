"""The admin's site: our name on it, and a login with throttles and second factor."""

from typing import Any

from allauth.account.adapter import get_adapter
from allauth.mfa.base.forms import AuthenticateForm
from allauth.mfa.utils import is_mfa_enabled
from django import forms
from django.contrib.admin.forms import AdminAuthenticationForm
from django.contrib.admin.sites import AdminSite
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect

from duologue.auth.models import User
from duologue.auth.throttling import spend
from duologue.kit.problem import Problem


class AdminLoginForm(AdminAuthenticationForm):
    """Django's, through the same door as every other login: counted, and with the code of a second factor."""

    code = forms.CharField(
        required=False,
        max_length=32,
        label="Code, if you use a second factor",
        widget=forms.TextInput(attrs={"autocomplete": "one-time-code"}),
    )

    def clean(self) -> dict[str, Any]:
        """Authenticate. Raise ValidationError with one message for all that was wrong."""
        username, password = self.cleaned_data.get("username"), self.cleaned_data.get("password")
        if username and password:
            try:
                self.user_cache = self._authenticate(username, password)
            except Problem as problem:
                raise ValidationError(problem.detail, code=problem.code) from None
        return self.cleaned_data

    def _authenticate(self, username: str, password: str) -> User:
        assert self.request is not None  # noqa: S101 - the admin's view always gives it
        spend(self.request, "login")
        user = get_adapter().authenticate(self.request, username=username, password=password)
        if not isinstance(user, User):
            raise self.get_invalid_login_error()
        self.confirm_login_allowed(user)
        if is_mfa_enabled(user) and not self._has_right_code(user):
            raise self.get_invalid_login_error()
        return user

    def _has_right_code(self, user: User) -> bool:
        answer = AuthenticateForm(user=user, data={"code": self.cleaned_data.get("code", "")})
        return bool(answer.is_valid())


# in the session of who logged in here
_LOGGED_IN_HERE = "duologue_admin_login"


class Site(AdminSite):
    """The one admin site. Only a login at its own door opens it.

    The state of a login at allauth's API is a session of Django too, with a name that a program keeps for a month: as a
    cookie it would open the admin past its form.
    """

    site_header = site_title = "Duologue"
    index_title = "Accounts"
    login_form = AdminLoginForm
    login_template = "duologue/admin_login.html"

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Log in, to a session that has a name of its own."""
        tries = request.method == "POST"
        if tries and _LOGGED_IN_HERE not in request.session:
            # Django goes on with the session of whoever is logged in already: its name would open the admin from now on
            request.session.flush()
        response = super().login(request, extra_context)
        if tries and isinstance(response, HttpResponseRedirect):
            request.session[_LOGGED_IN_HERE] = True
        return response

    def has_permission(self, request: HttpRequest) -> bool:
        """Tell whether this is an administrator who logged in here."""
        return _LOGGED_IN_HERE in request.session and super().has_permission(request)
