"""The database's schema: brought up to date when it is not, and told apart quickly."""

import fcntl
import zlib
from pathlib import Path

import structlog
from django.apps import apps
from django.core.management import call_command
from django.db import connection

from duologue.auth.settings import AuthSettings

_log = structlog.get_logger(__name__)


def migrate_if_needed(settings: AuthSettings) -> None:
    """Apply what is missing. Loading every migration takes a quarter of a second, so a fingerprint tells first."""
    try:
        _migrate_if_needed(settings, _fingerprint())
    finally:
        # this is no worker's thread: its connection would stay open for nothing
        connection.close()


def _migrate_if_needed(settings: AuthSettings, fingerprint: int) -> None:
    if _stored() == fingerprint:
        return
    # two processes that start at once: the second finds the work done
    with (settings.directory / "migrate.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if _stored() != fingerprint:
            call_command("migrate", interactive=False, verbosity=0)
            with connection.cursor() as cursor:
                cursor.execute(f"PRAGMA user_version = {fingerprint}")
            _log.info("schema_migrated")


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
