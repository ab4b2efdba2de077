"""The shell around the subcommands: exit codes, streams, errors, closed pipes."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from PIL import Image

import mien
from faces_made import made_faces, table_text
from mien.cli import run
from mien.cli.app import app
from mien.core.errors import DataError, UnknownNameError
from tool_made import tool_module

ROOT = Path(__file__).parent.parent


def commands(command: Any = None, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    command = command or typer.main.get_command(app)
    yield path
    for name, below in getattr(command, "commands", {}).items():
        yield from commands(below, (*path, name))


@pytest.fixture
def broken(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Make ``mien models`` raise."""

    def install(error: BaseException) -> None:
        def names() -> tuple[str, ...]:
            raise error

        monkeypatch.setattr("mien.store.bundle.bundle_names", names)

    return install


@pytest.mark.parametrize("path", list(commands()), ids=" ".join)
def test_every_command_has_help(path: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    assert run([*path, "--help"]) == 0
    out, err = capsys.readouterr()
    assert out.startswith(f"Usage: {' '.join(('mien', *path))}")
    assert err == ""


def leaf(path: tuple[str, ...]) -> Any:
    """The command at the end of a path; None if there are commands below it."""
    command: Any = typer.main.get_command(app)
    for name in path:
        command = command.commands[name]
    return None if hasattr(command, "commands") else command


LEAVES = [path for path in commands() if leaf(path) is not None]


@pytest.mark.parametrize("path", LEAVES, ids=" ".join)
def test_every_command_has_one_example_that_parses(path: tuple[str, ...]) -> None:
    command = leaf(path)
    (line,) = re.findall(r"^ *Example: mien (.+)$", command.help, re.MULTILINE)
    words = shlex.split(line)
    assert tuple(words[: len(path)]) == path
    command.make_context(path[-1], words[len(path) :])


@pytest.mark.parametrize("path", LEAVES, ids=" ".join)
def test_every_command_speaks_one_language(path: tuple[str, ...]) -> None:
    named = {name for parameter in leaf(path).params for name in parameter.opts}
    assert not named & {"out", "--tta", "--keep-anyway", "folder", "--image"}
    assert "--runs" not in named or path == ("study", "export")
    # What temperature and threshold are fitted on is no other name for the rows of a command.
    assert not {"--split", "--calibration-split"} <= named
    metavars = {parameter.name: parameter.metavar for parameter in leaf(path).params}
    assert metavars.get("model", "MODEL") in {"MODEL", "[MODEL]"}


def test_reference_page_is_current() -> None:
    tool = tool_module("make_cli_docs")
    assert tool.PAGE.read_text(encoding="utf-8") == tool.page(), "run: make docs"


def test_version_is_data(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--version"]) == 0
    assert capsys.readouterr() == (f"mien {mien.__version__}\n", "")


def test_no_arguments_show_help_as_wrong_usage(capsys: pytest.CaptureFixture[str]) -> None:
    assert run([]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("Usage: mien [OPTIONS] COMMAND")


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (["modles"], "No such command 'modles'"),
        (["data"], "Missing command"),
        (["models", "--jsno"], "--json"),
        (["export"], "Missing argument"),
        (["train", "x.toml", "--data", "d", "--out", "o", "--device", "tpu"], "tpu"),
    ],
)
def test_wrong_usage_is_one_line_on_stderr(
    line: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(line) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("mien: error: ")
    assert err.count("\n") == 1
    assert words in err
    assert "--help" in err


def test_control_codes_typed_by_the_user_are_shown_not_obeyed(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run(["models", "no\x1b[31mthing\nhere"]) == 2
    err = capsys.readouterr().err
    assert "\x1b" not in err
    assert err.count("\n") == 1


def test_unknown_model_lists_the_near_ones(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("mien.store.bundle.bundle_names", lambda: ("default", "small"))
    assert run(["models", "smal"]) == 2
    assert "did you mean 'small'?" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("error", "code", "words"),
    [
        (DataError("row 3 is wrong"), 1, "row 3 is wrong"),
        (UnknownNameError("unknown model 'x'"), 2, "unknown model 'x'"),
        (PermissionError(13, "Permission denied", "/x"), 1, "Permission denied"),
        (ZeroDivisionError("by zero"), 1, "ZeroDivisionError: by zero (a defect of mien"),
        (KeyboardInterrupt(), 130, "mien: interrupted"),
    ],
)
def test_errors_are_one_line_and_a_code(
    error: BaseException, code: int, words: str, broken: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    broken(error)
    assert run(["models"]) == code
    out, err = capsys.readouterr()
    assert out == ""
    assert words in err
    assert err.count("\n") == 1


def test_an_end_of_file_in_our_code_is_no_interruption(
    broken: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    broken(EOFError("ran out"))
    assert run(["models"]) == 1
    assert "EOFError: ran out (a defect of mien" in capsys.readouterr().err


def test_an_interruption_while_modules_load_is_quiet() -> None:
    code = (
        "import sys, importlib.abc\n"
        "class Stop(importlib.abc.MetaPathFinder):\n"
        "    def find_spec(self, name, *_):\n"
        "        if name == 'mien.cli': raise KeyboardInterrupt\n"
        "sys.meta_path.insert(0, Stop())\n"
        "from mien.__main__ import main\n"
        "main()\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (130, b"")


@pytest.mark.parametrize(
    ("asked", "code", "words"),
    [(7, 7, ""), (None, 0, ""), (0, 0, ""), ("no room", 1, "mien: error: no room\n")],
)
def test_an_exit_from_below_keeps_its_code(
    asked: Any, code: int, words: str, broken: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    broken(SystemExit(asked))
    assert run(["models"]) == code
    assert capsys.readouterr() == ("", words)


@pytest.mark.parametrize("line", [["--debug", "models"], ["models", "--debug"]])
def test_debug_adds_the_traceback_wherever_it_stands(
    line: list[str], broken: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    broken(DataError("row 3 is wrong"))
    assert run(line) == 1
    err = capsys.readouterr().err
    assert "Traceback (most recent call last)" in err
    assert err.endswith("mien: error: row 3 is wrong\n")


def test_debug_after_two_dashes_is_an_argument(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["models", "--", "--debug"]) == 2
    err = capsys.readouterr().err
    assert "'--debug'" in err
    assert "Traceback" not in err


def test_it_runs_as_a_module() -> None:
    for line, code, out in (["--version"], 0, f"mien {mien.__version__}"), (["modles"], 2, ""):
        command = [sys.executable, "-m", "mien", *line]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert (done.returncode, done.stdout.strip()) == (code, out)
        assert done.stderr.startswith("mien: error: No such command") == (code == 2)


def mien_process(*line: str, **kwargs: Any) -> subprocess.Popen[bytes]:
    program = "from mien.cli import main; main()"
    return subprocess.Popen(
        [sys.executable, "-c", program, *line], stderr=subprocess.PIPE, **kwargs
    )


def test_closed_pipe_is_quiet() -> None:
    read, write = os.pipe()
    os.close(read)
    with mien_process("--help", stdout=write) as process:
        os.close(write)
        _, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (0, b"")


def in_closed_pipe(*line: str) -> tuple[int, bytes]:
    """Exit code and words of a process whose stdout nobody reads."""
    read, write = os.pipe()
    os.close(read)
    with mien_process(*line, stdout=write) as process:
        os.close(write)
        _, err = process.communicate(timeout=60)
    return process.returncode, err


def test_files_that_were_asked_for_are_written_although_nobody_reads_stdout(tmp_path) -> None:
    for name in ("a.png", "b.png"):
        Image.new("RGB", (64, 64)).save(tmp_path / name)
    rows = tmp_path / "rows.csv"
    line = ["analyze", str(tmp_path), "--detector", "none", "--out", str(rows), "--json"]
    assert in_closed_pipe(*line)[0] == 0
    assert len(rows.read_text().splitlines()) == 3
    (tmp_path / "c.png").write_bytes(b"broken")
    assert in_closed_pipe(*line)[0] == 1
    assert len(rows.read_text().splitlines()) == 4


def test_a_closed_pipe_does_not_change_the_exit_code(tmp_path) -> None:
    faces = made_faces([0, 1, 2, 3, 4, 5, 6] * 3, ["PublicTest"] * 21)
    data = tmp_path / "fer2013.csv"
    data.write_text(table_text(faces), encoding="utf-8")
    line = ["evaluate", "default", "--data", str(data), "--min-accuracy", "1"]
    code, err = in_closed_pipe(*line, "--json")
    assert code == 3
    assert b"below --min-accuracy" in err
    assert in_closed_pipe("models")[0] == 0


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_full_disk_is_an_error() -> None:
    with Path("/dev/full").open("wb") as full, mien_process("--help", stdout=full) as process:
        _, err = process.communicate(timeout=60)
    assert process.returncode == 1
    assert err.startswith(b"mien: error: ")
    assert err.count(b"\n") == 1


@pytest.mark.skipif(os.name != "posix", reason="closes a stream as a POSIX shell does")
@pytest.mark.parametrize("closed", [">&-", "2>&-", ">&- 2>&-"])
def test_a_closed_stream_is_no_error(closed: str, tmp_path: Path) -> None:
    Image.new("RGB", (64, 64)).save(tmp_path / "a.png")
    rows = tmp_path / "rows.csv"
    program = f"{shlex.quote(sys.executable)} -c 'from mien.cli import main; main()'"
    analyze = f"analyze {tmp_path}/a.png --detector none --out {rows}"
    for line in ("--version", "models", analyze):
        done = subprocess.run(
            ["sh", "-c", f"{program} {line} {closed}"], capture_output=True, check=False
        )
        assert (done.returncode, b"Traceback" in done.stderr) == (0, False), done.stderr
    assert len(rows.read_text(encoding="utf-8").splitlines()) == 2
