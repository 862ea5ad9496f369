"""`python -m duologue.chat.migrations FILE`: migrate one database."""

import sys
from pathlib import Path

from duologue.chat.migrations.run import migrate
from duologue.chat.store.sqlite.connection import UnfitStoreError

try:
    migrate(Path(sys.argv[1]))
except (UnfitStoreError, OSError) as error:
    sys.exit(str(error))
