"""Runs the `duologue` command to its end."""

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

_SECONDS = 60


def duologue(
    *arguments: str,
    data: Path,
    env: Mapping[str, str] | None = None,
    typed: str = "",
    prefix: Sequence[str] = (),
) -> "subprocess.CompletedProcess[str]":
    """Run one command with a data directory; `typed` goes to its standard input."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("DUOLOGUE_")}
    environment |= {"PORT": "0", "DUOLOGUE_DATA": str(data), **(env or {})}
    command = [*prefix, sys.executable, "-m", "duologue", *arguments]
    return subprocess.run(
        command, env=environment, input=typed, capture_output=True, text=True, timeout=_SECONDS, check=False
    )
