"""Accounts, the handles that were ever given away, and logins."""

import secrets
from collections.abc import Iterable, Sequence
from datetime import timedelta
from time import monotonic
from typing import Any, Self

import structlog
from django.contrib.auth.models import AbstractUser
from django.contrib.sessions.models import Session as DjangoSession
from django.db import IntegrityError, models, transaction
from django.db.models.signals import pre_delete
from django.dispatch import receiver
from django.utils import timezone

from duologue.auth.runtime import runtime
from duologue.auth.settings import MOST_ACCESS_TOKEN_SECONDS
from duologue.auth.usernames import validate_username
from duologue.contract.claims import LEEWAY_SECONDS
from duologue.contract.ended_sessions import digest_of
from duologue.contract.usernames import MAX_LENGTH, fold
from duologue.kit.problem import Problem, invalid

_log = structlog.get_logger(__name__)

_MOST_AT_ONCE = 1000


def username_taken() -> Problem:
    """Return the refusal of a handle that somebody has or had."""
    return invalid({"username": ["This username is already taken."]})


class Handle(models.Model):
    """A username that was given away. Rows are never removed, so a deleted account's name names nobody else, ever."""

    username = models.CharField(max_length=MAX_LENGTH, primary_key=True)
    claimed_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return self.username


class User(AbstractUser):
    """An account. `id` and `username` never change; ids are not reused (AUTOINCREMENT on SQLite)."""

    # Django's: the password as typed, between set_password() and save()
    _password: str | None

    id = models.BigAutoField(primary_key=True)
    username = models.CharField(
        max_length=MAX_LENGTH,
        unique=True,
        validators=[validate_username],
        error_messages={"unique": "This username is already taken."},
    )
    # unique among confirmed addresses only, which allauth's EmailAddress holds
    email = models.EmailField(max_length=254, blank=True, db_index=True)

    class Meta:
        """Django's options."""

        verbose_name = "account"

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Store the account; claim its handle when it is new; end its logins when they lost their ground.

        That is: after a new password, also one set by the person (whoever knows the old one, or took a token, is
        out), and after a deactivation. Raises Problem 400 when the handle is taken.
        """
        is_new = self._state.adding
        # Django clears it for a mere rehash of the same password
        password_replaced = self._password is not None
        with transaction.atomic(savepoint=False):
            if is_new:
                self._claim_handle()
            super().save(*args, **kwargs)
            if not is_new and password_replaced:
                self.logins.all().end("password_changed")
            elif not is_new and not self.is_active:
                self.logins.all().end("account_deactivated")

    def _claim_handle(self) -> None:
        self.username = fold(self.username)
        self.email = self.email.lower()
        try:
            Handle(username=self.username).save(force_insert=True)
        except IntegrityError:
            raise username_taken() from None


def new_session_id() -> str:
    """Return a random `sid` of 128 bits."""
    return secrets.token_urlsafe(16)


class LoginSessionQuerySet(models.QuerySet["LoginSession"]):
    """Logins."""

    def living(self) -> Self:
        """Return those that are neither ended nor expired, of active accounts."""
        return self.filter(ended_at=None, expires_at__gt=timezone.now(), user__is_active=True)

    def end(self, because: str) -> None:
        """End those that are not ended yet, and what they hold in allauth's own API; tell whoever took their tokens."""
        with transaction.atomic(savepoint=False):
            ending = list(self.filter(ended_at=None).only("id", "user_id", "django_session"))
            # a statement takes a bounded number of values, and whoever knows a password can log in as often as they
            # like: that must not keep its owner from ending it all
            for start in range(0, len(ending), _MOST_AT_ONCE):
                _end(ending[start : start + _MOST_AT_ONCE], because)
        for login in ending:
            _log.info("session_ended", sid=login.pk, user=login.user_id, because=because)


class LoginSession(models.Model):
    """One login: what an access token's `sid` names and a refresh token keeps alive."""

    id = models.CharField(max_length=22, primary_key=True, default=new_session_id)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="logins")
    refresh_hash = models.BinaryField(max_length=32)
    user_agent = models.CharField(max_length=200, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    last_used_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField(db_index=True)
    ended_at = models.DateTimeField(null=True)
    ended_because = models.CharField(max_length=32, blank=True)
    # the state of allauth's own API for this login, once the login uses it
    django_session = models.CharField(max_length=40, blank=True)

    objects = LoginSessionQuerySet.as_manager()

    class Meta:
        """Django's options."""

        verbose_name = "login"

    def __str__(self) -> str:
        return self.id


def _end(logins: Sequence[LoginSession], because: str) -> None:
    LoginSession.objects.filter(pk__in=[login.pk for login in logins]).update(
        ended_at=timezone.now(), ended_because=because, django_session=""
    )
    DjangoSession.objects.filter(pk__in=[login.django_session for login in logins]).delete()
    EndedLogin.objects.tell(login.pk for login in logins)


@receiver(pre_delete, sender=LoginSession)
def _end_with_its_row(instance: LoginSession, **_: object) -> None:
    # a signal, since it is all that Django does for each row that goes with an account, whoever deletes it and however
    if instance.ended_at is None and instance.expires_at > timezone.now() - longest_token_life():
        EndedLogin.objects.tell([instance.pk])
        _log.info("session_ended", sid=instance.pk, user=instance.user_id, because="deleted")


def longest_token_life() -> timedelta:
    """Return how long after its login ended an access token can be taken.

    In the first hour that is as long as the setting allows at all: tokens from before the start may have been issued
    for longer than this process issues them. Twice the leeway: once for the clocks' differences, once for a refresh
    that was answered while the login ended.
    """
    most = MOST_ACCESS_TOKEN_SECONDS + 2 * LEEWAY_SECONDS
    if monotonic() - runtime().started < most:
        return timedelta(seconds=most)
    return timedelta(seconds=runtime().settings.access_token_seconds + 2 * LEEWAY_SECONDS)


class EndedLoginManager(models.Manager["EndedLogin"]):
    """The list of ended logins."""

    def tell(self, sids: Iterable[str]) -> None:
        """Put logins on the list, in the transaction that ends them, and take off it what no token needs any more."""
        self.bulk_create([EndedLogin(digest=digest_of(sid)) for sid in sids])
        for call in runtime().when_logins_end:
            # robust: whoever listens, the login has ended
            transaction.on_commit(call, robust=True)
        # here and not by the clock: the list grows only here, and a reader never wades through old rows
        old = self.filter(ended_at__lt=timezone.now() - longest_token_life()).order_by("ended_at").values("pk")
        self.filter(pk__in=old[:_MOST_AT_ONCE]).delete()


class EndedLogin(models.Model):
    """A login that ended a little while ago, for those who took its access tokens: they cannot ask for each one.

    It outlives the login's own row, which goes with its account. Ids only grow (AUTOINCREMENT on SQLite).
    """

    id = models.BigAutoField(primary_key=True)
    digest = models.CharField(max_length=22)
    ended_at = models.DateTimeField(default=timezone.now, db_index=True)

    objects = EndedLoginManager()

    def __str__(self) -> str:
        return self.digest
