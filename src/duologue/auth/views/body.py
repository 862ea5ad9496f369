"""Request bodies: JSON of a declared shape, every bad field named."""

from collections.abc import Mapping
from typing import Annotated, TypeVar

import msgspec
from django.http import HttpRequest

from duologue.auth.passwords import MAX_BYTES
from duologue.kit.media_type import is_json
from duologue.kit.misfits import misfits
from duologue.kit.problem import Problem, invalid

Shape = TypeVar("Shape", bound=msgspec.Struct)

Token = Annotated[str, msgspec.Meta(min_length=1, max_length=4096)]
Password = Annotated[str, msgspec.Meta(min_length=1)]
Name = Annotated[str, msgspec.Meta(max_length=150)]


class Registration(msgspec.Struct, frozen=True):
    """POST /api/register/."""

    username: str
    email: str
    password: Password
    first_name: Name | None = None
    last_name: Name | None = None

    def __repr__(self) -> str:
        return "Registration(…)"


class Credentials(msgspec.Struct, frozen=True):
    """POST /api/login/."""

    username: Annotated[str, msgspec.Meta(min_length=1, max_length=150)]
    password: Password

    def __repr__(self) -> str:
        return "Credentials(…)"


class RefreshBody(msgspec.Struct, frozen=True):
    """POST /api/token/refresh/ and /api/logout/."""

    refresh: Token

    def __repr__(self) -> str:
        return "RefreshBody(…)"


def read(request: HttpRequest, shape: type[Shape]) -> Shape:
    """Return the body as `shape`. Raise Problem: 415 when it is not to be read as JSON, 400 when it does not fit."""
    if not is_json(request.headers.get("content-type", ""), request.headers.get("origin")):
        raise Problem(415, "unsupported_media_type", "Send JSON, with `Content-Type: application/json`.")
    try:
        value = msgspec.json.decode(request.body, type=shape)
    except msgspec.ValidationError:
        raise _explain(request.body, shape) from None
    except (ValueError, RecursionError):
        raise malformed() from None
    _check_texts(value)
    return value


def malformed() -> Problem:
    """Return the refusal of a body that is not JSON."""
    return Problem(400, "malformed_json", "The body is not valid JSON.")


def _explain(body: bytes, shape: type[msgspec.Struct]) -> Problem:
    try:
        # it was read up to its first wrong field: what follows need not be JSON
        msgspec.json.decode(body)
        return invalid(misfits(body, shape))
    except msgspec.ValidationError:
        return Problem(400, "malformed_json", "The body is not a JSON object.")
    except (ValueError, RecursionError):
        return malformed()


def _check_texts(value: msgspec.Struct) -> None:
    fields: Mapping[str, object] = msgspec.structs.asdict(value)
    errors: dict[str, list[str]] = {}
    for name, text in fields.items():
        if isinstance(text, str) and "\0" in text:
            errors[name] = ["Null characters are not allowed."]
    password = fields.get("password")
    # before it is hashed: the work grows with the length
    if isinstance(password, str) and len(password.encode()) > MAX_BYTES:
        errors["password"] = [f"This password is too long. It may have {MAX_BYTES} bytes at most."]
    if errors:
        raise invalid(errors)
