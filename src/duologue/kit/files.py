"""Files that hold secrets, and directories only their owner may enter."""

import os
from pathlib import Path


class UnsafeFileError(RuntimeError):
    """A secret lies in a file that others can read."""


def private_directory(path: Path) -> Path:
    """Make `path` (and its parents) and return it; the last part is 0700 when it is new."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.mkdir(mode=0o700, exist_ok=True)
    return path


def create_private(path: Path, content: bytes) -> bool:
    """Write a new file with mode 0600, durably, and return True; return False when it is there already.

    The content is complete before the name exists, so that two processes that start at once agree on one file and
    neither reads half of it.
    """
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.unlink(missing_ok=True)
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        try:
            os.link(draft, path)
        except FileExistsError:
            return False
    finally:
        draft.unlink(missing_ok=True)
    sync_directory(path.parent)
    return True


def read_private(path: Path) -> bytes:
    """Return the content of a secret; raise UnsafeFileError when group or others may read or write it."""
    mode = path.stat().st_mode & 0o777
    if mode & 0o077:
        raise UnsafeFileError(f"{path} has mode {mode:03o}: only its owner may read a secret (chmod 600 {path})")
    return path.read_bytes()


def sync_directory(path: Path) -> None:
    """Make the names in a directory durable."""
    handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
