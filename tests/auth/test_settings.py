"""Settings: what is refused, and what never shows."""

import pytest

from duologue.auth.django_settings import build
from duologue.auth.settings import AuthSettings
from duologue.kit.settings import SettingsError, load, variable_names


def test_every_setting_says_what_it_is() -> None:
    assert all(field.description for field in AuthSettings.model_fields.values())
    assert "DUOLOGUE_ACCESS_TOKEN_SECONDS" in variable_names([AuthSettings])


@pytest.mark.parametrize("rate", ["", "5/m", "20/m/ip", "10/m/ip,5/300s/key", "1/2d/key"])
def test_rates_can_be_written_as_allauth_does(rate: str) -> None:
    assert load(AuthSettings, rate_login=rate).rate_login == rate


@pytest.mark.parametrize(
    "rate", ["5", "m/5", "5/m/user", "5/m/ip,", "-1/m", "five/m", "5/x", "5/m/ip;5/m/key", "5 / m"]
)
def test_other_rates_are_refused(rate: str) -> None:
    with pytest.raises(SettingsError, match="DUOLOGUE_RATE_LOGIN"):
        load(AuthSettings, rate_login=rate)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("access_token_seconds", 9),
        ("access_token_seconds", 86_400),
        ("session_days", 0),
        ("password_workers", 0),
        ("password_waiting", -1),
        ("issuer", ""),
        ("public_url", "localhost:8000"),
        ("public_url", "https://example.com/path"),
        ("email_verification", "maybe"),
        ("mail_url", "http://example.com"),
        ("mail_url", "smtp://example.com:many"),
        ("mail_url", "smtp://example.com:99999"),
        ("key_delay", "nan"),
        ("password_wait_seconds", "inf"),
    ],
)
def test_what_cannot_work_is_refused_by_name(name: str, value: object) -> None:
    with pytest.raises(SettingsError, match=f"DUOLOGUE_{name.upper()}"):
        load(AuthSettings, **{name: value})


def test_nobody_is_asked_to_confirm_an_address_where_no_mail_is_sent() -> None:
    with pytest.raises(SettingsError, match="DUOLOGUE_MAIL_URL: it is none"):
        load(AuthSettings, email_verification="mandatory")
    assert load(AuthSettings, email_verification="mandatory", mail_url="console")
    assert load(AuthSettings, email_verification="optional")


def test_a_mail_password_never_shows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DUOLOGUE_MAIL_URL", "smtps://robot:hunter2%21@mail.example.com")
    settings = load(AuthSettings)
    assert "hunter2" not in repr(settings) + str(settings) + str(settings.model_dump(mode="json"))
    assert build(settings, "x")["EMAIL_HOST_PASSWORD"] == "hunter2!"
    monkeypatch.setenv("DUOLOGUE_MAIL_URL", "hunter2 is my password")
    with pytest.raises(SettingsError) as refused:
        load(AuthSettings)
    assert "hunter2" not in str(refused.value)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("smtp://mail.example.com", ("mail.example.com", 587, True, False)),
        ("smtp://localhost:25", ("localhost", 25, False, False)),
        ("smtps://mail.example.com", ("mail.example.com", 465, False, True)),
    ],
)
def test_mail_is_sent_encrypted_except_on_port_25(url: str, expected: tuple[object, ...]) -> None:
    made = build(load(AuthSettings, mail_url=url), "x")
    assert (made["EMAIL_HOST"], made["EMAIL_PORT"], made["EMAIL_USE_TLS"], made["EMAIL_USE_SSL"]) == expected


def test_cookies_are_secure_where_the_product_is() -> None:
    at_home = build(load(AuthSettings), "x")
    public = build(load(AuthSettings, public_url="https://chat.example.com"), "x")
    assert [at_home[name] for name in ("SESSION_COOKIE_SECURE", "CSRF_COOKIE_SECURE")] == [False] * 2
    assert [public[name] for name in ("SESSION_COOKIE_SECURE", "CSRF_COOKIE_SECURE")] == [True] * 2
    assert public["SESSION_COOKIE_NAME"].startswith("__Host-")


def test_nothing_is_left_open_for_debugging() -> None:
    assert build(load(AuthSettings), "x")["DEBUG"] is False
