"""The README says what works: its Python runs, its commands and files exist."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import typer

from mien.cli.app import app

ROOT = Path(__file__).parent.parent
PAGES = ("README.md", "CONTRIBUTING.md")


def blocks(page: str, language: str) -> list[str]:
    text = (ROOT / page).read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def command_lines() -> list[str]:
    lines = [line for page in PAGES for block in blocks(page, "sh") for line in block.splitlines()]
    return [line.partition(" #")[0].strip() for line in lines]


def test_python_example_runs_and_finds_a_happy_face() -> None:
    (example,) = blocks("README.md", "python")
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", example],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    (line,) = done.stdout.splitlines()
    assert line.startswith("happy")


def parsed(words: list[str]) -> tuple[Any, list[str]]:
    """The command that ``words`` call, and the words that are left for it."""
    command: Any = typer.main.get_command(app)
    while words and words[0] in getattr(command, "commands", {}):
        command, words = command.commands[words[0]], words[1:]
    return command, words


@pytest.mark.parametrize("line", [x for x in command_lines() if x.startswith("mien ")])
def test_command_has_these_options(line: str) -> None:
    command, words = parsed(shlex.split(line)[1:])
    assert not hasattr(command, "commands"), "a command is missing"
    known = {name for parameter in command.params for name in parameter.opts}
    assert {word for word in words if word.startswith("--")} <= known


def test_commands_of_make_exist() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))
    called = {match for line in command_lines() for match in re.findall(r"^make ([a-z-]+)", line)}
    assert {"demo", "test"} <= called <= targets


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_to_files(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    links = [link for link in re.findall(r"\]\(([^)#:]+)\)", text) if link]
    assert [link for link in links if not (ROOT / link).exists()] == []
