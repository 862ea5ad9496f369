"""Where the documents lie: in the installed package, or in the checkout that runs."""

from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

import msgspec


class DocumentsMissingError(RuntimeError):
    """The installation is not whole: the protocol's documents are not in it."""


def _directory() -> Traversable:
    installed = files("duologue") / "protocol"
    if installed.is_dir():
        return installed
    checkout = Path(__file__).resolve().parents[4] / "protocol"
    if checkout.is_dir():
        return checkout
    raise DocumentsMissingError("this installation lacks its protocol documents; install it anew")


@cache
def read(name: str) -> bytes:
    """Return the bytes of one document, such as `codes.json`; raise DocumentsMissingError when it is not there."""
    try:
        return (_directory() / name).read_bytes()
    except FileNotFoundError:
        raise DocumentsMissingError(f"this installation lacks {name}; install it anew") from None


@cache
def parsed(name: str) -> dict[str, Any]:
    """Return one document as Python values, which nobody may change."""
    return msgspec.json.decode(read(name), type=dict[str, Any])


def exists(name: str) -> bool:
    """Tell whether there is such a document."""
    return (_directory() / name).is_file()
