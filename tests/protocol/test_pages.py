"""The pages: readable without a script, whole, and nothing in them reaches another host."""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urldefrag, urljoin, urlsplit

import httpx
import pytest
from starlette.applications import Starlette
from starlette.routing import Mount

from duologue.kit.documents import DocumentsMissingError, index_routes, read, routes
from duologue.kit.documents.html import Markup, phrase, tag, text
from tests.rig.contract_check import PROTOCOL, document

VOID = {"meta", "link", "br", "hr", "img", "input"}
BY_PATH = [Mount("/auth", routes=routes("auth")), Mount("/chat", routes=routes("chat")), *index_routes("auth", "chat")]
PAGES = ["/docs", "/auth/docs", "/chat/docs"]


@dataclass
class Page(HTMLParser):
    """What a browser would find in a page."""

    tags: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    open_tags: list[str] = field(default_factory=list)
    words: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in VOID:
            self.open_tags.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open_tags.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    def values(self, attribute: str) -> Iterator[str]:
        for _, attributes in self.tags:
            if attribute in attributes:
                yield attributes[attribute]


async def fetch(path: str) -> httpx.Response:
    transport = httpx.ASGITransport(Starlette(routes=BY_PATH))
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost:8000") as client:
        return await client.get(path)


async def parse(path: str) -> Page:
    answer = await fetch(path)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    page = Page()
    page.feed(answer.text)
    assert page.open_tags == []
    return page


@pytest.mark.anyio
@pytest.mark.parametrize("path", PAGES)
async def test_no_script_no_inline_style_nothing_from_elsewhere(path: str) -> None:
    page = await parse(path)
    names = {name for name, _ in page.tags}
    assert not names & {"script", "style", "img", "iframe", "object", "embed", "form", "base"}
    for _, attributes in page.tags:
        assert not [name for name in attributes if name == "style" or name.startswith("on")]
    for address in page.values("href"):
        assert urlsplit(urljoin("http://localhost:8000/docs", address)).netloc == "localhost:8000"


@pytest.mark.anyio
@pytest.mark.parametrize("path", PAGES)
async def test_the_policy_forbids_scripts_and_other_hosts(path: str) -> None:
    headers = (await fetch(path)).headers
    policy = dict(part.strip().split(" ", 1) for part in headers["content-security-policy"].split(";"))
    assert policy["default-src"] == "'none'"
    assert policy["style-src"] == "'self'"
    assert policy["frame-ancestors"] == "'none'"
    assert "script-src" not in policy
    assert headers["x-content-type-options"] == "nosniff"


@pytest.mark.anyio
@pytest.mark.parametrize("path", PAGES)
async def test_every_link_leads_somewhere(path: str) -> None:
    page = await parse(path)
    for address in set(page.values("href")):
        target, anchor = urldefrag(urljoin(path, address))
        answer = await fetch(target)
        assert answer.status_code == 200, address
        if anchor:
            there = page if target == path else await parse(target)
            assert anchor in set(there.values("id")), address


@pytest.mark.anyio
@pytest.mark.parametrize("path", PAGES)
async def test_a_screen_reader_finds_its_way(path: str) -> None:
    page = await parse(path)
    ids = list(page.values("id"))
    assert len(ids) == len(set(ids))
    assert dict(page.tags[0][1]) == {"lang": "en"}
    assert {"main", "nav", "header", "title"} <= {name for name, _ in page.tags}
    levels = [int(name[1]) for name, _ in page.tags if name in {"h1", "h2", "h3", "h4", "h5"}]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(deeper - level <= 1 for level, deeper in itertools.pairwise(levels))


@pytest.mark.anyio
@pytest.mark.parametrize("name", ["auth", "chat"])
async def test_a_page_shows_every_operation_schema_and_code(name: str) -> None:
    root = document(f"{name}.openapi.json")
    words = " ".join((await parse(f"/{name}/docs")).words)
    for path, item in root["paths"].items():
        assert path in words
        assert all(operation["summary"] in words for operation in item.values())
    ids = set((await parse(f"/{name}/docs")).values("id"))
    assert {f"schema-{each}" for each in root["components"]["schemas"]} <= ids
    table = document("codes.json")["problems"]
    assert {f"code-{code}" for code, each in table.items() if name in each["where"]} <= ids


@pytest.mark.anyio
async def test_chats_page_shows_the_socket() -> None:
    words = " ".join((await parse("/chat/docs")).words)
    assert "/ws/chat/{room}/" in words
    assert all(number in words for number in document("codes.json")["closes"])


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/auth/openapi.json", "auth.openapi.json"),
        ("/chat/openapi.json", "chat.openapi.json"),
        ("/chat/asyncapi.json", "chat.asyncapi.json"),
        ("/chat/codes.json", "codes.json"),
    ],
)
async def test_documents_are_served_as_they_are(path: str, name: str) -> None:
    answer = await fetch(path)
    assert answer.headers["content-type"] == "application/json"
    assert answer.content == (PROTOCOL / name).read_bytes()


@pytest.mark.anyio
async def test_auth_has_no_socket_to_describe() -> None:
    assert (await fetch("/auth/asyncapi.json")).status_code == 404


@pytest.mark.anyio
@pytest.mark.parametrize("path", PAGES)
async def test_a_slash_too_many_leads_back(path: str) -> None:
    answer = await fetch(f"{path}/")
    assert answer.status_code == 308
    assert urljoin(f"{path}/", answer.headers["location"]) == path


@pytest.mark.anyio
async def test_the_same_routes_serve_a_service_by_name() -> None:
    transport = httpx.ASGITransport(Starlette(routes=routes("chat")))
    async with httpx.AsyncClient(transport=transport, base_url="http://chat.localhost") as client:
        page = await client.get("/docs")
        assert page.status_code == 200
        for address in ("docs.css", "openapi.json", "asyncapi.json", "codes.json"):
            assert address in page.text
            assert (await client.get(urljoin("/docs", address))).status_code == 200


def test_a_missing_document_says_what_to_do() -> None:
    with pytest.raises(DocumentsMissingError, match="install it anew"):
        read("no-such.json")


def test_text_is_escaped_wherever_it_stands() -> None:
    hostile = '"><script>alert(1)</script>'
    assert "<script>" not in tag("p", hostile, title=hostile)
    assert "<script>" not in phrase(f"say `{hostile}` {hostile}")
    assert "<script>" not in text([hostile, [hostile, None]])
    assert text(Markup("<b>")) == "<b>"
