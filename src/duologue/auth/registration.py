"""Signing up: allauth's form and adapter, in one transaction."""

from smtplib import SMTPException
from typing import Any

import structlog
from allauth.account import app_settings
from allauth.account.adapter import get_adapter
from allauth.account.app_settings import EmailVerificationMethod
from allauth.account.internal.flows.email_verification import send_verification_email_at_login
from allauth.account.models import EmailAddress, Login
from allauth.account.signals import user_signed_up
from allauth.account.utils import setup_user_email
from allauth.headless.account.inputs import SignupInput
from django import forms
from django.db import transaction
from django.http import HttpRequest

from duologue.auth.models import User
from duologue.auth.throttling import spend
from duologue.kit.problem import invalid

_log = structlog.get_logger(__name__)


class RegistrationForm(SignupInput):
    """allauth's sign-up with names, and with a password taken as it is typed."""

    password = forms.CharField(strip=False)
    first_name = forms.CharField(required=False, max_length=150)
    last_name = forms.CharField(required=False, max_length=150)

    def clean_password(self) -> str:
        """Check the password against the rules, which look at the other fields too."""
        person = User(
            username=self.cleaned_data.get("username", ""),
            email=self.cleaned_data.get("email", ""),
            first_name=self.data.get("first_name", ""),
            last_name=self.data.get("last_name", ""),
        )
        password: str = get_adapter().clean_password(self.cleaned_data["password"], user=person)
        return password

    def save(self, request: HttpRequest) -> User:
        """Store the account with its address. Raise Problem 400 when the username was taken meanwhile."""
        adapter = get_adapter()
        # hashes the password, which takes its time: before the transaction
        user = adapter.save_user(request, adapter.new_user(request), self, commit=False)
        assert isinstance(user, User)  # noqa: S101 - there is one user model
        with transaction.atomic():
            user.save()
            setup_user_email(request, user, [EmailAddress(email=user.email)])
        return user


def register(request: HttpRequest, fields: dict[str, Any]) -> User:
    """Make an account and return it. Raise Problem: 400 with the fields, 429, 503.

    A taken username is told, since usernames are public. A taken e-mail address is not, and is no obstacle: whether
    somebody uses the product is not for strangers to learn, and an unconfirmed address belongs to nobody. Several
    accounts may name it until one of them confirms it; only confirmed addresses are unique.
    """
    spend(request, "signup")
    form = RegistrationForm(data=fields)
    if not form.is_valid():
        raise invalid({name: [str(why) for why in reasons] for name, reasons in form.errors.items()})
    user = form.save(request)
    user_signed_up.send(sender=User, request=request, user=user)
    _log.info("account_registered", user=user.pk)
    if app_settings.EMAIL_VERIFICATION != EmailVerificationMethod.NONE:
        _send_confirmation(request, user)
    return user


def _send_confirmation(request: HttpRequest, user: User) -> None:
    try:
        send_verification_email_at_login(request, Login(user=user, signup=True))
    except (OSError, SMTPException) as error:
        # the account exists: the person can ask for the mail again
        _log.error("mail_not_sent", user=user.pk, why=type(error).__name__)
