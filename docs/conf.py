"""How Sphinx makes a site of these pages: `make docs`."""

from __future__ import annotations

import configparser
from pathlib import Path

from docutils import nodes
from sphinx.addnodes import pending_xref
from sphinx.application import Sphinx

ROOT = Path(__file__).parent.parent
CONFIG = configparser.ConfigParser()
CONFIG.read(ROOT / "setup.cfg")

project = CONFIG["metadata"]["name"]
version = release = CONFIG["metadata"]["version"]
copyright = "its authors; BSD-3-Clause"
extensions = ["myst_parser", "sphinx.ext.autodoc"]
myst_heading_anchors = 4

html_theme = "furo"
html_title = f"{project} {release}"
html_show_sphinx = html_copy_source = False
pygments_style = "friendly"

autodoc_typehints = "description"
autodoc_typehints_description_target = "documented"
autodoc_member_order = "bysource"
default_role = "code"  # docstrings have it as Markdown has
suppress_warnings = ["misc.highlighting_failure"]  # its lexer does not know all of nginx


def show_names_only(app: Sphinx, page: nodes.document) -> None:
    """Turn links that lead out of these pages into the checkout into their text: the site doesn't have the files."""
    for link in list(page.findall(pending_xref)):
        if link["reftype"] != "myst" or link["reftarget"] in app.env.found_docs:
            continue
        folders = (ROOT, Path(app.srcdir))  # README.md, of which parts are included, has its links from the root
        if link["refdomain"] == "doc" or any((folder / link["reftarget"]).exists() for folder in folders):
            link.replace_self(link.children)


def setup(app: Sphinx) -> None:
    """Tell Sphinx what is ours."""
    app.connect("doctree-read", show_names_only)
