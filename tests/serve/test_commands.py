"""The commands beside `serve`."""

import json
import signal
import socket
import subprocess
from pathlib import Path

import httpx
import pytest

from tests.rig.server import running_server
from tests.serve.command import duologue


def test_check_config_shows_every_setting_with_its_value_and_meaning(tmp_path: Path) -> None:
    done = duologue("check-config", data=tmp_path, env={"PORT": "8123", "DUOLOGUE_MESSAGE_CHARACTERS": "77"})
    assert done.returncode == 0
    lines = {line.split()[0]: line for line in done.stdout.splitlines()}
    assert lines["PORT"].split()[1] == "8123"
    assert lines["DUOLOGUE_MESSAGE_CHARACTERS"].split()[1:4] == ["77", "Longest", "message."]
    assert lines["DUOLOGUE_DATA"].split()[1] == str(tmp_path)
    assert all(len(line.split()) > 2 for line in lines.values())


def test_check_config_speaks_json_and_keeps_secrets(tmp_path: Path) -> None:
    secret = {"DUOLOGUE_MAIL_URL": "smtp://user:hunter2@mail.example:25"}
    done = duologue("check-config", "--json", data=tmp_path, env=secret)
    values = json.loads(done.stdout)
    assert done.returncode == 0
    assert (values["DUOLOGUE_SENDS_BURST"], values["HOST"]) == (100, "127.0.0.1")
    assert "hunter2" not in done.stdout + done.stderr


@pytest.mark.parametrize("command", [("check-config",), ("serve",), ("migrate",)])
def test_a_misspelt_variable_is_an_error_that_names_the_near_one(tmp_path: Path, command: tuple[str, ...]) -> None:
    done = duologue(*command, data=tmp_path, env={"DUOLOGUE_SENDS_PER_SECONDS": "5"})
    assert done.returncode == 2
    assert done.stderr.splitlines() == [
        "duologue: DUOLOGUE_SENDS_PER_SECONDS is not a setting; did you mean DUOLOGUE_SENDS_PER_SECOND?"
    ]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORT", "eighty"),
        ("PORT", "65536"),
        ("ALSO_PORT", "99999"),
        ("DUOLOGUE_SENDS_BURST", "0"),
        ("DUOLOGUE_LOG_LEVEL", "loud"),
        ("DUOLOGUE_MAIL_URL", "smtp//user:hunter2@mail"),
        ("DUOLOGUE_RATE_LOGIN", "often"),
    ],
)
def test_a_wrong_value_is_an_error_that_names_its_variable_and_not_the_value(
    tmp_path: Path, name: str, value: str
) -> None:
    done = duologue("serve", data=tmp_path, env={name: value})
    assert done.returncode == 2
    assert done.stderr.startswith(f"duologue: {name}: ")
    assert value not in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("variable", "arguments", "env"),
    [
        ("PORT", (), {"PORT": "{}"}),
        ("ALSO_PORT", (), {"ALSO_PORT": "{}"}),
        ("ALSO_PORT", ("--also-port", "{}"), {}),
    ],
)
def test_a_taken_port_is_named_with_the_way_out(
    tmp_path: Path, variable: str, arguments: tuple[str, ...], env: dict[str, str]
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        arguments = tuple(argument.format(port) for argument in arguments)
        env = {name: value.format(port) for name, value in env.items()}
        done = duologue("serve", *arguments, data=tmp_path, env=env)
    said = f"cannot listen on 127.0.0.1 port {port} (Address already in use); choose another one with {variable}=…"
    assert (done.returncode, done.stdout, done.stderr) == (2, "", f"duologue: {said}\n")


@pytest.mark.parametrize("host", ["192.0.2.1", "2001:db8::1", "no.such.host.invalid"])
def test_an_address_that_is_not_this_machines_is_named_as_hosts(tmp_path: Path, host: str) -> None:
    done = duologue("serve", data=tmp_path, env={"HOST": host})
    assert (done.returncode, done.stderr) == (2, f"duologue: HOST: {host} is no address of this machine\n")


@pytest.mark.parametrize("port", ["99999", "65536", "-1", "eighty", ""])
def test_what_is_no_port_is_a_usage_error(tmp_path: Path, port: str) -> None:
    done = duologue("serve", f"--also-port={port}", data=tmp_path)
    last = f"duologue serve: error: argument --also-port: {port} is no port; those are numbers up to 65535"
    assert (done.returncode, done.stderr.splitlines()[-1]) == (2, last)


def test_a_wrong_argument_is_a_usage_error(tmp_path: Path) -> None:
    done = duologue("serve", "chats", data=tmp_path)
    assert (done.returncode, "usage: duologue serve" in done.stderr) == (2, True)


@pytest.mark.slow
def test_migrate_is_repeatable_and_enough_for_serve(tmp_path: Path) -> None:
    data = tmp_path / "data"
    for _ in range(2):
        done = duologue("migrate", data=data)
        said = f"The databases in {data} have this version's schema.\n"
        assert (done.returncode, done.stdout, done.stderr) == (0, said, "")
    only = duologue("migrate", "chat", data=tmp_path / "other")
    assert only.returncode == 0
    assert [path.name for path in (tmp_path / "other").iterdir()] == ["chat"]
    with running_server(tmp_path) as server:
        assert httpx.get(f"{server.url}/readyz", trust_env=False).status_code == 200


@pytest.mark.slow
def test_a_migration_that_is_killed_can_be_run_again(tmp_path: Path) -> None:
    data = tmp_path / "data"
    for tenths in (5, 10, 15):
        done = duologue("migrate", data=data, prefix=("timeout", "-s", "KILL", str(tenths / 10)))
        assert done.returncode in (0, -signal.SIGKILL, 128 + signal.SIGKILL)
    assert duologue("migrate", data=data).returncode == 0
    with running_server(tmp_path) as server:
        assert httpx.get(f"{server.url}/readyz", trust_env=False).status_code == 200


@pytest.mark.slow
def test_an_admin_is_made_with_a_password_from_standard_input(folder: Path) -> None:
    data = folder / "data"
    arguments = ("create-admin", "root.admin", "--email", "root@example.com")
    weak = duologue(*arguments, data=data, typed="12345\n")
    assert weak.returncode == 2
    assert "password" in weak.stderr.lower()
    assert "Traceback" not in weak.stderr
    made = duologue(*arguments, data=data, typed="Correct-Horse-7-Battery\n")
    said = f"root.admin may now use /admin/; the account is in {data / 'auth'}.\n"
    assert (made.returncode, made.stdout, made.stderr) == (0, said, "")
    again = duologue(*arguments, data=data, typed="Correct-Horse-7-Battery\n")
    assert again.returncode == 2
    assert "Traceback" not in again.stderr

    with running_server(folder) as server:
        body = {"username": "root.admin", "password": "Correct-Horse-7-Battery"}
        assert httpx.post(f"{server.url}/api/login/", json=body, trust_env=False).status_code == 200


def test_the_version_is_told(tmp_path: Path) -> None:
    done: subprocess.CompletedProcess[str] = duologue("--version", data=tmp_path)
    assert (done.returncode, done.stdout.split()[0]) == (0, "duologue")
