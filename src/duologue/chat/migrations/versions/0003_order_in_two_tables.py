"""The order of a room's messages moves from an index into two tables: docs/adr/0019."""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_ORDER = """CREATE TABLE {name} (
    room_id INTEGER NOT NULL,
    seq INTEGER NOT NULL CHECK (seq > 0),
    id INTEGER NOT NULL,
    PRIMARY KEY (room_id, seq)
) STRICT, WITHOUT ROWID"""


def upgrade() -> None:
    # where a room's messages are: the newest ones of all rooms together, and all others
    op.execute(_ORDER.format(name="recent_order"))
    op.execute(_ORDER.format(name="settled_order"))
    # in the order of the old index, which is read alone for this
    op.execute("INSERT INTO settled_order SELECT room_id, seq, id FROM messages ORDER BY room_id, seq")
    op.execute("DROP INDEX messages_in_order")
    op.execute("""
        CREATE VIEW message_order AS
        SELECT room_id, seq, id FROM settled_order UNION ALL SELECT room_id, seq, id FROM recent_order
    """)
