"""Rooms, their members, their messages, and the numbers that cursors will need."""

import sqlalchemy
from alembic import context, op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_TABLES = (
    # epoch: the random id of this database, part of every cursor
    "CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID",
    # the people who are in rooms; the short number keeps messages and their indexes small
    """CREATE TABLE people (
        id INTEGER PRIMARY KEY,
        user_id TEXT NOT NULL UNIQUE,
        username TEXT NOT NULL UNIQUE
    ) STRICT""",
    # AUTOINCREMENT: a room's id is never given twice
    """CREATE TABLE rooms (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        participant_a INTEGER NOT NULL REFERENCES people (id),
        participant_b INTEGER NOT NULL REFERENCES people (id),
        pair_low INTEGER NOT NULL,
        pair_high INTEGER NOT NULL,
        created_at INTEGER NOT NULL,
        CHECK (pair_low < pair_high),
        UNIQUE (pair_low, pair_high)
    ) STRICT""",
    # last_read_seq: everything up to it is read; changed: the room's change number when it last moved
    """CREATE TABLE members (
        room_id INTEGER NOT NULL REFERENCES rooms (id),
        person_id INTEGER NOT NULL REFERENCES people (id),
        last_read_seq INTEGER NOT NULL DEFAULT 0,
        changed INTEGER NOT NULL DEFAULT 0,
        PRIMARY KEY (room_id, person_id)
    ) STRICT, WITHOUT ROWID""",
    "CREATE INDEX members_by_person ON members (person_id, room_id)",
    # content is null when the message was deleted: its place in the order stays; changed: the room's change number of
    # its latest edit or its deletion
    """CREATE TABLE messages (
        id INTEGER PRIMARY KEY,
        room_id INTEGER NOT NULL,
        seq INTEGER NOT NULL CHECK (seq > 0),
        sender INTEGER NOT NULL,
        content TEXT,
        created_at INTEGER NOT NULL,
        client_id TEXT,
        edited_at INTEGER,
        deleted_at INTEGER,
        changed INTEGER
    ) STRICT""",
    "CREATE UNIQUE INDEX messages_in_order ON messages (room_id, seq)",
    # client_id comes first: ids that grow with time (UUIDv7) then land on one page instead of one for each room
    "CREATE UNIQUE INDEX messages_once ON messages (client_id, room_id, sender) WHERE client_id IS NOT NULL",
    # what was edited or deleted, in its order: with `seq` all that a cursor needs, at no cost for a new message
    "CREATE UNIQUE INDEX messages_changed ON messages (room_id, changed) WHERE changed IS NOT NULL",
)


def upgrade() -> None:
    for table in _TABLES:
        op.execute(table)
    epoch = context.config.attributes["epoch"]
    op.execute(sqlalchemy.text("INSERT INTO meta (key, value) VALUES ('epoch', :epoch)").bindparams(epoch=epoch))
