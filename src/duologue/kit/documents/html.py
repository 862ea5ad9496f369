"""HTML from Python calls: whatever is not Markup is text and gets escaped."""

import re
from html import escape

# `code` in running text, and a blank line between paragraphs: all the markup that the documents use
_CODE = re.compile(r"`([^`]+)`")


class Markup(str):
    """Text that is HTML already."""

    __slots__ = ()


Child = str | list["Child"] | None


def text(child: Child) -> Markup:
    """Return a child as HTML: Markup as it is, other text escaped, a list joined, None as nothing."""
    if child is None:
        return Markup()
    if isinstance(child, list):
        return Markup("".join(text(each) for each in child))
    return child if isinstance(child, Markup) else Markup(escape(child))


def tag(name: str, *children: Child, **attributes: str) -> Markup:
    """Return an element; `class_` stands for `class`, and an underscore in other names for a hyphen."""
    named = "".join(f' {key.rstrip("_").replace("_", "-")}="{escape(value)}"' for key, value in attributes.items())
    return Markup(f"<{name}{named}>{text(list(children))}</{name}>")


def phrase(source: str) -> Markup:
    """Return one line of a document's prose, with its `code`."""
    return Markup(_CODE.sub(r"<code>\1</code>", escape(source, quote=False)))


def prose(source: str) -> Markup:
    """Return a document's prose as paragraphs."""
    return text([tag("p", phrase(part)) for part in source.split("\n\n") if part.strip()])


def slug(source: str) -> str:
    """Return what can stand in an `id` and after a `#`."""
    return re.sub(r"[^A-Za-z0-9_]+", "-", source).strip("-")


def table(headings: list[str], rows: list[list[Child]], *, caption: str) -> Markup:
    """Return a table that can scroll on its own on a narrow screen; the first cell of a row is its heading."""
    head = tag("tr", [tag("th", heading, scope="col") for heading in headings])
    body: list[Child] = [
        tag("tr", tag("th", row[0], scope="row"), [tag("td", cell) for cell in row[1:]]) for row in rows
    ]
    inner = tag("table", tag("caption", caption), tag("thead", head), tag("tbody", body))
    # focusable, so that somebody without a mouse can scroll it
    return tag("div", inner, class_="scroll", tabindex="0", role="group", aria_label=caption)


def page(title: str, *, style: str, header: Child, nav: Child, main: Child) -> bytes:
    """Return a whole document; `style` is the address of the stylesheet, relative to the page."""
    head = [
        Markup('<meta charset="utf-8">'),
        Markup('<meta name="viewport" content="width=device-width, initial-scale=1">'),
        Markup('<meta name="color-scheme" content="light dark">'),
        tag("title", title),
        Markup(f'<link rel="stylesheet" href="{escape(style)}">'),
    ]
    body = [
        tag("a", "Skip to the content", class_="skip", href="#content"),
        tag("header", header),
        tag("nav", nav, aria_label="Contents"),
        tag("main", main, id="content"),
    ]
    return f"<!doctype html>\n{tag('html', tag('head', list(head)), tag('body', list(body)), lang='en')}\n".encode()
