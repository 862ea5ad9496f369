"""The logins that ended lately: the list that auth publishes and chat reads, as a browser reads a CRL (RFC 5280)."""

import base64
from functools import lru_cache
from hashlib import sha256
from typing import Annotated

import msgspec

MOST_ON_A_PAGE = 1000

Digest = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9_-]{22}$")]


class EndedSessions(msgspec.Struct, frozen=True):
    """A page of `/.well-known/ended-sessions.json`.

    `ended`: digests of `sid`, in the order in which the logins ended. `next`: the place to read on from. `more`:
    whether something is there already. `keep`: seconds after which no token of these can be alive.
    """

    ended: Annotated[list[Digest], msgspec.Meta(max_length=MOST_ON_A_PAGE)]
    next: Annotated[str, msgspec.Meta(max_length=64)]
    more: bool
    keep: Annotated[int, msgspec.Meta(ge=1, le=86_400)]


class EndedSessionsUnreadableError(ValueError):
    """The document is no such list."""


# a token is looked at with every request, an open socket with every login that ends
@lru_cache(maxsize=50_000)
def digest_of(sid: str) -> str:
    """Return what the public list calls a login: whoever reads it learns no `sid`, which has 128 random bits."""
    return base64.urlsafe_b64encode(sha256(sid.encode()).digest()[:16]).rstrip(b"=").decode()


def read_ended_sessions(document: bytes) -> EndedSessions:
    """Return a page of the list. Raise EndedSessionsUnreadableError."""
    try:
        return msgspec.json.decode(document, type=EndedSessions)
    except (ValueError, RecursionError) as error:
        raise EndedSessionsUnreadableError("this is no list of ended sessions") from error
