"""What one socket may cost."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of one connection, each with a reason to exist."""

    frame_bytes: int = 32 * 1024
    """Largest frame, and largest message put together from fragments."""
    fragments: int = 64
    """Most frames of one message: empty continuations cost the sender two bytes and us a callback."""
    assembly_seconds: float = 10.0
    """Longest time from the first fragment to the last."""
    control_frames_per_second: float = 10.0
    """Pings and pongs, sustained …"""
    control_frames_burst: int = 20
    """… and at once."""
    queued_frames: int = 256
    """Frames waiting for a reader that does not read."""
    queued_bytes: int = 1024 * 1024
    """Bytes waiting for a reader that does not read."""
    stalled_seconds: float = 30.0
    """How long somebody who asked for more than fits may take to read what came first."""
    closing_seconds: float = 2.0
    """How long the peer may take to answer a close before the connection is cut."""
