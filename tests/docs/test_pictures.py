"""The pictures of the documentation are those that its script draws from the package."""

import re
import runpy

from helpers.documents import ROOT

DOCS = ROOT / "docs"


def test_up_to_date():
    """Each picture is as ``python docs/pictures.py`` writes it."""
    drawn = runpy.run_path(str(DOCS / "pictures.py"))["draw"]()
    assert {path.name: path.read_text("utf-8") for path in DOCS.glob("pictures/*")} == drawn


def test_descriptions():
    """Each picture is on a page, with a description for those who cannot see it."""
    pages = "".join(path.read_text("utf-8") for path in DOCS.rglob("*.md"))
    described = re.findall(r"!\[([^]]{100,})\]\([./]*pictures/([\w.-]+)\)", pages)
    assert {name for _, name in described} == {path.name for path in DOCS.glob("pictures/*")}
