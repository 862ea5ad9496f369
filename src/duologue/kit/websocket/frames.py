"""Frames as bytes (RFC 6455 section 5.2)."""

from collections.abc import Iterator, Sequence

_SMALL, _MEDIUM = 126, 65536
_SLICE_BYTES = 65_536


def text_frame(payload: bytes) -> bytes:
    """Return an unmasked, final text frame (RFC 6455 section 5.2): made once, sent to every socket of a room."""
    size = len(payload)
    if size < _SMALL:
        return b"\x81" + size.to_bytes(1, "big") + payload
    if size < _MEDIUM:
        return b"\x81\x7e" + size.to_bytes(2, "big") + payload
    return b"\x81\x7f" + size.to_bytes(8, "big") + payload


def pong_frame(payload: bytes) -> bytes:
    """Return an unmasked pong (RFC 6455 section 5.5.3): it repeats the payload of its ping, 125 bytes at most."""
    return b"\x8a" + len(payload).to_bytes(1, "big") + payload


def slices(frames: Sequence[bytes]) -> Iterator[Sequence[bytes]]:
    """Return whole frames in groups of about 64 KiB; one that is larger ends its group."""
    if sum(map(len, frames)) <= _SLICE_BYTES:
        yield frames
        return
    start = size = 0
    for position, frame in enumerate(frames, 1):
        size += len(frame)
        if size >= _SLICE_BYTES:
            yield frames[start:position]
            start, size = position, 0
    if start < len(frames):
        yield frames[start:]
