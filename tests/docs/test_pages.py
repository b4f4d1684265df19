"""Every example of the documentation runs, and prints what its page shows."""

import sys

import boto3
import pytest

from helpers.documents import ROOT, Page

SOURCES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
PAGES = [path.relative_to(ROOT).as_posix() for path in SOURCES if "```python" in path.read_text("utf-8")]
# They run a child process that connects to the endpoint.
LOOPBACK = {"docs/how-to/other-processes.md"}


@pytest.mark.parametrize(
    "path", [pytest.param(path, marks=[pytest.mark.loopback] if path in LOOPBACK else []) for path in PAGES]
)
@pytest.mark.usefixtures("moto_modules")
def test_page(pytester, monkeypatch, path):
    """The tests of a page pass, and each command prints what the page shows below it."""
    # As in a new process: no compiled file of another page, no session with the credentials of an earlier test.
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
    monkeypatch.setenv("COLUMNS", "80")
    Page(path, pytester, monkeypatch).run()
