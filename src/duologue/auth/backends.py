"""Who a username and a password are."""

from typing import Any

from allauth.account.auth_backends import AuthenticationBackend
from django.http import HttpRequest

from duologue.auth.models import User


class AccountBackend(AuthenticationBackend):
    """allauth's, which lets nobody see that an account is deactivated.

    allauth would recognise the right password of a deactivated account and answer differently. Here unknown,
    deactivated and wrong are one answer, and each costs one hash.
    """

    def authenticate(  # type: ignore[override]  # allauth takes more kinds of credentials than Django's own backend
        self, request: HttpRequest | None, **credentials: Any
    ) -> User | None:
        """Return the account, or None."""
        user = super().authenticate(request, **credentials)
        self.unstash_authenticated_user()
        assert user is None or isinstance(user, User)  # noqa: S101 - there is one user model
        return user
