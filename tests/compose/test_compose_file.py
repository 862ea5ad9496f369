"""What compose.yaml promises: start order, one door, no rights to spare, a volume and a database for each service."""

from typing import Any

import pytest

from tests.compose.rig.commands import CommandError
from tests.compose.rig.engine import Docker
from tests.compose.rig.stack import Stack


@pytest.fixture
def running(stack: Stack, request: pytest.FixtureRequest) -> dict[str, Any]:
    """What the engine knows about a service's container."""
    return stack.engine.inspect(stack.engine.container(request.param))


def test_nothing_starts_before_what_it_needs_is_healthy(engine: Docker) -> None:
    healthy = {"condition": "service_healthy"}
    wanted = {name: service.get("depends_on", {}) for name, service in engine.project()["services"].items()}
    assert {name: sorted(needed) for name, needed in wanted.items()} == {
        "auth": [],
        "chat": ["auth"],
        "caddy": ["auth", "chat"],
    }
    assert all(each.items() >= healthy.items() for needed in wanted.values() for each in needed.values())


@pytest.mark.parametrize("running", ["auth", "chat"], indirect=True)
def test_a_service_can_be_reached_through_the_proxy_only(running: dict[str, Any]) -> None:
    bound = running["NetworkSettings"]["Ports"] or {}
    assert not [port for port, hosts in bound.items() if hosts]


@pytest.mark.parametrize("running", ["auth", "chat", "caddy"], indirect=True)
def test_no_container_can_change_itself_or_gain_rights(running: dict[str, Any]) -> None:
    assert running["HostConfig"]["ReadonlyRootfs"] is True
    assert any(option.startswith("no-new-privileges") for option in running["HostConfig"]["SecurityOpt"])


@pytest.mark.parametrize("service", ["auth", "chat"])
def test_a_service_writes_to_its_volume_only(stack: Stack, service: str) -> None:
    stack.inside(service, "touch", "/data/here", "/tmp/here")
    with pytest.raises(CommandError, match=r"Read-only file system|Permission denied"):
        stack.inside(service, "touch", "/opt/duologue/here")
    assert "CapEff:\t0000000000000000" in stack.inside(service, "cat", "/proc/1/status")


def test_each_service_has_a_database_of_its_own_and_only_auth_has_keys(stack: Stack) -> None:
    auth, chat = (stack.inside(service, "find", "/data", "-type", "f").split() for service in ("auth", "chat"))
    assert [name for name in auth if name.startswith("/data/auth/keys/")]
    assert [name for name in auth if name.endswith(".sqlite3")]
    assert [name for name in chat if name.endswith("/chat/chat.sqlite3")]
    assert not [name for name in auth if name.startswith("/data/chat/")]
    assert not [name for name in chat if name.startswith("/data/auth/") or "key" in name]
    assert private_parts(stack, "auth")
    assert not private_parts(stack, "chat")


def private_parts(stack: Stack, service: str) -> list[str]:
    """Return the files of a service's volume that hold a private key."""
    script = r"grep -rlaE 'PRIVATE KEY|\"d\" *: *\"' /data || true"
    return stack.inside(service, "sh", "-c", script).split()


def test_ports_are_open_to_this_machine_only(stack: Stack) -> None:
    ports = stack.engine.inspect(stack.engine.container("caddy"))["HostConfig"]["PortBindings"]
    assert {host["HostIp"] for hosts in ports.values() for host in hosts or []} == {"127.0.0.1"}
    assert {host["HostPort"] for hosts in ports.values() for host in hosts or []} == {
        str(stack.http_port),
        str(stack.app_port),
    }
