"""From nothing to ready."""

import re
import subprocess
import time
from pathlib import Path

import httpx
import psutil
import pytest

from tests.rig.ports import hold_port
from tests.rig.server import RunningServer, running_server

MOST_CPU_SECONDS = 4.0
"""Ready in 4 s on a quiet machine: the processor's time does not depend on what else the machine does."""


def test_a_cold_start_is_quick_and_a_second_one_changes_nothing(tmp_path: Path) -> None:
    seconds: list[float] = []
    cpu_seconds: list[float] = []
    for _ in range(2):
        began = time.monotonic()
        with running_server(tmp_path) as server:
            seconds.append(time.monotonic() - began)
            cpu_seconds.append(used_cpu_seconds(server))
            assert httpx.get(f"{server.url}/readyz", trust_env=False).json() == {
                "status": "ok",
                "checks": {"auth": True, "chat": True},
            }
    print(f"ready after {seconds[0]:.2f} s on an empty directory, {seconds[1]:.2f} s the second time")
    print(f"processor: {cpu_seconds[0]:.2f} s and {cpu_seconds[1]:.2f} s")
    assert max(cpu_seconds) < MOST_CPU_SECONDS
    assert server.log().count("Duologue is at") == 2
    assert server.log().count("signing_key_made") == 1
    assert "Traceback" not in server.log()


def test_it_says_where_it_is_and_what_to_try(folder: Path) -> None:
    with running_server(folder) as server:
        command = server.log().partition("Try it:")[2].strip().splitlines()[0]
        done = subprocess.run(
            ["bash", "-c", f"{command} -s -w '%{{http_code}}'"], capture_output=True, text=True, check=False
        )
    assert done.stdout.endswith("201"), done


def test_a_second_port_serves_the_same(folder: Path) -> None:
    also, held = hold_port()
    server = RunningServer(folder / "data", arguments=("--also-port", str(also))).start()
    try:
        first, second = re.findall(r"http://127\.0\.0\.1:(\d+)", _announcement(server))
        assert int(second) == also
        for port in (first, second):
            assert httpx.get(f"http://127.0.0.1:{port}/healthz", trust_env=False).status_code == 200
    finally:
        assert server.stop() == 0
        held.close()


def used_cpu_seconds(server: RunningServer) -> float:
    """Return what the process and its ended children have cost so far."""
    assert server.process is not None
    used = psutil.Process(server.process.pid).cpu_times()
    return float(used.user + used.system + used.children_user + used.children_system)


def _announcement(server: RunningServer) -> str:
    return next(line for line in server.log().splitlines() if line.startswith("Duologue is at"))


@pytest.mark.parametrize("service", ["auth", "chat"])
def test_one_service_runs_without_the_other(tmp_path: Path, service: str) -> None:
    with (
        running_server(tmp_path, service=service) as server,
        httpx.Client(base_url=server.url, trust_env=False) as http,
    ):
        assert sorted(path.name for path in server.data.iterdir() if path.is_dir()) == [service]
        other = {"auth": "/api/chat/rooms/", "chat": "/api/login/"}[service]
        own = {"auth": "/api/login/", "chat": "/api/chat/rooms/"}[service]
        assert http.post(other, json={}).status_code == 404
        assert http.post(own, json={}).status_code in (400, 401)
        assert http.get(f"/{service}/openapi.json").status_code == 200
