"""Fixtures for every suite."""

import shutil
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.rig.people import Person
from tests.rig.server import RunningServer, running_server
from tests.serve.command import duologue

# how long an example takes says how busy the machine is
settings.register_profile("patient", settings(deadline=None, suppress_health_check=[HealthCheck.too_slow]))
settings.load_profile("patient")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Let several workers begin with the files that take longest, so that they end at about the same time."""
    if hasattr(config, "workerinput"):
        slow = Counter(item.path for item in items if item.get_closest_marker("slow"))
        items.sort(key=lambda item: slow[item.path], reverse=True)


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """One server for all tests that only add to it."""
    with running_server(tmp_path_factory.mktemp("server")) as running:
        yield running


@pytest.fixture
def alice(server: RunningServer) -> Person:
    """Somebody new on that server."""
    return Person.arrive(server, "alice")


@pytest.fixture
def bob(server: RunningServer) -> Person:
    """Somebody else."""
    return Person.arrive(server, "bob")


@pytest.fixture
def fresh_server(folder: Path) -> Iterator[RunningServer]:
    """A server with an empty database, for one test."""
    with running_server(folder) as running:
        yield running


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data directory with both schemas: making them anew for each server would cost more than many a test."""
    data = tmp_path_factory.mktemp("migrated") / "data"
    done = duologue("migrate", data=data)
    assert done.returncode == 0, done.stderr
    return data


@pytest.fixture
def folder(tmp_path: Path, migrated: Path) -> Path:
    """A folder for one test, whose `data` is migrated and otherwise empty."""
    shutil.copytree(migrated, tmp_path / "data")
    return tmp_path
