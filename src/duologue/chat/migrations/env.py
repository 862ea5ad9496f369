"""Alembic's entry: one connection, one transaction for each migration."""

from pathlib import Path

import sqlalchemy
from alembic import context

path: Path = context.config.attributes["path"]
engine = sqlalchemy.create_engine(f"sqlite:///{path}", poolclass=sqlalchemy.pool.NullPool)


@sqlalchemy.event.listens_for(engine, "connect")
def _durable(connection: sqlalchemy.engine.interfaces.DBAPIConnection, _: object) -> None:
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode = DELETE")
    cursor.execute("PRAGMA synchronous = FULL")
    cursor.close()
    # the driver must not open or end transactions by itself: schema changes belong into ours
    connection.isolation_level = None


@sqlalchemy.event.listens_for(engine, "begin")
def _begin(connection: sqlalchemy.Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")


with engine.connect() as connection:
    context.configure(connection=connection, transaction_per_migration=True, transactional_ddl=True)
    with context.begin_transaction():
        context.run_migrations()
