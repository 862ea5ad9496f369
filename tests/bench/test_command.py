"""`python -m bench` runs: the product is started, people talk, and the report comes out."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

# with the hundred pairs of a measurement, hashing their passwords would take most of the time
SCRIPT = """
import sys
from bench import stage
stage.PAIRS = 2
from bench.__main__ import main
sys.exit(main(sys.argv[1:]))
"""


def bench(*arguments: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-c", SCRIPT, "--quick", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)


@pytest.mark.slow
def test_rows_are_measured_and_a_quick_run_leaves_the_report_alone() -> None:
    before = (ROOT / "bench" / "REPORT.md").read_bytes()
    done = bench("--only", "posts", "--only", "disk", "--json")
    # 1: an aim is missed, which says something about the machine that this test runs on
    assert done.returncode in (0, 1), done.stderr
    tables = json.loads(done.stdout)["tables"]
    assert [table["name"] for table in tables] == ["posts", "disk"]
    assert all(line["product"] for table in tables for line in table["lines"])
    assert (ROOT / "bench" / "REPORT.md").read_bytes() == before


def test_a_row_that_is_none_is_refused() -> None:
    done = bench("--only", "nothing")
    assert (done.returncode, "invalid choice: 'nothing'" in done.stderr) == (2, True)
