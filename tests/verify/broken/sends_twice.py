"""Stores a message again when it is sent again: every client_id is a new one to it."""

import sys
from typing import Any

from duologue import cli
from duologue.chat.store.sqlite.appender import Appender

_INDEX = "DROP INDEX IF EXISTS "


def _knows_nothing(self: Appender, keys: str) -> dict[int, Any]:
    names = self._connection.execute(
        "SELECT name FROM sqlite_master WHERE type = 'index' AND tbl_name = 'messages' AND sql LIKE '%client_id%'"
    ).fetchall()
    for (name,) in names:
        self._connection.execute(f'{_INDEX}"{name}"')
    return {}


Appender._known = _knows_nothing  # type: ignore[method-assign]  # that is what is wrong with it
sys.exit(cli.main())
