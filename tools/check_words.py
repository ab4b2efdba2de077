"""Keep plain English plain, and lines short: ``python tools/check_words.py``.

Two rules, for what is listed below and nothing else. Phrases of the list in CONTRIBUTING that a
native reader stumbles over may not stand in code, documentation or the page's texts. Prose of
Markdown files is at most 100 characters wide; tables, code and lines of one link or picture may be
longer. Prints one line for each fault; exit code 1 if there is any.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parent.parent
WIDTH = 100

BANNED = {
    r"left away|leave[sd]? (?:\w+ ){0,2}away": "left out",
    r"gone on with": "continued",
    r"needed but with": "required unless",
    r"anew": "again",
    r"shall": "should, must or will",
    r"but for": "except",
    r"told of|is told|are told|_told": "recorded, reported or given",
}

PAGES = ("README.md", "CHANGELOG.md", "CONTRIBUTING.md", "docs")
TEXTS = ("src/mien", "web/src/texts")
SUFFIXES = {".md", ".py", ".ts", ".toml"}
AS_WRITTEN = "docs/studies/"  # tables as mien study run wrote them

# The list of the phrases, and the words of others that were taken over with their wording.
_QUOTED = re.compile(r"`[^`]*`|“[^”]*”")
_LONE = re.compile(r"\s*(?:[-*] |\d+\. )?!?\[.*\]\(\S+\)(?:\{.*\})?[.,;]?\s*")


def words(text: str, name: str) -> Iterator[str]:
    """Faults of the first rule: ``name:line: phrase``, with what to write."""
    for phrase, better in BANNED.items():
        spaced = phrase.replace(" ", r"\s+")  # a phrase may go over the end of a line
        for found in re.finditer(rf"\b(?:{spaced})\b", text, re.IGNORECASE):
            line = text.count("\n", 0, found.start()) + 1
            yield f"{name}:{line}: {' '.join(found[0].split())!r}; write {better}"


def widths(text: str, name: str) -> Iterator[str]:
    """Faults of the second rule, in a Markdown file."""
    code = False
    for number, line in enumerate(text.splitlines(), 1):
        if line.lstrip().startswith("```"):
            code = not code
        elif not code and len(line) > WIDTH and not _free(line):
            yield f"{name}:{number}: {len(line)} characters; at most {WIDTH}"


def _free(line: str) -> bool:
    return line.lstrip().startswith("|") or _LONE.fullmatch(line) is not None


def faults(root: Path = ROOT) -> list[str]:
    """All faults of the files that the rules are for."""
    found = []
    for file in _files(root, (*PAGES, *TEXTS)):
        text, name = file.read_text(encoding="utf-8"), file.relative_to(root).as_posix()
        markdown = file.suffix == ".md"
        if name == "CONTRIBUTING.md":
            text = _QUOTED.sub(lambda quoted: re.sub(r"[^\n]", "·", quoted[0]), text)
        found += words(text, name)
        if markdown and not name.startswith(AS_WRITTEN):
            found += widths(file.read_text(encoding="utf-8"), name)
    return found


def _files(root: Path, places: tuple[str, ...]) -> Iterator[Path]:
    for place in places:
        path = root / place
        files = sorted(path.rglob("*")) if path.is_dir() else [path]
        yield from (f for f in files if f.is_file() and f.suffix in SUFFIXES)


if __name__ == "__main__":
    lines = faults()
    print("\n".join(lines))
    sys.exit(bool(lines))
