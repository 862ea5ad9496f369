"""Python runs this at start when its folder is on the path: a server whose commits do not wait for the disk."""

import os
from pathlib import Path

import apsw

from duologue.chat.store.sqlite import writer
from duologue.chat.store.sqlite.connection import open_writer


def _open_weak(path: Path) -> apsw.Connection:
    connection = open_writer(path)
    connection.execute(f"PRAGMA synchronous = {os.environ['WEAKENED']}")
    return connection


vars(writer)["open_writer"] = _open_weak
