"""`python -m duologue.chat.migrations FILE`: migrate one database."""

import sys
from pathlib import Path

from duologue.chat.migrations.run import migrate

migrate(Path(sys.argv[1]))
