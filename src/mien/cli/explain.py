"""``mien explain``."""

from __future__ import annotations

import os
import sys
from contextlib import nullcontext
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import numpy as np
import typer

from mien.cli import console, options
from mien.core.errors import InputError, unknown_name
from mien.core.splits import EVERY_ROW

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from matplotlib.figure import Figure

    from mien.core.faces import Faces
    from mien.explain import Explainable
    from mien.runtime import Detector

Methods = Literal["gradcam", "saliency", "smoothgrad", "occlusion", "activation", "layers"]
What = Literal["mistakes", "twins", "classes"]
LAYERS = "layers"
DEFAULT = "occlusion"


def explain(
    model: Annotated[
        str, typer.Argument(metavar="MODEL", help="Name or folder of a bundle, or folder of a run.")
    ],
    out: Annotated[Path, typer.Option(metavar="PNG", help="The figure; - for stdout.")],
    image: Annotated[
        Path | None,
        typer.Argument(metavar="[IMAGE]", help="A picture with faces; - for one on stdin."),
    ] = None,
    method: Annotated[
        Methods | None,
        typer.Option(
            help="occlusion and activation explain bundles and runs, the others runs.",
            show_default="occlusion",
        ),
    ] = None,
    label: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="The label to explain.", show_default="the answer"),
    ] = None,
    data: Annotated[
        Path | None,
        typer.Option(metavar="SRC", help="Instead of IMAGE: FER2013 table or labelled folder."),
    ] = None,
    what: Annotated[
        What | None,
        typer.Option(
            help="With --data: the surest mistakes, identical faces with different labels, or "
            "the mean map of each label.",
        ),
    ] = None,
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
    precision: options.Precision = "fp32",
    detector: options.MaybeDetector = None,
    min_face: options.MaybeMinFace = None,
    threads: options.Threads = None,
    as_json: options.Json = False,
) -> None:
    """Show what in a face an answer rests on.

    Of a picture: one row per face, the face as the model sees it and the map over it; with --method
    layers, the maps of every convolution for the first face. Of labelled data: a contact sheet, and
    a sheet of data's faces is for local use only.

    occlusion hides one patch after another and shows what that costs. activation is the map that a
    mean-pooled head averages. gradcam weights the last maps by the label's gradient, saliency is
    the gradient at the pixels, smoothgrad its mean over noise. layers shows what every convolution
    answers.

    A map says where a model looks, not whether it is right to look there.
    """
    if (image is None) == (data is None):
        raise typer.BadParameter("give IMAGE, or --data SRC with --what")
    _check(
        data,
        what,
        method=method,
        label=label,
        split=split,
        count=count,
        detector=detector,
        min_face=min_face,
    )
    if out.suffix.lower() not in {"", ".png"}:
        raise typer.BadParameter(f"the figure is a PNG, got {out.name!r}; give a .png file")
    for source in (image, data):
        if source is not None and str(source) != "-" and not source.exists():
            raise typer.BadParameter(f"no file or folder {str(source)!r}; check the path")
    if any(_would_be_lost(source, out) for source in (image, data) if source is not None):
        raise typer.BadParameter(f"{out} is read here and would be lost; give another --out")
    with console.needs("eval"):
        import_module("matplotlib")
    from mien.explain import write_png
    from mien.store.atomic import writing

    opened, finder = _open(
        model,
        precision=precision,
        detector="none" if data else detector or options.DETECTOR,
        min_face=min_face or options.MIN_FACE,
        threads=threads,
    )
    piped = str(out) == "-"
    # first of all: a wrong path is reported before the work
    target = nullcontext(sys.stdout.buffer) if piped else writing(out, "wb")
    with target as file, _torch_threads(opened, threads):
        if image is not None:
            figure, record = _of_picture(opened, finder, image, method or DEFAULT, label)
        else:
            figure, record = _of_data(opened, data, what, method or DEFAULT, split, count)
        write_png(figure, file)
    if console.wants_json(asked=as_json) and not (piped or _is_stdout(out)):
        calibrated = opened.temperature is not None
        console.emit({"model": opened.name, "calibrated": calibrated, **record, "out": str(out)})
    console.say(f"written to {'stdout' if piped else out}")


def _check(data: Path | None, what: What | None, *, method: Methods | None, **given: Any) -> None:
    """Refuse options that would do nothing."""
    if data is None:
        if method == LAYERS and given["label"] is not None:
            raise typer.BadParameter("--label means nothing for --method layers")
        useless = {"what": what, "split": given["split"], "count": given["count"]}
        where = "need --data SRC"
    else:
        if what is None:
            raise typer.BadParameter("--data needs --what mistakes, twins or classes")
        if what == "classes" and method == LAYERS:
            raise typer.BadParameter("layers are shown of one picture; give IMAGE")
        useless = {
            "label": given["label"],
            "method": None if what == "classes" else method,
            "detector": given["detector"],
            "min_face": given["min_face"],
        }
        where = f"mean nothing for --what {what}"
    options.useless(where, given=False, **useless)


def _would_be_lost(source: Path, out: Path) -> bool:
    """Whether ``out`` is there and is the source, or lies in the folder that is the source."""
    if not (source.exists() and out.exists()):
        return False
    inside = source.is_dir() and out.resolve().is_relative_to(source.resolve())
    return source.samefile(out) or (inside and out.is_file())


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
    from mien.models.threads import torch_threads

    return torch_threads(threads)


