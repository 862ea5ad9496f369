"""What a running auth service holds. Django's settings carry it, since Django calls classes that it makes itself."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

from django.conf import settings as django_settings

from duologue.kit.interval import Interval

if TYPE_CHECKING:
    from duologue.auth.hashing import HashingPool
    from duologue.auth.outbox import Outbox
    from duologue.auth.settings import AuthSettings
    from duologue.auth.signing import KeyRing


@dataclass(frozen=True, slots=True)
class Runtime:
    """One per process, made by `django_settings.set_up`."""

    settings: "AuthSettings"
    keys: "KeyRing"
    hashing: "HashingPool"
    outbox: "Outbox"
    housekeeping: Interval
    # by the monotonic clock
    started: float = field(default_factory=time.monotonic)
    # called after each commit that ended logins, in the thread that made it
    when_logins_end: list[Callable[[], None]] = field(default_factory=list)


def runtime() -> Runtime:
    """Return this process's."""
    made: Runtime = cast(Any, django_settings).DUOLOGUE
    return made
