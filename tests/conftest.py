"""Fixtures for every suite."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.rig.server import RunningServer, running_server


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """One server for all tests that only add to it."""
    with running_server(tmp_path_factory.mktemp("server")) as running:
        yield running


@pytest.fixture
def fresh_server(tmp_path: Path) -> Iterator[RunningServer]:
    """A server with an empty database, for one test."""
    with running_server(tmp_path) as running:
        yield running
