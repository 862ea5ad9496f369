"""Which pages may open a socket (RFC 6455 section 10.2)."""

from urllib.parse import urlsplit

from duologue.kit.websocket import Handshake


def is_welcome(handshake: Handshake, allowed: frozenset[str]) -> bool:
    """Tell whether the opening request comes from one of our pages, an allowed one, or no browser at all.

    A page's own host is welcome: its script could do nothing that its reader could not. All others must be listed,
    to the letter: scheme, host and port.
    """
    origin = handshake.origin
    if origin is None:
        return True
    origin = origin.lower()
    if origin in allowed:
        return True
    try:
        parts = urlsplit(origin)
    except ValueError:
        # such as `http://[`
        return False
    # `null` (sandboxed frames, files) has no host and is nobody's
    if parts.scheme not in {"http", "https"} or not parts.netloc or "@" in parts.netloc:
        return False
    return origin == f"{parts.scheme}://{parts.netloc}" and parts.netloc == handshake.headers.get("host", "").lower()
