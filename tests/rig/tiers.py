"""How much of a test is run: what fits into `make test`, or with LONG=1 all of it."""

import os
from typing import TypeVar

Amount = TypeVar("Amount")


def amount(usual: Amount, long: Amount) -> Amount:
    """Return what a run takes of something: `long` when it may take many minutes."""
    return long if os.environ.get("LONG") == "1" else usual
