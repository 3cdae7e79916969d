"""Sphinx configuration of the guide; `make docs` builds it.

Why Sphinx with MyST: the pages stay plain Markdown that reads well in the repository, numpy docstrings become the API
reference without another tool, the notebook is a page, and all of it is kept by more than one person. MkDocs itself has
had no release since 2024.
"""

from __future__ import annotations

import re
from importlib.metadata import version as installed_version

REPOSITORY = "https://github.com/osteocount/osteocount"

project = "OsteoCount"
author = "The OsteoCount developers"
release = installed_version("osteocount")

extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
myst_enable_extensions = ["colon_fence", "dollarmath"]
myst_heading_anchors = 3
nb_execution_mode = "off"  # tests execute the notebook; its figures are not kept in the repository
exclude_patterns = ["images"]
suppress_warnings = ["myst.header"]  # CONTRIBUTING and CHANGELOG begin as files of their own do

autodoc_typehints = "none"  # numpy docstrings and signatures say them
napoleon_google_docstring = False
default_role = "code"  # `name` in docstrings

html_theme = "furo"
html_title = f"OsteoCount {release}"
html_theme_options = {"source_repository": REPOSITORY, "source_branch": "main", "source_directory": "docs/"}


def _absolute(app: object, name: str, source: list[str]) -> None:
    """Let links to files outside docs/, which work in the repository, lead there from the built pages too."""
    source[0] = re.sub(r"\]\(\.\./(?!docs/)([^)]+)\)", rf"]({REPOSITORY}/blob/main/\1)", source[0])


def _included(app: object, relative_path: object, parent: str, content: list[str]) -> None:
    """Let links of CONTRIBUTING and CHANGELOG to docs/ lead to the pages."""
    content[0] = re.sub(r"\]\(docs/", "](", content[0])


def setup(app: object) -> None:
    """Register what changes links."""
    app.connect("source-read", _absolute)
    app.connect("include-read", _included)
