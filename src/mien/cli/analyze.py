"""``mien analyze``."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack, contextmanager
from itertools import count
from math import inf
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from mien.cli import console, options
from mien.core.errors import InputError
from mien.core.rows import Row, is_error

if TYPE_CHECKING:
    from mien.analyze import Item, Sink

Format = Literal["jsonl", "json", "csv", "table"]

_BY_SUFFIX: dict[str, Format] = {
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "json",
    ".txt": "jsonl",
    ".csv": "csv",
    "": "jsonl",
}


def analyze(
    inputs: Annotated[
        list[str],
        typer.Argument(
            metavar="INPUT...",
            help="Pictures, videos, folders, 'patterns', camera:0, or - for a picture on stdin.",
        ),
    ],
    out: Annotated[
        Path | None, typer.Option(metavar="PATH", help="File for the rows; - is stdout.")
    ] = None,
    row_format: Annotated[
        Format | None,
        typer.Option("--format", show_default="by the name of PATH; table on a terminal, or jsonl"),
    ] = None,
    overlay: Annotated[
        Path | None,
        typer.Option(
            metavar="PATH",
            help="Annotated pictures: a folder, in which nothing is replaced, or one picture.",
        ),
    ] = None,
    blur_faces: Annotated[
        bool,
        typer.Option("--blur-faces", help="Blur the faces found in overlays; others stay visible."),
    ] = False,
    model: options.ModelOption = "default",
    precision: options.Precision = "fp32",
    views: options.Views = "one",
    detector: options.Detector = "mtcnn",
    min_face: options.MinFace = 40,
    max_faces: Annotated[
        int, typer.Option(min=1, metavar="N", help="Most faces of a picture; the surest are kept.")
    ] = 64,
    every: Annotated[
        int,
        typer.Option(min=1, metavar="K", help="Videos: look for faces in every K-th frame."),
    ] = 1,
    smooth: Annotated[
        float,
        typer.Option(
            min=0,
            metavar="SECONDS",
            help="Videos: time constant of the shown label; 0 = none.",
            callback=options.finite,
        ),
    ] = 0.3,
    start: Annotated[
        float,
        typer.Option(
            "--from",
            min=0,
            metavar="T",
            help="Videos: begin at T seconds.",
            callback=options.finite,
        ),
    ] = 0.0,
    end: Annotated[
        float | None,
        typer.Option(
            "--to", metavar="T", help="Videos: end before T seconds.", callback=options.finite
        ),
    ] = None,
    device: options.Device = "cpu",
    threads: options.Threads = None,
    as_json: options.Json = False,
) -> None:
    """Read the expressions of the faces in pictures and videos.

    One row per picture and per frame of a video, in input order. What cannot be read gives a row
    with the reason, the others are still answered, and the exit code is 1. In videos faces are
    numbered (track) and their probabilities are smoothed over time beside the raw ones. A file of
    rows appears when all are answered; an interrupted run leaves none. A camera goes on until --to
    seconds or Ctrl-C, which ends it well; a frame that comes too fast to be read is left out.

    Example: mien analyze photo.jpg clip.mp4 --out rows.jsonl
    """
    from mien.analyze import JsonLinesSink, OverlaySink, Part, SummarySink, rows_to
    from mien.analyze import analyze as answer
    from mien.analyze.summary import COLUMNS

    if end is not None and not start < end:
        raise typer.BadParameter(f"--from {start:g} must lie before --to {end:g}")
    if blur_faces and overlay is None:
        raise typer.BadParameter("--blur-faces needs --overlay PATH")
    file = None if out == Path("-") else out
    if file is not None and overlay is not None and file.resolve() == overlay.resolve():
        raise typer.BadParameter(f"--out and --overlay are both {file}; give two names")
    chosen = _format(file, row_format, as_json=as_json, plain=out is not file)
    items = _items(inputs, [path for path in (file, overlay) if path is not None])
    recognizer = options.recognizer(
        model, precision, detector, min_face, device, threads, max_faces, views
    )
    # On a terminal, rows and a bar would draw over one another.
    quiet = as_json or (file is None and chosen != "table" and console.on_terminal(sys.stdout))
    table = SummarySink()
    with ExitStack() as stack:
        sinks: list[Sink] = [table]
        if chosen != "table":
            rows = rows_to(file or sys.stdout, chosen, recognizer.labels, inputs=inputs)
            sinks = [stack.enter_context(rows)]
            sinks += [JsonLinesSink(sys.stdout)] if as_json and file is not None else []
        if overlay is not None:
            sinks.append(OverlaySink(overlay, blur_faces=blur_faces, inputs=inputs))
        stop = stack.enter_context(_stopping()) if _any_camera(inputs) else None
        advance = stack.enter_context(console.progress("pictures", quiet=quiet))
        summary = answer(
            items,
            recognizer,
            sinks,
            every=every,
            smoothing_s=smooth,
            part=Part(start, inf if end is None else end),
            on_row=_words(advance, max_faces, errors=chosen != "table"),
            stop=stop,
        )
    if chosen == "table":
        console.show(COLUMNS, table.lines())
    written = [f"; written to {path}" for path in (file, overlay) if path is not None]
    frames = f", frames {summary.frames}" if summary.frames else ""
    console.say(
        f"answered {summary.done}, failed {summary.failed}{frames}, faces {summary.faces}"
        f"{''.join(written)}"
    )
    if summary.failed:
        raise typer.Exit(options.FAILED)


def _words(
    advance: Callable[[int, int | None], None], max_faces: int, *, errors: bool
) -> Callable[[Row, Exception | None], None]:
    """What is said while inputs are answered; ``errors``: of failed items too."""
    seen, crowded = count(1), False

    def say(row: Row, error: Exception | None) -> None:
        nonlocal crowded
        advance(next(seen), None)
        if not crowded and len(row.get("faces", ())) >= max_faces:
            crowded = True
            console.warn(
                f"{row['source']}: {max_faces} faces, the most that are kept of a picture; "
                "there may be more, see --max-faces"
            )
        if "warning" in row:
            console.warn(f"{row['source']}: {row['warning']}")
        if error is not None and (errors or not is_error(row)):
            console.say(f"mien: {row['source']}: {error}")

    return say


def _format(file: Path | None, asked: Format | None, *, as_json: bool, plain: bool) -> Format:
    """The format of the rows that go to ``file`` or stdout; ``plain``: stdout was named."""
    if file is not None:
        if asked == "table":
            raise typer.BadParameter(
                "a table is for reading on stdout; files are jsonl, json or csv"
            )
        named = _BY_SUFFIX.get(file.suffix.lower())
        if asked is None and named is None:
            raise typer.BadParameter(
                f"rows are written as {', '.join(filter(None, _BY_SUFFIX))}, got {file.name!r}; "
                "name the file so, or give --format"
            )
        return asked or named or "jsonl"
    if as_json and asked in {"json", "csv", "table"}:
        raise typer.BadParameter(f"--json and --format {asked} both want stdout; give --out PATH")
    return asked or ("jsonl" if console.wants_json(asked=as_json or plain) else "table")


def _any_camera(inputs: list[str]) -> bool:
    from mien.store.camera import camera_named

    return any(camera_named(name) is not None for name in inputs)


@contextmanager
def _stopping() -> Generator[Event]:
    """Ctrl-C sets the event once; a second one interrupts as ever."""
    stop = Event()
    before = signal.getsignal(signal.SIGINT)

    def end(*_: object) -> None:
        stop.set()
        signal.signal(signal.SIGINT, before)

    signal.signal(signal.SIGINT, end)
    try:
        yield stop
    finally:
        signal.signal(signal.SIGINT, before)


def _items(inputs: list[str], outputs: list[Path]) -> Iterator[Item]:
    from mien.analyze import find_items

    try:
        return find_items(inputs, stdin=getattr(sys.stdin, "buffer", None), exclude=outputs)
    except InputError as error:  # nothing matched, and nothing was done yet
        raise typer.BadParameter(str(error)) from error
