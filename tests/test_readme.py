"""The documentation says what works: its code runs, its commands, links and pages exist."""

from __future__ import annotations

import gzip
import re
import shlex
import shutil
import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import typer
from PIL import Image

from faces_made import made_faces, table_text
from made_videos import video
from mien.cli.app import app

ROOT = Path(__file__).parent.parent
PORTRAIT = ROOT / "assets" / "portrait.jpg"
PAGES = sorted(
    page.relative_to(ROOT).as_posix()
    for page in (*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"))
)
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
NUMBER = re.compile(r"\d+(?:\.\d+)?")
GENERATED = "docs/cli.md"  # its blocks are help texts


def text_of(page: str) -> str:
    return (ROOT / page).read_text(encoding="utf-8")


def blocks(page: str, language: str) -> list[str]:
    return [body for name, body in BLOCK.findall(text_of(page)) if name == language]


def with_output(page: str) -> tuple[str, str]:
    """All Python of a page as one program, and what the page says that it prints."""
    found = BLOCK.findall(text_of(page))
    program = "".join(body for name, body in found if name == "python")
    pairs = pairwise(found)
    said = [after[1] for before, after in pairs if (before[0], after[0]) == ("python", "text")]
    return program, "".join(said)


def command_lines(page: str) -> list[str]:
    joined = [block.replace("\\\n", " ") for block in blocks(page, "sh")]
    lines = [line for block in joined for line in block.splitlines()]
    lines += [
        line[2:] for b in blocks(page, "console") for line in b.splitlines() if line[0:1] == "$"
    ]
    return [re.split(r"\s#|\s>", line, maxsplit=1)[0].strip() for line in lines]


def plain(text: str) -> list[str]:
    return [line.rstrip() for line in text.splitlines() if line.strip()]


def alike(got: str, said: str) -> bool:
    """The same words, and numbers that differ by no more than processors may."""
    numbers = [[float(x) for x in NUMBER.findall(text)] for text in (got, said)]
    words = [NUMBER.sub("0", "\n".join(plain(text))) for text in (got, said)]
    return words[0] == words[1] and numbers[0] == pytest.approx(numbers[1], abs=0.01)


def run(words: list[str], folder: Path) -> str:
    done = subprocess.run(
        [sys.executable, "-W", "error", *words],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode in {0, 1}, done.stderr
    return done.stdout + done.stderr


def moving_portrait() -> list[np.ndarray]:
    """Two seconds: the portrait moves to the right and is away for two frames of twenty."""
    with Image.open(PORTRAIT) as picture:
        face = picture.convert("RGB")
    face.thumbnail((200, 240))
    frames = []
    for at in range(20):
        frame = Image.new("RGB", (320, 240), (120, 120, 120))
        if at not in {10, 11}:
            frame.paste(face, (20 + 4 * at, 0))
        frames.append(np.asarray(frame))
    return frames


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """What the pages find where their reader stands: the portrait, a clip, a folder of pictures."""
    (tmp_path / "assets").mkdir()
    (tmp_path / "holiday").mkdir()
    shutil.copy(PORTRAIT, tmp_path / "assets")
    shutil.copy(PORTRAIT, tmp_path / "holiday")
    (tmp_path / "holiday" / "torn.jpg").write_bytes(PORTRAIT.read_bytes()[:20_000])
    for clip in ("clip.mp4", "holiday/clip.mp4"):
        (tmp_path / clip).write_bytes(video(moving_portrait(), rate=10))
    return tmp_path


@pytest.mark.parametrize("page", [page for page in PAGES if blocks(page, "python")])
def test_python_of_a_page_prints_what_the_page_says(page: str, folder: Path) -> None:
    program, said = with_output(page)
    got = run(["-c", program], folder)
    assert alike(got, said), got


def test_pages_with_python_are_these() -> None:
    found = [page for page in PAGES if blocks(page, "python")]
    assert found == ["README.md", "docs/analyze.md", "docs/index.md", "docs/start.md"]


@pytest.mark.parametrize("page", ["README.md", "docs/start.md"])
def test_commands_of_a_page_print_what_it_shows(page: str, folder: Path) -> None:
    shown = [
        part for block in blocks(page, "console") for part in block.split("$ ") if part.strip()
    ]
    assert shown
    for part in shown:
        line, _, said = part.partition("\n")
        got = run(["-m", *shlex.split(line)], folder)
        assert alike(got, said), got


def made_fer2013() -> str:
    """A table in FER2013's form: noise, darker for one label than for the next."""
    splits = ["Training"] * 280 + ["PublicTest"] * 140
    faces = made_faces([at % 7 for at in range(len(splits))], splits)
    shade = (np.arange(len(splits)) % 7 * 30).astype(np.uint8)[:, None, None]
    return table_text(made_faces(faces.labels.tolist(), splits, images=faces.images // 4 + shade))


@pytest.mark.slow
def test_start_leads_from_a_table_to_a_model(folder: Path) -> None:
    with gzip.open(folder / "fer2013.csv.gz", "wt") as file:
        file.write(made_fer2013())
    (recipe,) = blocks("docs/start.md", "toml")
    (folder / "quick.toml").write_text(recipe, encoding="utf-8")
    lines = [line for line in command_lines("docs/start.md") if line.startswith("mien ")]
    lines = lines[lines.index("mien data info fer2013.csv.gz") :]
    assert [line.split()[1] for line in lines[1:5]] == ["train", "export", "evaluate", "analyze"]
    for line in lines:
        got = run(["-m", *shlex.split(line)], folder)
        assert "error:" not in got, got
    assert sorted(file.name for file in (folder / "quick").iterdir()) == ["card.json", "model.onnx"]


def parsed(words: list[str]) -> tuple[Any, list[str]]:
    """The command that ``words`` call, and the words that are left for it."""
    command: Any = typer.main.get_command(app)
    while words and words[0] in getattr(command, "commands", {}):
        command, words = command.commands[words[0]], words[1:]
    return command, words


@pytest.mark.parametrize(
    ("page", "line"),
    [
        (page, line)
        for page in PAGES if page != GENERATED
        for line in command_lines(page) if line.startswith("mien ")
    ],
)  # fmt: skip
def test_command_has_these_options(page: str, line: str) -> None:
    command, words = parsed(shlex.split(line)[1:])
    assert not hasattr(command, "commands"), f"a command is missing in {page}"
    known = {
        name for parameter in command.params for name in parameter.opts + parameter.secondary_opts
    }
    assert {word for word in words if word.startswith("--")} <= known


def test_commands_of_make_exist() -> None:
    targets = set(re.findall(r"^([a-z-]+):", text_of("Makefile"), re.MULTILINE))
    lines = [line for page in PAGES for line in command_lines(page)]
    called = {match for line in lines for match in re.findall(r"^make ([a-z-]+)", line)}
    assert {"demo", "test"} <= called <= targets


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_to_files(page: str) -> None:
    links = re.findall(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)", BLOCK.sub("", text_of(page)))
    here = (ROOT / page).parent
    assert [link for link in links if not (here / link).exists()] == []


def test_every_page_is_on_the_site() -> None:
    named = re.findall(r"([\w/.-]+\.md)$", text_of("mkdocs.yml"), re.MULTILINE)
    assert len(named) == len(set(named))
    assert {f"docs/{name}" for name in named} == {p for p in PAGES if p.startswith("docs/")}


@pytest.mark.parametrize("part", ["findings", "decisions"])
def test_index_names_every_page(part: str) -> None:
    named = set(re.findall(r"\]\(([\w.-]+\.md)\)", text_of(f"docs/{part}/index.md")))
    pages = {page.name for page in (ROOT / "docs" / part).glob("*.md")} - {"index.md"}
    assert named == pages


def test_pages_that_the_code_names_exist() -> None:
    files = [
        f for part in ("src", "tools", "benchmarks", "configs") for f in (ROOT / part).rglob("*")
    ]
    texts = [f.read_text(encoding="utf-8") for f in files if f.suffix in {".py", ".toml"}]
    named = {page for text in texts for page in re.findall(r"\bdocs/[\w/.-]+\.md\b", text)}
    assert len(named) > 5
    assert [page for page in sorted(named) if not (ROOT / page).exists()] == []
