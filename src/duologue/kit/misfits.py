"""What is wrong with JSON that does not fit its shape, field by field: the slow second look, after the decoder failed.

The decoder stops at the first field and speaks of types; people want to hear all of it, in words.
"""

import re
from collections.abc import Iterator
from typing import Any, Literal, get_args, get_origin

import msgspec

_REQUIRED = "This field is required."
_WORDS = {
    "str": "text",
    "int": "a number",
    "float": "a number",
    "bool": "true or false",
    "object": "an object",
    "array": "a list",
    "null": "null",
}
_object = msgspec.json.Decoder(dict[str, msgspec.Raw])


def misfits(body: bytes | str, shape: Any) -> dict[str, list[str]]:
    """Return what is wrong with each field of `body`; `shape` is a struct, or a union of tagged ones.

    Raises ValidationError when it is no object, DecodeError or RecursionError when it is no JSON.
    """
    fields = _object.decode(body)
    structs: dict[object, Any] = {each.__struct_config__.tag: each for each in get_args(shape) or (shape,)}
    chosen = structs.get(None)
    if chosen is None:
        tag = msgspec.json.decode(fields["type"]) if "type" in fields else None
        chosen = structs.get(tag if isinstance(tag, str) else None)
        # one struct alone needs no tag to be known
        if chosen is None and len(structs) == 1 and "type" not in fields:
            [chosen] = structs.values()
    if chosen is None:
        return {"type": [_one_of(*structs) if "type" in fields else _REQUIRED]}
    return dict(_misfits(fields, chosen))


def plainly(error: msgspec.ValidationError, kind: Any = None) -> str:
    """Return a decoder's complaint about a value of `kind` as a sentence without names of types."""
    complaint, _, _ = str(error).partition(" - at ")
    if get_origin(kind) is Literal:
        return _one_of(*get_args(kind))
    return re.sub(r"`([^`]*)`", lambda names: _words(names[1]), complaint).rstrip(".") + "."


def _misfits(fields: dict[str, msgspec.Raw], struct: Any) -> Iterator[tuple[str, list[str]]]:
    for field in msgspec.structs.fields(struct):
        value = fields.get(field.encode_name)
        if value is None:
            if field.required:
                yield field.encode_name, [_REQUIRED]
            continue
        try:
            msgspec.json.decode(value, type=field.type)
        except msgspec.ValidationError as error:
            yield field.encode_name, [plainly(error, field.type)]


def _words(types: str) -> str:
    names = types.split(" | ")
    # null is what leaving a field out means: nobody need hear of it who sent something else
    wanted = [name for name in names if name != "null"] or names
    return " or ".join(dict.fromkeys(_WORDS.get(name, name) for name in wanted))


def _one_of(*values: object) -> str:
    return f"One of: {', '.join(str(value) for value in values)}."
