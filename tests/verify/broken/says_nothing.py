"""Stores everything, and does not answer every tenth send on v1 sockets, however often it comes."""

import sys
import zlib
from typing import Any

from duologue import cli
from duologue.chat.api.v1 import V1
from duologue.chat.model import Draft

_EVERY = 10
_said = V1._said


def _sometimes(self: V1, draft: Draft, outcome: Any) -> Any:
    answer = _said(self, draft, outcome)
    return None if zlib.crc32((draft.client_id or "").encode()) % _EVERY == 0 else answer


V1._said = _sometimes  # type: ignore[method-assign]  # that is what is wrong with it
sys.exit(cli.main())
