"""Keeps the WAL short: between commits, what it holds goes into the database file."""

import apsw

# 16 MB: rare enough to cost little, often enough to be quick
_STEP_PAGES = 4000
# Longest time that messages wait for a reader to finish, once for each step
_PATIENCE_MS = 200


class Checkpoints:
    """In place of SQLite's automatic checkpoints, which never let the WAL start anew while readers follow each other.

    They run within the commit, too, where a failure looks as if the commit had failed.
    """

    def __init__(self, connection: apsw.Connection) -> None:
        self._connection = connection
        self._pages = 0
        self._tried_at = 0
        # this replaces the automatic ones
        connection.set_wal_hook(self._committed)

    def run_if_due(self) -> None:
        """Look after the WAL; call it between transactions. Raise apsw.Error when the disk is not well."""
        if self._pages < self._tried_at:
            # the WAL has started anew
            self._tried_at = 0
        if self._pages - self._tried_at < _STEP_PAGES:
            return
        self._tried_at = self._pages
        if self._pages < 2 * _STEP_PAGES:
            self._connection.execute("PRAGMA wal_checkpoint(PASSIVE)")
        else:
            self._restart()

    def _restart(self) -> None:
        # Readers that begin while this waits use the database file alone, so those who hold the WAL get fewer.
        # Somebody outside who reads for minutes still holds it: then the next step tries again.
        before = self._connection.pragma("busy_timeout")
        self._connection.set_busy_timeout(_PATIENCE_MS)
        try:
            self._connection.execute("PRAGMA wal_checkpoint(RESTART)")
        finally:
            self._connection.set_busy_timeout(before)

    def _committed(self, _: apsw.Connection, __: str, pages: int) -> int:
        self._pages = pages
        return apsw.SQLITE_OK
