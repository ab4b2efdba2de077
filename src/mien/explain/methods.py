"""The methods by name, and what they found for the faces of one picture or data set."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mien.core.errors import InputError, unknown_name
from mien.core.labels import LabelSpace
from mien.explain.crops import checked_crops, one_cell, onto_crop
from mien.explain.interface import Explainable, probabilities
from mien.explain.occlusion import occlusion


@dataclass(frozen=True)
class Method:
    """What is known of a method before it is used.

    Args:
        name: Name on the command line.
        title: Name in figures.
        unit: What a value of its maps means.
        signed: Whether values below 0 mean something; without it, only the relation of values
            within one map does.
        needs_network: Whether it needs the torch network, which a bundle does not have.
        full_colour: Value from which a map is drawn in full colour at the earliest, so that next to
            nothing does not look like much.
    """

    name: str
    title: str
    unit: str
    signed: bool = False
    needs_network: bool = False
    full_colour: float = 0.0

    def is_faint(self, values: NDArray[np.float32]) -> bool:
        """Whether a map has next to nothing in it: less than half of ``full_colour`` anywhere."""
        return bool(abs(values).max() < self.full_colour / 2)


METHODS = {
    method.name: method
    for method in (
        Method("gradcam", "Grad-CAM", "relative to its 99th percentile", needs_network=True),
        Method("saliency", "Saliency", "relative to its 99th percentile", needs_network=True),
        Method("smoothgrad", "SmoothGrad", "relative to its 99th percentile", needs_network=True),
        Method(
            "occlusion",
            "Occlusion",
            "fall in probability when hidden",
            signed=True,
            full_colour=0.1,
        ),
        Method("activation", "Class activation", "part in the logit, per cell", signed=True),
    )
}
"""The methods that give one map per face. ``layers`` is another thing: many maps of one face."""


@dataclass(frozen=True, eq=False)
class Explanation:
    """Maps of N faces.

    Args:
        model: Name of the model.
        method: How the maps were made.
        labels: Label space of the model.
        input_size: Side of what the trunk is given (``onto_crop``).
        crops: ``(N, 48, 48)`` uint8, what the model was given.
        probabilities: ``(N, K)`` its answers.
        targets: ``(N,)`` the labels that are explained.
        maps: ``(N, 48, 48)`` float32.
        calibrated: Whether a temperature was fitted to the probabilities.
    """

    model: str
    method: Method
    labels: LabelSpace
    input_size: int
    crops: NDArray[np.uint8]
    probabilities: NDArray[np.float64]
    targets: NDArray[np.int64]
    maps: NDArray[np.float32]
    calibrated: bool = True

    def __len__(self) -> int:
        return len(self.crops)

    def faint(self, face: int) -> bool:
        """Whether the map of a face has next to nothing in it, at the method's own scale."""
        return self.method.is_faint(self.maps[face])


def explain(
    model: Explainable,
    crops: NDArray[np.uint8],
    method: str,
    *,
    targets: NDArray[np.int64] | None = None,
) -> Explanation:
    """Explain the answers of a model.

    Args:
        model: A bundle or a network.
        crops: ``(N, 48, 48)`` uint8 grey levels, N > 0.
        method: One of ``METHODS``.
        targets: ``(N,)`` labels to explain; None = the most probable ones.

    Raises:
        UnknownNameError: If there is no such method.
        InputError: If there is no crop, a target is no label, or the model cannot be explained
            in this way.
    """
    chosen = known_method(method)
    given = checked_crops(crops)
    if not len(given):
        raise InputError("expected one face or more to explain, got none")
    answers = probabilities(model, given)
    wanted = answers.argmax(axis=1) if targets is None else np.asarray(targets, dtype=np.int64)
    if wanted.shape != (len(given),) or wanted.min() < 0 or wanted.max() >= len(model.labels):
        raise InputError(
            f"expected {len(given)} targets from 0 to {len(model.labels) - 1}, got {wanted}"
        )
    return Explanation(
        model=model.name,
        calibrated=model.temperature is not None,
        method=chosen,
        labels=model.labels,
        input_size=model.geometry.input_size,
        crops=given,
        probabilities=answers,
        targets=wanted,
        maps=_maps(model, given, wanted, method),
    )


def known_method(name: str) -> Method:
    """The method called ``name``; raises ``UnknownNameError`` otherwise."""
    if name not in METHODS:
        raise unknown_name("method", name, METHODS)
    return METHODS[name]


def needs_a_run(method: str, model: str) -> str:
    """The message for a bundle where a network is needed."""
    free = " or ".join(name for name, found in METHODS.items() if not found.needs_network)
    return (
        f"{method} looks into the network, and {model} is a bundle, which only answers; "
        f"give the folder of a run of mien train, or use {free}"
    )


def relative(maps: NDArray[np.float32]) -> NDArray[np.float32]:
    """Maps ``(N, 48, 48)`` without a unit, each divided by its 99th percentile, at most 1.

    A single pixel of a gradient is often several times larger than all others (Smilkov et al.,
    2017, section 3.2, cap it alike). A map with less than 1 % of its pixels above 0 is divided by
    its largest value, and one of zeros stays as it is.
    """
    flat = maps.reshape(len(maps), -1)
    typical = np.quantile(flat, 0.99, axis=1)
    limit = np.where(typical > 0, typical, flat.max(axis=1))
    return (maps / np.where(limit > 0, limit, 1)[:, None, None]).clip(0, 1).astype(np.float32)


def _maps(
    model: Explainable, crops: NDArray[np.uint8], targets: NDArray[np.int64], method: str
) -> NDArray[np.float32]:
    if method == "occlusion":
        return occlusion(model, crops, targets)
    if method == "activation":
        maps = model.class_maps(crops)[np.arange(len(crops)), targets]
        if maps[0].size == 1:
            raise InputError(one_cell("Class activation"))
        # The mean over the cells is the logit, so a cell's part is its value over their number.
        return onto_crop(maps / maps[0].size, model.geometry.input_size)
    if model.network is None:
        raise InputError(needs_a_run(method, model.name))
    # Torch is loaded here and not above: a bundle is explained without it.
    from mien.explain import gradients

    functions = {
        "gradcam": gradients.gradcam,
        "saliency": gradients.saliency,
        "smoothgrad": gradients.smoothgrad,
    }
    return functions[method](model.network, crops, targets)
