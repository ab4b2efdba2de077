"""Evaluation on labelled photos: detector, crop and model together."""

from __future__ import annotations

import hashlib
import math
import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from mien.core.errors import DataError, ImageDecodeError
from mien.core.labels import LabelSpace, mapping
from mien.core.splits import EVERY_ROW
from mien.data.readers.listing import Photo
from mien.evaluate.crops import FOLDS, MIN_CROSS_FIT, alignment_warnings
from mien.evaluate.guard import SplitGuard
from mien.evaluate.protocol import (
    drawn_warnings,
    fitted_split,
    fold_warnings,
    threads_in_words,
    training_in_words,
    training_warnings,
)
from mien.evaluate.result import Clean, EndToEnd, Evaluation, Subset, figures
from mien.metrics import cross_fitted
from mien.runtime import Recognizer
from mien.store.images import read_image

_NAMED_IN_WARNINGS = 3


@dataclass
class _Answers:
    """What has been read so far."""

    probabilities: list[NDArray[np.float32]] = field(default_factory=list)
    truth: list[int] = field(default_factory=list)
    missed: list[int] = field(default_factory=list)
    why: Counter[str] = field(default_factory=Counter)
    unreadable: list[str] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)


def evaluate_photos(
    recognizer: Recognizer,
    photos: Iterable[Photo],
    space: LabelSpace,
    *,
    source: str,
    split: str | None = None,
    allow_misaligned: bool = False,
    on_rows: Callable[[int, int], None] = lambda *_: None,
    clock: Callable[[], float] = time.perf_counter,
) -> Evaluation:
    """Measure a bundle with its detector on photos of one labelled person each.

    The largest face answers for the photo. A photo without a face, or one that cannot be read, is
    wrong. Probabilities exist only where a face was found: NLL, ECE, Brier, AURC, AUC and
    abstention are of those photos.

    Args:
        recognizer: The model with its detector.
        photos: Files with label indices in ``space`` and split names, as ``listed_photos`` lists.
        space: Label space of the photos, mapped into the model's.
        source: Name of the folder, for messages.
        split: Which photos; None = all.
        allow_misaligned: Score even if predictions and labels look out of step, with a warning.
        on_rows: Called with (photos done, photos).
        clock: Seconds, for the latency.

    Raises:
        DataError: If no photo is left, or predictions and labels look shuffled or renamed.
        LabelError: If there is no mapping from the photos' labels to the model's.
    """
    model_space = recognizer.card.labels
    photos = list(photos)
    known, left_out = _known(photos, split, space, model_space, source)
    splits = [photo.split for photo in photos if split is None or photo.split == split]
    training = recognizer.card.training
    remembered = fold_warnings(training, splits) or training_warnings(splits, "photos")
    remembered += drawn_warnings(training, splits)
    answers, digest = _Answers(), hashlib.sha256()
    for done, (path, label) in enumerate(known, start=1):
        digest.update(_answer(recognizer, path, label, answers, clock))
        on_rows(done, len(known))
    probabilities = np.array(answers.probabilities, np.float64).reshape(-1, len(model_space))
    truth = np.array(answers.truth, dtype=np.int64)
    warnings = alignment_warnings(probabilities, truth, model_space, allowed=allow_misaligned)
    if left_out:
        warnings.append(f"{left_out} photos have no counterpart in {model_space.name}: left out")
    counts = np.bincount([label for _, label in known], minlength=len(model_space)).tolist()
    named = dict(zip(model_space.labels, counts, strict=True))
    fitted = fitted_split(recognizer)
    calibrated = None
    if split is not None and split == fitted and len(truth) >= MIN_CROSS_FIT:
        calibrated = cross_fitted(np.log(np.maximum(probabilities, 1e-12)), truth, FOLDS)
    return Evaluation(
        bundle=recognizer.name,
        precision=recognizer.precision,
        labels=model_space,
        figures=figures(
            probabilities,
            truth,
            model_space,
            threshold=recognizer.calibration.threshold,
            missed=np.array(answers.missed, dtype=np.int64),
            calibrated=calibrated,
        ),
        clean=Clean(),
        latency_ms=1000 * median(answers.seconds) if answers.seconds else math.nan,
        protocol=_protocol(recognizer, crossed=calibrated is not None),
        data=SplitGuard(source, split or EVERY_ROW, named, digest.hexdigest()),
        warnings=(*warnings, *remembered, *_unreadable(answers.unreadable)),
        end_to_end=_end_to_end(answers, probabilities, truth, model_space),
        probabilities=probabilities,
        truth=truth,
        calibrated=calibrated,
    )


