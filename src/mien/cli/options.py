"""Options that several subcommands share, so that they mean the same everywhere."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

import typer

if TYPE_CHECKING:
    from mien.runtime import Recognizer

FAILED, USAGE, MISSED, INTERRUPTED = 1, 2, 3, 130
"""Exit codes besides 0; ``mien.cli.app`` says what they mean."""

DETECTORS = "mtcnn, haar (needs mien[haar]), or none: the picture is the face."

Model = Annotated[str, typer.Option(metavar="NAME|PATH", help="Name or folder of a bundle.")]
Precision = Annotated[
    Literal["fp32", "int8"], typer.Option(help="int8 is smaller and faster, fp32 is exact.")
]
Detector = Annotated[str, typer.Option(metavar="NAME", help=DETECTORS)]
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
Override = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="Change one key of the recipe; repeatable."),
]
Json = Annotated[bool, typer.Option("--json", help="JSON lines on stdout, also on a terminal.")]


def recognizer(
    model: str,
    *,
    precision: str,
    detector: str,
    min_face: int,
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
        options=DetectorOptions(min_face=min_face),
        device=device,
        threads=threads,
    )
    _ = opened.detector
    return opened
