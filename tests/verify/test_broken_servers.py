"""The command finds what is wrong with servers that break the promise, and names it."""

import asyncio
import json
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from duologue.verify.progress import Progress
from duologue.verify.report import VIOLATED, Report
from duologue.verify.run import Options, Run

pytestmark = pytest.mark.slow

BROKEN = Path(__file__).parent / "broken"


def verify(module: str, *arguments: str, seconds: float = 6) -> Report:
    command = (sys.executable, str(BROKEN / f"{module}.py"), *arguments)
    return asyncio.run(Run(Options(own_server=True, seconds=seconds, command=command), Progress()).report())


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        (("forgets_commits",), {"C1", "C8"}),
        (("sends_twice",), {"C1", "C2"}),
        (("fan_out", "drops"), {"C5"}),
        (("fan_out", "doubles"), {"C5"}),
        (("fan_out", "swaps"), {"C5"}),
        (("fan_out", "garbles"), {"C6", "C10"}),
        (("forgets_changes", "edits"), {"C11", "C8", "C10"}),
        (("forgets_changes", "deletions"), {"C11", "C10"}),
        (("forgets_marks",), {"C11"}),
    ],
    ids=" ".join,
)
def test_a_broken_server_is_found_out(command: Sequence[str], expected: set[str]) -> None:
    report = verify(*command)
    found = {each["check"] for each in json.loads(report.json())["violations"]}
    assert found == {name for name, check in json.loads(report.json())["checks"].items() if check["violations"]}
    print(report.text())
    assert report.exit_code == VIOLATED
    assert expected <= found
    assert "VIOLATED" in report.text()
    # what it was, for whoever looks closer
    assert report.kept is not None
    kept = Path(report.kept)
    assert (kept / "server.log").exists()
    shutil.rmtree(kept)
