"""Shapes on the wire: what is read, and which field an error names."""

import contextlib
import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from duologue.chat.frames import FrameIn as AnyFrame
from duologue.chat.frames import Hello
from duologue.chat.model import Message, Person, Room
from duologue.chat.wire import (
    FrameIn,
    MeIn,
    MessageIn,
    ReadIn,
    RoomIn,
    check_client_id,
    check_content,
    decode,
    decoder,
    encode,
    error_frame,
    message_frame,
    message_out,
    room_out,
    timestamp,
)
from duologue.kit.problem import Problem, invalid
from tests.chat.people import NOON

ROOM = Room(7, Person(1, "11", "alice"), Person(2, "12", "bob"), NOON)
SHAPES: dict[str, msgspec.json.Decoder[Any]] = {
    "room": decoder(RoomIn),
    "message": decoder(MessageIn),
    "mark": decoder(ReadIn),
    "me": decoder(MeIn),
    "frame": decoder(FrameIn),
    "hello": decoder(Hello),
    "v1": msgspec.json.Decoder(AnyFrame),
}


def complaint(shape: str, body: bytes | str) -> tuple[str, dict[str, Any]]:
    with pytest.raises(Problem) as caught:
        decode(SHAPES[shape], body)
    assert caught.value.status == 400
    return caught.value.code, {field: list(why) for field, why in (caught.value.errors or {}).items()}


@pytest.mark.parametrize(
    ("shape", "body", "field", "why"),
    [
        ("room", {"participant_a": "alice"}, "participant_b", "This field is required."),
        ("room", {"participant_a": 7, "participant_b": "bob"}, "participant_a", "Expected text, got a number."),
        ("room", {"participant_a": "a", "participant_b": {"x": [1]}}, "participant_b", "Expected text, got an object."),
        ("room", [], "body", "Expected an object, got a list."),
        ("room", None, "body", "Expected an object, got null."),
        ("room", "alice", "body", "Expected an object, got text."),
        ("message", {"sender_id": "alice"}, "content", "This field is required."),
        ("message", {"content": None}, "content", "Expected text, got null."),
        ("message", {"content": ["Hi"]}, "content", "Expected text, got a list."),
        ("message", {"content": "Hi", "client_id": 5}, "client_id", "Expected text, got a number."),
        ("mark", {"up_to_seq": "5"}, "up_to_seq", "Expected a number, got text."),
        ("me", {"hide_presence": "yes"}, "hide_presence", "Expected true or false, got text."),
        ("frame", {"message": {"text": "Hi"}}, "message", "Expected text, got an object."),
        ("frame", {"token": 5}, "token", "Expected text, got a number."),
        ("frame", 5, "body", "Expected an object, got a number."),
        ("hello", {"type": "edit"}, "type", "One of: hello."),
        ("hello", {"rooms": {"1": 5}}, "rooms", "Expected text, got a number."),
        ("v1", {}, "type", "This field is required."),
        ("v1", {"type": "shout"}, "type", "One of: hello, message, edit, delete, read, typing, auth."),
        ("v1", {"type": 5}, "type", "One of: hello, message, edit, delete, read, typing, auth."),
        ("v1", {"type": "typing", "state": "on"}, "state", "One of: start, stop."),
    ],
)
def test_a_wrong_value_names_its_field(shape: str, body: object, field: str, why: str) -> None:
    assert complaint(shape, json.dumps(body)) == ("validation_failed", {field: [why]})


@pytest.mark.parametrize(
    ("shape", "body", "fields"),
    [
        ("room", {}, ["participant_a", "participant_b"]),
        ("room", {"participant_b": 5, "participant_a": True}, ["participant_a", "participant_b"]),
        ("message", {"sender_id": 1}, ["content", "sender_id"]),
        ("frame", {"message": 5, "username": "alice", "sender_id": []}, ["message", "sender_id"]),
        ("v1", {"type": "edit", "message": 5}, ["id", "message"]),
    ],
)
def test_all_wrong_fields_are_named_and_no_other(shape: str, body: object, fields: list[str]) -> None:
    code, errors = complaint(shape, json.dumps(body))
    assert (code, sorted(errors)) == ("validation_failed", fields)


def test_the_last_of_two_keys_is_the_one_that_counts() -> None:
    assert complaint("room", '{"participant_a":5,"participant_a":"alice"}')[1].keys() == {"participant_b"}


def test_what_is_broken_after_a_wrong_field_is_no_json() -> None:
    assert complaint("room", '{"participant_a":5,') == ("malformed_json", {})


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b'{"content":}',
        b"\xff",
        b'{"content":"\xc3"}',
        b"nan",
        b'{"content":"a",}',
        b'{"other":' * 100_000,
        b'"\\ud800"',
    ],
)
def test_what_is_no_json_is_told_apart(body: bytes) -> None:
    code, errors = complaint("message", body)
    assert (code, errors) == ("malformed_json", {})


