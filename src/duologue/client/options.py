"""What a `Client` is made with, checked first: a wrong option is named at once, not shown by odd behaviour."""

from collections.abc import Mapping
from urllib.parse import urlsplit


def address(url: str) -> str:
    """Return an address without slashes at its end; raise ValueError, which never shows it: it may hold a secret."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username or parts.query or parts.fragment:
        raise ValueError("the address is http:// or https://, a host and perhaps a port")
    return url.rstrip("/")


def at_least(least: int, **option: int) -> int:
    """Return the option's value; raise ValueError for what is no whole number, or a smaller one."""
    ((name, value),) = option.items()
    # True is an int, too
    if type(value) is not int or value < least:
        raise ValueError(f"`{name}` is a whole number from {least} on")
    return value


def places(cursors: Mapping[int, str] | None) -> dict[int, str] | None:
    """Return a copy of `cursors`; raise ValueError for what is none.

    JSON makes texts of the keys. A room under a text would be no known room, and be heard from its beginning.
    """
    if cursors is None:
        return None
    if not isinstance(cursors, Mapping) or not all(map(_is_place, cursors.items())):
        raise ValueError("`cursors` is what Client.cursors was: texts by the numbers of rooms")
    return dict(cursors)


def _is_place(item: tuple[object, object]) -> bool:
    room, place = item
    return type(room) is int and isinstance(place, str) and bool(place)
