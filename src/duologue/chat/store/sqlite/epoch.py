"""The random id of a database. A copy that lives on, such as a restored backup, needs one of its own."""

import secrets
from pathlib import Path

from duologue.chat.store.sqlite.connection import WriterLock, open_writer


def random_epoch() -> str:
    """Return a new one."""
    return secrets.token_hex(6)


def renew_epoch(path: Path) -> str:
    """Put a new one into a database that nobody has open, durably. Raise UnfitStoreError when somebody has."""
    lock = WriterLock(path.with_name("chat.lock"))
    try:
        connection = open_writer(path)
        try:
            epoch = random_epoch()
            connection.execute("UPDATE meta SET value = ? WHERE key = 'epoch'", (epoch,))
            return epoch
        finally:
            connection.close(True)
    finally:
        lock.release()