def _open(
    model: str, *, precision: str, detector: str, min_face: int, threads: int | None
) -> tuple[Explainable, Detector]:
    """A bundle through ONNX Runtime, or the network of a run; and the detector."""
    from mien.store.bundle import bundle_names

    folder = Path(model)
    is_run = model not in bundle_names() and folder.is_dir() and not (folder / "card.json").exists()
    if not is_run:
        from mien.explain import bundle_model

        recognizer = options.recognizer(
            model,
            precision=precision,
            detector=detector,
            min_face=min_face,
            device="cpu",
            threads=threads,
        )
        return bundle_model(recognizer), recognizer.detector
    if precision != "fp32":
        raise typer.BadParameter(f"--precision {precision} is for bundles; {model} is a run")
    with console.needs("train"):
        from mien.explain.network import network_model
        from mien.train import CHECKPOINT, load_run
    if not (folder / CHECKPOINT).exists():
        raise InputError(
            f"{model} holds neither a run of mien train ({CHECKPOINT}) nor a bundle (card.json)"
        )
    from mien.runtime.detectors import DetectorOptions, build_detector

    finished = load_run(folder)
    finder = build_detector(detector, DetectorOptions(min_face=min_face, threads=threads))
    network = "joint" if finished.joint else finished.config.model
    name = f"{network} ({folder.resolve().name})"
    return network_model(finished.network, name), finder


def _of_picture(
    model: Explainable, detector: Detector, path: Path, method: str, label: str | None
) -> tuple[Figure, dict[str, Any]]:
    from mien.core.alignment import face_affines
    from mien.explain import draw_explanation, face_crops
    from mien.explain import explain as explain_frames
    from mien.store.images import read_image

    if label is not None and label not in model.labels.labels:
        raise unknown_name("label", label, model.labels.labels)
    target = None if label is None else model.labels.index(label)
    piped = str(path) == "-"
    image = read_image(sys.stdin.buffer if piped else path)
    faces = detector.detect(image)
    if not len(faces):
        raise InputError(
            f"no face found in {path}; if the picture is the face, say --detector none, "
            "and if faces are small, --min-face PX"
        )
    geometry = model.geometry
    affines = face_affines(faces, geometry.box_scale, geometry.template)
    if method == LAYERS:
        return _layers(model, faces[0], face_crops(image, affines[:1], geometry.samples)[0])
    frames = face_crops(image, affines, geometry.samples)
    targets = None if target is None else np.full(len(frames), target, dtype=np.int64)
    found = explain_frames(model, frames, method, targets=targets)
    names = model.labels.labels
    rows = zip(faces.boxes, found.targets, found.probabilities, strict=True)
    listed = [
        {"box": _box(box), "label": names[target], "probability": round(float(p[target]), 6)}
        for box, target, p in rows
    ]
    answered = (found.targets == found.probabilities.argmax(axis=1)).all()
    if method == DEFAULT and answered and all(map(found.faint, range(len(found)))):
        console.say(
            "no place that was hidden changes the answer much: it rests on several; where the "
            "model averages its maps, --method activation shows what adds up"
        )
    source = "stdin" if piped else path.name
    record = {"method": method, "faces": listed}
    return draw_explanation(found, source=source), record


def _layers(model: Explainable, faces: Faces, frame: Any) -> tuple[Figure, dict[str, Any]]:
    from mien.explain import draw_layers, needs_a_run, probabilities, titled

    if model.network is None:
        raise InputError(needs_a_run(LAYERS, model.name))
    from mien.explain.gradients import conv_maps

    layers, p = conv_maps(model.network, frame), probabilities(model, frame[None])[0]
    answer = model.labels.labels[int(p.argmax())]
    title = titled(model.name, calibrated=model.temperature is not None)
    figure = draw_layers(layers, frame, model=title, answer=f"{answer} {p.max():.2f}")
    face = {"box": _box(faces.boxes[0]), "label": answer, "probability": round(float(p.max()), 6)}
    shapes = {layer.name: list(layer.maps.shape) for layer in layers}
    return figure, {"method": LAYERS, "faces": [face], "layers": shapes}


def _of_data(
    model: Explainable,
    source: Path | None,
    what: What | None,
    method: str,
    split: str | None,
    count: int | None,
) -> tuple[Figure, dict[str, Any]]:
    from mien import explain as found
    from mien.data import load

    assert source is not None  # noqa: S101 - there is no picture, so there is data
    faces = load(source, labels=model.labels)
    name = split or (EVERY_ROW if what == "twins" else "PublicTest")
    rows = faces if name == EVERY_ROW else faces.split(name)
    record: dict[str, Any] = {"what": what, "source": rows.source, "split": name}
    title = found.titled(model.name, calibrated=model.temperature is not None)
    if what == "classes":
        maps = found.average_maps(model, rows, method, per_class=count or 100)
        figure = found.draw_classes(maps)
        record |= {"method": method, "counts": {one.label: one.count for one in maps.classes}}
    elif what == "mistakes":
        mistakes = found.confident_mistakes(model, rows, count=count or 24)
        figure = found.draw_mistakes(rows, mistakes, model=title)
        record["shown"] = len(mistakes)
    else:
        twins = found.contradictory_twins(model, rows, count=count or 24)
        figure = found.draw_twins(rows, twins, model=title)
        record["shown"] = len(twins)
    if what != "classes":
        console.say(f"mien: {found.NOTICE}")
    return figure, record


def _box(values: Any) -> list[float]:
    return [round(float(value), 2) for value in values]
