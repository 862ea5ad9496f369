"""The command finds what is wrong with servers that break the promise, and names it."""

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

_ROOT = Path(__file__).parent.parent.parent
_SECONDS = "5"
_LONGEST = 120
_AT_ONCE = 3


# what is broken, and the checks that must notice
EXPECTED: dict[tuple[str, ...], set[str]] = {
    # waits longest in the end, so it goes first
    ("says_nothing",): {"C12"},
    ("forgets_commits",): {"C1", "C8"},
    ("sends_twice",): {"C1", "C2"},
    ("fan_out", "drops"): {"C5"},
    ("fan_out", "doubles"): {"C5"},
    ("fan_out", "swaps"): {"C5"},
    ("fan_out", "garbles"): {"C6", "C10"},
    ("forgets_changes", "edits"): {"C8", "C10", "C11"},
    ("forgets_changes", "deletions"): {"C10", "C11"},
    ("forgets_marks",): {"C11"},
    ("shows_no_history",): {"C12"},
}
Runs = Mapping[tuple[str, ...], "Future[subprocess.CompletedProcess[str]]"]


def verified(server: Sequence[str]) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "tests.verify.broken", _SECONDS, *server]
    return subprocess.run(command, capture_output=True, text=True, timeout=_LONGEST, check=False, cwd=_ROOT)


@pytest.fixture(scope="module")
def runs() -> Iterator[Runs]:
    """All of them, a few at a time: a run is mostly waiting."""
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        yield {server: pool.submit(verified, server) for server in EXPECTED}


@pytest.mark.parametrize("server", EXPECTED, ids="-".join)
def test_a_broken_server_is_found_out(runs: Runs, server: tuple[str, ...]) -> None:
    done = runs[server].result()
    print(done.stderr)
    assert done.returncode == 1
    assert "VIOLATED: C" in done.stderr
    document = json.loads(done.stdout)
    found = {each["check"] for each in document["violations"]}
    assert found == {name for name, check in document["checks"].items() if check["violations"]}
    assert EXPECTED[server] <= found
    # what there is to look at afterwards
    kept = Path(document["kept"])
    assert (kept / "server.log").exists()
    assert (kept / "data").is_dir()
    shutil.rmtree(kept)
