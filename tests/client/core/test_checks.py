"""What is refused here is what the server would refuse, and nothing else."""

import pytest

from duologue.client import Limits
from duologue.client.core.checks import complaints
from duologue.client.core.outbox import Unsent


def said(text: str, client_id: str = "id") -> Unsent:
    return Unsent("message", 1, client_id, text)


@pytest.mark.parametrize("text", ["Hi", " x ", "\n.", "\U0001f600" * 4000, '"\\'])
@pytest.mark.parametrize("client_id", ["a", "!~[]", "x" * 64])
def test_what_can_be_sent(text: str, client_id: str) -> None:
    assert complaints(said(text, client_id), Limits(message_characters=4000)) == {}


@pytest.mark.parametrize("text", ["", " \n", "a\0b", "\ud800", "x" * 4001])
def test_texts_that_cannot(text: str) -> None:
    assert list(complaints(said(text), Limits(message_characters=4000))) == ["message"]
    assert list(complaints(Unsent("edit", 1, "id", text, 7), Limits(message_characters=4000))) == ["message"]


@pytest.mark.parametrize("client_id", ["", "a b", 'a"', "a\\b", "ä", "x" * 65, "a\n"])
def test_ids_that_cannot(client_id: str) -> None:
    assert list(complaints(said("Hi", client_id), Limits())) == ["client_id"]


def test_a_frame_has_a_bound_of_its_own() -> None:
    assert complaints(said("x" * 40_000), Limits(frame_bytes=65_536)) == {}
    assert complaints(said("x" * 40_000), Limits()) == {"message": ["It does not fit into a frame."]}


def test_a_deletion_has_no_words() -> None:
    assert complaints(Unsent("delete", 1, "id", id=7), Limits()) == {}
