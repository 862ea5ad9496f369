"""The command as people run it."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.rig.ports import hold_port
from tests.rig.server import RunningServer, running_server
from tests.serve.command import duologue

_SECONDS = 60


@pytest.mark.slow
def test_a_server_of_its_own_is_killed_and_found_sound(tmp_path: Path) -> None:
    data, scratch = tmp_path / "untouched", tmp_path / "scratch"
    scratch.mkdir()
    command = ("verify", "--own-server", "--seconds", "5", "--seed", "4", "--json")
    done = duologue(*command, data=data, env={"TMPDIR": str(scratch)})
    assert done.returncode == 0, done.stderr + done.stdout
    document = json.loads(done.stdout)
    assert (document["verdict"], document["violations"], document["seed"]) == ("sound", [], 4)
    assert document["faults"]["SIGKILL"] >= 1
    counts = document["counts"]
    assert counts["messages"] > 100
    assert counts["delivered"] > counts["messages"]
    assert counts["changes"] > 10
    assert counts["looked up"] > 10
    assert counts["unanswered"] == 0
    # neither its data nor the settings of an installation are touched
    assert not data.exists()
    assert list(scratch.iterdir()) == []


@pytest.mark.slow
def test_a_server_that_is_somebodys_is_found_sound_within_its_throttles(tmp_path: Path) -> None:
    with running_server(tmp_path, roomy=False) as server:
        done = duologue("verify", server.url, "--seconds", "6", "--rooms", "4", "--writers", "9", data=tmp_path)
        assert done.returncode == 0, done.stderr + done.stdout
        assert done.stdout.startswith("SOUND: ")
        assert f"against {server.url}" in done.stdout
        assert "Traceback" not in server.log() + done.stderr
        for word in ("eyJ", "Bearer", "refresh_token", "password"):
            assert word not in done.stdout + done.stderr


@pytest.mark.slow
def test_an_early_end_has_a_verdict_on_what_happened(server: RunningServer) -> None:
    command = [sys.executable, "-m", "duologue", "verify", server.url, "--seconds", "600", "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as running:
        time.sleep(5)
        running.send_signal(signal.SIGINT)
        out, error = running.communicate(timeout=_SECONDS)
    document = json.loads(out)
    assert (running.returncode, document["verdict"]) == (0, "sound"), error + out
    assert document["seconds"] < 30
    assert "Traceback" not in error


@pytest.mark.slow
def test_an_interrupted_run_ends_its_own_server(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "duologue", "verify", "--own-server", "--seconds", "600"]
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
    ) as running:
        time.sleep(6)
        running.send_signal(signal.SIGINT)
        time.sleep(0.2)
        running.send_signal(signal.SIGINT)
        out, _ = running.communicate(timeout=_SECONDS)
    assert running.returncode in (0, 3), out
    assert not [entry for entry in Path("/proc").glob("[0-9]*/environ") if str(tmp_path) in _environment(entry)]


@pytest.mark.slow
def test_nobody_there_proves_nothing(tmp_path: Path) -> None:
    port, held = hold_port()
    with held:
        done = duologue("verify", f"http://127.0.0.1:{port}", "--seconds", "5", data=tmp_path)
    assert (done.returncode, done.stdout) == (3, "NOTHING PROVED: nobody answers there\n")


def test_what_lets_nobody_in_cannot_be_verified(tmp_path: Path) -> None:
    with running_server(
        tmp_path, {"DUOLOGUE_EMAIL_VERIFICATION": "mandatory", "DUOLOGUE_MAIL_URL": "console"}
    ) as server:
        done = duologue("verify", server.url, data=tmp_path)
    assert done.returncode == 2
    assert done.stdout == "COULD NOT START: to log in was refused: 401 email_unverified\n"


@pytest.mark.parametrize(
    "arguments",
    [
        ("ftp://example.com",),
        ("http://localhost:8000", "--own-server"),
        ("--seconds", "0"),
        ("--writers", "many"),
        ("--rooms", "1000"),
    ],
)
def test_wrong_usage(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    done = duologue("verify", *arguments, data=tmp_path)
    assert done.returncode == 2
    assert "usage: duologue verify" in done.stderr


def _environment(entry: Path) -> str:
    try:
        return entry.read_bytes().decode(errors="replace")
    except OSError:
        return ""
