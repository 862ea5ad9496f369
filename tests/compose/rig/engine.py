"""A container engine: Docker where it answers, else Podman (its sibling file)."""

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

from tests.compose.rig import machine, stand_ins
from tests.compose.rig.commands import CACHE, ROOT, CommandError, run

PROJECT = "duologue-test"
IMAGE = "localhost/duologue-test:latest"
BASES_VARIABLE = "COMPOSE_TEST_BASES"
CANARY = "canary-6f1d-stays-out-of-every-layer"

_BUILD_SECONDS = 900.0


class Docker:
    """Docker, with Compose as its plugin and the public base images."""

    name = "docker"

    def __init__(self) -> None:
        self.command: Sequence[str] = ("docker",)
        self.compose_command: Sequence[str] = ("docker", "compose")
        self.env: Mapping[str, str] = os.environ
        self.bases: Mapping[str, str] = {}
        self.logs = CACHE

    @staticmethod
    def answers() -> bool:
        """Tell whether there is an engine behind the client, and Compose beside it."""
        try:
            asked = [run(["docker", *words], timeout=20, check=False) for words in (["info"], ["compose", "version"])]
        except (OSError, CommandError):
            return False
        return all(answer.returncode == 0 for answer in asked)

    def prepare(self) -> None:
        """Install what is missing; write what the tests lay over compose.yaml."""
        if os.environ.get(BASES_VARIABLE) == "debian":
            machine.install(["debootstrap"], ["debootstrap", "debian-archive-keyring"])
            self.bases = stand_ins.all_of_them(self.command)
        self._write_override()

    def _write_override(self) -> None:
        override = {
            "services": {
                "auth": {
                    "image": IMAGE,
                    "build": {"args": self._build_arguments(), "secrets": ["pip"]},
                    # everybody in the tests comes from one address
                    "environment": {"DUOLOGUE_RATE_SIGNUP": "1000/m/ip", "DUOLOGUE_RATE_LOGIN": "1000/m/ip"},
                },
                "chat": {"image": IMAGE},
                "caddy": {"image": self.bases.get("caddy", "caddy:2")},
            },
            "secrets": {"pip": {"file": str(machine.pip_settings(CANARY))}},
            "x-podman": {"in_pod": False},
        }
        self._override.write_text(json.dumps(override, indent=2))

    @property
    def _override(self) -> Path:
        return CACHE / "override.yaml"

    def _build_arguments(self) -> dict[str, str]:
        return {"PYTHON_IMAGE": self.bases["python"]} if "python" in self.bases else {}

    def project(self) -> dict[str, Any]:
        """Return compose.yaml as the engine reads it."""
        read: dict[str, Any] = json.loads(self.compose("config", "--format", "json").stdout)
        return read

    def run(self, *words: str, timeout: float = 60.0, check: bool = True) -> CompletedProcess[str]:
        """Run one command of the engine."""
        return run([*self.command, *words], env=self.env, timeout=timeout, check=check)

    def compose(self, *words: str, timeout: float = 60.0) -> CompletedProcess[str]:
        """Run one command of Compose on the tests' own project, never on a person's."""
        files = ("--file", str(ROOT / "compose.yaml"), "--file", str(self._override))
        command = [*self.compose_command, *files, "--project-name", PROJECT, *words]
        return run(command, env=self.env, timeout=timeout)

    def build(self) -> str:
        """Build the image and return what the build printed."""
        built = self.compose("build", timeout=_BUILD_SECONDS)
        return built.stdout + built.stderr

    def up(self) -> None:
        """Start everything and wait until it is healthy."""
        self.compose("up", "--detach", "--wait", "--wait-timeout", "120", timeout=180)

    def container(self, service: str) -> str:
        """Return the id of a service's container; raise CommandError when there is not exactly one."""
        labels = (f"com.docker.compose.project={PROJECT}", f"com.docker.compose.service={service}")
        filters = [word for label in labels for word in ("--filter", f"label={label}")]
        found = self.run("ps", "--all", "--quiet", "--no-trunc", *filters).stdout.split()
        if len(found) != 1:
            raise CommandError(f"{service} has {len(found)} containers")
        return found[0]

    def healthy(self, container: str) -> bool:
        """Tell what the image's own health check says."""
        return self.run("inspect", "--format", "{{.State.Health.Status}}", container).stdout.strip() == "healthy"

    def health_check(self, image: str) -> list[str]:
        """Return an image's HEALTHCHECK."""
        check: list[str] = self.inspect(image)["Config"]["Healthcheck"]["Test"]
        return check

    def inspect(self, thing: str) -> dict[str, Any]:
        """Return what the engine knows about a container or an image."""
        found: list[dict[str, Any]] = json.loads(self.run("inspect", thing).stdout)
        return found[0]
