"""Limits on how often one address or account may try: allauth's own counters, with an answer that says how long."""

import math
import time

import structlog
from allauth.core.internal import ratelimit
from django.core.cache import cache
from django.http import HttpRequest

from duologue.kit.problem import Problem

_APP = "allauth.account"

_log = structlog.get_logger(__name__)


def check(request: HttpRequest, action: str, key: str | None = None) -> None:
    """Raise Problem 429 when there were too many tries of `action`; count nothing."""
    _forget_the_future(request, action, key)
    if ratelimit.consume(request, app=_APP, action=action, key=key, dry_run=True) is None:
        raise _exceeded(request, action, key)


def spend(request: HttpRequest, action: str, key: str | None = None) -> None:
    """Count one try of `action`; raise Problem 429 when there were too many. Refused tries do not count."""
    # where there are several limits, allauth would count a try by the first and then refuse it by the second
    check(request, action, key)
    if ratelimit.consume(request, app=_APP, action=action, key=key) is None:
        raise _exceeded(request, action, key)


def _forget_the_future(request: HttpRequest, action: str, key: str | None) -> None:
    """Take tries that are yet to come for tries of now: when the clock was set back, they would count until then."""
    now = time.time()
    for rate in ratelimit.get_rates(app=_APP, action=action):
        name = ratelimit.get_cache_key(request, app=_APP, action=action, rate=rate, key=key)
        if max(cache.get(name, []), default=now) <= now:
            continue
        with ratelimit.cache_lock(name) as locked:
            if locked:
                cache.set(name, [min(each, now) for each in cache.get(name, [])], rate.duration)


def _exceeded(request: HttpRequest, action: str, key: str | None = None) -> Problem:
    """Return the 429 of an action that was refused just now, with the seconds until it will not be."""
    wait = 1.0
    now = time.time()
    for rate in ratelimit.get_rates(app=_APP, action=action):
        name = ratelimit.get_cache_key(request, app=_APP, action=action, rate=rate, key=key)
        # newest first
        tries: list[float] = cache.get(name, [])
        if len(tries) >= rate.amount:
            wait = max(wait, tries[-1] + rate.duration - now if tries else rate.duration)
    _log.warning("throttled", action=action, address=ratelimit.get_ip(request))
    return Problem(429, "rate_limited", "Too many tries; wait a moment.", retry_after=math.ceil(wait))
