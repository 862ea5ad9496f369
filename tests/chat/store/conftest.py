"""Every store, one suite."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from duologue.chat.model import Room
from duologue.chat.store.api import Store
from tests.chat.people import ALICE, BOB, NOON
from tests.chat.store.places import Place, SqlitePlace


@pytest.fixture(params=["sqlite"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    """An empty, migrated place."""
    return {"sqlite": SqlitePlace}[request.param](tmp_path / "place")


@pytest.fixture
async def store(place: Place) -> AsyncIterator[Store]:
    """A store on an empty place."""
    opened = place.open()
    yield opened
    await opened.close()


@pytest.fixture
async def room(store: Store) -> Room:
    """The room of alice and bob."""
    opened, _ = await store.open_room(ALICE, BOB, NOON)
    return opened
