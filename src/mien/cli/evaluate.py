"""``mien evaluate``."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from mien.cli import console, options
from mien.core.labels import LabelSpace, label_space
from mien.core.splits import EVERY_ROW

if TYPE_CHECKING:
    from mien.data import FaceSet
    from mien.evaluate import Evaluation
    from mien.metrics import Acceptance


def evaluate(
    model: Annotated[str, typer.Argument(metavar="MODEL", help="Name or folder of a bundle.")],
    data: Annotated[
        Path, typer.Option(metavar="SRC", help="FER2013 table, or folder of labelled pictures.")
    ],
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
    tta: Annotated[
        Literal["none", "flip", "tencrop"], typer.Option(help="Views that are averaged.")
    ] = "none",
    end_to_end: Annotated[
        bool,
        typer.Option(
            "--end-to-end", help="Photos: detector, crop and model; a missed face is wrong."
        ),
    ] = False,
    precision: options.Precision = "fp32",
    detector: options.MaybeDetector = None,
    min_face: options.MaybeMinFace = None,
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
            min=0, max=1, help="Exit with 3 if the accuracy is lower.", callback=options.finite
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
    """
    from mien.data import framing_warning, load, one_face_photos
    from mien.evaluate import evaluate as evaluate_crops
    from mien.evaluate import evaluate_photos, write_report

    if end_to_end and (tta != "none" or clean_against is not None or robustness):
        raise typer.BadParameter(
            "--tta, --clean-against and --robustness are for crops, not for --end-to-end"
        )
    options.useless("need --end-to-end", given=end_to_end, detector=detector, min_face=min_face)
    space = label_space(labels)
    recognizer = options.recognizer(
        model,
        precision=precision,
        detector=(detector or options.DETECTOR) if end_to_end else "none",
        min_face=min_face or options.MIN_FACE,
        device=device,
        threads=threads,
    )
    if end_to_end:
        photos, of_photos = one_face_photos(data, labels=space)
        measure = partial(
            evaluate_photos,
            recognizer,
            photos,
            of_photos,
            source=data.name,
            split=_split(split, EVERY_ROW),
            allow_misaligned=allow_misaligned,
        )
    else:
        faces = load(data, labels=space)
        console.warn(framing_warning(data))
        measure = partial(
            evaluate_crops,
            recognizer,
            faces,
            split=_split(split, "PublicTest"),
            training=_training(clean_against, space),
            views=tta,
            degraded=robustness,
            allow_misaligned=allow_misaligned,
        )
    with _folder(report) as folder:
        with console.progress("photos" if end_to_end else "faces", quiet=as_json) as advance:
            result = measure(on_rows=advance)
        if folder is not None:
            write_report(result, folder)
    if report is not None:
        console.say(f"report written to {report}")
    for warning in result.warnings:
        console.say(f"mien: warning: {warning}")
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


@contextmanager
def _folder(report: Path | None) -> Iterator[Path | None]:
    """Where the report is written; what stands in its way ends the command before the measuring."""
    if report is None:
        yield None
        return
    with console.needs("eval"):
        import_module("matplotlib")
    from mien.store.atomic import writing_folder

    with writing_folder(report) as folder:
        yield folder


def _split(asked: str | None, default: str) -> str | None:
    name = asked or default
    return None if name == EVERY_ROW else name


def _training(asked: str | None, space: LabelSpace) -> FaceSet | None:
    """Rows named by ``SRC:SPLIT``, read like the data: those without a label there are left out."""
    if asked is None:
        return None
    source, colon, split = asked.rpartition(":")
    if not colon or not source or not split:
        raise typer.BadParameter(f"--clean-against expects SRC:SPLIT, got {asked!r}")
    from mien.data import load

    return load(source, labels=space).split(split)


def _show(result: Evaluation) -> None:
    from mien.evaluate import accepted_in_words, clean_scores, degraded_in_words

    f, clean = result.figures, result.clean
    rows: list[tuple[str, str]] = [
        ("accuracy", f"{f.accuracy:.4f}   95 % interval {f.ci95[0]:.4f} to {f.ci95[1]:.4f}")
    ]
    if clean.n is not None and clean.accuracy is not None:
        rows.append(("clean accuracy", f"{clean.accuracy:.4f}   {clean.n:,} rows without a twin"))
        scores = "  ".join(f"{score:.4f}" for score in clean_scores(clean))
        rows.append(("clean NLL ECE Brier AURC", scores))
        rows.append(("clean above threshold", accepted_in_words(clean)))
    if result.end_to_end is not None:
        missed = result.end_to_end
        counts = f"{missed.no_face} / {missed.unreadable} (counted as wrong)"
        rows.append(("no face / unreadable", counts))
    rows += [
        (name, f"{getattr(f, name.replace(' ', '_').lower()):.4f}")
        for name in ("macro F1", "balanced accuracy", "NLL", "ECE", "Brier", "AURC")
    ]
    rows += [
        ("answers above threshold", _accepted(f.abstention)),
        ("one photo" if result.end_to_end else "one face", f"{result.latency_ms:.2f} ms"),
        ("data sha256", result.data.sha256),
    ]
    title = f"{result.bundle} {result.precision} on {result.data.split} of {result.data.source}"
    console.show(("measure", "value"), rows, title=f"{title}, {f.n:,} rows")
    scores = [
        (name, *map(_three, (s.precision, s.recall, s.f1, s.auc)), s.support)
        for name, s in f.per_class.items()
    ]
    console.show(("label", "precision ", "recall ", "F1 ", "AUC ", "rows "), scores)
    labels = result.labels.labels
    confusion = zip(labels, f.confusion.tolist(), strict=True)
    columns = ("truth \\ answer", *(f"{label} " for label in labels))
    console.show(columns, [(label, *counts) for label, counts in confusion])
    if result.robustness:
        columns = ("degraded by", "strength", "accuracy, % ", "points lost ")
        console.show(columns, degraded_in_words(result.robustness))
    for name, words in result.protocol.items():
        console.say(f"{name}: {words}")


def _accepted(abstention: Acceptance) -> str:
    if math.isnan(abstention.risk):
        return "none"
    return f"{abstention.coverage:.1%}, risk {abstention.risk:.1%}"


def _three(value: float) -> str:
    """Three digits; nothing where a score is undefined."""
    return "" if math.isnan(value) else f"{value:.3f}"
