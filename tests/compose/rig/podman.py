"""Podman and podman-compose, also as old as Debian 12's (4.3), with base images of Debian packages."""

import json
import os
import resource
from functools import partial
from typing import Any

from tests.compose.rig import machine, stand_ins
from tests.compose.rig.commands import CACHE, run
from tests.compose.rig.engine import Docker
from tests.compose.rig.waiting import until

_PROGRAMS = ("podman", "runc", "debootstrap", "/usr/lib/podman/netavark", "/usr/lib/podman/aardvark-dns")
_PACKAGES = ("podman", "runc", "debootstrap", "netavark", "aardvark-dns", "iptables", "debian-archive-keyring")

_PROCESSES = 10_000
_READ_COMPOSE = "import json, yaml; print(json.dumps(yaml.safe_load(open('compose.yaml'))))"


class Podman(Docker):
    """Does by hand what Podman 4.3 leaves out: health checks without systemd, and a start order that heeds them."""

    name = "podman"

    def prepare(self) -> None:
        """Install what is missing, make the base images."""
        machine.install(_PROGRAMS, _PACKAGES)
        tools = machine.tools()
        config = CACHE / "containers.conf"
        config.write_text(_configuration())
        self.command = ("podman",)
        self.compose_command = (str(tools / "podman-compose"),)
        # HEALTHCHECK is no part of OCI's image format
        self.env = os.environ | {"CONTAINERS_CONF": str(config), "BUILDAH_FORMAT": "docker"}
        os.environ["CONTAINERS_CONF"] = str(config)
        self.bases = stand_ins.all_of_them(self.command)
        self._write_override()

    def up(self) -> None:
        """Start each service when those it depends on are healthy, in the order that compose.yaml asks for."""
        waiting = {name: set(service.get("depends_on", {})) for name, service in self.project()["services"].items()}
        started: set[str] = set()
        while waiting:
            service = next(name for name, needed in waiting.items() if needed <= started)
            for dependency in waiting.pop(service):
                container = self.container(dependency)
                until(partial(self.healthy, container), f"{dependency} is healthy", seconds=120)
            self.compose("up", "--detach", "--no-build", "--no-deps", service)
            started.add(service)

    def healthy(self, container: str) -> bool:
        """Run the image's own health check."""
        return self.run("healthcheck", "run", container, check=False).returncode == 0

    def health_check(self, image: str) -> list[str]:
        """Return an image's HEALTHCHECK, which Podman keeps in a place of its own."""
        check: list[str] = self.inspect(image)["Healthcheck"]["Test"]
        return check

    def project(self) -> dict[str, Any]:
        """Return compose.yaml as it stands there: podman-compose cannot print JSON."""
        read: dict[str, Any] = json.loads(run([machine.TOOLS / "bin" / "python", "-c", _READ_COMPOSE]).stdout)
        return read


def _configuration() -> str:
    # Podman's own default limits are higher than a restricted root may set
    files = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    ulimits = [f"nofile={files}:{files}", f"nproc={_PROCESSES}:{_PROCESSES}"]
    return f"""[containers]
default_ulimits = {json.dumps(ulimits)}
[engine]
runtime = "runc"
[network]
network_backend = "netavark"
"""