def _protocol(recognizer: Recognizer, *, crossed: bool) -> dict[str, str]:
    fitted = fitted_split(recognizer)
    origin = (
        f"fitted on crops of {fitted}"
        if fitted
        else "which does not tell the rows it was fitted on"
    )
    calibration = f"temperature of the card, {origin}"
    if crossed:
        calibration = (
            f"nll, ece and brier: temperature cross-fitted in {FOLDS} folds, because the card's "
            f"was {origin}"
        )
    return {
        "input": "photos end to end: detector, crop and model; the largest face answers",
        "views": "one",
        "missed": "a photo without a face, or unreadable, is wrong; it has no probabilities",
        "calibration": f"{calibration}; photos with a face only",
        "abstention": f"threshold and temperature of the card, {origin}; photos with a face only",
        "clean": "undefined for photos",
        "latency": "median per readable photo: detector, crop and network; "
        + threads_in_words(recognizer),
        **training_in_words(recognizer.card.training),
    }


def _known(
    photos: Iterable[Photo],
    split: str | None,
    space: LabelSpace,
    model_space: LabelSpace,
    source: str,
) -> tuple[list[tuple[Path, int]], int]:
    """Files with their labels in the model's space, and how many have none there."""
    chosen = [photo for photo in photos if split is None or photo.split == split]
    labels = mapping(space, model_space).apply(np.array([p.label for p in chosen], np.int64))
    pairs = zip((photo.path for photo in chosen), labels.tolist(), strict=True)
    known = [(path, label) for path, label in pairs if label >= 0]
    if not known:
        raise DataError(
            f"{source}: expected photos of split {split or EVERY_ROW!r} with labels of "
            f"{model_space.name}, found none; check --split and --labels"
        )
    return known, len(chosen) - len(known)


def _answer(
    recognizer: Recognizer,
    path: Path,
    label: int,
    answers: _Answers,
    clock: Callable[[], float],
) -> bytes:
    """Read one photo into ``answers``; returns what identifies it and its label."""
    try:
        image = read_image(path)
        with path.open("rb") as file:
            content = hashlib.file_digest(file, "sha256").digest()
    except (ImageDecodeError, OSError) as error:
        answers.unreadable.append(f"{path.name} ({error})")
        return _miss(answers, label, "unreadable")
    started = clock()
    reading = recognizer.read(image)
    answers.seconds.append(clock() - started)
    identity = content + label.to_bytes(2, "little")
    if not len(reading.faces):
        _miss(answers, label, "no_face")
        return identity
    sides = reading.faces.boxes[:, 2:] - reading.faces.boxes[:, :2]
    largest = int(sides.prod(axis=1).argmax())
    answers.probabilities.append(reading.scores.probabilities[largest])
    answers.truth.append(label)
    return identity


def _miss(answers: _Answers, label: int, why: Literal["no_face", "unreadable"]) -> bytes:
    answers.missed.append(label)
    answers.why[why] += 1
    return why.encode() + label.to_bytes(2, "little")


def _end_to_end(
    answers: _Answers,
    probabilities: NDArray[np.float64],
    truth: NDArray[np.int64],
    space: LabelSpace,
) -> EndToEnd:
    right = probabilities.argmax(axis=1) == truth
    missed = Counter(answers.missed)
    return EndToEnd(
        no_face=answers.why["no_face"],
        unreadable=answers.why["unreadable"],
        found=Subset(len(truth), float(right.mean()) if len(truth) else None),
        missed_per_class={name: missed[i] for i, name in enumerate(space.labels)},
    )


def _unreadable(named: list[str]) -> list[str]:
    if not named:
        return []
    more = len(named) - _NAMED_IN_WARNINGS
    rest = f" and {more} more" if more > 0 else ""
    return [
        f"{len(named)} photos cannot be read and count as wrong: "
        f"{'; '.join(named[:_NAMED_IN_WARNINGS])}{rest}"
    ]
