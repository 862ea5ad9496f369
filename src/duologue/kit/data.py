"""The data directory: it can be used, there is something in it, and one process at a time serves from it."""

import contextlib
import errno
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from duologue.kit.file_lock import FileLock
from duologue.kit.files import private_directory
from duologue.kit.settings import SettingsError

_LOCK = "serve.lock"


@contextlib.contextmanager
def usable(data: Path) -> Iterator[None]:
    """Turn what the file system says of this directory into a SettingsError that names it and its variable."""
    try:
        yield
    except OSError as error:
        where = data if error.filename is None else Path(os.fsdecode(error.filename))
        why = "a file, not a directory" if isinstance(error, FileExistsError) else os.strerror(error.errno or 0)
        raise SettingsError(f"DUOLOGUE_DATA is {data}, which cannot be used: {where}: {why}") from None


def require(database: Path, data: Path) -> None:
    """Raise SettingsError where this database is not: a command would change something else than was meant."""
    with usable(data):
        if not database.exists():
            raise SettingsError(
                f"there is no {database.absolute()}, so nothing was done; "
                f"DUOLOGUE_DATA is {data}: set it to the directory that the server uses"
            )


@contextlib.contextmanager
def claimed(directories: Sequence[Path]) -> Iterator[None]:
    """Have these directories of services to oneself, making those that are missing.

    Raises TakenError before anything is made or changed when another process serves from one of them, and OSError for
    one that cannot be written.
    """
    with contextlib.ExitStack() as held:
        # those that are there first: when one is taken, none is made
        for directory in sorted(directories, key=lambda directory: not directory.is_dir()):
            private_directory(directory)
            held.callback(FileLock(directory / _LOCK).release)
            if not os.access(directory, os.W_OK | os.X_OK):
                raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(directory))
        yield
