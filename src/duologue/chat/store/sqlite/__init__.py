"""The embedded store: one SQLite file, one writer, readers beside it."""

from duologue.chat.store.sqlite.store import SqliteStore

__all__ = ["SqliteStore"]
