"""What must not stand in the page's files."""

import json
import re
from pathlib import Path

import pytest

import duologue

FOLDER = Path(duologue.__file__).parent / "web"
ROOT = Path(__file__).parents[2]
FILES = sorted(FOLDER.rglob("*"))
SCRIPTS = [path for path in FILES if path.suffix == ".js"]
FORBIDDEN = [
    r"\.\s*(inner|outer)HTML",
    r"insertAdjacentHTML",
    r"document\s*\.\s*(write|domain|cookie)",
    r"\beval\b|\bnew\s+Function\b",
    r"set(Timeout|Interval)\(\s*[\"'`]",
    r"createContextualFragment|DOMParser|setHTML|srcdoc",
    r"localStorage|sessionStorage|indexedDB|\bcaches\b",
    r"https?://(?!any\.invalid\")|wss?://",
    r"\bimport\s*\(",
]


def test_there_are_only_the_kinds_of_files_that_are_served() -> None:
    assert {path.suffix for path in FILES} == {".css", ".html", ".js", ".svg"}
    assert len(SCRIPTS) > 5


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_scripts_neither_make_markup_nor_keep_anything_nor_speak_to_strangers(path: Path) -> None:
    text = path.read_text()
    assert [pattern for pattern in FORBIDDEN if re.search(pattern, text)] == []


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_scripts_import_only_their_neighbours(path: Path) -> None:
    imported = re.findall(r"^import .*? from \"(.*?)\";", path.read_text(), re.MULTILINE)
    assert all((path.parent / name).is_file() and name.startswith("./") for name in imported)


def test_the_page_has_no_inline_script_or_style() -> None:
    text = (FOLDER / "index.html").read_text()
    assert re.findall(r"<script(?![^>]*\bsrc=\"/web/)", text) == []
    assert re.findall(r"<script[^>]*>[^<]", text) == []
    assert re.findall(r"<style|\sstyle\s*=|\son[a-z]+\s*=|javascript:", text, re.IGNORECASE) == []


@pytest.mark.parametrize("name", [path.name for path in FILES if path.suffix in {".html", ".css", ".svg"}])
def test_pages_styles_and_pictures_name_no_other_host(name: str) -> None:
    text = (FOLDER / name).read_text().replace('xmlns="http://www.w3.org/2000/svg"', "")
    assert re.findall(r"//[a-z]|@import|url\(", text, re.IGNORECASE) == []


def test_every_field_has_a_label_and_a_place_for_its_error() -> None:
    text = (FOLDER / "index.html").read_text()
    fields = re.findall(r"<(input|textarea) id=\"([^\"]+)\"", text)
    assert len(fields) == 11
    for _, name in fields:
        assert f'<label for="{name}"' in text
        assert f'id="{name}-why"' in text


def test_what_is_forbidden_would_be_found() -> None:
    lies = [
        "a.innerHTML = b",
        "b.insertAdjacentHTML(c)",
        "document.write(d)",
        "eval(e)",
        "setTimeout('f()')",
        "new DOMParser()",
        "localStorage.g",
        'fetch("https://example.invalid")',
        'import("./h.js")',
    ]
    assert all(re.search(pattern, lie) for pattern, lie in zip(FORBIDDEN, lies, strict=True))


def test_the_page_gives_up_at_the_close_codes_that_say_so() -> None:
    codes = json.loads((ROOT / "protocol" / "codes.json").read_text())["closes"]
    # 1000 answers the page's own close, which it no longer listens to
    final = {code for code, entry in codes.items() if not entry["reconnect"]} - {"1000"}
    assert set(re.findall(r"^  \[(\d{4}), \"", (FOLDER / "connection.js").read_text(), re.MULTILINE)) == final
