"""Brings a database to the newest schema.

Alembic and SQLAlchemy cost 30 MB and a third of a second, so the server runs this in a process of its own, and only
when the schema is behind.
"""

import secrets
import subprocess
import sys
from pathlib import Path

import apsw

from duologue.chat.store.sqlite.connection import SCHEMA_VERSION, WriterLock, schema_version
from duologue.kit.files import private_directory, sync_directory


def is_current(path: Path) -> bool:
    """Tell whether the database is there with the newest schema."""
    if not path.exists():
        return False
    connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READWRITE)
    try:
        return schema_version(connection) == SCHEMA_VERSION
    finally:
        connection.close()


def ensure(path: Path) -> None:
    """Migrate in a child process when the schema is behind; raise RuntimeError with what it said when it fails."""
    if is_current(path):
        return
    command = [sys.executable, "-m", "duologue.chat.migrations", str(path)]
    done = subprocess.run(command, check=False, capture_output=True, text=True)  # noqa: S603 - our own module
    if done.returncode != 0:
        raise RuntimeError(f"the chat database could not be migrated: {done.stderr.strip().splitlines()[-1:]}")


def migrate(path: Path) -> None:
    """Bring the database to the newest schema, making it when it is missing. Safe to repeat, also after a kill."""
    from alembic import command  # noqa: PLC0415 - heavy, see above
    from alembic.config import Config  # noqa: PLC0415

    private_directory(path.parent)
    # nobody else writes meanwhile: Alembic goes through the interpreter's own SQLite, which must be alone
    lock = WriterLock(path.with_name("chat.lock"))
    try:
        config = Config()
        config.set_main_option("script_location", str(Path(__file__).parent))
        config.attributes["path"] = path
        config.attributes["epoch"] = secrets.token_hex(6)
        command.upgrade(config, "head")
        path.chmod(0o600)
        sync_directory(path.parent)
    finally:
        lock.release()
