"""The reference pages list all that there is."""

import re

import pytest

import pytest_rds_export
from helpers.documents import ROOT
from pytest_rds_export import plugin
from pytest_rds_export._rds.options import NAMES

REFERENCE = ROOT / "docs" / "reference"


def first_cells(page):
    """Return the code in the first cells of the tables of a page."""
    return re.findall(r"^\| `(\w+)", (REFERENCE / page).read_text("utf-8"), re.MULTILINE)


def test_api():
    """Each public name is on the API page, once."""
    names = re.findall(r"^\.\. auto\w+:: (\w+)", (REFERENCE / "api.md").read_text("utf-8"), re.MULTILINE)
    assert sorted(names) == sorted(pytest_rds_export.__all__)


def test_options():
    """Each option has a row."""
    assert sorted(first_cells("options.md")) == sorted(NAMES)


def test_fixtures_and_markers(pytestconfig):
    """Each fixture and marker has a row."""
    fixtures = [name for name in dir(plugin) if name.startswith("rds_export_")]
    markers = [line.partition("(")[0] for line in pytestconfig.getini("markers") if line.startswith("rds_export_")]
    assert sorted(first_cells("fixtures.md")) == sorted(fixtures + markers)


def test_inferred_behaviour():
    """Each behaviour that is inferred, unknown or made up names a way to replace it."""
    page = (ROOT / "docs" / "explanation" / "fidelity.md").read_text("utf-8")
    rows = [line[2:-2].split(" | ") for line in page.splitlines() if line.startswith("| ")]
    inferred = [row for row in rows if re.search("inferred|unknown|made up", row[1])]
    assert len(inferred) > 50
    assert [row for row in inferred if len(row) < 3 or not row[2].strip("| ")] == []


@pytest.mark.parametrize("name", ["README.md", "SECURITY.md", "CONTRIBUTING.md"])
def test_links_out_of_the_site(name):
    """The relative links of the files that the site does not contain lead to files and headings."""
    for target in re.findall(r"\]\(((?!https?:)[^)]+)\)", (ROOT / name).read_text("utf-8")):
        path, _, heading = target.partition("#")
        page = (ROOT / path).read_text("utf-8")
        anchors = [
            re.sub(r"[^\w -]", "", line).lower().replace(" ", "-")
            for line in re.findall(r"^#+ (.*)", page, re.MULTILINE)
        ]
        assert not heading or heading in anchors, target
