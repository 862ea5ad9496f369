"""The one rule for usernames."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from duologue.contract.usernames import MAX_LENGTH, MIN_LENGTH, fold, is_wellformed

_ALPHABET = string.ascii_lowercase + string.digits + "_.-"
_GOOD = st.text(_ALPHABET, min_size=MIN_LENGTH, max_size=MAX_LENGTH)


@given(_GOOD)
def test_what_the_rule_allows_is_wellformed_and_folds_to_itself(name: str) -> None:
    assert is_wellformed(name)
    assert fold(name) == name
    assert fold(name.upper()) == name


@given(st.text(max_size=40))
def test_only_what_the_rule_allows_is_wellformed(name: str) -> None:
    allowed = MIN_LENGTH <= len(name) <= MAX_LENGTH and all(character in _ALPHABET for character in name)
    assert is_wellformed(name) == allowed


@given(st.text(max_size=40))
def test_folding_twice_is_folding_once(name: str) -> None:
    assert fold(fold(name)) == fold(name)


@pytest.mark.parametrize(
    "name",
    [
        "",
        "ab",
        "a" * 31,
        "alice\n",
        "\nalice",
        "al ice",
        "Alice",
        "älice",
        "alice@",
        "a/b/c",
        "ali\0ce",
        "\u0430lice",
        "\uff11\uff12\uff13",
    ],
)
def test_look_alikes_and_line_breaks_are_not(name: str) -> None:
    assert not is_wellformed(name)


@pytest.mark.parametrize("name", ["abc", "a" * 30, "...", "---", "a.b-c_d", "007"])
def test_the_edges_are(name: str) -> None:
    assert is_wellformed(name)


@pytest.mark.parametrize("name", ["\u212aate", "\u017fally", "stra\u00dfe", "\u0130an"])
def test_no_foreign_letter_becomes_one_of_somebody_elses_name(name: str) -> None:
    assert not is_wellformed(fold(name))
