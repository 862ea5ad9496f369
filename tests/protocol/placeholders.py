"""What stands in `<…>` in an example conversation: values that differ each time, and names for some of them."""

import re
from collections.abc import Callable, Mapping
from typing import Any

_NAMED = re.compile(r"<(\w+)(?::([\w-]+))?>")
_Remembered = dict[tuple[str, str], Any]
_TIME = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+Z")


def _is(kind: str, value: Any) -> bool:
    match kind:
        case "integer":
            return isinstance(value, int) and not isinstance(value, bool)
        case "number":
            return isinstance(value, int | float) and not isinstance(value, bool)
        case "list":
            return isinstance(value, list)
        case "object":
            return isinstance(value, dict)
        case "timestamp":
            return isinstance(value, str) and _TIME.fullmatch(value) is not None
    return isinstance(value, str) and value != ""


class Placeholders:
    """The values of one replay: its room, its people's names and tokens, and what it was told to remember."""

    def __init__(self, room: int, names: Mapping[str, str], token: Callable[[str], str]) -> None:
        self.room = room
        self._names = names
        self._token = token
        self._remembered: _Remembered = {}

    def fill(self, value: Any) -> Any:
        """Put this replay's values into the place of the example's."""
        if isinstance(value, dict):
            return {self.fill_text(key): self.fill(each) for key, each in value.items()}
        if isinstance(value, list):
            return [self.fill(each) for each in value]
        if not isinstance(value, str):
            return value
        if value.lower() in self._names:
            return value + self._names[value.lower()].removeprefix(value.lower())
        named = _NAMED.fullmatch(value)
        return value if named is None else self._value(named)

    def fill_text(self, text: str) -> str:
        """Put values into the middle of a text: an address, a key."""
        return _NAMED.sub(lambda named: str(self._value(named)), text)

    def agrees(self, expected: Any, heard: Any) -> bool:
        """Tell whether what was heard is what the example says; remember what it names for the first time."""
        found: _Remembered = {}
        if not self._compare(expected, heard, found):
            return False
        self._remembered |= found
        return True

    def _compare(self, expected: Any, heard: Any, found: _Remembered) -> bool:
        if isinstance(expected, dict):
            expected = {self.fill_text(key): each for key, each in expected.items()}
            return (
                isinstance(heard, dict)
                and set(expected) == set(heard)
                and all(self._compare(each, heard[key], found) for key, each in expected.items())
            )
        if isinstance(expected, list):
            return (
                isinstance(heard, list)
                and len(expected) == len(heard)
                and all(self._compare(each, one, found) for each, one in zip(expected, heard, strict=True))
            )
        named = _NAMED.fullmatch(expected) if isinstance(expected, str) else None
        if named is None or named[0] == "<room>":
            return bool(self.fill(expected) == heard)
        kind, name = named.groups()
        if (kind, name) in self._remembered:
            return bool(self._remembered[kind, name] == heard)
        if name is not None:
            found[kind, name] = heard
        return _is(kind, heard)

    def _value(self, named: re.Match[str]) -> Any:
        kind, name = named.groups()
        match kind:
            case "room" if name is None:
                return self.room
            case "token":
                return self._token(name)
            case "name":
                return self._names[name]
            case "foreign":
                return "elsewhere." + self._remembered["cursor", name].split(".", 1)[1]
            case "ahead":
                epoch, room, seq, change = self._remembered["cursor", name].split(".")
                return f"{epoch}.{room}.{int(seq) + 1000}.{change}"
        return self._remembered.get((kind, name), named[0])
