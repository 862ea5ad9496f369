"""The one rule for usernames: immutable handles, compared without case."""

import re

MIN_LENGTH = 3
MAX_LENGTH = 30
PATTERN = rf"^[a-z0-9_.-]{{{MIN_LENGTH},{MAX_LENGTH}}}$"

_ALLOWED = re.compile(PATTERN)


def fold(username: str) -> str:
    """Return the form in which a username is stored and compared."""
    # of ASCII only: the Kelvin sign would become a plain k, and a long s an s, of somebody else's name
    return username.lower() if username.isascii() else username


def is_wellformed(folded: str) -> bool:
    """Tell whether a folded username has 3 to 30 characters of `[a-z0-9_.-]`."""
    # fullmatch: `$` alone would let a trailing line break through
    return _ALLOWED.fullmatch(folded) is not None
