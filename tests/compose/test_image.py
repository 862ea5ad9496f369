"""One image that runs either service: what is in it, what is not, and that it starts, stops and reports its health."""

import json
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import pytest

from tests.compose.rig.commands import ROOT, run, say
from tests.compose.rig.engine import CANARY, Docker
from tests.compose.rig.waiting import until

MOST_BYTES = 5_000_000
COMPILERS = "gcc g++ cc c++ clang cpp ld as make cmake cargo rustc"
FIND_WRITABLE = "find / -xdev -path /proc -prune -o -writable -not -type l -print"
ARM64 = ("manylinux2014_aarch64", "manylinux_2_17_aarch64", "manylinux_2_28_aarch64")

# none of these may lie in any layer, deleted later or not
SECRET_NAMES = ("pip.conf", ".env", ".netrc", ".sqlite3", ".sqlite", ".jwk", "id_ed25519")


def shell(engine: Docker, image: str, script: str) -> str:
    """Run a script in a new container of the image and return what it wrote."""
    return engine.run("run", "--rm", "--entrypoint", "sh", image, "-c", script).stdout.strip()


@pytest.fixture(scope="module")
def layers(engine: Docker, image: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The image as an archive of its layers."""
    archive = tmp_path_factory.mktemp("image") / "image.tar"
    engine.run("save", "--output", str(archive), image, timeout=120)
    return archive


@pytest.fixture
def container(engine: Docker, image: str) -> Iterator[str]:
    """A container of the image as `docker run` makes it: both services."""
    name = "duologue-test-alone"
    engine.run("rm", "--force", "--volumes", name, check=False)
    yield engine.run("run", "--detach", "--name", name, image).stdout.strip()
    engine.run("rm", "--force", "--volumes", name)


def files_in(layers: Path) -> Iterator[tuple[str, bytes]]:
    """Yield every small file of the archive and of every layer in it, with its content."""
    with tarfile.open(layers) as archive:
        for entry in archive:
            stream = archive.extractfile(entry)
            if stream is None:
                continue
            if _is_tar(stream):
                yield from _members(stream)
            else:
                yield entry.name, stream.read(MOST_BYTES)


def _is_tar(stream: IO[bytes]) -> bool:
    is_tar = tarfile.is_tarfile(stream)
    stream.seek(0)
    return is_tar


def _members(stream: IO[bytes]) -> Iterator[tuple[str, bytes]]:
    with tarfile.open(fileobj=stream) as layer:
        for member in layer:
            content = layer.extractfile(member) if member.isfile() and member.size < MOST_BYTES else None
            yield member.name, b"" if content is None else content.read()


def test_is_no_larger_than_it_should_be(engine: Docker, image: str) -> None:
    size = int(engine.inspect(image)["Size"])
    say(f"the image has {size / 1e6:.0f} MB")
    assert size < 450e6


def test_runs_as_a_user_who_owns_nothing_but_the_data(engine: Docker, image: str) -> None:
    assert engine.inspect(image)["Config"]["User"] == "10001:10001"
    assert shell(engine, image, "id -u; id -g; stat -c %u:%a /data").split() == ["10001", "10001", "10001:700"]
    writable = shell(engine, image, f"{FIND_WRITABLE} 2>/dev/null; true").split()
    meant = ("/data", "/dev", "/run/lock", "/tmp", "/var/tmp")
    assert "/tmp" in writable
    assert not [path for path in writable if not path.startswith(meant)]


def test_has_no_compiler_and_no_installer_in_its_environment(engine: Docker, image: str) -> None:
    assert shell(engine, image, f"for each in {COMPILERS}; do command -v $each; done; true") == ""
    assert shell(engine, image, "python -m pip --version 2>&1 || true").endswith("No module named pip")
    assert shell(engine, image, "find / -xdev -path '*/.cache/*' -o -name '*.whl' -o -path '/build*' | head") == ""


def test_carries_the_page_and_the_protocol(engine: Docker, image: str) -> None:
    script = "cd /opt/duologue/lib/python3*/site-packages/duologue && ls web/index.html protocol/*.json"
    carried = set(shell(engine, image, script).split())
    assert carried >= {"web/index.html", *(f"protocol/{each.name}" for each in (ROOT / "protocol").glob("*.json"))}


def test_starts_the_installed_command(engine: Docker, image: str) -> None:
    config = engine.inspect(image)["Config"]
    assert (config["Entrypoint"], config["Cmd"]) == (["duologue"], ["serve"])
    assert engine.run("run", "--rm", image, "--version").stdout.startswith("duologue ")
    settings = json.loads(engine.run("run", "--rm", image, "check-config", "--json").stdout)
    everywhere = ".".join("0000")
    assert (settings["HOST"], settings["PORT"], settings["DUOLOGUE_DATA"]) == (everywhere, 8000, "/data")


def test_refuses_a_misspelt_setting(engine: Docker, image: str) -> None:
    refused = engine.run("run", "--rm", "--env", "DUOLOGUE_ISUER=x", image, check=False)
    assert refused.returncode != 0
    assert "DUOLOGUE_ISSUER" in refused.stderr


def test_reports_its_health_and_stops_when_told(engine: Docker, container: str) -> None:
    until(lambda: engine.healthy(container), "the container is healthy", seconds=40)
    engine.run("stop", "--time", "20", container)
    assert engine.inspect(container)["State"]["ExitCode"] == 0


def test_a_container_in_which_nothing_listens_is_not_healthy(engine: Docker, image: str) -> None:
    check = engine.health_check(image)
    assert check[0] == "CMD"
    checked = engine.run("run", "--rm", "--entrypoint", check[1], image, *check[2:], check=False)
    assert checked.returncode != 0
    assert "ConnectionRefusedError" in checked.stderr


def test_no_layer_holds_a_secret(layers: Path) -> None:
    named = [name for name, _ in files_in(layers) if name.endswith(SECRET_NAMES)]
    assert not [name for name in named if "/site-packages/" not in name and "/dist-packages/" not in name]
    assert not [name for name, content in files_in(layers) if CANARY.encode() in content]


def test_the_search_for_secrets_finds_what_is_there(layers: Path) -> None:
    assert any(
        name.endswith("site-packages/duologue/cli.py") and b"def main" in text for name, text in files_in(layers)
    )


def test_every_locked_package_has_a_wheel_for_arm64(tmp_path: Path) -> None:
    platforms = [word for platform in ARM64 for word in ("--platform", platform)]
    abis = [word for abi in ("cp313", "abi3", "none") for word in ("--abi", abi)]
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "download", "--quiet", "--no-deps"]
    target = ["--python-version", "3.13", "--implementation", "cp", "--only-binary", ":all:", *platforms, *abis]
    run([*pip, *target, "--require-hashes", "--dest", tmp_path, "-r", "requirements.lock"], timeout=180)
    assert not [wheel.name for wheel in tmp_path.iterdir() if "x86_64" in wheel.name]
