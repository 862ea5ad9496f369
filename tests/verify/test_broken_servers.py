"""The command finds what is wrong with servers that break the promise, and names it."""

import json
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

_ROOT = Path(__file__).parent.parent.parent
_SECONDS = "5"
_LONGEST = 120


@pytest.mark.parametrize(
    ("server", "expected"),
    [
        (("forgets_commits",), {"C1", "C8"}),
        (("sends_twice",), {"C1", "C2"}),
        (("fan_out", "drops"), {"C5"}),
        (("fan_out", "doubles"), {"C5"}),
        (("fan_out", "swaps"), {"C5"}),
        (("fan_out", "garbles"), {"C6", "C10"}),
        (("forgets_changes", "edits"), {"C8", "C10", "C11"}),
        (("forgets_changes", "deletions"), {"C10", "C11"}),
        (("forgets_marks",), {"C11"}),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, tuple) else "",
)
def test_a_broken_server_is_found_out(server: Sequence[str], expected: set[str]) -> None:
    command = [sys.executable, "-m", "tests.verify.broken", _SECONDS, *server]
    done = subprocess.run(command, capture_output=True, text=True, timeout=_LONGEST, check=False, cwd=_ROOT)
    print(done.stderr)
    assert done.returncode == 1
    assert "VIOLATED: C" in done.stderr
    document = json.loads(done.stdout)
    found = {each["check"] for each in document["violations"]}
    assert found == {name for name, check in document["checks"].items() if check["violations"]}
    assert expected <= found
    # what there is to look at afterwards
    kept = Path(document["kept"])
    assert (kept / "server.log").exists()
    assert (kept / "data").is_dir()
    shutil.rmtree(kept)
