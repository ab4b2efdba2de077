"""How many answers a bundle loses when its crops are degraded as cameras and networks do it.

Every degradation is of the 48-pixel crop, with fixed seeds, and is compared with the same samples
untouched: the table of one model is the table of any other.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mien.core.alignment import CROP, identity_affines
from mien.core.errors import InputError

Crops = NDArray[np.uint8]
Logits = Callable[[Crops, NDArray[np.float32] | None], NDArray[np.float32]]
Change = Callable[[Crops], Crops]

_SEED = 0


@dataclass(frozen=True)
class Degraded:
    """Accuracy under one degradation.

    Args:
        kind: What was done.
        strength: How much of it, with its unit.
        accuracy: Share of samples answered correctly.
        lost: Accuracy of the untouched samples less ``accuracy``.
        n: Samples.
    """

    kind: str
    strength: str
    accuracy: float
    lost: float
    n: int


def robustness(
    logits: Logits,
    crops: Crops,
    labels: NDArray[np.int64],
    on_rows: Callable[[int, int], None] = lambda *_: None,
) -> tuple[Degraded, ...]:
    """Measure a model on degraded crops, one view each.

    Args:
        logits: The model, as ``Recognizer.crop_logits``.
        crops: ``(N, 48, 48)`` uint8 grey crops.
        labels: ``(N,)`` their labels, in the model's label space.
        on_rows: Called with (crops answered, crops to answer).

    Raises:
        InputError: If the crops are anything else.
    """
    if crops.dtype != np.uint8 or crops.shape[1:] != (CROP, CROP):
        raise InputError(
            f"expected uint8 crops (N, {CROP}, {CROP}), got {crops.dtype} {crops.shape}"
        )
    changes = [(kind, strength, change, None) for kind, strength, change in _CHANGES]
    cases = [*changes, *((kind, strength, None, affine) for kind, strength, affine in _GEOMETRY)]
    n, done = len(crops), 0

    def accuracy(images: Crops, affine: NDArray[np.float32] | None = None) -> float:
        nonlocal done
        affines = None if affine is None else np.repeat(affine[None], n, axis=0)
        right = logits(images, affines).argmax(axis=1) == labels
        done += n
        on_rows(done, n * (len(cases) + 1))
        return float(right.mean())

    clean = accuracy(crops)
    found = [Degraded("untouched", "", clean, 0.0, n)]
    for kind, strength, change, affine in cases:
        share = accuracy(crops if change is None else change(crops), affine)
        found.append(Degraded(kind, strength, share, clean - share, n))
    return tuple(found)


def degraded_in_words(found: Sequence[Degraded]) -> list[tuple[str, str, str, str]]:
    """Rows of a table: kind, strength, accuracy and points lost, both in percent."""
    return [
        (each.kind, each.strength, f"{100 * each.accuracy:.1f}", f"{100 * each.lost:.1f}")
        for each in found
    ]


def _noise(sd: float) -> Change:
    def change(crops: Crops) -> Crops:
        grain = np.random.default_rng(_SEED).normal(0, sd, crops.shape)
        return _levels(crops + grain)

    return change


def _jpeg(quality: int) -> Change:
    def change(crops: Crops) -> Crops:
        from PIL import Image

        out = np.empty_like(crops)
        for at, crop in enumerate(crops):
            stream = io.BytesIO()
            Image.fromarray(crop).save(stream, "JPEG", quality=quality)
            out[at] = np.asarray(Image.open(stream))
        return out

    return change


def _blur(sd: float) -> Change:
    reach = int(np.ceil(3 * sd))
    taps = np.exp(-np.square(np.arange(-reach, reach + 1)) / (2 * sd**2))
    taps /= taps.sum()

    def change(crops: Crops) -> Crops:
        blurred: NDArray[np.float64] = crops.astype(np.float64)
        for axis in (1, 2):
            pads = [(reach, reach) if axis == each else (0, 0) for each in range(3)]
            padded = np.pad(blurred, pads, mode="edge")
            parts = [
                tap * padded.take(range(at, at + CROP), axis=axis) for at, tap in enumerate(taps)
            ]
            blurred = np.sum(parts, axis=0)
        return _levels(blurred)

    return change


def _reduced(side: int) -> Change:
    def change(crops: Crops) -> Crops:
        from PIL import Image

        out = np.empty_like(crops)
        for at, crop in enumerate(crops):
            small = Image.fromarray(crop).resize((side, side), Image.Resampling.BOX)
            out[at] = np.asarray(small.resize((CROP, CROP), Image.Resampling.BILINEAR))
        return out

    return change


def _side_light(crops: Crops) -> Crops:
    return _levels(crops * np.linspace(1.0, 0.3, CROP))


def _dark(crops: Crops) -> Crops:
    return _levels(crops * 0.1)


def _covered(first: int, last: int) -> Change:
    def change(crops: Crops) -> Crops:
        out = crops.copy()
        out[:, first:last] = 128
        return out

    return change


def _levels(values: NDArray[np.floating]) -> Crops:
    return np.rint(values).clip(0, 255).astype(np.uint8)


def _affine(scale: float = 1.0, degrees: float = 0.0, shift: float = 0.0) -> NDArray[np.float32]:
    """Where a crop that is ``scale`` times as large, turned and shifted lies in the 48 pixels."""
    angle = np.deg2rad(degrees)
    turned = scale * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    affine = identity_affines(1)[0]
    affine[:, :2] = affine[:, :2] @ turned
    affine[0, 2] += shift
    return affine


_CHANGES: tuple[tuple[str, str, Change], ...] = (
    *(("noise", f"sd {sd}", _noise(sd)) for sd in (5, 10, 20)),
    *(("JPEG", f"quality {quality}", _jpeg(quality)) for quality in (60, 30, 10)),
    *(("blur", f"sd {sd:g} pixels", _blur(sd)) for sd in (0.5, 1.0, 1.5)),
    *(("reduced and back", f"{side} pixels", _reduced(side)) for side in (32, 24, 16)),
    ("side light", "to 0.3", _side_light),
    ("dark", "a tenth", _dark),
    ("lower face covered", "rows 29 to 47", _covered(29, 48)),
    ("eyes covered", "rows 13 to 22", _covered(13, 23)),
)
_GEOMETRY: tuple[tuple[str, str, NDArray[np.float32]], ...] = (
    *(("crop scale", f"{s:g}", _affine(scale=s)) for s in (0.8, 0.9, 1.1, 1.2, 1.3)),
    *(("rotation", f"{d:+g} degrees", _affine(degrees=d)) for d in (-20, -10, 10, 20)),
    *(("shift", f"{x:+g} pixels", _affine(shift=x)) for x in (-5, 5)),
)
