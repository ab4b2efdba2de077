"""``tools/check_words.py``: it finds what it is for, and there is nothing to find."""

from __future__ import annotations

from pathlib import Path

import pytest

from tool_made import tool_module

check_words = tool_module("check_words")


def test_nothing_is_found() -> None:
    assert check_words.faults() == []


@pytest.mark.parametrize(
    "planted",
    [
        "It is left away here.", "A command leaves them away.", "The run is gone on with.",
        "It is needed but with a flag.", "Trained anew.", "What shall be read", "All but for one.",
        "What is told of members.", "Probabilities are told.", "Needed\nbut   with", "def _told():",
    ],
)  # fmt: skip
@pytest.mark.parametrize(
    "place", ["README.md", "docs/a/b.md", "src/mien/a.py", "web/src/texts/en.ts"]
)
def test_a_planted_phrase_is_found(planted: str, place: str, tmp_path: Path) -> None:
    file = tmp_path / place
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(f"First line.\n{planted}\n", encoding="utf-8")
    (found,) = check_words.faults(tmp_path)
    assert found.startswith(f"{place}:2: ")
    assert "; write " in found


def test_words_that_only_look_alike_pass(tmp_path: Path) -> None:
    text = "A canew shallow marshall. We told them. It tells the time, but for. Ever leaves go.\n"
    (tmp_path / "README.md").write_text(text.replace("but for.", "but not for"), encoding="utf-8")
    assert check_words.faults(tmp_path) == []


def test_contributing_may_quote_what_is_banned(tmp_path: Path) -> None:
    text = "These fail: `anew`, `shall`.\n"
    (tmp_path / "CONTRIBUTING.md").write_text(text, encoding="utf-8")
    (tmp_path / "README.md").write_text(text, encoding="utf-8")
    assert [line.split(":")[0] for line in check_words.faults(tmp_path)] == ["README.md"] * 2


@pytest.mark.parametrize(
    ("line", "wide"),
    [
        ("word " * 19 + "words", False),
        ("word " * 20 + "w", True),
        ("- " + "word " * 20, True),
        ("| " + "cell " * 30 + "|", False),
        ("![" + "w" * 60 + "](" + "p" * 60 + ".png)", False),
        ("See [" + "w" * 60 + "](" + "p" * 60 + ".md) for more", True),
        ("```text\n" + "x" * 150 + "\n```", False),
        ("```text\nx\n```\n" + "word " * 25, True),
    ],
)
def test_width_of_prose(line: str, *, wide: bool, tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "a.md").write_text(line + "\n", encoding="utf-8")
    assert bool(check_words.faults(tmp_path)) is wide
