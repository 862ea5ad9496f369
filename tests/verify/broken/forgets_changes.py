"""Acknowledges and tells edits or deletions, and does not store every third. The first argument says which."""

import itertools
import sys
from typing import Any

import apsw

from duologue import cli
from duologue.chat.store.sqlite import batch
from duologue.chat.store.sqlite.rewrites import rewrite

_STATEMENTS = {"edits": "UPDATE messages SET content = :content", "deletions": "UPDATE messages SET content = NULL"}
_EVERY = 3
_count = itertools.count(1)
_forgotten = _STATEMENTS[sys.argv.pop(1)]


class _Forgetful:
    """A connection that passes over some statements."""

    def __init__(self, connection: apsw.Connection) -> None:
        self._connection = connection

    def execute(self, statement: str, *bindings: Any) -> Any:
        if statement.strip().startswith(_forgotten) and next(_count) % _EVERY == 0:
            return None
        return self._connection.execute(statement, *bindings)


def _forgetfully(connection: apsw.Connection, *rest: Any) -> Any:
    return rewrite(_Forgetful(connection), *rest)  # type: ignore[arg-type]  # as much of one as a rewrite uses


vars(batch)["rewrite"] = _forgetfully
sys.exit(cli.main())
