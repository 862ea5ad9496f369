"""Origins of pages (RFC 6454) as an operator writes them down."""

import re
from typing import Annotated

from pydantic import AfterValidator

# as browsers send it: no path, no user, and no wildcard, which would be everybody. Web views of apps have schemes of
# their own, such as capacitor: and tauri:
_ORIGIN = re.compile(r"[a-z][a-z0-9+.-]*://([a-z0-9._-]+|\[[0-9a-f:]+\])(:[0-9]{1,5})?")


def read_origins(text: str) -> frozenset[str]:
    """Return the origins of a list with commas, in small letters and without a slash at their end.

    Raises ValueError for one that no browser sends.
    """
    origins = frozenset(entry.strip().lower().rstrip("/") for entry in text.split(",") if entry.strip())
    if not all(_ORIGIN.fullmatch(origin) for origin in origins):
        raise ValueError("write origins like https://app.example.com, separated by commas")
    return origins


def _checked(text: str) -> str:
    read_origins(text)
    return text


Origins = Annotated[str, AfterValidator(_checked)]
"""Such a list as a setting."""
