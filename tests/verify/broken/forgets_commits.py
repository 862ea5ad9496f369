"""Acknowledges before it commits: several batches share a transaction that stays open for a while."""

import sys
import time
from typing import Any

import apsw

from duologue import cli
from duologue.chat.store.sqlite import writer
from duologue.chat.store.sqlite.batch import Batch

_SECONDS = 0.4


class _Lazy:
    """A connection that commits when it feels like it."""

    def __init__(self, connection: apsw.Connection) -> None:
        self._connection = connection
        self._committed_at = time.monotonic()

    def execute(self, statement: str, *bindings: Any) -> Any:
        if statement == "BEGIN IMMEDIATE" and self._connection.in_transaction:
            return None
        if statement == "COMMIT":
            if time.monotonic() - self._committed_at < _SECONDS:
                return None
            self._committed_at = time.monotonic()
        return self._connection.execute(statement, *bindings)

    def total_changes(self) -> int:
        return self._connection.total_changes()


class _NoCheckpoints:
    def __init__(self, connection: apsw.Connection) -> None:
        pass

    def run_if_due(self) -> None:
        pass


def _lazy_batch(connection: apsw.Connection) -> Batch:
    return Batch(_Lazy(connection))  # type: ignore[arg-type]  # as much of one as a batch uses


vars(writer)["Batch"] = _lazy_batch
vars(writer)["Checkpoints"] = _NoCheckpoints
sys.exit(cli.main())
