"""Routes for the documents and their pages; the same list serves a service by name and, mounted, by path."""

from functools import cache
from importlib.resources import files

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from duologue.kit.documents import live, rest
from duologue.kit.documents.files import exists, parsed, read
from duologue.kit.documents.html import Child, page, prose, tag

_STYLE = "docs.css"
_HEADERS = {
    "content-security-policy": (
        "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cache-control": "public, max-age=300",
}


def _header(title: str, summary: str, links: list[str]) -> list[Child]:
    files_: list[Child] = [part for each in links for part in (tag("a", each, href=each), " ")]
    return [tag("h1", title), prose(summary), tag("p", "For machines: ", files_) if links else None]


@cache
def _service_page(name: str) -> bytes:
    """Return the page of one service: its REST operations, its socket when it has one, its codes."""
    document = parsed(f"{name}.openapi.json")
    codes = parsed("codes.json")
    links, nav, main, where = ["openapi.json"], [rest.contents(document)], [rest.sections(document)], {name}
    if exists(f"{name}.asyncapi.json"):
        socket = parsed(f"{name}.asyncapi.json")
        links.append("asyncapi.json")
        nav.append(live.contents(socket))
        main.append(live.sections(socket, document["components"]["schemas"]))
        where.add("socket")
    main.append(live.problem_codes(codes, where))
    if "socket" in where:
        main.append(live.close_codes(codes))
    info = document["info"]
    header = _header(f"{info['title']} {info['version']}", info["description"], [*links, "codes.json"])
    return page(info["title"], style=_STYLE, header=header, nav=list(nav), main=list(main))


@cache
def _index_page(names: tuple[str, ...]) -> bytes:
    """Return the page that lists the services and everything they offer."""
    main: list[Child] = []
    for name in names:
        document = parsed(f"{name}.openapi.json")
        base = f"{name}/docs"
        parts: list[Child] = [
            tag("h2", tag("a", document["info"]["title"], href=base)),
            prose(document["info"]["summary"]),
        ]
        parts.append(rest.contents(document, base))
        if exists(f"{name}.asyncapi.json"):
            parts.append(live.contents(parsed(f"{name}.asyncapi.json"), base))
        main.append(tag("section", parts))
    nav = tag("ul", [tag("li", tag("a", name, href=f"{name}/docs")) for name in names])
    header = _header("The interfaces", "What each service offers to programs.", [])
    return page("The interfaces", style=_STYLE, header=header, nav=nav, main=main)


def _fixed(path: str, media_type: str, content: bytes) -> Route:
    async def answer(request: Request) -> Response:
        return Response(content, media_type=media_type, headers=_HEADERS)

    return Route(path, answer)


def _stylesheet() -> Route:
    return _fixed(f"/{_STYLE}", "text/css", (files(__package__) / "reference.css").read_bytes())


def _document(path: str, name: str) -> Route:
    return _fixed(path, "application/json", read(name))


def _slash() -> Route:
    async def answer(request: Request) -> Response:
        # the page's addresses are relative to `docs`, not to `docs/`
        return RedirectResponse("../docs", status_code=308)

    return Route("/docs/", answer)


def routes(name: str) -> list[BaseRoute]:
    """Return the routes of one service (`auth`, `chat`): `/openapi.json`, `/docs`, `/codes.json`, `/asyncapi.json`.

    Raise DocumentsMissingError when the installation lacks them.
    """

    async def answer(request: Request) -> Response:
        return Response(_service_page(name), media_type="text/html", headers=_HEADERS)

    found: list[BaseRoute] = [Route("/docs", answer), _slash(), _stylesheet()]
    found.append(_document("/openapi.json", f"{name}.openapi.json"))
    found.append(_document("/codes.json", "codes.json"))
    if exists(f"{name}.asyncapi.json"):
        found.append(_document("/asyncapi.json", f"{name}.asyncapi.json"))
    return found


def index_routes(*names: str) -> list[BaseRoute]:
    """Return `/docs`, the page that lists the services `names`, each mounted at `/<name>` beside it."""

    async def answer(request: Request) -> Response:
        return Response(_index_page(names), media_type="text/html", headers=_HEADERS)

    return [Route("/docs", answer), _slash(), _stylesheet()]
