"""An OpenAPI document as HTML sections."""

import json
import shlex
from collections.abc import Iterator
from typing import Any

from duologue.kit.documents.html import Child, Markup, phrase, prose, slug, table, tag, text
from duologue.kit.documents.schema import Schema, brief, example, link, resolve, section

_METHODS = ("get", "put", "post", "delete", "patch")


def operations(document: Schema) -> Iterator[tuple[str, str, Schema]]:
    """Yield path, method and operation, in the document's order."""
    for path, item in document["paths"].items():
        for method in _METHODS:
            if method in item:
                yield path, method.upper(), item[method]


def anchor(operation: Schema) -> str:
    """Return the `id` of an operation's section."""
    return f"op-{slug(operation['operationId'])}"


def contents(document: Schema, base: str = "") -> Markup:
    """Return the list of operations by tag; `base` is the page's address when the list stands on another one."""
    groups: list[Child] = []
    for group in document["tags"]:
        entries: list[Child] = [
            tag("li", tag("a", operation["summary"], href=f"{base}#{anchor(operation)}"))
            for _, _, operation in operations(document)
            if group["name"] in operation["tags"]
        ]
        groups.append(tag("li", group["name"], tag("ul", entries)))
    return tag("ul", groups)


def _examples(content: Schema) -> list[tuple[str, Any]]:
    return [(name.replace("_", " "), each["value"]) for name, each in content.get("examples", {}).items()]


def _protected(document: Schema, operation: Schema) -> bool:
    return bool(operation.get("security", document.get("security", [])))


def _curl(document: Schema, path: str, method: str, operation: Schema) -> Markup:
    address = path
    for parameter in (resolve(document, each) for each in operation.get("parameters", [])):
        if parameter["in"] == "path":
            address = address.replace(f"{{{parameter['name']}}}", str(parameter["example"]))
    words = ["curl", f"http://localhost:8000{address}"]
    if _protected(document, operation):
        # double quotes: the shell fills in the variable
        words.append('-H "Authorization: Bearer $ACCESS"')
    if "requestBody" in operation:
        _, body = _examples(operation["requestBody"]["content"]["application/json"])[0]
        words.append(f"--json {shlex.quote(json.dumps(body, ensure_ascii=False))}")
    elif method != "GET":
        words.insert(1, f"-X {method}")
    listing = tag("pre", tag("code", " \\\n  ".join([" ".join(words[:2]), *words[2:]])), tabindex="0")
    return tag("figure", tag("figcaption", "Try it"), listing)


def _parameters(document: Schema, operation: Schema) -> Child:
    rows: list[list[Child]] = []
    for parameter in (resolve(document, each) for each in operation.get("parameters", [])):
        name = [tag("code", parameter["name"]), tag("small", f" {parameter['in']}")]
        rows.append([list(name), brief(parameter["schema"]), phrase(parameter.get("description", ""))])
    return table(["Name", "Value", "Meaning"], rows, caption="Parameters") if rows else None


def _body(operation: Schema) -> Child:
    if "requestBody" not in operation:
        return None
    content = operation["requestBody"]["content"]["application/json"]
    figures: list[Child] = [example(value, f"Body: {name}") for name, value in _examples(content)]
    return [tag("h4", "Body"), tag("p", "JSON: ", brief(content["schema"])), figures]


def _what(schema: Schema) -> Child:
    """Say what an answer's body is; a refusal is a Problem with one of the listed codes."""
    if "allOf" not in schema:
        return brief(schema)
    codes = schema["allOf"][1]["properties"]["code"]["enum"]
    names: list[Child] = [part for name in codes for part in (tag("a", name, href=f"#code-{name}"), " ")]
    return [link("Problem"), " with code ", names]


def _answer(document: Schema, status: str, answer: Schema) -> Markup:
    answer = resolve(document, answer)
    parts: list[Child] = [
        tag("h5", tag("span", status, class_=f"status s{status[0]}"), " ", phrase(answer["description"]))
    ]
    for media_type, content in answer.get("content", {}).items():
        parts.append(tag("p", tag("code", media_type), ": ", _what(content["schema"])))
        figures: list[Child] = [example(value, name) for name, value in _examples(content)]
        summary = "Example" if len(figures) == 1 else f"{len(figures)} examples"
        parts.append(tag("details", tag("summary", summary), figures) if figures else None)
    headers = {name: resolve(document, each) for name, each in answer.get("headers", {}).items()}
    if headers:
        rows: list[list[Child]] = [
            [tag("code", name), brief(each["schema"]), phrase(each["description"])] for name, each in headers.items()
        ]
        parts.append(table(["Header", "Value", "Meaning"], rows, caption=f"Headers of {status}"))
    return tag("section", parts, class_="answer")


def _operation(document: Schema, path: str, method: str, operation: Schema) -> Markup:
    name = tag("span", method, class_=f"method {method.lower()}")
    answers: list[Child] = [_answer(document, status, each) for status, each in operation["responses"].items()]
    access = "Needs an access token." if _protected(document, operation) else "Needs no token."
    return tag(
        "article",
        tag("h3", name, " ", tag("code", path), " ", tag("span", operation["summary"], class_="summary")),
        prose(operation["description"]),
        tag("p", access),
        _curl(document, path, method, operation),
        _parameters(document, operation),
        _body(operation),
        tag("h4", "Answers"),
        answers,
        id=anchor(operation),
    )


def sections(document: Schema) -> Markup:
    """Return the operations by tag, then the schemas."""
    parts: list[Child] = []
    for group in document["tags"]:
        entries: list[Child] = [
            _operation(document, path, method, operation)
            for path, method, operation in operations(document)
            if group["name"] in operation["tags"]
        ]
        name = slug(group["name"])
        heading = tag("h2", group["name"], id=f"tag-{name}")
        parts.append(tag("section", heading, prose(group["description"]), entries, aria_labelledby=f"tag-{name}"))
    schemas: list[Child] = [section(name, schema) for name, schema in document["components"]["schemas"].items()]
    return text([*parts, tag("section", tag("h2", "Schemas", id="schemas"), schemas, aria_labelledby="schemas")])
