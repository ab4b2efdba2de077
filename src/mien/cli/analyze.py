"""``mien analyze``."""

from __future__ import annotations

import signal
import sys
from collections import Counter
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
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
    from mien.core.labels import LabelSpace

Format = Literal["jsonl", "csv", "table"]

_BY_SUFFIX: dict[str, Format] = {
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "jsonl",
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
    model: options.Model = "default",
    precision: options.Precision = "fp32",
    detector: options.Detector = "mtcnn",
    min_face: options.MinFace = 40,
    max_faces: options.MaxFaces = 64,
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
    """
    from mien.analyze import OverlaySink, Part
    from mien.analyze import analyze as answer

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
        model,
        precision=precision,
        detector=detector,
        min_face=min_face,
        max_faces=max_faces,
        device=device,
        threads=threads,
    )
    report = _Report(as_table=chosen == "table", max_faces=max_faces)
    # On a terminal, rows and a bar would draw over one another.
    quiet = as_json or (file is None and chosen != "table" and console.on_terminal(sys.stdout))
    with ExitStack() as stack:
        sinks = _sinks(stack, file, chosen, recognizer.labels, as_json=as_json, inputs=inputs)
        if overlay is not None:
            sinks.append(OverlaySink(overlay, blur_faces=blur_faces, inputs=inputs))
        stop = stack.enter_context(_stopping()) if _any_camera(inputs) else None
        report.advance = stack.enter_context(console.progress("pictures", quiet=quiet))
        summary = answer(
            items,
            recognizer,
            sinks,
            every=every,
            smoothing_s=smooth,
            part=Part(start, inf if end is None else end),
            on_row=report.on_row,
            stop=stop,
        )
    if report.as_table:
        console.show(("source", "expression", "probability ", "box, or time"), report.table())
    written = [f"; written to {path}" for path in (file, overlay) if path is not None]
    frames = f", frames {summary.frames}" if summary.frames else ""
    console.say(
        f"answered {summary.done}, failed {summary.failed}{frames}, faces {summary.faces}"
        f"{''.join(written)}"
    )
    if summary.failed:
        raise typer.Exit(options.FAILED)


@dataclass
class _Report:
    """What is reported while inputs are answered."""

    as_table: bool
    max_faces: int
    lines: list[tuple[str, ...]] = field(default_factory=list)
    tracks: dict[tuple[str, int], _Track] = field(default_factory=dict)
    seen: int = 0
    crowded: bool = False
    advance: Callable[[int, int | None], None] = lambda *_: None

    def on_row(self, row: Row, error: Exception | None) -> None:
        """Count one picture or frame, keep it for the table, and say what is wrong with it."""
        self.seen += 1
        self.advance(self.seen, None)
        if self.as_table:
            self._keep(row)
        if not self.crowded and len(row.get("faces", ())) >= self.max_faces:
            self.crowded = True
            console.warn(
                f"{row['source']}: {self.max_faces} faces, the most that are kept of a picture; "
                "there may be more, see --max-faces"
            )
        if "warning" in row:
            console.warn(f"{row['source']}: {row['warning']}")
        if error is not None and not (self.as_table and is_error(row)):
            console.say(f"mien: {row['source']}: {error}")

    def _keep(self, row: Row) -> None:
        """Pictures as they are, of videos one line per face: memory must not grow with frames."""
        if row.get("time_s") is None:
            self.lines += _cells(row)
            return
        for face in row["faces"]:
            key = (row["source"], face["track"])
            self.tracks.setdefault(key, _Track(row["time_s"])).add(face, row["time_s"])

    def table(self) -> list[tuple[str, ...]]:
        """Cells of all lines, pictures first."""
        return self.lines + [
            track.cells(source, number) for (source, number), track in self.tracks.items()
        ]


@dataclass
class _Track:
    """One face of a video."""

    first_s: float
    last_s: float = 0.0
    shown: Counter[str] = field(default_factory=Counter)
    sure: float = 0.0

    def add(self, face: Row, time_s: float) -> None:
        """Count one frame."""
        self.last_s = time_s
        self.shown["uncertain" if face["uncertain"] else face["label"]] += 1
        self.sure += (face["smoothed"] or face["probabilities"])[face["label"]]

    def cells(self, source: str, number: int) -> tuple[str, ...]:
        """What was shown most, in shares of the frames, and when."""
        frames = self.shown.total()
        shares = ", ".join(f"{label} {n / frames:.0%}" for label, n in self.shown.most_common(3))
        when = f"{self.first_s:.1f} to {self.last_s:.1f} s"
        return f"{source} face {number}", shares, f"{self.sure / frames:.2f}", when


def _format(file: Path | None, asked: Format | None, *, as_json: bool, plain: bool) -> Format:
    """The format of the rows that go to ``file`` or stdout; ``plain``: stdout was named."""
    if file is not None:
        if asked == "table":
            raise typer.BadParameter("a table is for reading on stdout; files are jsonl or csv")
        named = _BY_SUFFIX.get(file.suffix.lower())
        if asked is None and named is None:
            raise typer.BadParameter(
                f"rows are written as {', '.join(filter(None, _BY_SUFFIX))}, got {file.name!r}; "
                "name the file so, or give --format"
            )
        return asked or named or "jsonl"
    if as_json and asked in {"csv", "table"}:
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


def _sinks(
    stack: ExitStack,
    file: Path | None,
    chosen: Format,
    labels: LabelSpace,
    *,
    as_json: bool,
    inputs: list[str],
) -> list[Sink]:
    from mien.analyze import JsonLinesSink, rows_to

    if chosen == "table":
        return []
    sinks = [stack.enter_context(rows_to(file or sys.stdout, chosen, labels, inputs=inputs))]
    if as_json and file is not None:
        sinks.append(JsonLinesSink(sys.stdout))
    return sinks


def _cells(row: Row) -> Iterator[tuple[str, ...]]:
    source = row["source"]
    if is_error(row):
        yield source, f"error: {row['error']['message']}", "", ""
        return
    if not row["faces"]:
        yield source, "no face", "", ""
    for face in row["faces"]:
        label, sure = face["label"], face["probabilities"][face["label"]]
        box = " ".join(f"{value:.0f}" for value in face["box"])
        yield source, f"{label}?" if face["uncertain"] else label, f"{sure:.2f}", box
