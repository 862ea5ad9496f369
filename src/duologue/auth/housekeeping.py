"""What expired long ago is removed, now and then, by a login that writes anyway."""

from datetime import timedelta

import structlog
from django.contrib.sessions.models import Session as DjangoSession
from django.utils import timezone

from duologue.auth.models import LoginSession

_log = structlog.get_logger(__name__)

# expired logins stay for a while: for the person who asks what happened
_KEEP = timedelta(days=30)
_MOST_AT_ONCE = 1000


def clean_up() -> bool:
    """Remove old logins and expired states of allauth's API, a bounded number of each; tell whether more are left."""
    old = LoginSession.objects.filter(expires_at__lt=timezone.now() - _KEEP).values_list("pk", flat=True)
    logins, _ = LoginSession.objects.filter(pk__in=list(old[:_MOST_AT_ONCE])).delete()
    expired = DjangoSession.objects.filter(expire_date__lt=timezone.now()).values_list("pk", flat=True)
    states, _ = DjangoSession.objects.filter(pk__in=list(expired[:_MOST_AT_ONCE])).delete()
    if logins or states:
        _log.info("old_logins_removed", logins=logins, states=states)
    return max(logins, states) >= _MOST_AT_ONCE
