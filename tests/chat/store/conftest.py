"""Every store, one suite."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from duologue.chat.model import Room
from duologue.chat.store.api import Store
from duologue.chat.store.sqlite import order
from tests.chat.people import ALICE, BOB, NOON
from tests.chat.store.places import Place, SqlitePlace


@pytest.fixture(params=["sqlite", "sqlite, with the border of its two tables in every room"])
def place(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    """An empty, migrated place."""
    if request.param != "sqlite":
        monkeypatch.setattr(order, "_MOST_RECENT", 4)
        monkeypatch.setattr(order, "_AT_ONCE", 2)
    return SqlitePlace(tmp_path / "place")


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
