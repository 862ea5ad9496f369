"""The README's figures are the report's."""

from pathlib import Path

import msgspec
import pytest
from bench.headline import put
from bench.report import Report, number
from bench.results import median

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def report() -> Report:
    return msgspec.json.decode((ROOT / "bench" / "results.json").read_bytes(), type=Report)


def test_the_readme_shows_what_was_measured(report: Report) -> None:
    page = (ROOT / "README.md").read_text()
    assert put(report, page) == page
    posts = next(table for table in report.tables if table.name == "posts").lines[0]
    assert f"| {number(median(posts.product))}/s | {posts.ratio:.2f} of" in page


def test_a_better_figure_than_the_measured_one_does_not_stay(report: Report) -> None:
    page = (ROOT / "README.md").read_text()
    posts = next(table for table in report.tables if table.name == "posts").lines[0]
    measured = f"| {number(median(posts.product))}/s"
    assert put(report, page.replace(measured, "| 1,000,000/s")) == page


def test_a_page_without_a_place_for_them_is_refused(report: Report) -> None:
    with pytest.raises(ValueError, match="no place"):
        put(report, "# A page\n")
