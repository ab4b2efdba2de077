"""From a finished run to a bundle: export, check, quantise, calibrate, write."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from mien import metrics
from mien.core.errors import DataError, ExportError
from mien.core.scores import softmax
from mien.core.splits import PUBLIC_TEST, TRAINING
from mien.data.faceset import FaceSet
from mien.data.select.subsets import in_common
from mien.export.calibration import calibrated, graph_logits, with_robustness
from mien.export.graph import BundleGraph, output_names, to_int8, to_onnx
from mien.models import ExpressionNet, count_macs, count_parameters
from mien.models.batches import in_batches
from mien.runtime.session import open_session, run
from mien.store.bundle import Bundle, fill_bundle, load_bundle, writing_bundle
from mien.store.card import Card, Geometry, ModelFile, Raw
from mien.store.saturation import largest_pair_sum
from mien.store.training import Training

LARGEST_DIFFERENCE = 1e-4
"""Largest probability difference between the network and its graph that is written."""

LARGEST_OUTPUT_DIFFERENCE = 1e-3
"""The same for every other output, relative to the largest value of that output."""

LARGEST_LOSS = 0.005
"""Accuracy that int8 may lose against fp32."""

FEW_ROWS = 1000

_UNRECORDED = Training()

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
VOTES_NOTE = (
    "FER+ votes (Barsoum et al., ICMI 2016) were an auxiliary training target: extra annotation "
    "of the same images, which models trained on FER2013's labels alone do not have."
)
SHA256_NOTE = "A sha256 shows that a file arrived whole, not who made it."
OTHER_NOTES = (
    "Expressions are not feelings. Labels are those of the data set that was trained on.",
    "Fairness was not measured.",
    SHA256_NOTE,
)
FIRST_NOTE = (
    "The training began with one on labels made of FER+ votes (Barsoum et al., ICMI 2016): extra "
    "annotation of the same images, which models trained on FER2013's labels alone do not have."
)
NOTES = (
    "Expressions are not feelings. Labels of FER2013 are search words of web images; identical "
    "images carry different labels 5.9 % of the time.",
    "FER2013 names no age, gender or skin tone, so fairness was not measured.",
    SHA256_NOTE,
)


@dataclass(frozen=True)
class ExportReport:
    """What an export found.

    Args:
        bundle: The written bundle.
        largest_difference: Largest probability difference between network and fp32 graph over
            the calibration rows; None where there was no network to compare with.
        network_accuracy: Accuracy of the torch network on those rows.
    """

    bundle: Bundle
    largest_difference: float | None
    network_accuracy: float

    @property
    def metrics(self) -> dict[str, Raw]:
        """Per precision, the figures that are in the card."""
        return self.bundle.card.figures

    def as_dict(self) -> dict[str, object]:
        """Plain values for JSON."""
        return {
            "largest_difference": self.largest_difference,
            "network_accuracy": self.network_accuracy,
            "metrics": self.metrics,
        }


def export_bundle(
    network: ExpressionNet,
    faces: FaceSet,
    out: Path,
    *,
    name: str,
    training: Training = _UNRECORDED,
    int8: bool = True,
    calibration_split: str = PUBLIC_TEST,
    degraded: bool = False,
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
        training: What the card records of the training.
        int8: Whether to write the int8 file too.
        calibration_split: Split that temperature and threshold are fitted on.
        degraded: Measure noise, compression, blur and the like too, for the card (some 30 times
            the answers).
        replace: Take the place of a bundle that is there.
        on_stage: Called with the name of each stage.

    Raises:
        ExportError: If an output of the graph differs from the network's, or int8 answers worse.
        DataError: If a split is missing, or Training is not what the network was trained on.
    """
    network = network.eval().to("cpu", memory_format=torch.contiguous_format)  # type: ignore[call-overload]
    train, clean = training_and_clean(faces, calibration_split)
    check_origin(training, train)
    with writing_bundle(out, replace=replace) as folder:
        on_stage("export")
        graphs = {"fp32": to_onnx(network)}
        if int8:
            on_stage("quantise")
            graphs["int8"] = to_int8(graphs["fp32"], calibration_crops(train))
        on_stage("compare")
        check_outputs(network, graphs["fp32"])
        ours = network_logits(network, clean.images)
        logits = {p: graph_logits(graph, clean) for p, graph in graphs.items()}
        difference = checked_difference(softmax(ours), logits["fp32"], "the graph", "the network's")
        on_stage("calibrate")
        files = {p: calibrated(graphs[p], z, clean, calibration_split) for p, z in logits.items()}
        if int8:
            files["int8"] = with_cost(files["int8"], logits, clean, graphs["int8"])
        if degraded:
            on_stage("degrade")
            files["fp32"] = with_robustness(files["fp32"], graphs["fp32"], clean)
        fill_bundle(folder, _card(network, name, files, training), graphs)
    return ExportReport(
        bundle=load_bundle(out),
        largest_difference=difference,
        network_accuracy=float((ours.argmax(axis=1) == clean.labels).mean()),
    )


