"""``mien explain picture``, ``mien explain layers`` and ``mien explain data``."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager, nullcontext
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from mien.cli import console, options
from mien.cli.source import takes_source
from mien.core.errors import InputError
from mien.core.splits import EVERY_ROW, PUBLIC_TEST

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    import numpy as np
    from numpy.typing import NDArray

    from mien.explain import Explainable, Explained
    from mien.runtime import Detector

app = typer.Typer(help="Show what in a face an answer rests on.", rich_markup_mode=None)

BundleOrRun = Annotated[
    str, typer.Argument(metavar="MODEL", help="Name or folder of a bundle, or folder of a run.")
]
Run = Annotated[Path, typer.Argument(metavar="RUN", help="Folder of a run of mien train.")]
Picture = Annotated[
    Path, typer.Argument(metavar="PICTURE", help="A picture with faces; - for one on stdin.")
]
Out = Annotated[Path, typer.Option(metavar="PNG", help="The figure; - for stdout.")]
Method = Annotated[
    Literal["gradcam", "saliency", "smoothgrad", "occlusion", "activation"],
    typer.Option(help="occlusion and activation explain bundles and runs, the others runs."),
]


@app.command()
def picture(
    model: BundleOrRun,
    path: Picture,
    out: Out,
    method: Method = "occlusion",
    label: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="The label to explain.", show_default="the answer"),
    ] = None,
    precision: options.Precision = "fp32",
    detector: options.Detector = "mtcnn",
    min_face: options.MinFace = 40,
    threads: options.Threads = None,
    as_json: options.Json = False,
) -> None:
    """One row per face of a picture: the face as the model sees it, and the map over it.

    occlusion hides one patch after another and shows what that costs. activation is the map that a
    mean-pooled head averages. gradcam weights the last maps by the label's gradient, saliency is
    the gradient at the pixels, smoothgrad its mean over noise.

    A map says where a model looks, not whether it is right to look there.

    Example: mien explain picture default photo.jpg --out why.png
    """
    _check(path, out)
    from mien.explain import explain_picture

    opened, finder = _open(model, precision, threads), _detector(detector, min_face, threads)
    with _figure(opened, out, threads, as_json=as_json) as write:
        image, name = _read(path)
        write(explain_picture(opened, image, finder, method=method, label=label, source=name))


@app.command()
def layers(
    run: Run,
    path: Picture,
    out: Out,
    detector: options.Detector = "mtcnn",
    min_face: options.MinFace = 40,
    threads: options.Threads = None,
    as_json: options.Json = False,
) -> None:
    """What every convolution of a network answers for the first face of a picture.

    Example: mien explain layers runs/mine photo.jpg --out layers.png
    """
    _check(path, out)
    from mien.explain import explain_layers

    opened, finder = _open(str(run), "fp32", threads), _detector(detector, min_face, threads)
    with _figure(opened, out, threads, as_json=as_json) as write:
        image, name = _read(path)
        write(explain_layers(opened, image, finder, source=name))


@app.command()
@takes_source
def data(
    context: typer.Context,
    model: BundleOrRun,
    data: options.Data,
    out: Out,
    what: Annotated[
        Literal["mistakes", "twins", "classes"],
        typer.Option(
            help="The surest mistakes, identical faces with different labels, or the mean map of "
            "each label."
        ),
    ],
    split: Annotated[
        str | None,
        typer.Option(
            metavar="NAME", help="Which rows, or 'all'.", show_default="PublicTest; all for twins"
        ),
    ] = None,
    count: Annotated[
        int | None,
        typer.Option(
            min=1,
            metavar="N",
            help="Most faces on a sheet, or of a label.",
            show_default="24; 100 of a label",
        ),
    ] = None,
    method: Method = "occlusion",
    precision: options.Precision = "fp32",
    threads: options.Threads = None,
    as_json: options.Json = False,
) -> None:
    """A sheet about labelled faces; one that shows them is for local use only.

    --method is for --what classes.

    Example: mien explain data default --data faces --what twins --out twins.png
    """
    if what != "classes":
        options.refuse(context, f"only for --what classes, not for {what}", "method")
    _check(data, out)
    from mien.data import load
    from mien.explain import explain_rows

    opened = _open(model, precision, threads)
    name = split or (EVERY_ROW if what == "twins" else PUBLIC_TEST)
    with _figure(opened, out, threads, as_json=as_json) as write:
        faces = load(data, labels=opened.labels)
        rows = faces if name == EVERY_ROW else faces.split(name)
        found = explain_rows(opened, rows, what, method=method, count=count)
        write(found, what=what, source=rows.source, split=name)


def _check(source: Path, out: Path) -> None:
    """Refuse what cannot be read or written before the work."""
    if out.suffix.lower() not in {"", ".png"}:
        raise typer.BadParameter(f"the figure is a PNG, got {out.name!r}; give a .png file")
    if str(source) != "-" and not source.exists():
        raise typer.BadParameter(f"no file or folder {str(source)!r}; check the path")
    if source.exists() and out.exists():
        inside = source.is_dir() and out.resolve().is_relative_to(source.resolve())
        if source.samefile(out) or (inside and out.is_file()):
            raise typer.BadParameter(f"{out} is read here and would be lost; give another --out")
    with console.needs("eval"):
        import_module("matplotlib")


@contextmanager
def _figure(
    model: Explainable, out: Path, threads: int | None, *, as_json: bool
) -> Generator[Callable[..., None]]:
    """What writes a figure to ``out`` and says what it shows; a wrong path ends the work first."""
    from mien.explain import write_png
    from mien.store.atomic import writing

    piped, record = str(out) == "-", {}

    def write(found: Explained, **about: str) -> None:
        write_png(found.figure, file)
        record.update(about | found.record)
        if found.note:
            console.say(f"mien: {found.note}")

    target = nullcontext(sys.stdout.buffer) if piped else writing(out, "wb")
    with target as file, _torch_threads(model, threads):
        yield write
    if console.wants_json(asked=as_json) and not (piped or _is_stdout(out)):
        calibrated = model.temperature is not None
        console.emit({"model": model.name, "calibrated": calibrated, **record, "out": str(out)})
    console.say(f"written to {'stdout' if piped else out}")


def _is_stdout(out: Path) -> bool:
    """Whether the figure went where the record would go (``/dev/stdout``)."""
    try:
        return os.path.samestat(out.stat(), os.fstat(sys.stdout.fileno()))
    except (OSError, ValueError):
        return False


def _torch_threads(model: Explainable, threads: int | None) -> AbstractContextManager[None]:
    """What holds torch to ``threads``; a bundle has been opened with them."""
    if model.network is None:
        return nullcontext()
    from mien.models.batches import torch_threads

    return torch_threads(threads)


def _read(path: Path) -> tuple[NDArray[np.uint8], str]:
    """A picture and its name."""
    from mien.store.images import read_image

    piped = str(path) == "-"
    return read_image(sys.stdin.buffer if piped else path), "stdin" if piped else path.name


def _detector(name: str, min_face: int, threads: int | None) -> Detector:
    from mien.runtime.detectors import DetectorOptions, build_detector

    return build_detector(name, DetectorOptions(min_face=min_face, threads=threads))


def _open(model: str, precision: str, threads: int | None) -> Explainable:
    """A bundle through ONNX Runtime, or the network of a run."""
    from mien.explain import bundle_model
    from mien.runtime import Recognizer
    from mien.store.bundle import bundle_names

    folder = Path(model)
    is_run = model not in bundle_names() and folder.is_dir() and not (folder / "card.json").exists()
    if not is_run:
        return bundle_model(
            Recognizer(model, precision=precision, detector="none", threads=threads)
        )
    if precision != "fp32":
        raise typer.BadParameter(f"--precision {precision} is for bundles; {model} is a run")
    with console.needs("train"):
        from mien.explain.network import network_model
        from mien.train import CHECKPOINT, load_run
    if not (folder / CHECKPOINT).exists():
        raise InputError(
            f"{model} holds neither a run of mien train ({CHECKPOINT}) nor a bundle (card.json)"
        )
    finished = load_run(folder)
    network = "joint" if finished.joint else finished.config.model
    return network_model(finished.network, f"{network} ({folder.resolve().name})")
