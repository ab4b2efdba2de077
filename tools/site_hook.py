"""What ``mkdocs.yml`` cannot say: pages that are made when the site is built.

The three documents that lie above ``docs`` are read from there, and the page of the Python
interface gets one entry for each public name.
"""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
ABOVE = {
    "changelog.md": "CHANGELOG.md",
    "contributing.md": "CONTRIBUTING.md",
    "third-party.md": "THIRD_PARTY.md",
}
NAMES = "<!-- names of mien.__all__ -->"


def public_names() -> list[str]:
    """``mien.__all__``, read without importing it."""
    tree = ast.parse((ROOT / "src" / "mien" / "__init__.py").read_text(encoding="utf-8"))
    (names,) = (
        ast.literal_eval(node.value)
        for node in tree.body
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__"
    )
    return [name for name in names if not name.startswith("_")]


def from_above(text: str) -> str:
    """A document of the repository's root with the links that hold in ``docs``."""
    for page, document in ABOVE.items():
        text = text.replace(f"]({document})", f"]({page})")
    return re.sub(r"\]\(docs/", "](", text)


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """Called by mkdocs for every page, before Markdown is read."""
    uri = page.file.src_uri
    if uri in ABOVE:
        return from_above((ROOT / ABOVE[uri]).read_text(encoding="utf-8"))
    entries = "\n".join(f"::: mien.{name}\n" for name in public_names())
    return markdown.replace(NAMES, entries)
