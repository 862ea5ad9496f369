"""The database's schema: brought up to date when it is not, and told apart quickly."""

import fcntl
import zlib
from pathlib import Path

import structlog
from django.apps import apps
from django.core.management import call_command
from django.db import DatabaseError, connection

from duologue.auth.settings import AuthSettings
from duologue.kit.files import sync_directory

_log = structlog.get_logger(__name__)


class UnfitDatabaseError(RuntimeError):
    """This file cannot be auth's database; the message names it."""


def migrate_if_needed(settings: AuthSettings) -> None:
    """Apply what is missing. Loading every migration takes a quarter of a second, so a fingerprint tells first.

    Raises UnfitDatabaseError for a file that is no database or is not ours to write.
    """
    try:
        _migrate_if_needed(settings, _fingerprint())
    except DatabaseError as error:
        raise UnfitDatabaseError(f"{settings.database} cannot be used as a database: {error}") from error
    finally:
        # this is no worker's thread: its connection would stay open for nothing
        connection.close()


def _migrate_if_needed(settings: AuthSettings, fingerprint: int) -> None:
    if _stored() == fingerprint:
        return
    # two processes that start at once: the second finds the work done
    with (settings.directory / "migrate.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        # the other process may have put a new file in the place of the one that is open here
        connection.close()
        if _stored() == fingerprint:
            return
        if _is_empty():
            _make_whole(settings.database, fingerprint)
        else:
            _migrate(fingerprint)
        _log.info("schema_migrated")


def _make_whole(database: Path, fingerprint: int) -> None:
    """Make the first schema beside its place and move it there whole.

    Django commits some migrations before it notes them as done: a process that is killed in between would leave a file
    that cannot be migrated again.
    """
    draft = database.with_name(f"{database.name}.new")
    connection.close()
    for leftover in (draft, draft.with_name(f"{draft.name}-journal")):
        leftover.unlink(missing_ok=True)
    draft.touch(mode=0o600)
    connection.settings_dict["NAME"] = str(draft)
    try:
        _migrate(fingerprint)
    finally:
        connection.close()
        connection.settings_dict["NAME"] = str(database)
    draft.replace(database)
    sync_directory(database.parent)


def _migrate(fingerprint: int) -> None:
    call_command("migrate", interactive=False, verbosity=0)
    with connection.cursor() as cursor:
        cursor.execute(f"PRAGMA user_version = {fingerprint}")


def _is_empty() -> bool:
    return not connection.introspection.table_names()


def _stored() -> int:
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA user_version")
        return int(cursor.fetchone()[0])


def _fingerprint() -> int:
    """Return a number of 31 bits that changes when a migration is added to any application."""
    names = sorted(
        f"{app.label}.{file.stem}"
        for app in apps.get_app_configs()
        for file in (Path(app.path) / "migrations").glob("[0-9]*.py")
    )
    return zlib.crc32("\n".join(names).encode()) & 0x7FFFFFFF
