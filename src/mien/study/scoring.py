"""Figures of a trained network on the samples of a study."""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray

from mien import metrics
from mien.core.alignment import CROP
from mien.core.errors import DivergedError
from mien.data.faceset import FaceSet
from mien.models import ExpressionNet
from mien.models.batches import in_batches
from mien.study.result import LabelScores, SetScores
from mien.study.samples import Samples

TRAIN = "train"
"""Name of the scored set of samples that were trained on."""

_CORNER = 2  # pixels from the centre to a corner crop: 44 of 48 pixels are seen


def scored(
    network: ExpressionNet, samples: Samples, trained: FaceSet, device: str
) -> dict[str, SetScores]:
    """Figures on the samples that were trained on, every test set, and the parts of it.

    Args:
        network: The trained network.
        samples: Whose test sets are scored.
        trained: What it was trained on; scored by one view, because these are many.
        device: ``cpu`` or ``cuda``.
    """
    found = {TRAIN: scores(log_probabilities(network, trained.images, "one", device), trained)}
    for test, faces in samples.tests.items():
        answers = log_probabilities(network, faces.images, samples.plan.views, device)
        found |= scores_of_parts(answers, test, samples)
    return found


def scores_of_parts(
    answers: NDArray[np.float64], test: str, samples: Samples
) -> dict[str, SetScores]:
    """Figures on a test set and the parts of it, by name (``Samples.parts``)."""
    faces = samples.tests[test]
    return {
        name: scores(answers[chosen], faces[chosen]) for name, chosen in samples.parts(test).items()
    }


def scores(log_probabilities: NDArray[np.float64], faces: FaceSet) -> SetScores:
    """Figures of log-probabilities ``(N, K)`` on N samples.

    They are not calibrated: a study compares trainings, not bundles.

    Raises:
        DivergedError: If an answer is no finite number.
    """
    broken = ~np.isfinite(log_probabilities).all(axis=1)
    if broken.any():
        raise DivergedError(
            f"{int(broken.sum())} of {len(faces)} answers of the trained network are no finite "
            "numbers: its training diverged; lower lr, or raise warmup"
        )
    truth, space = faces.labels, faces.space
    answers = log_probabilities.argmax(axis=1)
    counts = metrics.confusion_matrix(truth, answers, len(space))
    each = metrics.class_scores(counts)
    occurs = each.support > 0
    right = int(np.trace(counts))
    return SetScores(
        n=len(truth),
        accuracy=right / len(truth),
        ci95=metrics.wilson_interval(right, len(truth)),
        loss=float(-log_probabilities[np.arange(len(truth)), truth].mean()),
        # A label that is never answered has no precision; the papers' tools count it as 0.
        precision=float(np.nan_to_num(each.precision[occurs]).mean()),
        recall=float(each.recall[occurs].mean()),
        f1=float(each.f1[occurs].mean()),
        per_class={
            name: LabelScores(
                float(each.precision[i]),
                float(each.recall[i]),
                float(each.f1[i]),
                int(each.support[i]),
            )
            for i, name in enumerate(space.labels)
        },
        confusion=tuple(map(tuple, counts.tolist())),
        right=np.packbits(answers == truth).tobytes().hex(),
        sha256=faces.sha256,
    )


def log_probabilities(
    network: ExpressionNet, images: NDArray[np.uint8], views: str = "one", device: str = "cpu"
) -> NDArray[np.float64]:
    """Log of the mean over views of the softmax, ``(N, K)``, of ``(N, 48, 48)`` crops."""
    network = network.eval().to(device)
    _lay_out(network, torch.channels_last)  # 1.7 times as fast on CPUs, the same answers to 1e-6

    def mixed(crops: torch.Tensor) -> NDArray[np.float64]:
        each = _views(crops.to(device), views)
        seen = [network(view).logits.double().log_softmax(dim=1) for view in each]
        return (torch.stack(seen).logsumexp(dim=0) - float(np.log(len(seen)))).cpu().numpy()

    answers = in_batches(network, images, mixed)
    _lay_out(network.to("cpu"), torch.contiguous_format)
    return np.concatenate(answers)


def _lay_out(network: ExpressionNet, layout: torch.memory_format) -> None:
    """Lay the weights of convolutions out, and nothing else: HOG has a buffer of five axes."""
    for weights in (*network.parameters(), *network.buffers()):
        if weights.dim() == 4:
            weights.data = weights.data.contiguous(memory_format=layout)


def _views(crops: torch.Tensor, views: str) -> list[torch.Tensor]:
    """The crops; with their mirror images; or centre and corners with theirs (evaluate.views)."""
    if views == "one":
        return [crops]
    padded = F.pad(crops, (_CORNER,) * 4, mode="replicate")
    at = [(_CORNER, _CORNER)]
    if views == "tencrop":
        at += [(y, x) for y in (0, 2 * _CORNER) for x in (0, 2 * _CORNER)]
    seen = [padded[:, :, y : y + CROP, x : x + CROP] for y, x in at]
    return seen + [each.flip(3) for each in seen]
