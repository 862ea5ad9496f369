"""Cannot show its history; what happened since a cursor it can."""

import sys
from typing import Any

from duologue import cli
from duologue.chat.actions import read_history


async def _fails(*_: Any, **__: Any) -> Any:
    raise RuntimeError("no page of history today")


vars(read_history)["read_history"] = _fails
sys.exit(cli.main())
