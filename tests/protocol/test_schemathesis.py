"""Schemathesis reads the documents and tries to make the running product contradict them."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.rig.contract_check import document
from tests.rig.server import RunningServer

ROOT = Path(__file__).resolve().parents[2]
PEOPLE = ("alice", "bob", "mallory")
PATIENCE = 240.0


@pytest.fixture
def populated(fresh_server: RunningServer) -> RunningServer:
    """A server with three people and nothing else: the configuration counts on room 1 being theirs to make."""
    for name in PEOPLE:
        person = {"username": name, "email": f"{name}@example.com", "password": "TestPass123!"}
        assert httpx.post(f"{fresh_server.url}/api/register/", json=person).status_code == httpx.codes.CREATED
    return fresh_server


def run(server: RunningServer, service: str, report: Path) -> "subprocess.CompletedProcess[str]":
    tool = Path(sys.executable).with_name("schemathesis")
    command: list[str | Path] = [
        tool,
        "--no-color",
        "--config-file",
        f"tests/protocol/fuzzing/{service}.toml",
        "run",
        "--checks",
        "all",
    ]
    command += ["--report", "ndjson", "--report-ndjson-path", report]
    command += ["--url", server.url, f"{server.url}/{service}/openapi.json"]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE, check=False)


def exchanges(report: Path) -> Iterator[tuple[str, int]]:
    """Yield each operation that was called, with the answer's status."""
    for line in report.read_text(encoding="utf-8").splitlines():
        scenario = json.loads(line).get("ScenarioFinished")
        if scenario is None:
            continue
        recorder = scenario["recorder"]
        # a scenario that was skipped has none
        for number, exchange in recorder.get("interactions", {}).items():
            answer = exchange.get("response")
            if answer is None:
                continue
            case = recorder["cases"][number]["value"]
            yield f"{case['method']} {case['path']}", answer["status_code"]


def operations(service: str) -> set[str]:
    found = set()
    for path, item in document(f"{service}.openapi.json")["paths"].items():
        found |= {f"{method.upper()} {path}" for method in item}
    return found


@pytest.mark.slow
@pytest.mark.timeout(PATIENCE + 60)
@pytest.mark.parametrize("service", ["auth", "chat"])
def test_schemathesis_finds_nothing(populated: RunningServer, service: str, tmp_path: Path) -> None:
    report = tmp_path / "report.ndjson"
    done = run(populated, service, report)
    assert done.returncode == 0, done.stdout + done.stderr
    served = {operation for operation, status in exchanges(report) if 200 <= status < 300}
    assert served >= operations(service), "an operation that never succeeded was not tested"
    assert "Traceback" not in populated.log()
    assert httpx.get(f"{populated.url}/readyz").status_code == httpx.codes.OK
