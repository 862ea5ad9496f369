"""Settings from the environment, and the check that no name was misspelt."""

import difflib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any, TypeVar

from pydantic import BeforeValidator, ValidationError
from pydantic_settings import BaseSettings

PREFIX = "DUOLOGUE_"

# difflib's measure: 1 is the same
_ALIKE = 0.65

Settings = TypeVar("Settings", bound=BaseSettings)


def _named(value: object) -> object:
    if isinstance(value, str) and not value.strip():
        raise ValueError("it is empty; name a directory, or leave the variable out")
    return value


# an empty path would be the directory that the process happens to be in
Directory = Annotated[Path, BeforeValidator(_named)]
"""A directory as a setting: any path but an empty one."""


class SettingsError(RuntimeError):
    """The environment does not make a valid configuration; the message names each variable."""


def variable_names(groups: Iterable[type[BaseSettings]]) -> set[str]:
    """Return every environment variable that these settings read."""
    names: set[str] = set()
    for group in groups:
        prefix = group.model_config.get("env_prefix", "")
        for name, field in group.model_fields.items():
            alias = field.validation_alias
            names.add(alias if isinstance(alias, str) else f"{prefix}{name}".upper())
    return names


def refuse_unknown(environment: Mapping[str, str], known: set[str]) -> None:
    """Raise SettingsError for a `DUOLOGUE_…` variable that nobody reads, with the nearest name that exists."""
    # without the prefix, which would make any two names alike
    bare = {name.removeprefix(PREFIX): name for name in sorted(known)}
    complaints = []
    for name in sorted(environment):
        if not name.upper().startswith(PREFIX) or name in known:
            continue
        near = difflib.get_close_matches(name.upper().removeprefix(PREFIX), bare, n=1, cutoff=_ALIKE)
        hint = f"did you mean {bare[near[0]]}?" if near else "`duologue check-config` lists all names"
        complaints.append(f"{name} is not a setting; {hint}")
    if complaints:
        raise SettingsError("\n".join(complaints))


def load(group: type[Settings], **overrides: Any) -> Settings:
    """Read one group of settings; `overrides` win over the environment. Raise SettingsError that names variables."""
    try:
        return group(**overrides)
    except ValidationError as error:
        prefix = group.model_config.get("env_prefix", "")
        complaints = []
        for item in error.errors(include_url=False, include_input=False):
            field = str(item["loc"][0]) if item["loc"] else ""
            name = field if field.isupper() else f"{prefix}{field}".upper()
            complaints.append(f"{name}: {item['msg'].removeprefix('Value error, ')}")
        # `from None`: pydantic's own message would print the value, which may be a secret
        raise SettingsError("\n".join(complaints)) from None
