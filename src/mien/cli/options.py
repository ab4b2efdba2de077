"""Options that several subcommands share, so that they mean the same everywhere.

The rule is in ``docs/decisions/0013-commands.md``.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

if TYPE_CHECKING:
    from mien.runtime import Recognizer

FAILED, USAGE, MISSED, INTERRUPTED = 1, 2, 3, 130
"""Exit codes besides 0; ``mien.cli.app`` says what they mean."""

Model = Annotated[str, typer.Argument(metavar="MODEL", help="Name or folder of a bundle.")]
ModelOption = Annotated[
    str, typer.Option("--model", metavar="MODEL", help="Name or folder of a bundle.")
]
Recipe = Annotated[
    Path, typer.Argument(metavar="RECIPE.toml", help="Differences from the default recipe.")
]
Data = Annotated[
    Path, typer.Option(metavar="SRC", help="FER2013 table or folder of labelled pictures.")
]
TrainingData = Annotated[
    Path, typer.Option(metavar="SRC", help="The data of the training, with its splits.")
]
Votes = Annotated[
    Path | None, typer.Option(metavar="FERPLUS.csv", help="FER+ votes of the same images.")
]
Bundle = Annotated[Path, typer.Option(metavar="BUNDLE", help="Folder to write.")]
CardName = Annotated[
    str | None,
    typer.Option(metavar="NAME", help="Name in the card.", show_default="name of BUNDLE"),
]
CalibrationSplit = Annotated[
    str, typer.Option(metavar="NAME", help="Split that temperature and threshold are fitted on.")
]
Precision = Annotated[
    Literal["fp32", "int8"], typer.Option(help="int8 is smaller and faster, fp32 is exact.")
]
Views = Annotated[
    Literal["one", "flip"],
    typer.Option(
        help="flip = mean of a face and its mirror image: closer probabilities, twice the time."
    ),
]
Detector = Annotated[
    str,
    typer.Option(
        metavar="NAME", help="mtcnn, haar (needs mien[haar]), or none: the picture is the face."
    ),
]
MinFace = Annotated[
    int, typer.Option(min=1, metavar="PX", help="Smallest face that is looked for, in pixels.")
]
Device = Annotated[Literal["cpu", "cuda"], typer.Option(help="Where to compute.")]
Threads = Annotated[
    int | None,
    typer.Option(
        min=1,
        metavar="N",
        help="CPU threads.",
        show_default="one per core for the model, 1 for the detector",
    ),
]


def _with_equals(overrides: list[str] | None) -> list[str] | None:
    for each in overrides or ():
        if not each.partition("=")[0].strip() or "=" not in each:
            raise typer.BadParameter(f"expected KEY=VALUE, got {each!r}")
    return overrides


Override = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="KEY=VALUE",
        callback=_with_equals,
        help="Change one key of the recipe; repeatable.",
    ),
]
Int8 = Annotated[bool, typer.Option("--int8/--no-int8", help="Write the int8 file too.")]
Replace = Annotated[bool, typer.Option("--replace", help="Replace an existing BUNDLE.")]
Json = Annotated[bool, typer.Option("--json", help="JSON lines on stdout, also on a terminal.")]


def finite(value: float | None) -> float | None:
    """Refuse ``nan`` and ``inf``, which pass every limit.

    Raises:
        typer.BadParameter: If ``value`` is one of them.
    """
    if value is not None and not math.isfinite(value):
        raise typer.BadParameter(f"expected a number, got {value}")
    return value


def refuse(context: typer.Context, why: str, *names: str) -> None:
    """Refuse options that would do nothing.

    Args:
        context: Of the command.
        why: What they are for, as the end of the message.
        names: Their parameters.

    Raises:
        BadParameter: If one was given.
    """
    sources = {name: context.get_parameter_source(name) for name in names}
    given = [name for name, source in sources.items() if source and source.name == "COMMANDLINE"]
    if given:
        words = ", ".join(f"--{name.replace('_', '-')}" for name in given)
        raise typer.BadParameter(f"{words}: {why}")


def recognizer(
    model: str,
    precision: str,
    detector: str,
    min_face: int,
    device: str,
    threads: int | None,
    max_faces: int = 64,
    views: str = "one",
) -> Recognizer:
    """The recogniser that the shared options describe.

    Its detector is opened too, so that a wrong name ends the command before the first picture.
    """
    from mien.runtime import DetectorOptions, Recognizer

    opened = Recognizer(
        model,
        precision=precision,
        views=views,
        detector=detector,
        options=DetectorOptions(min_face=min_face, max_faces=max_faces),
        device=device,
        threads=threads,
    )
    _ = opened.detector
    return opened
