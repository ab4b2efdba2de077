"""Several bundles as one: shares, one merged graph, its calibration and its card."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mien import metrics
from mien.core.errors import DataError, ExportError
from mien.core.splits import PUBLIC_TEST
from mien.data.faceset import FaceSet
from mien.data.select.folds import one_fold_out
from mien.data.select.subsets import held_out, without_conflicts
from mien.export.bundle import check_origin, checked_difference, training_and_clean
from mien.export.calibration import calibrated, graph_logits
from mien.export.merge import merge_graphs
from mien.store.bundle import Bundle, fill_bundle, load_bundle, writing_bundle
from mien.store.card import FILES, Card, ModelFile, Raw
from mien.store.training import HeldOut, Training

LEARNED = "learned"
"""Shares fitted on the tenth of Training that no member was trained on."""


@dataclass(frozen=True)
class EnsembleReport:
    """What making an ensemble found.

    Args:
        bundle: The written bundle.
        shares: ``(M,)`` of the members, sum 1.
        accuracies: ``(M,)`` accuracy of each member on the calibration rows, fp32.
        agreement: Mean over pairs of members of the share of rows that both answer alike.
        gain: The ensemble against its best member on the calibration rows, paired.
        largest_difference: Largest probability difference between the merged graph and the mixed
            answers of its members.
    """

    bundle: Bundle
    shares: NDArray[np.float64]
    accuracies: NDArray[np.float64]
    agreement: float
    gain: metrics.Comparison
    largest_difference: float

    @property
    def metrics(self) -> dict[str, Raw]:
        """Per precision, the figures that are in the card."""
        return self.bundle.card.figures

    def as_dict(self) -> dict[str, object]:
        """Plain values for JSON; gains are in points."""
        gain = self.gain
        return {
            "agreement": self.agreement,
            "gain": {
                "points": 100 * gain.difference,
                "ci95": [100 * end for end in gain.interval],
                "p_value": gain.p_value,
                "n": gain.n,
            },
            "largest_difference": self.largest_difference,
            "metrics": self.metrics,
        }


def make_ensemble(
    members: Sequence[Bundle],
    faces: FaceSet,
    out: Path,
    *,
    name: str,
    shares: Sequence[float] | str | None = None,
    calibration_split: str = PUBLIC_TEST,
    replace_existing: bool = False,
    on_stage: Callable[[str], None] = lambda _: None,
) -> EnsembleReport:
    """Write a bundle that answers the weighted mean of its members' probabilities.

    Args:
        members: Bundles of one label space and one crop; precisions that all of them have are
            merged.
        faces: Rows in their label space; the calibration split fits temperature and threshold.
        out: Folder to write.
        name: Name in the card.
        shares: One weight per member, ``LEARNED``, or None = equal. Learned shares maximise the
            likelihood of the held-out tenth of Training, so every member must have left out that
            same tenth.
        calibration_split: Split that temperature and threshold are fitted on.
        replace_existing: Take the place of a bundle that is there, but not of a member.
        on_stage: Called with the name of each stage.

    Raises:
        ExportError: If the members do not fit together or are the same, a share is missing or not
            above 0, or the merged graph answers differently.
        DataError: If a split is missing, a member was trained on other rows than these, or the
            shares cannot be learned honestly.
    """
    check_members(members)
    if shares is not None and not isinstance(shares, str):
        _check_shares(shares, len(members))
    faces = _without_fold(members, faces)
    train, clean = training_and_clean(faces, calibration_split)
    for member in members:
        check_origin(member.card.training, train, member.card.name)
    on_stage("answers of the members")
    if shares == LEARNED:
        rows = _left_out(members, train)
        weights = metrics.fit_shares(_log_answers(members, "fp32", rows), rows.labels)
        weights = np.maximum(weights, 1e-6) / np.maximum(weights, 1e-6).sum()
    elif isinstance(shares, str):
        raise ExportError(f"shares must be numbers or {LEARNED!r}, got {shares!r}")
    else:
        given = np.ones(len(members)) if shares is None else np.asarray(shares, np.float64)
        weights = given / given.sum()
    on_stage("merge")
    kind = shares if isinstance(shares, str) else ("equal" if shares is None else "given")
    parts = [member.path for member in members]
    with writing_bundle(out, replace=replace_existing, keep=parts) as folder:
        graphs = {
            precision: merge_graphs(
                [member.model(precision) for member in members],
                [member.card.files[precision].calibration.temperature for member in members],
                list(weights),
            )
            for precision in _common_precisions(members)
        }
        on_stage("compare and calibrate")
        answers = _log_answers(members, "fp32", clean)
        mixed = np.exp(np.logaddexp.reduce(answers + np.log(weights)[:, None, None], axis=0))
        logits = {p: graph_logits(graph, clean) for p, graph in graphs.items()}
        difference = checked_difference(mixed, logits["fp32"], "the merged graph", "its members'")
        right = answers.argmax(axis=2) == clean.labels
        agreement = _agreement(answers.argmax(axis=2))
        training = Training(
            {
                "ensemble": _recorded(members, weights),
                "shares": kind,
                "megabytes": {p: round(len(graph) / 1e6, 3) for p, graph in graphs.items()},
                "agreement": agreement,
                "agreement_on": calibration_split,
            }
        )
        files = {p: calibrated(graphs[p], z, clean, calibration_split) for p, z in logits.items()}
        fill_bundle(folder, _card([m.card for m in members], name, files, training), graphs)
    best = right[right.mean(axis=1).argmax()]
    return EnsembleReport(
        bundle=load_bundle(out),
        shares=weights,
        accuracies=right.mean(axis=1),
        agreement=agreement,
        gain=metrics.compare(logits["fp32"].argmax(axis=1) == clean.labels, best),
        largest_difference=difference,
    )


def check_members(members: Sequence[Bundle]) -> None:
    """Refuse bundles that cannot answer as one.

    Raises:
        ExportError: If there are fewer than two, one is there twice, or label space or crop
            differ.
    """
    if len(members) < 2:
        raise ExportError(f"an ensemble needs two members or more, got {len(members)}")
    first = members[0].card
    graphs = [member.card.files["fp32"].sha256 for member in members]
    alike = (m for m, own in zip(members, graphs, strict=True) if graphs.count(own) > 1)
    if twice := sorted({member.card.name for member in alike}):
        raise ExportError(
            f"{', '.join(twice)} is given more than once, which changes nothing but the cost; give "
            "it once, with another --share where it should weigh more"
        )
    for member in members[1:]:
        if member.card.labels != first.labels:
            raise ExportError(
                f"{member.card.name} answers {member.card.labels.name}, {first.name} "
                f"{first.labels.name}; members need one label space"
            )
        # What the network sees of the frame is its own matter; the frame is common.
        if replace(member.card.geometry, input_size=0) != replace(first.geometry, input_size=0):
            raise ExportError(
                f"{member.card.name} and {first.name} were exported with different crops; "
                "export them again with one version of mien"
            )


def _check_shares(shares: Sequence[float], members: int) -> None:
    if len(shares) != members:
        raise ExportError(f"{members} members need one share each, got {len(shares)}")
    if not all(0 < share < math.inf for share in shares):
        given = ", ".join(f"{share:g}" for share in shares)
        raise ExportError(f"shares must be above 0 (leave out a member that has none), got {given}")


def _common_precisions(members: Sequence[Bundle]) -> list[str]:
    return [p for p in FILES if all(p in member.card.files for member in members)]


def _without_fold(members: Sequence[Bundle], faces: FaceSet) -> FaceSet:
    """The rows with the fold that all members left out as a split of its own.

    Raises:
        DataError: If members left out different folds, so that there are no rows for all of them.
    """
    left = {
        each.fold for member in members for _, each in member.card.training.each(member.card.name)
    }
    if len(left) > 1:
        listed = sorted(tuple(fold or (0, 0, 0)) for fold in left)
        raise DataError(
            f"the members left out different folds (folds, fold, fold_seed: {listed}); join "
            "those of one fold"
        )
    (fold,) = left
    return one_fold_out(faces, *fold) if fold else faces


def _left_out(members: Sequence[Bundle], train: FaceSet) -> FaceSet:
    """The rows of Training that no member has seen."""
    parts: set[HeldOut] = set()
    for member in members:
        for name, training in member.card.training.each(member.card.name):
            if training.held_out is None:
                raise DataError(
                    f"{name} was trained on all of Training, so shares cannot be learned there; "
                    "train the members with --set held_out=0.1, or give equal shares"
                )
            parts.add(training.held_out)
    if len(parts) > 1:
        raise DataError(
            f"the members held out different rows (fraction, seed: {sorted(map(tuple, parts))}); "
            "train them with one held_out and held_out_seed"
        )
    (part,) = parts
    return without_conflicts(train[held_out(train, *part)])


def _log_answers(members: Sequence[Bundle], precision: str, rows: FaceSet) -> NDArray[np.float64]:
    """Log-probabilities ``(M, N, K)`` at each member's own temperature."""
    answers: list[NDArray[np.float64]] = []
    for member in members:
        z = graph_logits(member.model(precision), rows).astype(np.float64)
        z /= member.card.files[precision].calibration.temperature
        answers.append(z - np.logaddexp.reduce(z, axis=1, keepdims=True))
    return np.stack(answers)


def _agreement(top: NDArray[np.intp]) -> float:
    pairs = [float((top[i] == top[j]).mean()) for i, j in combinations(range(len(top)), 2)]
    return float(np.mean(pairs))


def _recorded(members: Sequence[Bundle], weights: NDArray[np.float64]) -> list[dict[str, object]]:
    """What the card records of each member."""
    return [
        {
            "name": card.name,
            "share": float(weight),
            "sha256": {precision: file.sha256 for precision, file in card.files.items()},
            "parameters": card.parameters,
            "macs": card.macs,
            "training": card.training.record,
        }
        for card, weight in zip([member.card for member in members], weights, strict=True)
    ]


def _card(
    cards: Sequence[Card], name: str, files: dict[str, ModelFile], training: Training
) -> Card:
    input_size = max(card.geometry.input_size for card in cards)
    return replace(
        cards[0],
        name=name,
        outputs=("logits",),
        geometry=replace(cards[0].geometry, input_size=input_size),
        files=files,
        parameters=sum(card.parameters for card in cards),
        macs=sum(card.macs for card in cards),
        training=training,
        licence="; ".join(dict.fromkeys(card.licence for card in cards)),
        notes=tuple(dict.fromkeys(note for card in cards for note in card.notes)),
    )
