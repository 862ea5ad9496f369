"""Makes a JSON Schema of its own for each frame, `protocol/frames/<name>.json`, from `chat.asyncapi.json`.

`python -m tools.frames` writes the files, `--check` only tells which are not current.
"""

import json
import sys
from collections.abc import Iterator
from typing import Any

from tools.format_protocol import PROTOCOL, layout

FRAMES = PROTOCOL / "frames"
_HERE = "#/components/schemas/"
_NOTE = "Later versions may add keys: a client passes over those, and frame types, that it does not know."


def named(node: Any) -> Iterator[str]:
    """Yield the names of the schemas that a schema points to."""
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"].removeprefix(_HERE)
        for value in node.values():
            yield from named(value)
    elif isinstance(node, list):
        for value in node:
            yield from named(value)


def parts(schema: Any, schemas: dict[str, Any]) -> dict[str, Any]:
    """Return every schema that this one needs, also by way of others, in the document's order."""
    needed: set[str] = set()
    waiting = list(named(schema))
    while waiting:
        name = waiting.pop()
        if name not in needed:
            needed.add(name)
            waiting.extend(named(schemas[name]))
    return {name: schema for name, schema in schemas.items() if name in needed}


def relocated(node: Any) -> Any:
    """Return a schema whose references lead into its own `$defs`."""
    if isinstance(node, dict):
        return {
            key: value.replace(_HERE, "#/$defs/") if key == "$ref" else relocated(value) for key, value in node.items()
        }
    return [relocated(value) for value in node] if isinstance(node, list) else node


def frame(message: dict[str, Any], schemas: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of one frame, whole in itself."""
    schema = schemas[message["payload"]["$ref"].removeprefix(_HERE)]
    made = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": message["title"], "$comment": _NOTE}
    made |= relocated(schema)
    made["examples"] = [example["payload"] for example in message["examples"]]
    if defs := parts(schema, schemas):
        made["$defs"] = relocated(defs)
    return made


def files() -> dict[str, str]:
    """Return what each file holds, by its name."""
    components = json.loads((PROTOCOL / "chat.asyncapi.json").read_text(encoding="utf-8"))["components"]
    return {
        f"{name}.json": layout(frame(message, components["schemas"])) + "\n"
        for name, message in components["messages"].items()
    }


def main(arguments: list[str]) -> int:
    """Write the files; return 1 when `--check` finds one that differs, is missing or is too many."""
    wanted = files()
    there = {path.name: path.read_text(encoding="utf-8") for path in FRAMES.glob("*.json")}
    stale = sorted(name for name in wanted | there if wanted.get(name) != there.get(name))
    if "--check" in arguments:
        for name in stale:
            print(f"protocol/frames/{name} is not current: python -m tools.frames")
        return 1 if stale else 0
    FRAMES.mkdir(exist_ok=True)
    for name in stale:
        if name in wanted:
            (FRAMES / name).write_text(wanted[name], encoding="utf-8")
        else:
            (FRAMES / name).unlink()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
