"""What the pages and the import contracts cannot say by themselves: links lead somewhere, only auth signs."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "bench").glob("*.md")])
_LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")
_MAKE = re.compile(r"`make ([a-z][a-z-]*)")
_SIGNING = {"Ed25519PrivateKey", "load_pem_private_key", "encode_jwt"}


def relative_links(page: Path) -> list[str]:
    """Return the links of a page that lead into the project."""
    return [link for link in _LINK.findall(page.read_text()) if "://" not in link and not link.startswith("mailto:")]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_into_the_project_leads_somewhere(page: Path) -> None:
    dead = [link for link in relative_links(page) if not (page.parent / link).exists()]
    assert dead == []


def test_the_search_for_links_finds_links() -> None:
    assert "ARCHITECTURE.md" in relative_links(ROOT / "README.md")


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
