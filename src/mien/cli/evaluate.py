"""``mien evaluate``."""

from __future__ import annotations

from contextlib import nullcontext
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from mien.cli import console, options
from mien.core.labels import LabelSpace, label_space
from mien.core.splits import EVERY_ROW, PUBLIC_TEST

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from mien.data import FaceSet
    from mien.evaluate import Evaluation


def evaluate(
    context: typer.Context,
    model: options.Model,
    data: options.Data,
    split: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="Which rows, or 'all'.",
            show_default="PublicTest; all with --end-to-end",
        ),
    ] = None,
    labels: Annotated[str, typer.Option(metavar="SPACE", help="Label space of the data.")] = "fer7",
    clean_against: Annotated[
        str | None,
        typer.Option(
            metavar="SRC:SPLIT",
            help="Rows the model was trained on, in the space of --labels; their twins are left "
            "out of the clean figure.",
            show_default="Training of the data",
        ),
    ] = None,
    views: Annotated[
        Literal["one", "flip", "tencrop"], typer.Option(help="Views that are averaged.")
    ] = "one",
    end_to_end: Annotated[
        bool,
        typer.Option(
            "--end-to-end", help="Photos: detector, crop and model; a missed face is wrong."
        ),
    ] = False,
    precision: options.Precision = "fp32",
    detector: options.Detector = "mtcnn",
    min_face: options.MinFace = 40,
    device: options.Device = "cpu",
    threads: options.Threads = None,
    report: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="New folder for report.html and its figures: ROC curves, confusion, reliability, "
            "risk and coverage.",
        ),
    ] = None,
    min_accuracy: Annotated[
        float | None,
        typer.Option(
            min=0,
            max=1,
            metavar="X",
            help="Exit with 3 if the accuracy is lower.",
            callback=options.finite,
        ),
    ] = None,
    robustness: Annotated[
        bool,
        typer.Option(
            "--robustness",
            help="Also noise, JPEG, blur, low resolution, cover, light, scale, rotation and shift: "
            "some 30 times the work.",
        ),
    ] = False,
    allow_misaligned: Annotated[
        bool,
        typer.Option(
            "--allow-misaligned",
            help="Score even if answers and labels look shuffled or renamed, with a warning.",
        ),
    ] = False,
    as_json: options.Json = False,
) -> None:
    """Measure a model on labelled data.

    Accuracy with its interval, a subset without training twins, calibration, per-label scores and
    the confusion matrix. Differences from the official FER2013 counts are warned about.

    --views, --clean-against and --robustness are for crops; --detector and --min-face for
    --end-to-end.

    Example: mien evaluate default --data fer2013.csv.gz --views flip
    """
    from mien.data import framing_warning, load, one_face_photos
    from mien.evaluate import evaluate as evaluate_crops
    from mien.evaluate import evaluate_photos, write_report

    if end_to_end:
        of_crops = ("views", "clean_against", "robustness")
        options.refuse(context, "for crops, not for --end-to-end", *of_crops)
        if getattr(data, "skip_damaged", False):
            raise typer.BadParameter(
                "--skip-damaged: for crops, not for --end-to-end, where a damaged photo is wrong"
            )
    else:
        options.refuse(context, "only with --end-to-end", "detector", "min_face")
    space = label_space(labels)
    finder = detector if end_to_end else "none"
    recognizer = options.recognizer(model, precision, finder, min_face, device, threads)
    name = split or (EVERY_ROW if end_to_end else PUBLIC_TEST)
    rows = None if name == EVERY_ROW else name
    if end_to_end:
        photos, of_photos = one_face_photos(data, labels=space)
        measure = partial(evaluate_photos, recognizer, photos, of_photos, source=data.name)
    else:
        training = None if clean_against is None else _training(clean_against, space)
        measure = partial(
            evaluate_crops,
            recognizer,
            load(data, labels=space),
            training=training,
            views=views,
            degraded=robustness,
        )
        console.warn(framing_warning(data))
    # What stands in the way of a report ends the command before the measuring.
    with nullcontext() if report is None else _folder(report) as folder:
        with console.progress("photos" if end_to_end else "faces", quiet=as_json) as advance:
            result = measure(split=rows, allow_misaligned=allow_misaligned, on_rows=advance)
        if folder is not None:
            write_report(result, folder)
    if report is not None:
        console.say(f"report written to {report}")
    for warning in result.warnings:
        console.warn(warning)
    if console.wants_json(asked=as_json):
        console.emit(result.as_dict())
    else:
        _show(result)
    if min_accuracy is not None and result.accuracy < min_accuracy:
        console.say(f"mien: accuracy {result.accuracy:.4f} is below --min-accuracy {min_accuracy}")
        raise typer.Exit(options.MISSED)
    if result.end_to_end is not None and result.end_to_end.unreadable:
        console.say(f"mien: {result.end_to_end.unreadable} photos could not be read")
        raise typer.Exit(options.FAILED)


def _folder(report: Path) -> AbstractContextManager[Path]:
    """The folder of a report, which appears when it is whole."""
    with console.needs("eval"):
        import_module("matplotlib")
    from mien.store.atomic import writing_folder

    return writing_folder(report)


def _training(asked: str, space: LabelSpace) -> FaceSet:
    """Rows named by ``SRC:SPLIT``, read like the data: those without a label there are left out."""
    source, colon, split = asked.rpartition(":")
    if not colon or not source or not split:
        raise typer.BadParameter(f"--clean-against expects SRC:SPLIT, got {asked!r}")
    from mien.data import load

    return load(source, labels=space).split(split)


def _show(result: Evaluation) -> None:
    from mien.evaluate import degraded_in_words
    from mien.evaluate.report import headline, label_rows

    title = f"{result.bundle} {result.precision} on {result.data.split} of {result.data.source}"
    rows = [*headline(result), ("data sha256", result.data.sha256)]
    console.show(("measure", "value"), rows, title=title)
    columns = ("label", "precision ", "recall ", "F1 ", "AUC ", "rows ")
    console.show(columns, label_rows(result))
    labels = result.labels.labels
    confusion = zip(labels, result.figures.confusion.tolist(), strict=True)
    columns = ("truth \\ answer", *(f"{label} " for label in labels))
    console.show(columns, [(label, *counts) for label, counts in confusion])
    if result.robustness:
        columns = ("degraded by", "strength", "accuracy, % ", "points lost ")
        console.show(columns, degraded_in_words(result.robustness))
    for name, words in result.protocol.items():
        console.say(f"{name}: {words}")
