"""Data to start from: making both schemas anew for each server would cost more than the tests."""

import shutil
from pathlib import Path

import pytest

from tests.serve.command import duologue


@pytest.fixture(scope="session")
def _migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    data = tmp_path_factory.mktemp("migrated") / "data"
    done = duologue("migrate", data=data)
    assert done.returncode == 0, done.stderr
    return data


@pytest.fixture
def folder(tmp_path: Path, _migrated: Path) -> Path:
    """A folder whose `data` is migrated and otherwise empty."""
    shutil.copytree(_migrated, tmp_path / "data")
    return tmp_path
