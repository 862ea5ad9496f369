"""The public list of the logins that ended lately, page by page."""

import secrets

from django.utils import timezone

from duologue.auth.models import EndedLogin, longest_token_life
from duologue.contract.ended_sessions import MOST_ON_A_PAGE, EndedSessions

# A place on the list is worth something only to the process that gave it: after a restart the database may be an older
# one, out of a backup, whose numbers mean other logins. Several processes behind one address would have to share this
# name, or their readers would begin anew with each answer: correct, and slow.
_LIST = secrets.token_urlsafe(6)


def page_after(place: str) -> EndedSessions:
    """Return what ended since `place`, the `next` of another page; any other text is the beginning.

    SQLite has one writer, so ids become visible in their order and nothing can appear behind a place that was given.
    On a database with several writers the last few seconds must be told again with each page.
    """
    since = _number_of(place)
    life = longest_token_life()
    found = list(
        EndedLogin.objects.filter(pk__gt=since, ended_at__gt=timezone.now() - life)
        .order_by("pk")
        .values_list("pk", "digest")[: MOST_ON_A_PAGE + 1]
    )
    shown = found[:MOST_ON_A_PAGE]
    return EndedSessions(
        ended=[digest for _, digest in shown],
        next=f"{_LIST}.{shown[-1][0] if shown else since}",
        more=len(found) > len(shown),
        keep=int(life.total_seconds()),
    )


def _number_of(place: str) -> int:
    name, _, number = place.partition(".")
    if name == _LIST and number.isascii() and number.isdecimal() and len(number) <= 18:
        return int(number)
    return 0
