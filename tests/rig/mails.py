"""Mails as the server under test sends them: into its log, with `DUOLOGUE_MAIL_URL=console`."""

import re
import time

from tests.rig.server import RunningServer

_SECONDS = 30.0


def mailed_link(server: RunningServer, address: str, purpose: str) -> str:
    """Wait for a mail to an address with a link for a purpose, and return the newest one's link from `#` on.

    Mails are sent after the answer. The link's host and port are the public ones, not the test's.
    """
    deadline = time.monotonic() + _SECONDS
    link = re.compile(rf"http://localhost:8000/(#{purpose}=\S+)\n")
    while time.monotonic() < deadline:
        mails = [mail for mail in server.log().split("\nTo: ") if mail.startswith(f"{address}\n")]
        if found := [match[1] for mail in mails for match in link.finditer(mail)]:
            return found[-1]
        time.sleep(0.02)
    raise AssertionError(f"no mail for {purpose} came to {address}:\n{server.log()}")
