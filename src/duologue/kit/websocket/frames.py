"""Frames as bytes (RFC 6455 section 5.2)."""

_SMALL, _MEDIUM = 126, 65536


def text_frame(payload: bytes) -> bytes:
    """Return an unmasked, final text frame (RFC 6455 section 5.2): made once, sent to every socket of a room."""
    size = len(payload)
    if size < _SMALL:
        return b"\x81" + size.to_bytes(1, "big") + payload
    if size < _MEDIUM:
        return b"\x81\x7e" + size.to_bytes(2, "big") + payload
    return b"\x81\x7f" + size.to_bytes(8, "big") + payload