def training_and_clean(faces: FaceSet, split: str) -> tuple[FaceSet, FaceSet]:
    """Training, and the samples of ``split`` that have no twin in it.

    Raises:
        DataError: If a split is missing, or nothing is left.
    """
    train, chosen = faces.split(TRAINING), faces.split(split)
    clean = chosen[~in_common(chosen, train)]
    if not len(clean):
        raise DataError(f"every row of {split} has a twin in Training; choose another")
    return train, clean


def calibration_crops(train: FaceSet) -> NDArray[np.uint8]:
    """``(N, 48, 48)`` crops of Training, evenly spread, that fix the value ranges of int8."""
    return train.images[:: max(1, len(train) // CALIBRATION_ROWS)][:CALIBRATION_ROWS]


def check_origin(training: Training, train: FaceSet, name: str = "the network") -> None:
    """Whether a network, or every member of an ensemble, was trained on these rows.

    Otherwise nothing is known of the rows that it will be calibrated and scored on.

    Raises:
        DataError: If the training was on others.
    """
    for who, each in training.each(name):
        if each.training_sha256 not in (None, train.sha256):
            raise DataError(
                f"{who} was trained on other Training rows than those of {train.source} "
                f"(sha256 {each.training_sha256[:12]}..., here {train.sha256[:12]}...); "
                + (
                    "a study drew them, and what it drew is no split of the data: train "
                    "members by mien train, or by a study without drawn rows"
                    if each.was_drawn
                    else "give the same data"
                )
            )


def network_logits(network: ExpressionNet, images: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Logits ``(N, K)`` of the torch network on ``(N, 48, 48)`` crops."""
    return torch.cat(in_batches(network, images, lambda crops: network(crops).logits)).numpy()


def checked_difference(
    expected: NDArray[np.float64], logits: NDArray[np.float32], graph: str, whose: str
) -> float:
    """The largest difference between expected probabilities ``(N, K)`` and those of a graph.

    Args:
        expected: What the graph should answer.
        logits: ``(N, K)`` what it answers.
        graph: What it is called in the message.
        whose: Whose the expected ones are.

    Raises:
        ExportError: If the difference is above ``LARGEST_DIFFERENCE``.
    """
    difference = float(abs(softmax(logits) - expected).max())
    if not difference <= LARGEST_DIFFERENCE:
        raise ExportError(
            f"probabilities of {graph} differ from {whose} by {difference:.2g}, "
            f"allowed is {LARGEST_DIFFERENCE}; nothing was written. Report this as a bug"
        )
    return difference


def check_outputs(network: ExpressionNet, graph: bytes) -> None:
    """Compare every output on turned and scaled crops of a picture, crop included.

    Raises:
        ExportError: If one differs by more than ``LARGEST_OUTPUT_DIFFERENCE``.
    """
    image = np.random.default_rng(0).integers(0, 256, (150, 211, 3), np.uint8)
    affines = np.array(
        [[[60, 7, 100], [-7, 60, 70]], [[20, 0, 5], [0, 20, 140]], [[-90, 0, 110], [0, 90, 75]]],
        dtype=np.float32,
    )
    names = output_names(network)
    answers = run(open_session(graph), names, {"image": image, "affine": affines})
    with torch.no_grad():
        expected = BundleGraph(network).eval()(torch.from_numpy(image), torch.from_numpy(affines))
    for name, answer, wanted in zip(names, answers, expected, strict=True):
        reference = wanted.numpy()
        difference = abs(answer - reference).max() / max(1.0, float(abs(reference).max()))
        if not difference <= LARGEST_OUTPUT_DIFFERENCE:
            raise ExportError(
                f"{name} of the graph differs from the network's by {difference:.2g} of its "
                f"largest value, allowed is {LARGEST_OUTPUT_DIFFERENCE}; nothing was written. "
                "Report this as a bug"
            )


def check_loss(fp32_right: NDArray[np.bool_], int8_right: NDArray[np.bool_]) -> None:
    """Refuse an int8 file that answers more than ``LARGEST_LOSS`` of the rows worse.

    Of fewer than ``FEW_ROWS`` rows, one answer is worth so much that the loss must also be more
    than chance explains.

    Args:
        fp32_right: ``(N,)`` whether fp32 answers each row correctly.
        int8_right: ``(N,)`` the same of int8.

    Raises:
        ExportError: If it does.
    """
    lost = int(fp32_right.sum()) - int(int8_right.sum())
    low, high = metrics.compare(fp32_right, int8_right).interval
    beyond_chance = low > LARGEST_LOSS or len(fp32_right) >= FEW_ROWS
    if lost > LARGEST_LOSS * len(fp32_right) and beyond_chance:
        raise ExportError(
            f"int8 answers {lost} of {len(fp32_right)} rows fewer correctly than fp32 "
            f"({100 * lost / len(fp32_right):.2f} points, 95 % {100 * low:.2f} to "
            f"{100 * high:.2f}; allowed is {100 * LARGEST_LOSS:g}); nothing was written. "
            "Export with --no-int8"
        )


def with_cost(
    file: ModelFile,
    logits: Mapping[str, NDArray[np.float32]],
    rows: FaceSet,
    graph: bytes,
) -> ModelFile:
    """The int8 file with what it costs in its figures.

    Args:
        file: The calibrated int8 file.
        logits: ``(N, K)`` answers of ``fp32`` and ``int8`` on ``rows``.
        rows: The rows that the file was calibrated on.
        graph: The int8 graph.

    Raises:
        ExportError: If it loses more than ``LARGEST_LOSS``.
    """
    fp32, int8 = (logits[p].argmax(axis=1) == rows.labels for p in ("fp32", "int8"))
    check_loss(fp32, int8)
    low, high = metrics.compare(fp32, int8).interval
    cost = {
        "accuracy_lost": float(fp32.mean() - int8.mean()),
        "accuracy_lost_ci95": [low, high],
        "largest_pair_sum": largest_pair_sum(graph),
    }
    return replace(file, metrics=({**file.metrics[0], **cost}, *file.metrics[1:]))


def _votes_notes(network: ExpressionNet, training: Training) -> tuple[str, ...]:
    """What must be said where FER+ votes were used."""
    lineage = training.lineage
    used = network.vote_head is not None or any(each.vote_weight for each in lineage)
    first = any(each.began_with_votes for each in lineage)
    return (*((VOTES_NOTE,) if used else ()), *((FIRST_NOTE,) if first else ()))


def licence_of(training: Training) -> str:
    """The licence for the card of a network that was trained so.

    mien's own, except for weights that began with somebody else's (``network.pretrained``, also of
    a joint model's members), and the recorded terms of other data than FER2013.
    """
    origins, terms = training.pretrained, training.data_terms
    if not (origins or terms or training.data_set is not None):
        return LICENCE
    parts = ["Apache-2.0 (weights)"]
    if origins:
        parts = [
            f"derived from other weights (network.pretrained = {', '.join(origins)}), whose "
            "licence applies"
        ]
    if training.data_set is None:
        parts.append("FER2013 itself may be used for research only")
    if terms:
        parts.append(f"trained on data that have terms of their own: {terms}")
    return "; ".join(parts)


def _card(
    network: ExpressionNet, name: str, files: dict[str, ModelFile], training: Training
) -> Card:
    return Card(
        name=name,
        labels=network.labels,
        outputs=output_names(network),
        geometry=Geometry.of_export(network.input_size),
        files=files,
        parameters=count_parameters(network),
        macs=count_macs(network),
        training=training,
        licence=licence_of(training),
        intended_use=INTENDED,
        out_of_scope=OUT_OF_SCOPE,
        notes=(
            *(NOTES if training.data_set is None else OTHER_NOTES),
            *_votes_notes(network, training),
        ),
    )
