"""Evaluation on labelled 48x48 crops: how the model does where the face is already found."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from mien.core.errors import DataError
from mien.core.labels import LabelSpace
from mien.core.splits import EVERY_ROW, FOLD, PUBLIC_TEST, TRAINING
from mien.data.faceset import FaceSet
from mien.data.robustness import robustness
from mien.data.select.folds import one_fold_out
from mien.evaluate.guard import clean_rows, split_guard
from mien.evaluate.latency import CALLS, single_face_latency
from mien.evaluate.protocol import (
    drawn_warnings,
    fitted_here,
    fitted_split,
    fold_warnings,
    left_out_fold,
    threads_in_words,
    trained_hashes,
    training_in_words,
    training_warnings,
)
from mien.evaluate.result import Evaluation, clean_figures, figures
from mien.evaluate.views import calibration_of, log_probabilities, view_affines
from mien.metrics import check_alignment, cross_fitted
from mien.runtime import Recognizer
from mien.store.training import Training

FOLDS = 5
MIN_CROSS_FIT = 50
"""Below ten rows a fold, a fitted temperature is mostly noise."""


def evaluate(
    recognizer: Recognizer,
    faces: FaceSet,
    *,
    split: str | None = PUBLIC_TEST,
    training: FaceSet | None = None,
    views: str = "one",
    allow_misaligned: bool = False,
    degraded: bool = False,
    on_rows: Callable[[int, int], None] = lambda *_: None,
    clock: Callable[[], float] = time.perf_counter,
) -> Evaluation:
    """Measure a bundle on the crops of one split.

    On rows of the split that the card's temperature was fitted on, NLL, ECE and Brier are
    five-fold cross-fitted: their temperature is fitted again, to the views that are averaged.
    Elsewhere they are the card's temperature's. All other figures use the card's temperature.
    Everything that depends on probabilities is given for the clean rows too: twins of training rows
    flatter it.

    Args:
        recognizer: The model.
        faces: Labelled 48x48 crops, mapped into the model's label space if need be.
        split: Which rows; None = all. ``fold`` is the one that the training left out, if it left
            one out.
        training: Rows the model was trained on, for the clean subset; None = the Training rows of
            ``faces``, if it has any.
        views: ``one``, ``flip`` or ``tencrop``.
        allow_misaligned: Score even if predictions and labels look out of step, with a warning.
        degraded: Measure noise, compression, blur, low resolution, cover, light and geometry too
            (``robustness``), one view each.
        on_rows: Called with (rows done, rows).
        clock: Seconds, for the latency.

    Raises:
        DataError: If the split is missing or no row has a label that the model knows, if the fold
            of other rows was left out, or if predictions and labels look shuffled or renamed.
        LabelError: If there is no mapping from the data's labels to the model's.
        InputError: If the crops are not 48x48.
        UnknownNameError: If ``views`` is unknown.
    """
    space = recognizer.card.labels
    if split == FOLD and FOLD not in faces.split_names:
        faces = _folded(recognizer.card.training, faces.mapped(space))
    chosen = faces if split is None else faces.split(split)
    name = split or EVERY_ROW
    rows = _in_space(chosen, space)
    log_p = log_probabilities(recognizer, rows.images, views, on_rows)
    probabilities = np.exp(log_p)
    splits: list[str] = rows.splits.tolist()
    drawn = drawn_warnings(recognizer.card.training, splits)
    folded = fold_warnings(recognizer.card.training, splits)
    warnings = [
        *split_guard(chosen, name).warnings,
        *_dropped(chosen, rows),
        *(folded or training_warnings(splits, "rows")),
        *drawn,
        *alignment_warnings(probabilities, rows.labels, space, allowed=allow_misaligned),
    ]
    trained_on = recognizer.card.training.training_sha256
    clean, compared = clean_rows(rows, name, faces, training, trained_on)
    if training is None and clean is not None and drawn:
        clean, compared = None, f"undefined: the model may have been trained on rows of {name} too"
    if clean is None and compared.startswith("unknown"):
        warnings.append(f"clean subset {compared}; give --clean-against SRC:Training")
    if compared.endswith("was trained on"):
        warnings.append(f"the clean subset is of {compared}: it may hold further twins")
    fitted = fitted_split(recognizer)
    here = name == fitted and fitted_here(recognizer, rows, clean)
    calibrated, calibration = _calibrated(log_p, rows, name, fitted, same=here)
    threshold = (calibration_of(recognizer, views) or recognizer.calibration).threshold
    return Evaluation(
        bundle=recognizer.name,
        precision=recognizer.precision,
        labels=space,
        figures=figures(
            probabilities,
            rows.labels,
            space,
            threshold=threshold,
            calibrated=calibrated,
        ),
        clean=clean_figures(
            probabilities,
            rows.labels,
            clean,
            threshold=threshold,
            calibrated=_crossed(log_p, rows.labels, clean) if calibrated is not None else None,
        ),
        latency_ms=single_face_latency(recognizer, rows.images, clock=clock),
        protocol={
            "input": "48x48 crops as labelled, no detector",
            "views": _views_in_words(views),
            "calibration": calibration,
            "abstention": "threshold of the card, probabilities at the card's temperature"
            + _fitted_in_words(name, fitted, same=here),
            "clean": compared,
            "latency": f"median of {CALLS} calls with one face and one view, crop and network; "
            f"{threads_in_words(recognizer)}",
            **training_in_words(recognizer.card.training),
        },
        data=split_guard(rows, name),
        warnings=tuple(warnings),
        robustness=robustness(recognizer.crop_logits, rows.images, rows.labels, on_rows)
        if degraded
        else (),
        probabilities=probabilities,
        truth=rows.labels,
        calibrated=calibrated,
    )


def alignment_warnings(
    probabilities: NDArray[np.float64],
    truth: NDArray[np.int64],
    space: LabelSpace,
    *,
    allowed: bool,
) -> list[str]:
    """Refuse rows that are out of step with their labels, or say so where that is allowed.

    Raises:
        DataError: If predictions and labels look shuffled or renamed and that is not allowed.
    """
    found = check_alignment(probabilities, truth, space.labels)
    if found is None:
        return []
    if not allowed:
        raise DataError(f"{found.message}; --allow-misaligned scores them all the same")
    return [found.message]


def _in_space(rows: FaceSet, space: LabelSpace) -> FaceSet:
    mapped = rows.mapped(space)
    if not len(mapped):
        raise DataError(
            f"{rows.source} has no rows with a label of {space.name} ({', '.join(space.labels)}); "
            "evaluate a model of the data's labels"
        )
    return mapped


def _folded(training: Training, faces: FaceSet) -> FaceSet:
    """The rows with the fold that the training left out as a split of its own.

    Raises:
        DataError: If it left out a fold of other rows: of these, it may know any.
    """
    left = left_out_fold(training)
    if left is None:
        return faces
    folded = one_fold_out(faces, *left)
    if trained_hashes(training) - {folded.split(TRAINING).sha256}:
        raise DataError(
            f"the model left out a fold of other rows than those of {faces.source}, of which it "
            "may remember any; give the data that it was trained on, as they were"
        )
    return folded


def _dropped(chosen: FaceSet, rows: FaceSet) -> list[str]:
    n = len(chosen) - len(rows)
    if not n:
        return []
    return [f"{n} of {len(chosen)} rows have no counterpart in {rows.space.name} and were left out"]


def _calibrated(
    log_p: NDArray[np.float64], rows: FaceSet, split: str, fitted: str | None, *, same: bool
) -> tuple[NDArray[np.float64] | None, str]:
    """Probabilities for NLL, ECE and Brier, None for the card's; and where they come from."""
    if fitted is None:
        return None, "temperature of the card, which does not tell the rows it was fitted on"
    if split != fitted:
        among = ", which is among these rows" if (rows.splits == fitted).any() else ""
        return None, f"temperature of the card, fitted on {fitted}{among}"
    origin = f"was fitted on {split}" if same else f"was fitted on {_may_be_among(split)}"
    if len(rows) < MIN_CROSS_FIT:
        return None, (
            f"temperature of the card, although it {origin}: "
            f"{len(rows)} rows are too few to cross-fit"
        )
    return cross_fitted(log_p, rows.labels, FOLDS), (
        f"nll, ece and brier: temperature cross-fitted in {FOLDS} folds to these views, "
        f"because the card's {origin}"
    )


def _fitted_in_words(split: str, fitted: str | None, *, same: bool) -> str:
    if split != fitted:
        return ""
    where = "the clean rows of this split" if same else _may_be_among(split)
    return f", both fitted on {where}"


def _may_be_among(split: str) -> str:
    """A part of a split, or a copy with a row more, has another hash and the same rows."""
    return f"rows that are called {split} too and may be among these"


def _crossed(
    log_p: NDArray[np.float64], truth: NDArray[np.int64], clean: NDArray[np.bool_] | None
) -> NDArray[np.float64] | None:
    """The same for the clean rows alone; None where they are unknown or too few."""
    if clean is None or int(clean.sum()) < MIN_CROSS_FIT:
        return None
    return cross_fitted(log_p[clean], truth[clean], FOLDS)


def _views_in_words(views: str) -> str:
    n = len(view_affines(views))
    return "one" if n == 1 else f"{views}: mean of the probabilities of {n} views"
