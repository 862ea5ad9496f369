"""What the figures were measured on."""

from __future__ import annotations

import datetime
import importlib.metadata
import os
import platform
import shutil
import subprocess
import sysconfig
from pathlib import Path

import apsw
import msgspec
import psutil

from bench.placement import Placement

_PARTS = (
    "uvicorn",
    "uvloop",
    "httptools",
    "picows",
    "starlette",
    "msgspec",
    "apsw",
    "Django",
    "django-allauth",
    "argon2-cffi",
)
_ROOT = Path(__file__).parent.parent


class Machine(msgspec.Struct, frozen=True):
    """Hardware, system and versions, each in words."""

    taken_at: str
    commit: str
    cpu: str
    memory: str
    kernel: str
    disk: str
    python: str
    sqlite: str
    parts: dict[str, str]
    placement: str


def describe(placement: Placement, directory: Path) -> Machine:
    """Look around; `directory` lies on the disk that is measured."""
    return Machine(
        taken_at=datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%d %H:%M UTC"),
        commit=_commit(),
        cpu=f"{os.cpu_count()} x {_processor()}",
        memory=f"{psutil.virtual_memory().total / 2**30:.0f} GiB",
        kernel=f"{platform.system()} {platform.release()} ({platform.machine()})",
        disk=_file_system(directory),
        python=f"{platform.python_implementation()} {platform.python_version()} ({_optimisations()})",
        sqlite=apsw.sqlite_lib_version(),
        parts={name: importlib.metadata.version(name) for name in _PARTS},
        placement=placement.described,
    )


def _commit() -> str:
    git = shutil.which("git")
    if git is None:
        return "unknown"

    def ask(*arguments: str) -> str:
        done = subprocess.run([git, "-C", str(_ROOT), *arguments], check=False, capture_output=True, text=True)
        return done.stdout.strip()

    changed = ask("status", "--porcelain", "--untracked-files=no", "--", "src", "requirements.lock")
    return f"{ask('rev-parse', '--short=12', 'HEAD')}{' with changes' if changed else ''}"


def _processor() -> str:
    information = Path("/proc/cpuinfo")
    if information.exists():
        for line in information.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or "unknown"


def _file_system(directory: Path) -> str:
    inside = [part for part in psutil.disk_partitions(all=True) if directory.is_relative_to(part.mountpoint)]
    if not inside:
        return "unknown"
    nearest = max(inside, key=lambda part: len(part.mountpoint))
    return f"{nearest.fstype} on {nearest.device}"


def _optimisations() -> str:
    optimised = "--enable-optimizations" in str(sysconfig.get_config_var("CONFIG_ARGS"))
    return "built with PGO" if optimised else "built without PGO"
