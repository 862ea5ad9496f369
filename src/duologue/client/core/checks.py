"""What the server would refuse for certain, found before it is sent: a few such frames end the whole connection."""

import re
from collections.abc import Mapping

from duologue.client.core.outbox import Unsent
from duologue.client.model import Limits

_CLIENT_ID = re.compile(r"[!#-\[\]-~]{1,64}")
_FRAME_BYTES = 32 * 1024
"""What a server takes with usual settings; it counts until the server has told its own."""


def complaints(unsent: Unsent, limits: Limits) -> Mapping[str, list[str]]:
    """Return what is wrong, by field; nothing for what can be sent."""
    found: dict[str, list[str]] = {}
    if _CLIENT_ID.fullmatch(unsent.client_id) is None:
        found["client_id"] = ["Use 1 to 64 visible ASCII characters, no quotes or \\."]
    if unsent.kind != "delete" and (why := _about_text(unsent.text, limits)):
        found["message"] = [why]
    if not found and len(unsent.frame()) > (limits.frame_bytes or _FRAME_BYTES):
        found["message"] = ["It does not fit into a frame."]
    return found


def _about_text(text: str, limits: Limits) -> str | None:
    if not text.strip():
        return "Say something."
    if "\0" in text:
        return "The character U+0000 is not allowed."
    if limits.message_characters is not None and len(text) > limits.message_characters:
        return f"At most {limits.message_characters} characters."
    try:
        text.encode()
    except UnicodeEncodeError:
        return "A surrogate alone is no character."
    return None