@pytest.mark.parametrize("shape", SHAPES)
@given(noise=st.binary(max_size=60))
def test_noise_is_refused_in_a_sentence(shape: str, noise: bytes) -> None:
    # a problem is an answer; anything else would be ours
    with contextlib.suppress(Problem):
        decode(SHAPES[shape], noise)


def test_unknown_keys_are_passed_over_and_no_key_is_needed_in_a_frame() -> None:
    assert decode(SHAPES["message"], '{"content":"Hi","color":"red"}') == MessageIn("Hi")
    assert decode(SHAPES["frame"], "{}") == FrameIn()


def test_a_room_is_what_the_contract_shows() -> None:
    assert json.loads(encode(room_out(ROOM))) == {
        "id": 7, "participant_a": "alice", "participant_b": "bob", "created_at": "2025-11-02T20:18:12.365841Z",
    }  # fmt: skip


def test_a_plain_message_has_exactly_six_keys_and_a_client_id_only_when_there_is_one() -> None:
    plain = json.loads(encode(message_out(ROOM, Message(1, 7, 1, 2, "Hi", NOON, None))))
    assert plain == {
        "id": 1, "room": 7, "sender_id": "bob", "content": "Hi", "timestamp": "2025-11-02T20:18:12.365841Z",
        "is_read": False,
    }  # fmt: skip
    named = json.loads(encode(message_out(ROOM, Message(1, 7, 1, 1, "Hi", NOON, "id-1", is_read=True))))
    assert (named["sender_id"], named["client_id"], named["is_read"]) == ("alice", "id-1", True)


@given(st.text(max_size=100), st.none() | st.text(min_size=1, max_size=64))
def test_a_frame_says_what_was_stored(content: str, client_id: str | None) -> None:
    frame = msgspec.json.decode(message_frame(ROOM, Message(501, 7, 85, 1, content, NOON, client_id)))
    assert (frame["message"], frame["content"], frame["seq"], frame["type"]) == (content, content, 85, "message")
    assert frame.get("client_id") == client_id
    assert frame["sender_id"] == frame["username"] == "alice"


@pytest.mark.parametrize(
    ("microseconds", "text"),
    [
        (0, "1970-01-01T00:00:00.000000Z"),
        (1, "1970-01-01T00:00:00.000001Z"),
        (999_999, "1970-01-01T00:00:00.999999Z"),
        (1_000_000, "1970-01-01T00:00:01.000000Z"),
        (NOON, "2025-11-02T20:18:12.365841Z"),
        (1_709_164_799_999_999, "2024-02-28T23:59:59.999999Z"),
    ],
)
def test_a_timestamp_is_utc_with_six_digits(microseconds: int, text: str) -> None:
    assert timestamp(microseconds) == text


def test_an_error_frame_says_whether_and_when_to_try_again() -> None:
    busy = json.loads(error_frame(Problem(429, "rate_limited", "Slower.", retry_after=1.2), "id-1"))
    assert busy == {
        "type": "error", "code": "rate_limited", "detail": "Slower.", "retryable": True, "retry_after_ms": 1200,
        "client_id": "id-1",
    }  # fmt: skip
    wrong = json.loads(error_frame(invalid({"message": ["Say something."]})))
    assert (wrong["retryable"], wrong["errors"]) == (False, {"message": ["Say something."]})
    assert "client_id" not in wrong
    assert "retry_after_ms" not in wrong


@pytest.mark.parametrize("content", ["x", "x" * 10, " x ", "🙂" * 10, "\u202e", "x\n"])
def test_a_text_that_says_something_is_accepted(content: str) -> None:
    check_content("content", content, 10)


@pytest.mark.parametrize("content", ["", " ", "\n\t\u3000", "x" * 11, "x\0"])
def test_a_text_that_says_nothing_too_much_or_cannot_be_kept_names_the_field(content: str) -> None:
    with pytest.raises(Problem) as caught:
        check_content("message", content, 10)
    assert list(caught.value.errors or ()) == ["message"]


@pytest.mark.parametrize("client_id", [None, "x", "x" * 64, "8e03-4d", "a.b:c/d+e=", "~!#"])
def test_a_client_id_is_short_and_fits_a_header(client_id: str | None) -> None:
    check_client_id(client_id)


@pytest.mark.parametrize("client_id", ["", "x" * 65, "a b", "a\nb", "a\0", 'a"', "a\\", "é", "\u200b", "\ud800"])
def test_another_client_id_names_the_field(client_id: str) -> None:
    with pytest.raises(Problem) as caught:
        check_client_id(client_id)
    assert list(caught.value.errors or ()) == ["client_id"]
