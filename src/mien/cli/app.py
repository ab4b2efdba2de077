"""The ``mien`` command: its subcommands, its exit codes, and how errors are reported.

Exit codes: 0 done, 1 an error of ours or an item that failed, 2 wrong usage or nothing matched,
3 a threshold that was asked for is missed, 130 interrupted.
"""

from __future__ import annotations

import io
import os
import sys
import traceback
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import typer

from mien.cli import (
    analyze,
    benchmark,
    console,
    data,
    ensemble,
    evaluate,
    explain,
    export,
    models,
    serve,
    study,
    teach,
    train,
    web,
)
from mien.cli.options import FAILED, INTERRUPTED, USAGE
from mien.cli.source import takes_source
from mien.core.errors import MienError, MienWarning, UnknownNameError

_PYTHONS_OWN = warnings.showwarning


@dataclass
class Settings:
    """What the options before the subcommand decide."""

    debug: bool = False


app = typer.Typer(
    name="mien",
    add_completion=False,
    rich_markup_mode=None,  # plain help: quick, and the same on a terminal and in docs/cli.md
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command()(analyze.analyze)
app.command()(takes_source(evaluate.evaluate))
app.command()(takes_source(train.train))
app.command()(takes_source(train.distill))
app.command()(teach.teach)
app.command()(takes_source(export.export))
app.command()(takes_source(export.quantise))
app.command()(takes_source(ensemble.ensemble))
app.command()(models.models)
app.command()(models.networks)
app.command()(serve.serve)
app.add_typer(explain.app, name="explain")
app.add_typer(data.app, name="data")
app.add_typer(benchmark.app, name="benchmark")
app.add_typer(study.app, name="study")
app.add_typer(web.app, name="web")


def _version(asked: bool) -> None:
    if asked:
        from mien import __version__

        typer.echo(f"mien {__version__}")
        raise typer.Exit


@app.callback(invoke_without_command=True)
def mien(
    context: typer.Context,
    debug: Annotated[
        bool, typer.Option("--debug", help="Show the traceback of an error. May stand anywhere.")
    ] = False,
    version: Annotated[  # noqa: ARG001 - acts in its callback
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Read facial expressions with a small model that was measured honestly.

    Data goes to stdout, words go to stderr. A terminal gets tables, a pipe gets JSON lines.
    Expressions are not feelings.
    """
    context.obj.debug = debug
    if context.invoked_subcommand is None:
        typer.echo(context.get_help(), err=True)
        raise typer.Exit(USAGE)


def run(arguments: Sequence[str]) -> int:
    """Run one command line and return its exit code; errors become one line on stderr."""
    settings = Settings()
    try:
        outcome = typer.main.get_command(app).main(
            _debug_first(arguments), prog_name="mien", standalone_mode=False, obj=settings
        )
    except MienError as error:
        return _reported(
            error, str(error), USAGE if isinstance(error, UnknownNameError) else FAILED, settings
        )
    except typer.TyperException as error:
        return _reported(error, _usage(error), error.exit_code, settings)
    except typer.Abort as error:
        if isinstance(error.__cause__, EOFError):  # typer takes it for an interruption
            return _reported(error, _defect(error.__cause__), FAILED, settings)
        outcome = INTERRUPTED
    except BrokenPipeError:
        outcome = 0  # only words of typer's own get here, such as --help
    except SystemExit as error:
        # typer turns a closed pipe into SystemExit
        closed = isinstance(error.__context__, BrokenPipeError)
        outcome = 0 if closed else _exit_code(error)
    except OSError as error:
        return _reported(error, str(error), FAILED, settings)
    except Exception as error:  # noqa: BLE001 - the last line before the user
        return _reported(error, _defect(error), FAILED, settings)
    if outcome == INTERRUPTED:
        console.say("mien: interrupted")
    return _flushed(outcome if isinstance(outcome, int) else 0, settings)


def main() -> None:
    """Entry point of the ``mien`` script."""
    warnings.showwarning = _shown
    # Started with a stream closed (>&-), Python has none: what is said there goes nowhere.
    if sys.stdout is None:
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123, SIM115
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123, SIM115
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # Data in a pipe are UTF-8 everywhere, and no name may end the run.
            encoding = stream.encoding if stream.isatty() else "utf-8"
            stream.reconfigure(encoding=encoding, errors="backslashreplace")
    sys.exit(run(sys.argv[1:]))


def _defect(error: BaseException) -> str:
    return f"{type(error).__name__}: {error} (a defect of mien; --debug shows where)"


def _shown(message: Warning | str, category: type[Warning], *where: Any, **more: Any) -> None:
    """A warning of mien's own is one line of words; others look as Python writes them."""
    if issubclass(category, MienWarning):
        console.warn(str(message))
    else:
        _PYTHONS_OWN(message, category, *where, **more)


def _debug_first(arguments: Sequence[str]) -> list[str]:
    """Move ``--debug`` to where the parser expects it; what follows ``--`` is left alone."""
    end = list(arguments).index("--") if "--" in arguments else len(arguments)
    options = [argument for argument in arguments[:end] if argument != "--debug"]
    moved = ["--debug"] if len(options) < end else []
    return [*moved, *options, *arguments[end:]]


def _usage(error: typer.TyperException) -> str:
    message = " ".join(error.format_message().split())
    message = message if message.endswith((".", "?", "!")) else f"{message}."
    context = getattr(error, "ctx", None)
    return f"{message} Try: {context.command_path} --help" if context else message


def _reported(error: Exception, message: str, code: int, settings: Settings) -> int:
    if settings.debug:
        traceback.print_exception(error)
    notes = "; ".join(getattr(error, "__notes__", ()))  # which file it is about
    console.say(f"mien: error: {message}" + (f" ({notes})" if notes else ""))
    return code


def _flushed(code: int, settings: Settings) -> int:
    """The exit code of the work, once everything is said; a closed pipe does not change it."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        console.close_stdout()
    except OSError as error:
        return _reported(error, str(error), FAILED, settings)
    return code


def _exit_code(error: SystemExit) -> int:
    """The code that a library wanted to end with; words instead of one are said."""
    if error.code is None or isinstance(error.code, int):
        return error.code or 0
    console.say(f"mien: error: {error.code}")
    return FAILED
