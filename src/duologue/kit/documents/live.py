"""An AsyncAPI document, and the tables of codes, as HTML sections."""

from duologue.kit.documents.html import Child, Markup, phrase, prose, slug, table, tag, text
from duologue.kit.documents.schema import Schema, brief, example, resolve

_DIRECTION = {"receive": "A client sends", "send": "The service sends"}


def _message(document: Schema, reference: Schema) -> Markup:
    message = resolve(document, reference)
    schema = resolve(document, message["payload"])
    required = set(schema.get("required", ()))
    rows: list[list[Child]] = []
    for key, value in schema["properties"].items():
        name = [tag("code", key), tag("small", " required") if key in required else None]
        # the document's own small schemas are spelled out: their names mean nothing to a reader of frames
        rows.append([list(name), brief(resolve(document, value)), phrase(value.get("description", ""))])
    figures: list[Child] = [example(each["payload"], each["summary"]) for each in message["examples"]]
    note = tag("p", phrase(schema["description"])) if "description" in schema else None
    return tag(
        "section",
        tag("h4", message["title"]),
        note,
        table(["Key", "Value", "Meaning"], rows, caption=f"Keys of {message['title']}"),
        figures,
    )


def contents(document: Schema, base: str = "") -> Markup:
    """Return the list of what goes over the socket; `base` as for the REST operations."""
    entries: list[Child] = [
        tag("li", tag("a", operation["title"], href=f"{base}#live-{slug(name)}"))
        for name, operation in document["operations"].items()
    ]
    return tag("ul", tag("li", "Real time", tag("ul", entries)))


def sections(document: Schema) -> Markup:
    """Return the channels with what is sent each way."""
    parts: list[Child] = [tag("h2", "Real time", id="live"), prose(document["info"]["description"])]
    for channel in document["channels"].values():
        parts.extend([tag("h3", tag("code", channel["address"])), prose(channel["description"])])
        parameters: list[list[Child]] = [
            [tag("code", name), phrase(each["description"])] for name, each in channel["parameters"].items()
        ]
        parts.append(table(["Name", "Meaning"], parameters, caption="Parameters of the address"))
        headers: list[list[Child]] = [
            [tag("code", name), phrase(each["description"])]
            for name, each in channel["bindings"]["ws"]["headers"]["properties"].items()
        ]
        parts.append(table(["Header", "Meaning"], headers, caption="Headers of the handshake"))
    for name, operation in document["operations"].items():
        direction = _DIRECTION[operation["action"]]
        messages: list[Child] = [_message(document, each) for each in operation["messages"]]
        heading = tag("h3", tag("span", direction, class_="method"), " ", operation["title"])
        parts.append(tag("article", heading, prose(operation["summary"]), messages, id=f"live-{slug(name)}"))
    return tag("section", parts, aria_labelledby="live")


def problem_codes(codes: Schema, where: set[str]) -> Markup:
    """Return the table of refusals that happen in one of the places `where`."""
    rows: list[list[Child]] = [
        [
            tag("code", name, id=f"code-{name}"),
            str(each["status"]),
            phrase(each["meaning"]),
            "yes" if each["retryable"] else "no",
            phrase(each["client"]),
        ]
        for name, each in codes["problems"].items()
        if where & set(each["where"])
    ]
    headings = ["Code", "Status", "Meaning", "Same again later?", "A client"]
    heading = tag("h2", "Problem codes", id="codes")
    return tag("section", heading, table(headings, rows, caption="Stable names of refusals"), aria_labelledby="codes")


def close_codes(codes: Schema) -> Markup:
    """Return the table of close codes."""
    rows: list[list[Child]] = [
        [tag("code", name), phrase(each["meaning"]), "yes" if each["reconnect"] else "no", phrase(each["client"])]
        for name, each in codes["closes"].items()
    ]
    headings = ["Code", "Meaning", "Reconnect?", "A client"]
    heading = tag("h2", "Close codes", id="closes")
    body = table(headings, rows, caption="Why a socket was closed")
    return text(tag("section", heading, body, aria_labelledby="closes"))
