"""What edits and presence need."""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # who does not want others to see when they are here
    op.execute("ALTER TABLE people ADD COLUMN hides_presence INTEGER NOT NULL DEFAULT 0")
    # what an edited message said first, as a digest: a send that is repeated after the edit is still recognised
    op.execute("ALTER TABLE messages ADD COLUMN first_content BLOB")
