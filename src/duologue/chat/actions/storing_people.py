"""What can go wrong where chat writes down somebody whom auth has named."""

import contextlib
from collections.abc import Iterator

import structlog

from duologue.chat.errors import auth_unavailable, outcome_unknown
from duologue.chat.store.api import IdentityConflictError, OutcomeUnknownError

_log = structlog.get_logger(__name__)


@contextlib.contextmanager
def storing_people() -> Iterator[None]:
    """Turn the store's failures into Problem `outcome_unknown` or `auth_unavailable`."""
    try:
        yield
    except OutcomeUnknownError:
        raise outcome_unknown() from None
    except IdentityConflictError as conflict:
        # ids and names never change: what answers is not the auth whose people are here, and the operator must see it
        _log.error("auth_data_replaced", reason=str(conflict))
        raise auth_unavailable() from None
