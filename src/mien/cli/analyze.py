"""``mien analyze``."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from mien.cli import console, options
from mien.core.errors import InputError
from mien.core.rows import Row, is_error

if TYPE_CHECKING:
    from mien.analyze import Item, Sink
    from mien.core.labels import LabelSpace

Format = Literal["jsonl", "csv", "table"]


def analyze(
    inputs: Annotated[
        list[str],
        typer.Argument(metavar="INPUT", help="Pictures, folders, 'patterns', or - for stdin."),
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
    device: options.Device = "cpu",
    threads: options.Threads = None,
    as_json: options.Json = False,
) -> None:
    """Read the expressions of the faces in pictures.

    One row per picture, in input order. A picture that cannot be read gives a row with the reason,
    the others are still answered, and the exit code is 1.
    """
    from mien.analyze import OverlaySink
    from mien.analyze import analyze as answer

    if blur_faces and overlay is None:
        raise typer.BadParameter("--blur-faces needs --overlay PATH")
    file = None if out == Path("-") else out
    chosen = _format(file, row_format, as_json=as_json, plain=out is not file)
    items = _items(inputs, [path for path in (file, overlay) if path is not None])
    recognizer = options.recognizer(
        model,
        precision=precision,
        detector=detector,
        min_face=min_face,
        device=device,
        threads=threads,
    )
    report = _Report(as_table=chosen == "table")
    with ExitStack() as stack:
        sinks = _sinks(stack, file, chosen, recognizer.labels, as_json=as_json, inputs=inputs)
        if overlay is not None:
            sinks.append(OverlaySink(overlay, blur_faces=blur_faces, inputs=inputs))
        report.advance = stack.enter_context(console.progress("pictures", quiet=as_json))
        summary = answer(items, recognizer, sinks, on_item=report.on_item)
    if report.as_table:
        console.show(("picture", "expression", "probability ", "box"), _cells(report.rows))
    written = [f"; written to {path}" for path in (file, overlay) if path is not None]
    console.say(
        f"answered {summary.done}, failed {summary.failed}, faces {summary.faces}{''.join(written)}"
    )
    if summary.failed:
        raise typer.Exit(options.FAILED)


@dataclass
class _Report:
    """What is told while pictures are answered."""

    as_table: bool
    rows: list[Row] = field(default_factory=list)
    seen: int = 0
    advance: Callable[[int, int | None], None] = lambda *_: None

    def on_item(self, row: Row, error: Exception | None) -> None:
        """Count one picture, keep it for the table, and say what is wrong with it."""
        self.seen += 1
        self.advance(self.seen, None)
        if self.as_table:
            self.rows.append(row)
        if error is not None and not (self.as_table and is_error(row)):
            console.say(f"mien: {row['source']}: {error}")


def _format(file: Path | None, asked: Format | None, *, as_json: bool, plain: bool) -> Format:
    """The format of the rows that go to ``file`` or stdout; ``plain``: stdout was named."""
    if file is not None:
        if asked == "table":
            raise typer.BadParameter("a table is for reading on stdout; files are jsonl or csv")
        return asked or ("csv" if file.suffix.lower() == ".csv" else "jsonl")
    if as_json and asked in {"csv", "table"}:
        raise typer.BadParameter(f"--json and --format {asked} both want stdout; give --out PATH")
    return asked or ("jsonl" if console.wants_json(asked=as_json or plain) else "table")


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


def _cells(rows: Iterable[Row]) -> Iterator[tuple[str, ...]]:
    for row in rows:
        source = row["source"]
        if is_error(row):
            yield source, f"error: {row['error']['message']}", "", ""
            continue
        if not row["faces"]:
            yield source, "no face", "", ""
        for face in row["faces"]:
            label, sure = face["label"], face["probabilities"][face["label"]]
            box = " ".join(f"{value:.0f}" for value in face["box"])
            yield source, f"{label}?" if face["uncertain"] else label, f"{sure:.2f}", box
