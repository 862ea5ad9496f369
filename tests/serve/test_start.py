"""From nothing to ready."""

import contextlib
import os
import re
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx
import psutil
import pytest

from tests.rig.ports import hold_port
from tests.rig.server import RunningServer, running_server
from tests.rig.tools import cannot

MOST_CPU_SECONDS = 4.0
"""Ready in 4 s on a quiet machine: the processor's time does not depend on what else the machine does."""
MOST_IDLE_SECONDS = 1.5
"""Nor does the time in which it asks for no processor."""


def test_a_cold_start_is_quick_and_a_second_one_changes_nothing(tmp_path: Path) -> None:
    seconds: list[float] = []
    cpu_seconds: list[float] = []
    idle: list[float] = []
    for _ in range(2):
        began = time.monotonic()
        with running_server(tmp_path) as server:
            seconds.append(time.monotonic() - began)
            cpu_seconds.append(used_cpu_seconds(server))
            idle.append(idle_seconds(server, seconds[-1]))
            assert httpx.get(f"{server.url}/readyz", trust_env=False).json() == {
                "status": "ok",
                "checks": {"auth": True, "chat": True},
            }
    print(f"ready after {seconds[0]:.2f} s on an empty directory, {seconds[1]:.2f} s the second time")
    print(f"processor: {cpu_seconds[0]:.2f} s and {cpu_seconds[1]:.2f} s; asleep: {idle[0]:.2f} s and {idle[1]:.2f} s")
    assert max(cpu_seconds) < MOST_CPU_SECONDS
    # the lesser: a disk that is busy with something else is no reason, and what the start itself waits for is in both
    assert min(idle) < MOST_IDLE_SECONDS
    assert server.log().count("Duologue is at") == 2
    assert server.log().count("signing_key_made") == 1
    assert "Traceback" not in server.log()


def idle_seconds(server: RunningServer, seconds: float) -> float:
    """Return for how much of that time no thread of the process ran or waited for a processor: it slept."""
    assert server.process is not None
    busy = 0
    for task in Path(f"/proc/{server.process.pid}/task").glob("*/schedstat"):
        running, waiting, _ = map(int, task.read_text().split())
        busy += running + waiting
    return seconds - busy / 1e9


def test_it_says_where_it_is_and_what_to_try(folder: Path) -> None:
    with running_server(folder) as server:
        command = server.log().partition("Try it:")[2].strip().splitlines()[0]
        done = subprocess.run(
            ["bash", "-c", f"{command} -s -w '%{{http_code}}'"], capture_output=True, text=True, check=False
        )
    assert done.stdout.endswith("201"), done


@pytest.mark.parametrize("way", ["argument", "variable", "both"])
def test_a_second_port_serves_the_same(folder: Path, way: str) -> None:
    also, held = hold_port()
    # the argument wins
    env = {"argument": {}, "variable": {"ALSO_PORT": str(also)}, "both": {"ALSO_PORT": "1"}}[way]
    arguments = () if way == "variable" else ("--also-port", str(also))
    server = RunningServer(folder / "data", env, arguments=arguments).start()
    try:
        first, second = re.findall(r"http://127\.0\.0\.1:(\d+)", _announcement(server))
        assert int(second) == also
        for port in (first, second):
            assert httpx.get(f"http://127.0.0.1:{port}/healthz", trust_env=False).status_code == 200
    finally:
        assert server.stop() == 0
        held.close()


def test_without_settings_it_is_port_8000_of_this_machine_and_data_in_this_directory(tmp_path: Path) -> None:
    """Whoever has the port makes the product name it; nobody needs to give it up for this."""
    with contextlib.ExitStack() as held:
        with contextlib.suppress(OSError):
            held.enter_context(socket.create_server(("127.0.0.1", 8000)))
        done = subprocess.run(
            [sys.executable, "-m", "duologue", "serve"],
            cwd=tmp_path,
            env={"PATH": os.environ["PATH"]},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    said = "cannot listen on 127.0.0.1 port 8000 (Address already in use); choose another one with PORT=…"
    assert (done.returncode, done.stderr) == (2, f"duologue: {said}\n")
    assert [path.name for path in tmp_path.iterdir()] == ["data"]
    assert sorted(path.name for path in (tmp_path / "data").iterdir()) == ["auth", "chat"]


@pytest.mark.parametrize("also", ["", None])
def test_without_a_second_port_there_is_one(folder: Path, also: str | None) -> None:
    with running_server(folder, {} if also is None else {"ALSO_PORT": also}) as server:
        assert len(re.findall(r"http://", _announcement(server))) == 1


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "::1"])  # noqa: S104 - what an operator may set
def test_the_address_that_is_announced_answers(folder: Path, host: str) -> None:
    if ":" in host:
        try:
            socket.create_server(("::1", 0), family=socket.AF_INET6).close()
        except OSError:
            cannot("this machine has no IPv6")
    port, held = hold_port()
    environment = {"PATH": os.environ["PATH"], "PORT": str(port), "HOST": host}
    process = subprocess.Popen(
        [sys.executable, "-m", "duologue", "serve"],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        assert process.stdout is not None
        announced = re.search(r"Duologue is at (\S+)", process.stdout.readline())
        assert announced
        assert announced[1] == {"0.0.0.0": f"http://localhost:{port}"}.get(host, f"http://[::1]:{port}")  # noqa: S104
        # what localhost is to a client is not ours to say
        address = announced[1].replace("localhost", "127.0.0.1")
        assert httpx.get(f"{address}/readyz", trust_env=False).status_code == 200
    finally:
        process.terminate()
        process.communicate(timeout=20)
        held.close()
    assert process.returncode == 0


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
