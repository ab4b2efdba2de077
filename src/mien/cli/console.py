"""Streams and rendering: stdout is data, stderr is words, names from outside are escaped."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import IO, Any

from mien.core.errors import missing_extra
from mien.core.text import printable


def on_terminal(stream: IO[str]) -> bool:
    """Whether somebody is looking at ``stream``."""
    return stream.isatty()


def wants_json(*, asked: bool) -> bool:
    """JSON lines if asked for, or if stdout is not a terminal."""
    return asked or not on_terminal(sys.stdout)


def say(message: str) -> None:
    """One line of words on stderr; control codes in it are shown, not obeyed."""
    sys.stderr.write(printable(message) + "\n")
    sys.stderr.flush()


def stage(name: str) -> None:
    """What a long command begins to do now."""
    say(f"{name} ...")


def warn(message: str | None) -> None:
    """A warning on stderr, if there is one."""
    if message is not None:
        say(f"mien: warning: {message}")


def emit(record: Mapping[str, Any]) -> None:
    """One JSON line on stdout, in ASCII, so that no name in it can reach the terminal raw."""
    _out(json.dumps(record, allow_nan=False) + "\n")


def _out(text: str) -> None:
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except BrokenPipeError:
        close_stdout()


def close_stdout() -> None:
    """Nobody reads the pipe any more: what is still said goes nowhere, the work goes on.

    The exit code tells how the work went, not who listened.
    """
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)


def show(columns: Sequence[str], rows: Iterable[Sequence[object]], *, title: str = "") -> None:
    """A table on stdout. Columns whose name ends in a blank are numbers and align right."""
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(
        box=SIMPLE_HEAD, title=Text(printable(title)) if title else None, title_justify="left"
    )
    for column in columns:
        justify = "right" if column.endswith(" ") else "left"
        table.add_column(Text(column.strip()), justify=justify, overflow="fold")
    for row in rows:
        table.add_row(*(Text(printable(str(cell))) for cell in row))
    console = Console(file=sys.stdout, highlight=False)
    with console.capture() as text:
        console.print(table)
    _out(text.get())


@contextmanager
def progress(what: str, *, quiet: bool = False) -> Iterator[Callable[[int, int | None], None]]:
    """A bar on stderr, if that is a terminal; the body calls ``advance(done, total)``.

    ``total`` is None where nobody knows it.

    Args:
        what: Words before the bar.
        quiet: No bar, whatever stderr is (``--json``, a process that is not the first).
    """
    if quiet or not on_terminal(sys.stderr):
        yield lambda _done, _total: None
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )
    from rich.text import Text

    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(file=sys.stderr), transient=True) as bar:
        task = bar.add_task(Text(printable(what)).plain, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


@contextmanager
def needs(extra: str) -> Iterator[None]:
    """Turn a module that is not installed into the install line of ``extra``.

    Raises:
        MissingExtraError: If the body imports a module that is not there.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        if error.name is None or error.name.split(".")[0] == "mien":
            raise
        raise missing_extra(extra, error.name) from error


def first_process() -> bool:
    """Whether this is the only process, or the one of ``torchrun`` that speaks."""
    return os.environ.get("RANK", "0") == "0"
