"""What the pages and the import contracts cannot say by themselves: links lead somewhere, only auth signs."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PAGES = sorted(
    [*ROOT.glob("*.md"), *(page for name in ("docs", "bench", "protocol") for page in (ROOT / name).rglob("*.md"))]
)
_LINK = re.compile(r"\]\(([^)\s]+)\)")
_CODE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
_HEADING = re.compile(r"^#{1,6} (.+?)\s*$", re.MULTILINE)
_MAKE = re.compile(r"`make ([a-z][a-z-]*)")
_SIGNING = {"Ed25519PrivateKey", "load_pem_private_key", "encode_jwt"}


def relative_links(page: Path) -> list[str]:
    """Return the links of a page that lead into the project."""
    return [link for link in _LINK.findall(page.read_text()) if "://" not in link and not link.startswith("mailto:")]


def anchors(markdown: str) -> set[str]:
    """Return what a link to a heading of this page may have behind its `#`, as GitHub makes it."""
    found: set[str] = set()
    for heading in _HEADING.findall(_CODE.sub("", markdown)):
        words = re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", heading).lower()
        name = re.sub(r"[^\w\- ]", "", words).replace(" ", "-")
        number = sum(1 for other in found if re.fullmatch(rf"{re.escape(name)}(-\d+)?", other))
        found.add(f"{name}-{number}" if number else name)
    return found


def is_dead(page: Path, link: str) -> bool:
    """Tell whether a page's link leads to no file, or to no heading of one."""
    path, _, anchor = link.partition("#")
    target = page.parent / path if path else page
    return not target.exists() or bool(anchor and anchor not in anchors(target.read_text()))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_into_the_project_leads_somewhere(page: Path) -> None:
    assert [link for link in relative_links(page) if is_dead(page, link)] == []


def test_the_search_for_links_finds_links() -> None:
    assert "ARCHITECTURE.md" in relative_links(ROOT / "README.md")
    assert "durability.md#backup" in relative_links(ROOT / "docs" / "deploying.md")


def test_what_leads_nowhere_is_noticed(tmp_path: Path) -> None:
    page, other = tmp_path / "page.md", tmp_path / "other.md"
    other.write_text("# One\n\n## `Two`: 2, three_3\n\n```sh\n# no heading\n```\n\n## One\n")
    page.write_text("# Here\n")
    for link in ("other.md", "other.md#one", "other.md#two-2-three_3", "other.md#one-1", "#here"):
        assert not is_dead(page, link), link
    for link in ("none.md", "other.md#two", "other.md#no-heading", "other.md#one-2", "#one"):
        assert is_dead(page, link), link


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_make_target_that_a_page_names_exists(page: Path) -> None:
    targets = set(re.findall(r"^([a-z][a-z-]*):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert set(_MAKE.findall(page.read_text())) <= targets


def names_in(source: Path) -> set[str]:
    """Return every name and attribute that a module mentions."""
    tree = ast.parse(source.read_text())
    names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    return names | {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}


def test_only_auth_signs() -> None:
    signers = {
        path.relative_to(ROOT / "src/duologue").parts[0]
        for path in (ROOT / "src/duologue").rglob("*.py")
        if names_in(path) & _SIGNING
    }
    assert signers == {"auth"}


def test_the_judge_takes_nothing_from_the_judged() -> None:
    """The import contract names the packages of today; this holds for those to come."""
    imports = re.compile(r"^(?:from|import) (duologue\S*)", re.MULTILINE)
    sources = (ROOT / "src/duologue/verify").rglob("*.py")
    taken = {name for source in sources for name in imports.findall(source.read_text())}
    assert {name for name in taken if not name.startswith("duologue.verify")} == {"duologue"}
    assert "duologue.verify.oracle" in taken


def test_no_sql_of_chats_outside_its_store_and_migrations() -> None:
    statements = re.compile(
        r"\b(SELECT|INSERT INTO|UPDATE|DELETE FROM)\b.+\b(messages|rooms|members|people)\b", re.DOTALL
    )
    places = {
        path.relative_to(ROOT / "src/duologue/chat").parts[0]
        for path in (ROOT / "src/duologue/chat").rglob("*.py")
        if statements.search(path.read_text())
    }
    assert places <= {"store", "migrations"}
    assert "store" in places
