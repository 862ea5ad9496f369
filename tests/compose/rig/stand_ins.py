"""Base images made of Debian packages, for machines that reach no image registry.

They stand in for `python:3.13-slim-trixie` and `caddy:2`: same Debian, same Python, no compiler; Caddy is Debian's.
"""

import hashlib
import inspect
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.compose.rig import machine
from tests.compose.rig.commands import CommandError, run, say

_SUITE = "trixie"


@dataclass(frozen=True)
class StandIn:
    """What is in a base image, and how a container of it starts."""

    name: str
    packages: tuple[str, ...]
    changes: tuple[str, ...]


PYTHON = StandIn("python", ("ca-certificates", "python3", "python3-pip"), ('CMD ["python3"]',))
CADDY = StandIn(
    "caddy",
    ("ca-certificates", "caddy"),
    (
        "ENV XDG_CONFIG_HOME=/config",
        "ENV XDG_DATA_HOME=/data",
        "WORKDIR /srv",
        'CMD ["caddy","run","--config","/etc/caddy/Caddyfile","--adapter","caddyfile"]',
    ),
)


def all_of_them(engine: Sequence[str]) -> dict[str, str]:
    """Return the images' names by what they stand in for, made where they are not there."""
    return {each.name: _ensure(engine, each) for each in (PYTHON, CADDY)}


def _ensure(engine: Sequence[str], stand_in: StandIn) -> str:
    """Return the image's name; make it unless there is one of this very recipe."""
    image = f"localhost/duologue-test-{stand_in.name}:{_recipe(stand_in)}"
    if run([*engine, "image", "inspect", image], check=False).returncode != 0:
        say(f"making a base image of Debian packages: {', '.join(stand_in.packages)} …")
        with tempfile.TemporaryDirectory(prefix="duologue-base-") as scratch:
            _make(engine, stand_in, Path(scratch) / "root", image)
    return image


def _recipe(stand_in: StandIn) -> str:
    digest = hashlib.sha256(inspect.getsource(_make).encode())
    digest.update(repr((stand_in, _SUITE)).encode())
    digest.update(machine.certificates() or b"")
    return digest.hexdigest()[:16]


def _make(engine: Sequence[str], stand_in: StandIn, root: Path, image: str) -> None:
    include = f"--include={','.join(stand_in.packages)}"
    run(["nice", "-n", "10", "debootstrap", "--variant=minbase", include, _SUITE, root], timeout=600)
    for waste in ("var/cache/apt/archives", "var/lib/apt/lists", "usr/share/doc", "usr/share/man", "usr/share/locale"):
        shutil.rmtree(root / waste, ignore_errors=True)
    bundle = machine.certificates()
    if bundle is not None:
        (root / "etc" / "ssl" / "certs" / "ca-certificates.crt").write_bytes(bundle)
    changes = [word for change in stand_in.changes for word in ("--change", change)]
    with subprocess.Popen(["tar", "-C", root, "--numeric-owner", "-c", "."], stdout=subprocess.PIPE) as tar:
        done = subprocess.run(
            [*engine, "import", *changes, "-", image], stdin=tar.stdout, capture_output=True, timeout=300, check=False
        )
    if done.returncode != 0 or tar.returncode != 0:
        raise CommandError(f"import of {image}: {done.stderr.decode(errors='replace')}")
