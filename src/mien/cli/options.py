"""Options that several subcommands share, so that they mean the same everywhere."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Annotated, Literal

import typer

if TYPE_CHECKING:
    from mien.runtime import Recognizer

FAILED, USAGE, MISSED, INTERRUPTED = 1, 2, 3, 130
"""Exit codes besides 0; ``mien.cli.app`` says what they mean."""

DETECTORS = "mtcnn, haar (needs mien[haar]), or none: the picture is the face."

SMALLEST_FACE = "Smallest face that is looked for, in pixels."

Model = Annotated[str, typer.Option(metavar="NAME|PATH", help="Name or folder of a bundle.")]
Precision = Annotated[
    Literal["fp32", "int8"], typer.Option(help="int8 is smaller and faster, fp32 is exact.")
]
Detector = Annotated[str, typer.Option(metavar="NAME", help=DETECTORS)]
MinFace = Annotated[int, typer.Option(min=1, metavar="PX", help=SMALLEST_FACE)]
DETECTOR, MIN_FACE = "mtcnn", 40
"""What the two are where a command leaves them out if they would do nothing."""

MaybeDetector = Annotated[
    str | None, typer.Option(metavar="NAME", help=DETECTORS, show_default=DETECTOR)
]
MaybeMinFace = Annotated[
    int | None, typer.Option(min=1, metavar="PX", help=SMALLEST_FACE, show_default=str(MIN_FACE))
]
MaxFaces = Annotated[
    int, typer.Option(min=1, metavar="N", help="Most faces of a picture; the surest are kept.")
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


def useless(why: str, *, given: bool, **chosen: object) -> None:
    """Refuse options that would do nothing.

    Args:
        why: What they need, as the end of the message.
        given: Whether what they need is there.
        chosen: The options by name; None = left out.

    Raises:
        BadParameter: If one is chosen although it would do nothing.
    """
    names = [f"--{name.replace('_', '-')}" for name, value in chosen.items() if value is not None]
    if names and not given:
        raise typer.BadParameter(f"{', '.join(names)} {why}")


def recognizer(
    model: str,
    *,
    precision: str,
    detector: str,
    min_face: int,
    max_faces: int = 64,
    device: str,
    threads: int | None,
) -> Recognizer:
    """The recogniser that the shared options describe.

    Its detector is opened too, so that a wrong name ends the command before the first picture.
    """
    from mien.runtime import DetectorOptions, Recognizer

    opened = Recognizer(
        model,
        precision=precision,
        detector=detector,
        options=DetectorOptions(min_face=min_face, max_faces=max_faces),
        device=device,
        threads=threads,
    )
    _ = opened.detector
    return opened
