"""From a finished run to a bundle: export, check, quantise, calibrate, write."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from mien import metrics
from mien.core.alignment import BOX_SCALE, FRAME, TEMPLATE
from mien.core.errors import DataError, ExportError
from mien.core.scores import softmax
from mien.data.faceset import FaceSet
from mien.data.subsets import in_common
from mien.export.graph import output_names, to_int8, to_onnx
from mien.models import ExpressionNet, count_macs, count_parameters
from mien.models.crop import SAMPLES
from mien.runtime.recognizer import Recognizer
from mien.store.atomic import writing_folder
from mien.store.bundle import Bundle, check_model, load_bundle
from mien.store.card import FILES, Calibration, Card, Geometry, ModelFile

RISK = 0.20
"""Error rate among certain answers that the abstention threshold is set for."""

CHECKED_ROWS = 512
LARGEST_DIFFERENCE = 1e-4
"""Largest probability difference between the network and its graph that is written."""

CALIBRATION_ROWS = 1024
"""Training crops that fix the value ranges of int8."""

LICENCE = "Apache-2.0 (weights; FER2013 itself may be used for research only)"
INTENDED = (
    "Estimating which of the labelled facial expressions a face shows, in photos and videos of "
    "people who agreed to it, with the probabilities and the uncertain flag taken into account."
)
OUT_OF_SCOPE = (
    "Inferring what a person feels, thinks or intends; decisions about people; identification; "
    "emotion inference in workplaces and schools (EU AI Act, Art. 5(1)(f)), except for medical "
    "or safety reasons."
)
NOTES = (
    "Expressions are not feelings. Labels of FER2013 are search words of web images; identical "
    "images carry different labels 5.9 % of the time.",
    "FER2013 names no age, gender or skin tone, so fairness was not measured.",
    "A sha256 shows that a file arrived whole, not who made it.",
)


@dataclass(frozen=True)
class ExportReport:
    """What an export found.

    Args:
        bundle: The written bundle.
        largest_difference: Largest probability difference to the network, fp32, over the
            checked rows.
        metrics: Per precision, the figures that are in the card.
    """

    bundle: Bundle
    largest_difference: float
    metrics: dict[str, dict[str, Any]]


def export_bundle(
    network: ExpressionNet,
    faces: FaceSet,
    out: Path,
    *,
    name: str,
    training: dict[str, Any] | None = None,
    int8: bool = True,
    calibration_split: str = "PublicTest",
    replace: bool = False,
    on_stage: Callable[[str], None] = lambda _: None,
) -> ExportReport:
    """Write a bundle whose answers were compared with the network's.

    Args:
        network: The trained network.
        faces: Rows in the network's label space; Training gives int8 its value ranges, the
            calibration split gives temperature and threshold (rows with a twin in Training are
            left out of both).
        out: Folder to write.
        name: Name in the card.
        training: What the card tells of the training.
        int8: Whether to write the int8 file too.
        calibration_split: Split that temperature and threshold are fitted on.
        replace: Overwrite an existing bundle.
        on_stage: Called with the name of each stage.

    Raises:
        ExportError: If the graph's probabilities differ from the network's.
        DataError: If a split is missing.
    """
    network = network.eval().to("cpu", memory_format=torch.contiguous_format)  # type: ignore[call-overload]
    train, chosen = faces.split("Training"), faces.split(calibration_split)
    clean = chosen[~in_common(chosen, train)]
    if not len(clean):
        raise DataError(f"every row of {calibration_split} has a twin in Training; choose another")
    with writing_folder(out, replace=replace) as folder:
        on_stage("export")
        graphs = {"fp32": to_onnx(network)}
        if int8:
            on_stage("quantise")
            step = max(1, len(train) // CALIBRATION_ROWS)
            graphs["int8"] = to_int8(graphs["fp32"], train.images[::step][:CALIBRATION_ROWS])
        for precision, data in graphs.items():
            check_model(data, FILES[precision])
            (folder / FILES[precision]).write_bytes(data)
        plain = Calibration(temperature=1.0, threshold=0.0, risk=RISK)
        files = {p: ModelFile(_sha256(d), plain) for p, d in graphs.items()}
        card = _card(network, name, files, training or {})
        on_stage("compare")
        recognizer = Recognizer(Bundle(folder, card), detector="none")
        difference = largest_difference(network, recognizer, chosen.images[:CHECKED_ROWS])
        if not difference <= LARGEST_DIFFERENCE:
            raise ExportError(
                f"probabilities of the graph differ from the network's by {difference:.2g}, "
                f"allowed is {LARGEST_DIFFERENCE}; nothing was written. Report this as a bug"
            )
        on_stage("calibrate")
        for precision in graphs:
            reader = Recognizer(Bundle(folder, card), precision=precision, detector="none")
            logits = reader.frame_logits(clean.images)
            files[precision] = _calibrated(files[precision], logits, clean, calibration_split)
        card = _card(network, name, files, training or {})
        (folder / "card.json").write_text(card.to_json(), encoding="utf-8")
    return ExportReport(
        load_bundle(out), difference, {p: dict(file.metrics[0]) for p, file in files.items()}
    )


def largest_difference(
    network: ExpressionNet, recognizer: Recognizer, images: NDArray[np.uint8]
) -> float:
    """Largest probability difference between a network and its bundle on ``(N, 48, 48)``."""
    with torch.no_grad():
        ours = network.eval()(torch.from_numpy(images[:, None]).float()).logits.numpy()
    return float(abs(softmax(ours) - softmax(recognizer.frame_logits(images))).max())


def _calibrated(
    file: ModelFile, logits: NDArray[np.float32], rows: FaceSet, split: str
) -> ModelFile:
    temperature = metrics.fit_temperature(logits, rows.labels)
    threshold = metrics.fit_threshold(softmax(logits, temperature), rows.labels, RISK)
    crossed = metrics.cross_fitted(logits, rows.labels)
    right = int((logits.argmax(axis=1) == rows.labels).sum())
    figures: dict[str, Any] = {
        "split": split,
        "protocol": "one view, rows without a byte-identical twin in Training; nll, brier and ece "
        "five-fold cross-fitted; this split also fitted temperature and threshold",
        "n": len(rows),
        "data_sha256": rows.sha256,
        "accuracy": right / len(rows),
        "ci95": list(metrics.wilson_interval(right, len(rows))),
        "nll": metrics.nll(crossed, rows.labels),
        "brier": metrics.brier(crossed, rows.labels),
        "ece": metrics.ece(crossed, rows.labels),
    }
    return ModelFile(file.sha256, Calibration(temperature, threshold, RISK), (figures,))


def _card(
    network: ExpressionNet, name: str, files: dict[str, ModelFile], training: dict[str, Any]
) -> Card:
    return Card(
        name=name,
        labels=network.labels,
        outputs=output_names(network),
        geometry=Geometry(
            frame=FRAME,
            input_size=network.input_size,
            samples=SAMPLES,
            template=tuple((float(x), float(y)) for x, y in TEMPLATE),
            box_scale=BOX_SCALE,
        ),
        files=files,
        parameters=count_parameters(network),
        macs=count_macs(network),
        training=training,
        licence=LICENCE,
        intended_use=INTENDED,
        out_of_scope=OUT_OF_SCOPE,
        notes=NOTES,
    )


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
