"""Lays out the JSON of `protocol/`: what fits on a line stays on one, so that a change is a small diff.

`python tools/format_protocol.py` rewrites the files, `--check` only tells which are not laid out so.
"""

import json
import sys
from pathlib import Path
from typing import Any

PROTOCOL = Path(__file__).resolve().parent.parent / "protocol"
WIDTH = 120


def layout(value: Any, indent: int = 0, taken: int = 0) -> str:
    """Return `value` as JSON; `taken` is the number of characters before it on its first line."""
    flat = json.dumps(value, ensure_ascii=False)
    if not isinstance(value, dict | list) or not value or (indent and indent + taken + len(flat) < WIDTH):
        return flat
    step = indent + 2
    if isinstance(value, list):
        lines = [layout(item, step) for item in value]
    else:
        names = {key: f"{json.dumps(key, ensure_ascii=False)}: " for key in value}
        lines = [name + layout(value[key], step, len(name)) for key, name in names.items()]
    opening, closing = "{}" if isinstance(value, dict) else "[]"
    inner = (",\n" + " " * step).join(lines)
    return f"{opening}\n{' ' * step}{inner}\n{' ' * indent}{closing}"


def main(arguments: list[str]) -> int:
    """Lay out every file; return 1 when `--check` finds one that differs."""
    crooked = []
    for path in sorted(PROTOCOL.rglob("*.json")):
        text = path.read_text(encoding="utf-8")
        tidy = layout(json.loads(text)) + "\n"
        if text != tidy:
            crooked.append(path)
            if "--check" not in arguments:
                path.write_text(tidy, encoding="utf-8")
    if "--check" in arguments:
        for path in crooked:
            print(f"{path.relative_to(PROTOCOL.parent)} is not laid out: python tools/format_protocol.py")
        return 1 if crooked else 0
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
