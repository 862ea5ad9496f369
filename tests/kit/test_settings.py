"""Settings from the environment."""

import pytest
from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from duologue.cli import GROUPS
from duologue.kit.settings import SettingsError, load, refuse_unknown, variable_names
from duologue.serve.settings import ServeSettings


class Group(BaseSettings):
    model_config = SettingsConfigDict(env_prefix="DUOLOGUE_", hide_input_in_errors=True, populate_by_name=True)

    port: int = Field(8000, ge=1, validation_alias="PORT")
    sends_burst: int = Field(100, ge=1)
    mail_url: str = Field("none", pattern="^(none|smtp://.*)$")


KNOWN = {"PORT", "DUOLOGUE_SENDS_BURST", "DUOLOGUE_MAIL_URL"}


def test_every_variable_has_a_name() -> None:
    assert variable_names([Group]) == KNOWN


def test_values_come_from_the_environment_and_overrides_win(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT", "81")
    monkeypatch.setenv("DUOLOGUE_SENDS_BURST", "7")
    assert (load(Group).port, load(Group).sends_burst) == (81, 7)
    assert load(Group, sends_burst=9).sends_burst == 9


def test_every_wrong_value_is_named_and_none_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT", "hunter2")
    monkeypatch.setenv("DUOLOGUE_MAIL_URL", "smtp:/user:hunter2@mail")
    monkeypatch.setenv("DUOLOGUE_SENDS_BURST", "0")
    with pytest.raises(SettingsError) as caught:
        load(Group)
    lines = str(caught.value).splitlines()
    assert sorted(line.partition(":")[0] for line in lines) == sorted(KNOWN)
    assert "hunter2" not in str(caught.value)
    assert caught.value.__suppress_context__


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("DUOLOGUE_SEND_BURST", "did you mean DUOLOGUE_SENDS_BURST?"),
        ("DUOLOGUE_MAILURL", "did you mean DUOLOGUE_MAIL_URL?"),
        ("duologue_sends_burts", "did you mean DUOLOGUE_SENDS_BURST?"),
        ("DUOLOGUE_XYZZY", "`duologue check-config` lists all names"),
    ],
)
def test_an_unknown_name_is_refused_with_the_near_one(name: str, hint: str) -> None:
    with pytest.raises(SettingsError) as caught:
        refuse_unknown({name: "1", "HOME": "/"}, KNOWN)
    assert str(caught.value) == f"{name} is not a setting; {hint}"


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("DUOLOGUE_PORT", "PORT"),
        ("DUOLOGUE_HOST", "HOST"),
        ("DUOLOGUE_ALSO_PORT", "ALSO_PORT"),
        ("DUOLOGUE_DATA_DIR", "DUOLOGUE_DATA"),
        ("DUOLOGUE_LOGLEVEL", "DUOLOGUE_LOG_LEVEL"),
        ("DUOLOGUE_SEND_BURST", "DUOLOGUE_SENDS_BURST"),
        ("DUOLOGUE_ALLOWED_ORIGIN", "DUOLOGUE_ALLOWED_ORIGINS"),
        ("DUOLOGUE_XYZZY", None),
        ("DUOLOGUE_TOKEN", None),
        ("DUOLOGUE_SECRET_KEY", None),
        ("DUOLOGUE_DEBUG", None),
        ("DUOLOGUE_", None),
    ],
)
def test_among_all_that_there_are_the_one_that_was_meant_is_told_or_none(name: str, meant: str | None) -> None:
    with pytest.raises(SettingsError) as caught:
        refuse_unknown({name: "1"}, variable_names(GROUPS))
    hint = "`duologue check-config` lists all names" if meant is None else f"did you mean {meant}?"
    assert str(caught.value) == f"{name} is not a setting; {hint}"


def test_known_and_foreign_names_pass() -> None:
    refuse_unknown({"DUOLOGUE_SENDS_BURST": "1", "PORT": "1", "PATH": "/", "DUO": "1"}, KNOWN)


def test_all_unknown_names_are_told_at_once() -> None:
    with pytest.raises(SettingsError) as caught:
        refuse_unknown({"DUOLOGUE_A": "1", "DUOLOGUE_B": "1"}, KNOWN)
    assert len(str(caught.value).splitlines()) == 2


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DUOLOGUE_ALLOWED_ORIGINS", "app.example.com"),
        ("DUOLOGUE_ALLOWED_ORIGINS", "*"),
        ("DUOLOGUE_TRUSTED_PROXIES", "caddy"),
        ("DUOLOGUE_TRUSTED_PROXIES", "10.0.0.1/8"),
        ("DUOLOGUE_TRUSTED_PROXIES", "10.0.0.0/8; 192.168.0.1"),
        ("DUOLOGUE_REQUEST_HEAD_SECONDS", "inf"),
        ("DUOLOGUE_SENDS_PER_SECOND", "inf"),
    ],
)
def test_what_would_be_passed_over_in_silence_is_refused(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    for group in GROUPS:
        if name in variable_names([group]):
            with pytest.raises(SettingsError, match=name):
                load(group)


@pytest.mark.parametrize("value", ["", "*", "127.0.0.1", "10.0.0.0/8, fd00::/8,::1"])
def test_addresses_and_networks_can_be_trusted(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("DUOLOGUE_TRUSTED_PROXIES", value)
    assert load(ServeSettings).trusted_proxies == value
