"""Python runs this at start when its folder is on the path: a server whose SQLite or disk is not what it must be.

UNFIT=old: a SQLite with the WAL-reset bug. UNFIT=without a WAL: a file system on which SQLite cannot share memory.
UNFIT=deaf: a SQLite that stays at synchronous=NORMAL whatever it is told.
"""

import os

import apsw

_UNFIT = os.environ.get("UNFIT", "")


def _stay_at_normal(connection: apsw.Connection) -> None:
    connection.execute("PRAGMA synchronous = NORMAL")

    def allow(operation: int, name: str | None, value: str | None, *_: str | None) -> int:
        told = operation == apsw.SQLITE_PRAGMA and name == "synchronous" and value is not None
        return apsw.SQLITE_IGNORE if told else apsw.SQLITE_OK

    connection.authorizer = allow


if _UNFIT == "old":
    vars(apsw)["SQLITE_VERSION_NUMBER"] = 3_051_002
elif _UNFIT == "without a WAL":
    # SQLite's own for systems without locks: it has no shared memory
    apsw.set_default_vfs("unix-none")
elif _UNFIT == "deaf":
    apsw.connection_hooks.append(_stay_at_normal)
