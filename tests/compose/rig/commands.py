"""Running other programs: a time limit on each, its last words in the error."""

import subprocess
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
CACHE = ROOT / ".cache" / "compose"

_LAST_WORDS = 4000


class CommandError(RuntimeError):
    """A program failed or took too long."""


def say(text: str) -> None:
    """Tell the person at the terminal what goes on."""
    print(f"compose: {text}", file=sys.stderr, flush=True)


def run(
    command: Iterable[str | Path], *, env: Mapping[str, str] | None = None, timeout: float = 60.0, check: bool = True
) -> subprocess.CompletedProcess[str]:
    """Run a program in the checkout and return what it wrote; raise CommandError unless it ends well and in time."""
    words = [str(word) for word in command]
    try:
        done = subprocess.run(
            words,
            cwd=ROOT,
            env=env,
            timeout=timeout,
            capture_output=True,
            text=True,
            errors="replace",
            stdin=subprocess.DEVNULL,
            check=False,
        )
    except subprocess.TimeoutExpired as slow:
        said = b"".join(part for part in (slow.stdout, slow.stderr) if isinstance(part, bytes)).decode(errors="replace")
        raise CommandError(f"{' '.join(words)}: no end after {timeout:.0f} s\n{said[-_LAST_WORDS:]}") from None
    if check and done.returncode != 0:
        said = f"{done.stdout}\n{done.stderr}"
        raise CommandError(f"{' '.join(words)}: exit code {done.returncode}\n{said[-_LAST_WORDS:]}")
    return done
