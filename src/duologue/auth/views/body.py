"""Request bodies: JSON of a declared shape, every bad field named."""

from collections.abc import Mapping
from typing import Annotated, TypeVar

import msgspec
from django.http import HttpRequest

from duologue.auth.passwords import MAX_BYTES
from duologue.kit.problem import Problem, invalid

Shape = TypeVar("Shape", bound=msgspec.Struct)

_REQUIRED = "This field is required."

Token = Annotated[str, msgspec.Meta(min_length=1, max_length=4096)]
Password = Annotated[str, msgspec.Meta(min_length=1)]
Name = Annotated[str, msgspec.Meta(max_length=150)]


class Registration(msgspec.Struct, frozen=True):
    """POST /api/register/."""

    username: str
    email: str
    password: Password
    first_name: Name = ""
    last_name: Name = ""

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
    """Return the body as `shape`. Raise Problem: 415 when it is not declared as JSON, 400 when it does not fit."""
    if request.content_type != "application/json":
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
    """Say what is wrong with each field; the decoder stops at the first."""
    try:
        document = msgspec.json.decode(body)
    except (ValueError, RecursionError):
        return malformed()
    if not isinstance(document, dict):
        return Problem(400, "malformed_json", "The body is not a JSON object.")
    errors: dict[str, list[str]] = {}
    for field in msgspec.structs.fields(shape):
        if field.name not in document:
            if field.required:
                errors[field.name] = [_REQUIRED]
            continue
        try:
            msgspec.convert(document[field.name], field.type)
        except msgspec.ValidationError as error:
            errors[field.name] = [_sentence(str(error))]
    return invalid(errors)


def _sentence(complaint: str) -> str:
    return complaint.replace("`str`", "text").replace("`", "").rstrip(".") + "."


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
