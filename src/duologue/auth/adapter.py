"""Where allauth asks us: who may sign up, how failed logins are counted, what a finished login does."""

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.signals import user_logged_in
from allauth.core.internal import ratelimit
from allauth.mfa.adapter import DefaultMFAAdapter
from cryptography.fernet import Fernet
from django.conf import settings as django_settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.core.exceptions import ValidationError
from django.core.mail import EmailMessage
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.utils.encoding import force_bytes

from duologue.auth import sessions
from duologue.auth.login import ContractLogin
from duologue.auth.models import Handle, LoginSession, User
from duologue.auth.runtime import runtime
from duologue.auth.throttling import check, spend
from duologue.auth.token_strategy import LOGIN_KEY
from duologue.auth.usernames import refuse_reserved, validate_username
from duologue.contract.usernames import fold

# a count of our own: allauth clears its `login_failed`, the address's too, after a right second factor or a reset, and
# whoever has an account could go on guessing at others
_FAILED = "password_failed"


@dataclass(frozen=True, slots=True)
class _Site:
    """What the mails call us."""

    name: str
    domain: str

    @classmethod
    def of(cls, public_url: str) -> "_Site":
        host = urlsplit(public_url).netloc
        return cls(name=host, domain=host)


class AccountAdapter(DefaultAccountAdapter):
    """The policy of accounts."""

    def clean_username(self, username: str, shallow: bool = False) -> str:
        """Return the stored form of a username that may be registered. Raise ValidationError."""
        validate_username(username)
        refuse_reserved(username)
        folded = fold(username)
        if not shallow and Handle.objects.filter(pk=folded).exists():
            raise ValidationError("This username is already taken.", code="username_taken")
        return folded

    def clean_email(self, email: str) -> str:
        """Return an address that mail can reach. Raise ValidationError.

        allauth would cut a long one, and the mail would go to somebody else.
        """
        local, _, domain = email.rpartition("@")
        # RFC 5321 section 4.5.3.1; domains of other letters have an ASCII form
        if not email.isascii() or len(email) > 254 or len(local) > 64 or domain.startswith("["):
            raise ValidationError("Enter a valid email address.", code="invalid")
        return email

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        """Raise Problem 429, before anything is hashed, when too many logins failed.

        A login counts once it has failed and not while it runs: many people behind one address log in at once.
        """
        check(request, _FAILED, _account_and_address(request, credentials))

    def authenticate(self, request: HttpRequest, **credentials: Any) -> AbstractBaseUser | None:
        """Return the account of a username and a password, or None. Raise Problem: 429, 503."""
        user = super().authenticate(request, **credentials)
        if user is not None:
            # Guesses that began together have all passed the first look. Once their failures use up the tries, the
            # rest learn nothing, the right one neither: beginning many at once is worth no more than the limit.
            check(request, _FAILED, _account_and_address(request, credentials))
        return user

    def authentication_failed(self, request: HttpRequest, **credentials: Any) -> None:
        """Count a login that failed; raise Problem 429 when others that ran beside it used up the tries."""
        spend(request, _FAILED, _account_and_address(request, credentials))

    def login(self, request: HttpRequest, user: AbstractBaseUser) -> None:
        """Log in, after every stage has passed. At our own endpoint this begins a session with tokens."""
        marker: ContractLogin | None = getattr(request, "contract_login", None)
        if marker is None:
            super().login(request, user)
            return
        assert isinstance(user, User)  # noqa: S101 - there is one user model
        # one commit, and no mail is sent while it is open
        with transaction.atomic():
            super().login(request, user)
            _, marker.tokens = sessions.start(user, user_agent=request.headers.get("user-agent", ""))

    def post_login(
        self, request: HttpRequest, user: AbstractBaseUser, *, signal_kwargs: dict[str, Any] | None, **kwargs: Any
    ) -> HttpResponse:
        """Finish a login. Our own endpoint needs the signal and no page to go to."""
        if not hasattr(request, "contract_login"):
            return super().post_login(request, user, signal_kwargs=signal_kwargs, **kwargs)
        response = HttpResponse()
        user_logged_in.send(sender=type(user), request=request, response=response, user=user, **(signal_kwargs or {}))
        return response

    def logout(self, request: HttpRequest) -> None:
        """End the login behind the request, its tokens too."""
        sid = request.session.get(LOGIN_KEY)
        if sid is not None:
            LoginSession.objects.filter(pk=sid).end("logout")
        super().logout(request)

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Send a mail. It calls the site by its public address, and never by a Host header, which strangers choose."""
        self._message(template_prefix, email, context).send()

    def send_password_reset_mail(self, user: AbstractBaseUser, email: str, context: dict[str, Any]) -> None:
        """Send the way back in, after the answer: neither its time nor a mail server's error tells who is here."""
        runtime().outbox.put(self._message("account/email/password_reset_key", email, context).send)

    def _message(self, template_prefix: str, email: str, context: dict[str, Any]) -> EmailMessage:
        site = _Site.of(runtime().settings.public_url)
        message: EmailMessage = self.render_mail(
            template_prefix, email, {"email": email, "current_site": site, **context}
        )
        return message

    def respond_user_inactive(self, request: HttpRequest, user: AbstractBaseUser) -> HttpResponse:
        """Answer a login of a deactivated account; the backend lets none come this far."""
        raise AssertionError("a deactivated account passed authentication")


class SecondFactorAdapter(DefaultMFAAdapter):
    """The policy of second factors: their secrets are stored encrypted."""

    def encrypt(self, text: str) -> str:
        """Return the stored form of a TOTP or recovery secret."""
        return _cipher().encrypt(text.encode()).decode()

    def decrypt(self, encrypted_text: str) -> str:
        """Return the secret."""
        return _cipher().decrypt(encrypted_text.encode()).decode()

    def get_totp_label(self, user: AbstractBaseUser) -> str:
        """Return what an authenticator shows beside the code."""
        return user.get_username()


def _account_and_address(request: HttpRequest, credentials: Mapping[str, Any]) -> str:
    # counted over all addresses, anybody could lock anybody out by guessing wrong
    return f"{credentials.get('username', '').lower()}@{ratelimit.get_ip(request)}"


def _cipher() -> Fernet:
    # a key of its own purpose: what else SECRET_KEY signs tells nothing about it
    key = hashlib.sha256(b"duologue second factor\0" + force_bytes(django_settings.SECRET_KEY)).digest()
    return Fernet(base64.urlsafe_b64encode(key))
