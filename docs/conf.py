"""The configuration of the documentation site, built by ``tox run -e docs``."""

from importlib.metadata import version as version_of
from pathlib import Path

import pytest_rds_export
from pytest_rds_export import failures

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
    "sphinx_design",
]
exclude_patterns = ["_build", "reference/_failures.md"]

html_theme = "furo"
html_title = f"{project} {release}"
html_static_path = ["_static"]
html_css_files = ["tables.css"]

myst_enable_extensions = ["colon_fence"]
myst_heading_anchors = 3

copybutton_exclude = ".linenos, .gp, .go"

autodoc_member_order = "bysource"
autodoc_default_options = {"members": True}
autodoc_typehints = "signature"
napoleon_google_docstring = True
napoleon_numpy_docstring = False
napoleon_use_ivar = True
maximum_signature_line_length = 88

# The build needs no network: the few names that the pages link to are in a text file of Sphinx's first format.
intersphinx_mapping = {"python": ("https://docs.python.org/3", "python.inv")}

# Users see the public names where they import them from, not in the private modules that define them.
for name in pytest_rds_export.__all__:
    getattr(pytest_rds_export, name).__module__ = "pytest_rds_export"

# Types of parameters for which the text says what to pass; they are not public names.
nitpick_ignore_regex = [
    ("py:.*", r"(.*\.)?(AnyTimeline|Seed|Stub|TaskFields|Unpack|_FunctionT|S3Client|Self|Options|Path|datetime)")
]

OPERATIONS = ("CancelExportTask", "StartExportTask", "DescribeExportTasks", "DescribeEvents")


def setup(app):
    """Write the failures reference before the pages are read."""
    app.connect("builder-inited", lambda _: write_failures(HERE / "reference" / "_failures.md"))


def write_failures(path):
    """Write the catalogue as tables: the documented failures of each operation, then those that any operation has."""
    lines = []
    for operation in OPERATIONS:
        lines += table(f"Documented failures of {operation}", failures(operation, ["documented"]))
    start = failures("StartExportTask", ["common"])
    lines += table("Common failures, of any operation", failures("CancelExportTask", ["common"]))
    lines += table("Only of StartExportTask, not in the service model", set_difference(start))
    lines += table("Failures of the network, of any operation", failures("CancelExportTask", ["transport"]))
    path.write_text("\n".join(lines), "utf-8")


def set_difference(common):
    """Return the common failures of StartExportTask that other operations do not have."""
    others = {failure.name for failure in failures("CancelExportTask", ["common"])}
    return [failure for failure in common if failure.name not in others]


def table(title, rows):
    """Return the lines of a heading and a table of failures."""
    if not rows:
        return [f"## {title}", "", "None.", ""]
    return [
        f"## {title}",
        "",
        "| name | HTTP status | retried by botocore | message |",
        "| --- | --- | --- | --- |",
        *(f"| `{f.name}` | {f.http_status or ''} | {'yes' if f.retried else ''} | {f.message} |" for f in rows),
        "",
    ]
