"""Mails as the server under test sends them: into its log, with `DUOLOGUE_MAIL_URL=console`."""

import re

from tests.rig.server import RunningServer

# what Django prints after each mail
_END = "\n" + "-" * 79 + "\n"


def mails_to(server: RunningServer, address: str) -> list[str]:
    """Return the mails to an address, oldest first, headers and text."""
    return [mail for mail in server.log().split(_END)[:-1] if f"\nTo: {address}\n" in mail]


def fragment_of(mail: str) -> str:
    """Return what stands behind the page's address in a mail's link, from `#`; the port there is not the test's."""
    found = re.search(r"http://localhost:8000/(#\S+)", mail)
    assert found, mail
    return found[1]
