"""Logging in with a password: allauth's throttles and stages, and a pair of tokens at the end."""

from dataclasses import dataclass

import structlog
from allauth.account.adapter import get_adapter
from allauth.account.internal.flows.login import perform_password_login
from allauth.account.internal.stagekit import get_pending_stage
from allauth.account.models import Login
from allauth.core.internal.ratelimit import get_ip
from django.http import HttpRequest

from duologue.auth.housekeeping import clean_up
from duologue.auth.runtime import runtime
from duologue.auth.sessions import invalid_credentials
from duologue.auth.throttling import spend
from duologue.auth.tokens import TokenPair
from duologue.auth.usernames import folded_or_none
from duologue.kit.problem import Problem

_log = structlog.get_logger(__name__)

_SECONDS_WHILE_MORE_IS_LEFT = 60.0

_STAGES = {
    "mfa_authenticate": Problem(
        401,
        "second_factor_required",
        "This account has a second factor: log in with POST /_allauth/app/v1/auth/login, then send the code to "
        "POST /_allauth/app/v1/auth/2fa/authenticate; its answer has the tokens.",
    ),
    "verify_email": Problem(
        401, "email_unverified", "Confirm your e-mail address first; the link is in the mail that was sent to it."
    ),
}


@dataclass(slots=True)
class ContractLogin:
    """Marks a request that logs in at our own endpoint; the adapter puts the tokens here."""

    tokens: TokenPair | None = None


def log_in(request: HttpRequest, username: str, password: str) -> TokenPair:
    """Begin a login and return its tokens. Raise Problem: 401, 429, 503.

    An unknown, a deactivated and a wrong one get the same answer, for the same work.
    """
    spend(request, "login")
    name = folded_or_none(username) or username
    user = get_adapter().authenticate(request, username=name, password=password)
    if user is None:
        # no username: people type their password there
        _log.info("login_failed", address=get_ip(request))
        raise invalid_credentials()
    marker = ContractLogin()
    request.contract_login = marker  # type: ignore[attr-defined]  # ours: see AccountAdapter.login
    perform_password_login(request, {"username": name}, Login(user=user))
    if marker.tokens is None:
        raise _unfinished(request)
    housekeeping = runtime().housekeeping
    if housekeeping.is_due() and clean_up():
        # a few hours bring more than one turn removes: without this they would pile up for ever
        housekeeping.be_due_in(_SECONDS_WHILE_MORE_IS_LEFT)
    return marker.tokens


def _unfinished(request: HttpRequest) -> Problem:
    stage = get_pending_stage(request)
    key = "" if stage is None else stage.key
    _log.info("login_unfinished", stage=key)
    return _STAGES.get(key) or Problem(401, "login_unfinished", "This login needs a further step; see /_allauth/.")
