"""What the tests of the program in `docs/write-a-client.md` share."""

from pathlib import Path

import pytest

from tests.rig.people import Person
from tests.rig.server import RunningServer
from tests.walkthrough.chat_program import REST, blocks


@pytest.fixture
def program(tmp_path: Path) -> Path:
    """The page's blocks, one after the other."""
    path = tmp_path / "chat.py"
    path.write_text("\n".join(blocks(REST)), encoding="utf-8")
    return path


@pytest.fixture
def people(fresh_server: RunningServer) -> tuple[Person, Person]:
    """Two who have not met, on a server of their own."""
    return Person.arrive(fresh_server, "alice"), Person.arrive(fresh_server, "bob")
