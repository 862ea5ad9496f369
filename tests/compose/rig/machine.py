"""What the machine must have, and what of its own settings an image's build needs."""

import os
import shutil
import sys
from collections.abc import Iterable
from pathlib import Path

from tests.compose.rig.commands import CACHE, ROOT, CommandError, run, say

_PIP_OPTIONS = ("index-url", "extra-index-url", "trusted-host", "proxy", "timeout")
TOOLS = CACHE / "tools"


def install(needed: Iterable[str], packages: Iterable[str]) -> None:
    """Install Debian packages unless every needed program is there; raise CommandError where that cannot be done."""
    missing = [program for program in needed if shutil.which(program) is None and not Path(program).exists()]
    if not missing:
        return
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        raise CommandError(
            f"{', '.join(missing)}: not here. The container tests need a Docker engine, or root on Debian or Ubuntu."
        )
    say(f"installing {', '.join(packages)} …")
    env = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    run(["apt-get", "update", "-qq"], env=env, timeout=180)
    run(["apt-get", "install", "-qq", "-y", "--no-install-recommends", *packages], env=env, timeout=600)


def tools() -> Path:
    """Return the `bin` of the environment that holds podman-compose and the newest Caddy, made when it is not there."""
    lock = ROOT / "tests" / "compose" / "requirements.lock"
    stamp = TOOLS / "lock"
    if not stamp.exists() or stamp.read_bytes() != lock.read_bytes():
        say("installing the test tools …")
        shutil.rmtree(TOOLS, ignore_errors=True)
        run([sys.executable, "-m", "venv", TOOLS])
        pip: list[str | Path] = [
            TOOLS / "bin" / "python",
            "-m",
            "pip",
            "--disable-pip-version-check",
            "--no-input",
            "install",
            "-q",
        ]
        run([*pip, "--require-hashes", "-r", lock], timeout=300)
        stamp.write_bytes(lock.read_bytes())
    return TOOLS / "bin"


def certificates() -> bytes | None:
    """Return the machine's own bundle of certificates when its environment names one."""
    named = os.environ.get("SSL_CERT_FILE")
    return Path(named).read_bytes() if named and Path(named).is_file() else None


def pip_settings(canary: str) -> Path:
    """Write where pip gets its packages on this machine, for the build's eyes only, and return the file.

    `canary` stands in it too: a test looks for it in the finished image.
    """
    listed = run([sys.executable, "-m", "pip", "--disable-pip-version-check", "config", "list"]).stdout
    options = {}
    for line in listed.splitlines():
        name, _, value = line.partition("=")
        option, text = name.rpartition(".")[2], value.strip("'\"")
        if option in _PIP_OPTIONS:
            # a container does not see this machine's files
            options[option] = " ".join(word for word in text.split() if not word.startswith("file:"))
    content = [f"# {canary}", "[global]", *(f"{name} = {value}" for name, value in options.items() if value)]
    file = CACHE / "pip.conf"
    file.unlink(missing_ok=True)
    file.touch(mode=0o600)
    file.write_text("\n".join(content) + "\n")
    return file
