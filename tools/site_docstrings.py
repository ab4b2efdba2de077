"""Examples of docstrings as code on the site: an extension of griffe, named in ``mkdocs.yml``."""

from __future__ import annotations

import re
from typing import Any

import griffe

_EXAMPLE = re.compile(r"^>>> .*(?:\n.+)*", re.MULTILINE)


class Examples(griffe.Extension):
    """Fences doctests that stand in running text, where Markdown would see quotations."""

    def on_instance(self, *, obj: Any, **_: Any) -> None:
        """Called by griffe for each object that has been read."""
        if obj.docstring is not None:
            obj.docstring.value = _EXAMPLE.sub(
                lambda found: f"```python\n{found[0]}\n```", obj.docstring.value
            )
