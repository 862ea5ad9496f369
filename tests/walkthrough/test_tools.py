"""A test that cannot run says so, and in CI that is a failure."""

import pytest

from tests.rig.tools import cannot, need


def test_what_is_here_is_found() -> None:
    assert need("bash", "it runs the documents' commands").endswith("/bash")


def test_what_cannot_be_had_skips_the_test(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CI", raising=False)
    with pytest.raises(pytest.skip.Exception, match=r"no-such-tool.*: to see"):
        need("no-such-tool", "to see what happens")


def test_in_ci_it_fails_the_test(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match="no network"):
        cannot("no network")
