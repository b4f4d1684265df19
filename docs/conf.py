"""The configuration of the documentation site, built by ``tox run -e docs``."""

import html
import re
import sys
from importlib.metadata import version as version_of
from pathlib import Path

from docutils import nodes
from sphinx.pycode import ModuleAnalyzer

import pytest_rds_export
from pytest_rds_export import failures
from pytest_rds_export._rds.dispatch import HANDLED

HERE = Path(__file__).parent

project = "pytest-rds-export"
author = "The pytest-rds-export authors"
copyright = author  # noqa: A001 - the name that Sphinx reads
release = version = version_of(project)

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.intersphinx",
    "sphinx.ext.napoleon",
    "sphinx_copybutton",
]
exclude_patterns = ["_build", "reference/_failures.md"]

html_theme = "furo"
html_title = f"{project} {release}"
html_static_path = ["_static"]
html_css_files = ["picture.css", "site.css"]
html_js_files = ["tables.js"]
html_search_scorer = str(HERE / "scorer.js")
pygments_dark_style = "github-dark"

myst_heading_anchors = 3

# Of a block with prompts the commands are copied, any other block is copied whole.
copybutton_prompt_text = "$ "
copybutton_line_continuation_character = "\\"

autodoc_default_options = {"members": True}
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
add_module_names = False
toc_object_entries_show_parents = "hide"
napoleon_google_docstring = True
napoleon_numpy_docstring = False
napoleon_use_ivar = True
maximum_signature_line_length = 88

# The build needs no network: the names that the pages link to are in a text file of
# Sphinx's first format.
intersphinx_mapping = {"python": ("https://docs.python.org/3", "python.inv")}

# Users see the public names where they import them from, not in the private modules.
for name in pytest_rds_export.__all__:
    getattr(pytest_rds_export, name).__module__ = "pytest_rds_export"
# Members are in the order of the source. autodoc looks for it in the public modules.
order = {}
for name in [name for name in sys.modules if name.startswith("pytest_rds_export.")]:
    module = ModuleAnalyzer.for_module(name)
    module.analyze()
    order.update(module.tagorder)
# The registry has its own members first, then those of its account.
for name in [name for name in order if name.startswith("AccountView.")]:
    order[name.replace("AccountView", "ExportTaskRegistry")] = len(order) + order[name]
for name in ("pytest_rds_export", "pytest_rds_export.types"):
    module = ModuleAnalyzer.for_module(name)
    module.analyze()
    module.tagorder.update(order)

# Types of parameters that the docstrings describe; they are not public names.
NOT_PUBLIC = "AnyTimeline|Options|Path|S3Client|Seed|Self|Stub|TaskFields|Unpack"
nitpick_ignore_regex = [
    (
        "py:.*",
        rf"(.*\.)?({NOT_PUBLIC}|_FunctionT|datetime|timedelta|Handler|Where|BaseClient|AbstractContextManager)",
    )
]


def setup(app):
    """Write the failures reference, and take the pictures into the pages."""
    app.connect("builder-inited", lambda _: write_failures())
    app.connect("doctree-read", lambda _, page: inline_pictures(page))


def inline_pictures(page):
    """Replace the pictures by their SVG, without the colours that the files have."""
    for image in list(page.findall(nodes.image)):
        svg = (HERE / image["uri"]).read_text("utf-8")
        svg = re.sub(r"<style>.*?</style>", "", svg, flags=re.DOTALL)
        label = html.escape(image["alt"])
        svg = svg.replace("<svg ", f'<svg aria-label="{label}" ', 1)
        image.replace_self(nodes.raw("", svg, format="html"))


def write_failures():
    """Write the catalogue as tables, which reference/failures.md includes."""
    common = failures("CancelExportTask", ["common"])
    names = {failure.name for failure in common}
    lines = []
    for operation in HANDLED:
        own = [
            failure
            for failure in failures(operation, ["documented", "common"])
            if failure.name not in names
        ]
        if own:
            lines += table(f"Failures of {operation}", own)
    lines += table("Common failures, of any operation", common)
    network = failures("CancelExportTask", ["transport"])
    lines += table("Failures of the network, of any operation", network)
    (HERE / "reference" / "_failures.md").write_text("\n".join(lines), "utf-8")


def table(title, rows):
    """Return the lines of a heading and a table of failures."""
    return [
        f"## {title}",
        "",
        "| name | HTTP status | message |",
        "| --- | --- | --- |",
        *map(row, rows),
        "",
    ]


def row(failure):
    """Return the row of a failure."""
    status = str(failure.http_status or "none")
    if failure.retried:
        status += ", retried"
    return f"| `{failure.name}` | {status} | {failure.message} |"
