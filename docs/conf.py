"""The configuration of the documentation site, built by ``tox run -e docs``."""

from importlib.metadata import version as version_of

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
exclude_patterns = ["_build"]

html_theme = "furo"
html_title = f"{project} {release}"

myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3
