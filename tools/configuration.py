"""Writes docs/configuration.md from the settings themselves; `--check` fails when the page is behind."""

import sys
from pathlib import Path

from pydantic import SecretStr
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings

from duologue.cli import GROUPS

PAGE = Path(__file__).parent.parent / "docs" / "configuration.md"
HEADINGS = {"ServeSettings": "The process", "AuthSettings": "Auth", "ChatSettings": "Chat"}
INTRODUCTION = """\
# Configuration

Everything is set by environment variables, and everything has a default: `make run` needs none. A `DUOLOGUE_…`
variable that does not exist is an error that names the one that was meant, where one is near. `duologue check-config`
(`.venv/bin/duologue` after `make run`) shows every value, `duologue check-config --json` the same for programs.

This page is made from the settings by `python tools/configuration.py`.
"""


def variable(group: type[BaseSettings], name: str) -> str:
    """Return the environment variable of a setting."""
    alias = group.model_fields[name].validation_alias
    return alias if isinstance(alias, str) else f"{group.model_config.get('env_prefix', '')}{name}".upper()


def shown_default(field: FieldInfo) -> str:
    """Return a default as the page shows it: the same on every machine."""
    if field.default_factory is not None:
        return "(by the machine)"
    default = field.default.get_secret_value() if isinstance(field.default, SecretStr) else field.default
    return "(empty)" if default in ("", None) else f"`{default}`"


def section(group: type[BaseSettings]) -> str:
    """Return the table of one group."""
    lines = [f"## {HEADINGS[group.__name__]}", "", "| variable | default | meaning |", "|---|---|---|"]
    for name, field in group.model_fields.items():
        shown = shown_default(field)
        lines.append(f"| `{variable(group, name)}` | {shown} | {field.description} |")
    return "\n".join(lines) + "\n"


def page() -> str:
    """Return the whole page."""
    return "\n".join([INTRODUCTION, *map(section, GROUPS)])


def main() -> int:
    """Write or check."""
    if "--check" not in sys.argv:
        PAGE.write_text(page())
    elif not PAGE.exists() or PAGE.read_text() != page():
        print("docs/configuration.md is behind: run `python tools/configuration.py`")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
