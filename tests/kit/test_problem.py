"""Errors as RFC 9457 problem documents."""

import json

import pytest

from duologue.kit.problem import MEDIA_TYPE, Problem, invalid


def test_the_document_has_what_the_contract_says() -> None:
    problem = Problem(404, "not_found", "There is no such room.")
    assert json.loads(problem.body()) == {
        "type": "urn:duologue:error:not_found",
        "title": "Not Found",
        "status": 404,
        "code": "not_found",
        "detail": "There is no such room.",
    }
    assert problem.headers() == {"content-type": MEDIA_TYPE, "cache-control": "no-store"}


def test_bad_input_names_each_field() -> None:
    problem = invalid({"b": ["Too long."], "a": ["Missing.", "Really."]})
    document = json.loads(problem.body())
    assert (problem.status, problem.code) == (400, "validation_failed")
    assert document["errors"] == {"b": ["Too long."], "a": ["Missing.", "Really."]}
    assert document["detail"] == "These fields need a look: a, b."


@pytest.mark.parametrize(("wait", "seconds"), [(0.2, "1"), (1, "1"), (1.2, "2"), (2.6, "3"), (30, "30")])
def test_a_wait_is_whole_seconds_and_never_shorter(wait: float, seconds: str) -> None:
    assert Problem(429, "rate_limited", "Slower.", retry_after=wait).headers()["retry-after"] == seconds


def test_a_401_carries_the_challenge_and_others_do_not() -> None:
    assert Problem(401, "token_missing", "Who?").headers()["www-authenticate"] == "Bearer"
    assert "www-authenticate" not in Problem(403, "sender_mismatch", "No.").headers()


def test_its_text_is_safe_to_log() -> None:
    assert str(Problem(400, "validation_failed", "detail")) == "('validation_failed', 'detail')"
