"""Brings a database to the newest schema.

Alembic and SQLAlchemy cost 30 MB and a third of a second, so the server runs this in a process of its own, and only
when the schema is behind.
"""

import subprocess
import sys
from pathlib import Path

import apsw

from duologue.chat.store.sqlite.connection import UnfitStoreError, WriterLock, open_file, schema_is_behind
from duologue.chat.store.sqlite.epoch import random_epoch
from duologue.kit.files import private_directory, sync_directory

# a server that was killed while it migrated leaves the child behind, which ends by itself
_SECONDS_FOR_ANOTHER = 10.0


def is_behind(path: Path) -> bool:
    """Tell whether migrations are to be run. Raise UnfitStoreError for a newer schema and for what is no database."""
    if not path.exists():
        return True
    connection = open_file(path, apsw.SQLITE_OPEN_READWRITE)
    try:
        return schema_is_behind(connection)
    finally:
        connection.close()


def ensure(path: Path) -> None:
    """Migrate in a child process when the schema is behind; raise UnfitStoreError with what it said when it fails."""
    if not is_behind(path):
        return
    command = [sys.executable, "-m", "duologue.chat.migrations", str(path)]
    done = subprocess.run(command, check=False, capture_output=True, text=True)  # noqa: S603 - our own module
    if done.returncode != 0:
        reason = (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1]
        raise UnfitStoreError(reason)


def migrate(path: Path) -> None:
    """Bring the database to the newest schema, making it when it is missing. Safe to repeat, also after a kill.

    Raises UnfitStoreError, and OSError for a directory that is not ours.
    """
    from alembic import command  # noqa: PLC0415 - heavy, see above
    from alembic.config import Config  # noqa: PLC0415
    from sqlalchemy.exc import DBAPIError  # noqa: PLC0415

    private_directory(path.parent)
    # nobody else writes meanwhile: Alembic goes through the interpreter's own SQLite, which must be alone
    lock = WriterLock(path.with_name("chat.lock"), patience=_SECONDS_FOR_ANOTHER)
    try:
        if not is_behind(path):
            return
        config = Config()
        config.set_main_option("script_location", str(Path(__file__).parent))
        config.attributes["path"] = path
        config.attributes["epoch"] = random_epoch()
        # made here, so that nobody else can read it at any moment; its WAL inherits the mode
        path.touch(mode=0o600)
        command.upgrade(config, "head")
        sync_directory(path.parent)
    except DBAPIError as error:
        raise UnfitStoreError(f"{path} could not be migrated: {error.orig}") from error
    finally:
        lock.release()
