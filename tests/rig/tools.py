"""Programs that are not Python's: found here, or installed from Debian, or the test says why it cannot run."""

import contextlib
import fcntl
import functools
import hashlib
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

import pytest

_DEBIAN = {
    "chromium": ("chromium",),
    "curl": ("curl",),
    "faketime": ("faketime",),
    "node": ("nodejs",),
    "npm": ("nodejs", "npm"),
    "strace": ("strace",),
}
_NODE_FOLDER = Path(__file__).parents[1] / "node"
_INSTALL_SECONDS = 600


def cannot(reason: str) -> NoReturn:
    """Skip the test; with CI=true fail it, since a skip there would hide that nothing was tested."""
    if os.environ.get("CI") == "true":
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)


def need(tool: str, reason: str) -> str:
    """Return the path of a program, which is installed from Debian when it is missing; `reason` says what it is for."""
    with _alone():
        path = shutil.which(tool) or _from_debian(tool)
    if path is None:
        cannot(f"{tool} is not here and cannot be installed: {reason}")
    return path


def need_from_npm(tool: str, reason: str) -> str:
    """Return the path of a program that `tests/node/package-lock.json` pins."""
    need("node", reason)
    return str(file_from_npm(f".bin/{tool}", reason))


def file_from_npm(path: str, reason: str) -> Path:
    """Return the path of a file in a package that `tests/node/package-lock.json` pins."""
    npm = need("npm", reason)
    with _alone():
        installed = _install_from_npm(npm)
    if not installed:
        cannot(f"the npm registry does not give {path}: {reason}")
    return _NODE_FOLDER / "node_modules" / path


@contextlib.contextmanager
def _alone() -> Iterator[None]:
    """Wait until no other test process looks for a program or installs one: what is half installed is there already."""
    folder = os.open(_NODE_FOLDER, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)


@functools.cache
def _from_debian(tool: str) -> str | None:
    packages = _DEBIAN.get(tool, ())
    if not packages or os.geteuid() != 0 or shutil.which("apt-get") is None:
        return None
    install = ["apt-get", "install", "-y", "-qq", "--no-install-recommends", *packages]
    for command in (install, ["apt-get", "update", "-qq"], install):
        _run(command)
        if path := shutil.which(tool):
            return path
    return None


@functools.cache
def _install_from_npm(npm: str) -> bool:
    lock = hashlib.sha256((_NODE_FOLDER / "package-lock.json").read_bytes()).hexdigest()
    stamp = _NODE_FOLDER / "node_modules" / ".installed"
    if stamp.exists() and stamp.read_text() == lock:
        return True
    if not _run([npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"], _NODE_FOLDER):
        return False
    stamp.write_text(lock)
    return True


def _run(command: list[str], folder: Path | None = None) -> bool:
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, timeout=_INSTALL_SECONDS, check=False
    )
    return done.returncode == 0
