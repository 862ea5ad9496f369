"""What an operator does from the command line."""

from pathlib import Path

from duologue.chat.migrations import migrate
from duologue.chat.store.sqlite.epoch import renew_epoch


def new_epoch(database: Path) -> str:
    """Give the database another epoch and return it: after this every client fetches anew. The server must be stopped.

    Raises UnfitStoreError while it runs.
    """
    migrate(database)
    return renew_epoch(database)
