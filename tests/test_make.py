"""The targets that people type."""

import re
import subprocess
from pathlib import Path

from tests.rig.tools import need

ROOT = Path(__file__).parent.parent


def make(*arguments: str) -> list[str]:
    """Return what make prints in the project."""
    command = [need("make", "it is what is tested"), "--no-print-directory", *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_make_alone_prints_every_target_with_its_meaning() -> None:
    printed = [line.split(maxsplit=2) for line in make()]
    targets = re.findall(r"^([a-z][a-z-]*):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert [name for _, name, _ in printed] == sorted(targets)
    assert {word for word, _, _ in printed} == {"make"}
    assert all(meaning for _, _, meaning in printed)


def test_make_run_serves() -> None:
    assert make("-n", "run")[-1] == "exec .venv/bin/duologue serve"


def test_make_test_runs_the_tests() -> None:
    assert make("-n", "test")[-1] == "tools/test"
