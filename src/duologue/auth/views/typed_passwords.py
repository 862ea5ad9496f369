"""allauth's own API takes passwords as they are typed: its fields would cut the blanks at the ends.

Then one password would open an account in two spellings, and one that was set at another door would open it here never.
"""

from allauth.headless.account import inputs, views
from allauth.headless.constants import Client
from django import forms
from django.urls import URLPattern, path


class _LoginInput(inputs.LoginInput):
    password = forms.CharField(strip=False)


class _SignupInput(inputs.SignupInput):
    password = forms.CharField(strip=False)


class _ResetPasswordInput(inputs.ResetPasswordInput):
    password = forms.CharField(strip=False)


class _ChangePasswordInput(inputs.ChangePasswordInput):
    current_password = forms.CharField(strip=False, required=False)
    new_password = forms.CharField(strip=False)


class _LoginView(views.LoginView):
    input_class = _LoginInput


class _SignupView(views.SignupView):
    input_class = views.SignupView.input_class | {"POST": _SignupInput}


class _ResetPasswordView(views.ResetPasswordView):
    input_class = _ResetPasswordInput


class _ChangePasswordView(views.ChangePasswordView):
    input_class = _ChangePasswordInput


def urlpatterns() -> list[URLPattern]:
    """Return what stands before allauth's own addresses, relative to its API."""
    return [
        path("auth/login", _LoginView.as_api_view(client=Client.APP)),
        path("auth/signup", _SignupView.as_api_view(client=Client.APP)),
        path("auth/password/reset", _ResetPasswordView.as_api_view(client=Client.APP)),
        path("account/password/change", _ChangePasswordView.as_api_view(client=Client.APP)),
    ]
