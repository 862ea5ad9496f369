"""Auth's settings, each from an environment variable `DUOLOGUE_…`."""

import os
import re
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from duologue.kit.settings import Directory

_RATES = re.compile(r"(\d{1,6}/\d{0,5}[smhd](/(ip|key))?)(,\d{1,6}/\d{0,5}[smhd](/(ip|key))?)*")


MOST_ACCESS_TOKEN_SECONDS = 3600


def _default_workers() -> int:
    # one core stays free for everything that is no hashing
    return max(1, len(os.sched_getaffinity(0)) - 1)


def _has_port_if_any(url: str) -> bool:
    try:
        _ = urlsplit(url).port
    except ValueError:
        return False
    return True


class AuthSettings(BaseSettings):
    """Where auth keeps its data, how long logins live, and how often one address may try.

    A rate is written as django-allauth does: `5/m/ip` is five a minute from one address, `key` means one account (and
    address, for failed logins), several are separated by commas, and an empty value is no limit.
    """

    model_config = SettingsConfigDict(
        env_prefix="DUOLOGUE_", frozen=True, hide_input_in_errors=True, allow_inf_nan=False
    )

    data: Directory = Field(
        Path("data"), description="Directory of everything that is kept; auth's part is `auth/` in it."
    )
    issuer: str = Field("duologue", min_length=1, description="`iss` of the tokens that are issued.")
    public_url: str = Field(
        "http://localhost:8000",
        pattern=r"^https?://[^\s/]+$",
        description=(
            "Where people reach the product; links in mails begin with it, https makes cookies secure. "
            "It does not follow PORT: where that is another one, set this too."
        ),
    )
    access_token_seconds: int = Field(
        600, ge=10, le=MOST_ACCESS_TOKEN_SECONDS, description="Seconds an access token lives."
    )
    key_delay: float = Field(
        120.0,
        ge=0,
        le=3600,
        description="Seconds for which a new signing key is only published; more than chat's KEY_INTERVAL.",
    )
    session_days: int = Field(30, ge=1, le=365, description="Days a login lives; then the person logs in again.")
    password_workers: int = Field(
        default_factory=_default_workers,
        ge=1,
        le=64,
        description="Passwords that are hashed at once, 19 MiB each (default: one less than there are cores).",
    )
    password_waiting: int = Field(
        32, ge=0, le=512, description="Passwords that wait for that until more are turned away."
    )
    password_wait_seconds: float = Field(2.0, gt=0, le=30, description="Seconds a password waits until it is refused.")
    rate_login: str = Field("300/m/ip", description="Logins that may be tried, right ones too.")
    rate_login_failed: str = Field(
        "100/m/ip,5/5m/key",
        description=(
            "Logins that may fail; then no login is let in, not even with the right password: `ip` blocks everybody "
            "behind one address, so keep it above what an office mistypes; `key` blocks one account from one address."
        ),
    )
    rate_signup: str = Field("20/m/ip", description="Accounts that may be registered.")
    rate_refresh: str = Field("600/m/ip,30/m/key", description="Access tokens that may be fetched; `key` is one login.")
    rate_reset_password: str = Field("20/m/ip,5/m/key", description="Password resets that may be asked for.")
    email_verification: Literal["none", "optional", "mandatory"] = Field(
        "none", description="none, optional (a mail is sent) or mandatory (no login before it is confirmed)."
    )
    mail_url: SecretStr = Field(
        SecretStr("none"),
        validate_default=True,
        description="none, console, or smtp://user:password@host:port (smtps for TLS from the start).",
    )
    mail_from: str = Field("Duologue <noreply@localhost>", description="Sender of mails.")

    @field_validator("rate_login", "rate_login_failed", "rate_signup", "rate_refresh", "rate_reset_password")
    @classmethod
    def _is_rate(cls, value: str) -> str:
        if value and _RATES.fullmatch(value) is None:
            raise ValueError("write rates like 20/m/ip or 10/m/ip,5/300s/key; empty for no limit")
        return value

    @field_validator("mail_url")
    @classmethod
    def _is_mail_url(cls, value: SecretStr, others: ValidationInfo) -> SecretStr:
        url = value.get_secret_value()
        if re.fullmatch(r"none|console|smtps?://[^\s/]+", url) is None or not _has_port_if_any(url):
            raise ValueError("write none, console, smtp://… or smtps://…")
        if url == "none" and others.data.get("email_verification") == "mandatory":
            raise ValueError("it is none, so no mail would be sent and nobody could confirm an address and log in")
        return value

    @property
    def directory(self) -> Path:
        """Auth's own directory."""
        return self.data / "auth"

    @property
    def database(self) -> Path:
        """Auth's own database file."""
        return self.directory / "auth.sqlite3"

    @property
    def keys(self) -> Path:
        """The directory of the signing keys."""
        return self.directory / "keys"

    @property
    def secret_key(self) -> Path:
        """The file of Django's SECRET_KEY."""
        return self.directory / "secret_key"

    @property
    def threads(self) -> int:
        """Threads that serve requests: all that may hash or wait for it, and eight more for what is quick."""
        return self.password_workers + self.password_waiting + 8
