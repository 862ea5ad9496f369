"""The history of chat's schema, in Alembic's form."""

from duologue.chat.migrations.run import ensure, migrate

__all__ = ["ensure", "migrate"]
