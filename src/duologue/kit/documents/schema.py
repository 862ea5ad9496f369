"""JSON Schema for people: a few words for a value, a table for an object."""

import json
from typing import Any

from duologue.kit.documents.html import Child, Markup, phrase, table, tag, text

Schema = dict[str, Any]


def resolve(document: Schema, node: Schema) -> Schema:
    """Follow a `$ref` inside the document; return anything else as it is."""
    while "$ref" in node:
        target: Any = document
        for part in node["$ref"].removeprefix("#/").split("/"):
            target = target[part.replace("~1", "/").replace("~0", "~")]
        node = target
    return node


def code(value: Any) -> Markup:
    """Return a JSON value in code style."""
    return tag("code", json.dumps(value, ensure_ascii=False))


def link(name: str) -> Markup:
    """Return a link to the section of a named schema."""
    return tag("a", name, href=f"#schema-{name}")


def _bounds(schema: Schema) -> list[str]:
    words = []
    for low, high, unit in (("minLength", "maxLength", "characters"), ("minItems", "maxItems", "entries")):
        if low in schema and high in schema:
            words.append(f"{schema[low]} to {schema[high]} {unit}")
        elif low in schema:
            words.append(f"at least {schema[low]} {unit}")
        elif high in schema:
            words.append(f"at most {schema[high]} {unit}")
    if "minimum" in schema:
        words.append(f"from {schema['minimum']}")
    # the bound of a 64-bit integer tells a reader nothing
    if "maximum" in schema and schema["maximum"] < 2**53:
        words.append(f"to {schema['maximum']}")
    return words


def _exact(schema: Schema) -> Markup | None:
    if "$ref" in schema:
        return link(schema["$ref"].rsplit("/", 1)[-1])
    if "const" in schema:
        return code(schema["const"])
    if "enum" in schema:
        return text([part for value in schema["enum"] for part in (code(value), " ")])
    choices: list[Schema] = schema.get("anyOf") or schema.get("oneOf") or []
    words: list[Child] = [part for choice in choices for part in (" or ", brief(choice))]
    return text(words[1:]) if words else None


def brief(schema: Schema) -> Markup:
    """Return a value's type and bounds in a few words."""
    exact = _exact(schema)
    if exact is not None:
        return exact
    kinds = schema.get("type", "any value")
    words: list[Child] = [kinds if isinstance(kinds, str) else " or ".join(kinds)]
    if "items" in schema:
        words = ["array of ", brief(schema["items"])]
    if "format" in schema:
        words.append(f" ({schema['format']})")
    words.extend(f", {bound}" for bound in _bounds(schema))
    if "pattern" in schema:
        words.extend([", matching ", tag("code", schema["pattern"], class_="pattern")])
    if "default" in schema:
        words.extend(["; default ", code(schema["default"])])
    return text(words)


def _row(name: str, schema: Schema, *, required: bool) -> list[Child]:
    heading = [tag("code", name), tag("small", " required") if required else None]
    return [list(heading), brief(schema), phrase(schema.get("description", ""))]


def section(name: str, schema: Schema) -> Markup:
    """Return the section of one named schema."""
    parts: list[Child] = [tag("h3", name, id=f"schema-{name}")]
    if "description" in schema:
        parts.append(tag("p", phrase(schema["description"])))
    if "properties" in schema:
        required = set(schema.get("required", ()))
        rows = [_row(key, value, required=key in required) for key, value in schema["properties"].items()]
        parts.append(table(["Key", "Value", "Meaning"], rows, caption=f"Keys of {name}"))
        if schema.get("additionalProperties") is False:
            parts.append(tag("p", "There are no other keys."))
    else:
        parts.append(tag("p", brief(schema)))
    return tag("section", parts)


def example(value: Any, caption: str) -> Markup:
    """Return a JSON value as a figure."""
    listing = json.dumps(value, indent=2, ensure_ascii=False)
    return tag("figure", tag("figcaption", caption), tag("pre", tag("code", listing), tabindex="0"))
