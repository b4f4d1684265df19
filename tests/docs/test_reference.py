"""The reference pages list all that there is."""

import re

import pytest

import pytest_rds_export
from helpers.documents import ROOT
from pytest_rds_export import exceptions, plugin, types

REFERENCE = ROOT / "docs" / "reference"
OUTSIDE = [ROOT / name for name in ("README.md", "SECURITY.md", "CONTRIBUTING.md")]
PAGES = [path for path in [*OUTSIDE, *sorted((ROOT / "docs").rglob("*.md"))] if not path.name.startswith("_")]


def first_cells(page):
    """Return the names in the first cells of the tables of a page."""
    return re.findall(r"^\| `(\w+)[`(]", (REFERENCE / page).read_text("utf-8"), re.MULTILINE)


def test_api():
    """Each public name is on the API page, once."""
    names = re.findall(r"^\.\. auto\w+:: (?:[\w.]+\.)?(\w+)", (REFERENCE / "api.md").read_text("utf-8"), re.MULTILINE)
    assert sorted(names) == sorted([*pytest_rds_export.__all__, *exceptions.__all__, *types.__all__])


def test_options():
    """Each option has a row."""
    with pytest_rds_export.fake_rds_export() as tasks:
        assert sorted(first_cells("options.md")) == sorted(vars(tasks.options))


def test_fixtures_and_markers(pytestconfig):
    """Each fixture and marker has a row."""
    fixtures = [name for name in dir(plugin) if name.startswith("rds_export_")]
    markers = [line.partition("(")[0] for line in pytestconfig.getini("markers") if line.startswith("rds_export_")]
    assert sorted(first_cells("fixtures.md")) == sorted(fixtures + markers)


@pytest.mark.parametrize("page", [pytest.param(page, id=page.relative_to(ROOT).as_posix()) for page in PAGES])
def test_links(page):
    """The relative links of a page have a text, and lead to files and headings, also as plain Markdown."""
    for text, path, heading in re.findall(r"\[([^][]*)\]\((?!https?:)([^)#]*)#?([^)]*)\)", without_code(page)):
        target = page.parent / path if path else page
        assert text, (path, heading)
        assert target.exists(), path
        assert not heading or heading in anchors(target), heading


def without_code(page):
    """Return a page without its blocks of code, whose comments look like headings."""
    return re.sub(r"^```.*?^```$", "", page.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)


def anchors(page):
    """Return the anchors of the headings of a page, as GitHub and MyST make them."""
    headings = re.findall(r"^#+ (.*)", without_code(page), re.MULTILINE)
    return [re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-") for heading in headings]
