"""Schemathesis reads the documents and tries to make the running product contradict them."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from schemathesis.checks import CHECKS

from tests.rig.contract_check import document
from tests.rig.server import RunningServer

ROOT = Path(__file__).resolve().parents[2]
PEOPLE = ("alice", "bob", "mallory")
PASSWORD = "TestPass123!"
PATIENCE = 240.0


@pytest.fixture
def populated(fresh_server: RunningServer) -> RunningServer:
    """A server with three people and nothing else: the configuration counts on room 1 being theirs to make."""
    for name in PEOPLE:
        person = {"username": name, "email": f"{name}@example.com", "password": PASSWORD}
        assert httpx.post(f"{fresh_server.url}/api/register/", json=person).status_code == httpx.codes.CREATED
    return fresh_server


def refresh_token(server: RunningServer) -> str:
    answer = httpx.post(f"{server.url}/api/login/", json={"username": "alice", "password": PASSWORD})
    token: str = answer.json()["refresh"]
    return token


def run(server: RunningServer, service: str, report: Path) -> "subprocess.CompletedProcess[str]":
    tool = Path(sys.executable).with_name("schemathesis")
    # no `--checks all`: it is the default, and on the command line it would win over what an operation is excused from
    command: list[str | Path] = [tool, "--no-color", "--config-file", f"tests/protocol/fuzzing/{service}.toml", "run"]
    command += ["--report", "ndjson", "--report-ndjson-path", report]
    command += ["--url", server.url, f"{server.url}/{service}/openapi.json"]
    tokens = {"REFRESH_TO_KEEP": refresh_token(server), "REFRESH_TO_END": refresh_token(server)}
    return subprocess.run(
        command, cwd=ROOT, env=os.environ | tokens, capture_output=True, text=True, timeout=PATIENCE, check=False
    )


def scenarios(report: Path) -> Iterator[dict[str, Any]]:
    for line in report.read_text(encoding="utf-8").splitlines():
        finished = json.loads(line).get("ScenarioFinished")
        # one that was skipped has no exchanges
        if finished is not None and "interactions" in finished["recorder"]:
            yield finished["recorder"]


def served(report: Path) -> set[str]:
    """Return the operations that succeeded at least once."""
    found = set()
    for recorder in scenarios(report):
        for number, exchange in recorder["interactions"].items():
            case, answer = recorder["cases"][number]["value"], exchange.get("response")
            if answer is not None and 200 <= answer["status_code"] < 300:
                found.add(f"{case['method']} {case['path']}")
    return found


def checked(report: Path) -> set[str]:
    """Return the names of the checks that were made."""
    return {check["name"] for recorder in scenarios(report) for made in recorder["checks"].values() for check in made}


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
    assert checked(report) >= set(CHECKS.get_all_names())
    assert served(report) >= operations(service), "an operation that never succeeded was not tested"
    assert "Traceback" not in populated.log()
    assert httpx.get(f"{populated.url}/readyz").status_code == httpx.codes.OK
