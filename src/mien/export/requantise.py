"""A bundle's int8 file made again from its fp32 graph, without the run it came from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from mien.core.splits import PUBLIC_TEST
from mien.data.faceset import FaceSet
from mien.export.bundle import (
    ExportReport,
    calibration_crops,
    check_origin,
    training_and_clean,
    with_cost,
)
from mien.export.calibration import calibrated, graph_logits, with_flip
from mien.export.graph import to_int8
from mien.store.bundle import Bundle, fill_bundle, load_bundle, writing_bundle
from mien.store.card import FLIP


def requantise(
    bundle: Bundle,
    faces: FaceSet,
    out: Path,
    *,
    name: str | None = None,
    calibration_split: str = PUBLIC_TEST,
    replace_bundle: bool = False,
    on_stage: Callable[[str], None] = lambda _: None,
) -> ExportReport:
    """Write the bundle again: the same fp32 graph, int8 quantised and calibrated from it.

    A bundle of an earlier version also gets what it lacks of the mean over two views (flip).

    Args:
        bundle: The bundle; its fp32 file and what its card has stay.
        faces: The data of its training, in its label space.
        out: Folder to write.
        name: Name in the card; None = as it was.
        calibration_split: Split that fits temperature and threshold of int8.
        replace_bundle: Take the place of a bundle that is there.
        on_stage: Called with the name of each stage.

    Raises:
        ExportError: If the int8 graph could saturate, or answers worse than fp32.
        DataError: If a split is missing, or the bundle was trained on other samples.
    """
    card = bundle.card
    train, clean = training_and_clean(faces, calibration_split)
    check_origin(card.training, train, card.name)
    with writing_bundle(out, replace=replace_bundle) as folder:
        on_stage("quantise")
        graphs = {"fp32": bundle.model("fp32")}
        graphs["int8"] = to_int8(graphs["fp32"], calibration_crops(train))
        on_stage("calibrate")
        logits = {precision: graph_logits(graph, clean) for precision, graph in graphs.items()}
        int8 = calibrated(graphs["int8"], logits["int8"], clean, calibration_split)
        files = {**card.files, "int8": with_cost(int8, logits, clean, graphs["int8"])}
        if FLIP not in files["fp32"].views:
            files["fp32"] = with_flip(
                files["fp32"], graphs["fp32"], logits["fp32"], clean, calibration_split
            )
        fill_bundle(folder, replace(card, name=name or card.name, files=files), graphs)
    return ExportReport(
        bundle=load_bundle(out),
        largest_difference=None,
        network_accuracy=float((logits["fp32"].argmax(axis=1) == clean.labels).mean()),
    )
