"""The list of ended sessions: what names a login, and what is no such list."""

import json
import re
import secrets

import pytest
from hypothesis import given
from hypothesis import strategies as st

from duologue.contract.ended_sessions import EndedSessions, EndedSessionsUnreadableError, digest_of, read_ended_sessions

PAGE = {"ended": [digest_of("a"), digest_of("b")], "next": "x.2", "more": False, "keep": 660}


def test_a_login_is_named_by_128_bits_that_do_not_show_its_id() -> None:
    sids = [secrets.token_urlsafe(16) for _ in range(100)]
    digests = {digest_of(sid) for sid in sids}
    assert len(digests) == 100
    assert all(re.fullmatch(r"[A-Za-z0-9_-]{22}", digest) for digest in digests)
    assert not digests & set(sids)
    # written down once: a digest that changes would end no login of the release before
    assert digest_of("abc") == "ungWv48Bz-pBQUDeXa4iIw"


def test_a_page_is_read() -> None:
    page = read_ended_sessions(json.dumps(PAGE).encode())
    assert page == EndedSessions(ended=[digest_of("a"), digest_of("b")], next="x.2", more=False, keep=660)


@pytest.mark.parametrize(
    "document",
    [
        b"",
        b"<html>",
        b"[]",
        b"\xff\xfe",
        b'{"ended":"\xff"}',
        b"[" * 100_000,
        *(
            json.dumps(PAGE | change).encode()
            for change in (
                {"ended": None},
                {"ended": ["short"]},
                {"ended": [1]},
                {"ended": [digest_of("a")] * 1001},
                {"next": 7},
                {"next": "x" * 65},
                {"more": "yes"},
                {"keep": 0},
                {"keep": -1},
                {"keep": 10**9},
                {"keep": "660"},
            )
        ),
        *(json.dumps({key: value for key, value in PAGE.items() if key != name}).encode() for name in PAGE),
    ],
)
def test_anything_else_is_unreadable(document: bytes) -> None:
    with pytest.raises(EndedSessionsUnreadableError):
        read_ended_sessions(document)


@given(st.binary(max_size=200))
def test_noise_is_unreadable_and_nothing_worse(document: bytes) -> None:
    with pytest.raises(EndedSessionsUnreadableError):
        read_ended_sessions(document)
