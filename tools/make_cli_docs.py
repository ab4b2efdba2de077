"""Write docs/cli.md from the help texts of the command line: ``python tools/make_cli_docs.py``."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

PAGE = Path(__file__).parent.parent / "docs" / "cli.md"
HEAD = """# Command line

Written by `tools/make_cli_docs.py` from the help texts; change those.

stdout is data, stderr is words. Without `--out` a terminal gets a table and a pipe gets JSON lines;
`--json` always gives JSON lines. Progress bars appear only on a terminal and never with `--json`.

| exit code | meaning |
|---|---|
| 0 | done; also when the reader of a pipe closes it early |
| 1 | an error of mien's, or at least one item failed (the others were finished) |
| 2 | wrong usage, an unknown model, detector or other built-in name, or no input matched |
| 3 | a threshold that was asked for is missed |
| 130 | interrupted |

An error is one line on stderr; `--debug`, anywhere on the line, adds the traceback.
"""


def page() -> str:
    """The whole page, the same on every terminal."""
    import typer

    from mien.cli.app import app

    os.environ["COLUMNS"] = "80"
    contexts = _contexts(typer.main.get_command(app), "mien", None)
    sections = [f"## {c.command_path}\n\n```text\n{c.get_help().rstrip()}\n```\n" for c in contexts]
    return "\n".join([HEAD, *sections])


def _contexts(command: Any, name: str, parent: Any) -> Iterator[Any]:
    settings = command.context_settings
    context = command.context_class(command, info_name=name, parent=parent, **settings)
    yield context
    for child, below in getattr(command, "commands", {}).items():
        yield from _contexts(below, child, context)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
    print(PAGE)
