"""An AsyncAPI document, and the tables of codes, as HTML sections."""

from collections.abc import Container

from duologue.kit.documents.html import Child, Markup, phrase, prose, slug, table, tag, text
from duologue.kit.documents.schema import Schema, brief, example, resolve, section

_DIRECTION = {"receive": "A client sends", "send": "The service sends"}


def _kinds(document: Schema, operation: Schema) -> list[Child]:
    names = [reference["$ref"].rsplit("/", 1)[-1] for reference in operation["messages"]]
    links = (tag("a", document["components"]["messages"][name]["name"], href=f"#frame-{slug(name)}") for name in names)
    return [part for link in links for part in (link, " ")]


def _operations(document: Schema, channel: str) -> Markup:
    rows: list[list[Child]] = [
        [
            tag("span", operation["title"], id=f"live-{slug(name)}"),
            _DIRECTION[operation["action"]],
            _kinds(document, operation),
            phrase(operation["summary"]),
        ]
        for name, operation in document["operations"].items()
        if operation["channel"]["$ref"] == f"#/channels/{channel}"
    ]
    return table(["Operation", "Direction", "Frames", "Meaning"], rows, caption="What goes over it")


def _keys(document: Schema, title: str, schema: Schema) -> Markup:
    required = set(schema.get("required", ()))
    rows: list[list[Child]] = []
    for key, value in schema["properties"].items():
        name = [tag("code", key), tag("small", " required") if key in required else None]
        # the document's own small schemas are spelled out: their names mean nothing to a reader of frames
        small = resolve(document, value)
        rows.append([list(name), brief(value if "properties" in small else small), _meaning(document, value)])
    return table(["Key", "Value", "Meaning"], rows, caption=f"Keys of {title}")


def _meaning(document: Schema, value: Schema) -> Markup:
    return phrase(value.get("description") or resolve(document, value).get("description", ""))


def _frame(document: Schema, name: str, message: Schema) -> Markup:
    schema = resolve(document, message["payload"])
    figures: list[Child] = [example(each["payload"], each["summary"]) for each in message["examples"]]
    return tag(
        "article",
        tag("h3", tag("span", name.split(".")[-2], class_="method"), " ", message["title"]),
        tag("p", phrase(schema["description"])),
        _keys(document, message["title"], schema),
        figures,
        id=f"frame-{slug(name)}",
    )


def contents(document: Schema, base: str = "") -> Markup:
    """Return the list of what goes over the socket; `base` as for the REST operations."""
    entries: list[Child] = [
        tag("li", tag("a", message["title"], href=f"{base}#frame-{slug(name)}"))
        for name, message in document["components"]["messages"].items()
    ]
    return tag("ul", tag("li", "Real time", tag("ul", entries)))


def _table_of(what: Schema, heading: str, caption: str) -> Child:
    rows: list[list[Child]] = [[tag("code", name), phrase(each["description"])] for name, each in what.items()]
    return table([heading, "Meaning"], rows, caption=caption) if rows else None


def sections(document: Schema, described: Container[str] = ()) -> Markup:
    """Return the channels with what is sent each way; `described`: schemas that the page shows elsewhere."""
    parts: list[Child] = [tag("h2", "Real time", id="live"), prose(document["info"]["description"])]
    for name, channel in document["channels"].items():
        parts.extend([tag("h3", tag("code", channel["address"])), prose(channel["description"])])
        parts.append(_table_of(channel["parameters"], "Name", "Parameters of the address"))
        headers = channel["bindings"]["ws"]["headers"]["properties"]
        parts.append(_table_of(headers, "Header", "Headers of the handshake"))
        parts.append(_operations(document, name))
    for name, message in document["components"]["messages"].items():
        parts.append(_frame(document, name, message))
    payloads = {
        message["payload"]["$ref"].rsplit("/", 1)[-1] for message in document["components"]["messages"].values()
    }
    for name, schema in document["components"]["schemas"].items():
        if name not in described and name not in payloads:
            parts.append(section(name, schema))
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
