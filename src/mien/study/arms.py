"""One arm of a study: train, then score."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray

from mien.core.alignment import CROP
from mien.core.errors import ConfigError, DivergedError
from mien.data.faceset import FaceSet
from mien.models import ExpressionNet, count_macs, count_parameters
from mien.models.network import scored_at_once
from mien.study.drawing import Rows
from mien.study.plan import Arm
from mien.study.scores import scores
from mien.train import (
    Callbacks,
    Shown,
    TrainConfig,
    config_from_dict,
    load_run,
    train,
    training_rows,
)
from mien.train.log import EpochRow

RUN = "run"
"""Folder, within an arm's, of the training of an arm that has one network, and name of its log."""

TRAIN = "train"
"""Name of the scored set of rows that were trained on."""

CURVE_POINTS = 12
"""How often, at most, the shown test rows are scored in a training."""

_BATCH = 256
_CORNER = 2  # pixels from the centre to a corner crop: 44 of 48 pixels are seen


def recipe_of(arm: Arm, labels: str) -> TrainConfig:
    """The recipe of an arm; nothing is watched unless it says so, and votes are not used."""
    return config_from_dict(
        {"watch": "", "votes_weight": 0.0, **dict(arm.recipe), "labels": labels}
    )


def uses_votes(arm: Arm) -> bool:
    """Whether a training of an arm learns from FER+ votes."""
    return "first" in arm.recipe or bool(arm.recipe.get("votes_weight"))


def no_chosen_epochs(config: TrainConfig) -> None:
    """Raises ``ConfigError`` if a recipe wants epochs scored, in an arm of several trainings."""
    if config.score_at:
        raise ConfigError(
            "score_at is for arms with one training; make the epochs an axis of the grid instead"
        )


def curve_every(config: TrainConfig) -> int:
    """Epochs between two scorings of the shown rows."""
    return -(-config.epochs // CURVE_POINTS)


def run_network(
    arm: Arm,
    rows: Rows,
    folder: Path,
    *,
    device: str,
    provenance: dict[str, Any],
    on_epoch: Callable[[EpochRow], None],
) -> dict[str, Any]:
    """Train the network of an arm, going on where an earlier call stopped, and score it.

    Raises:
        MienError: As ``train.train`` and ``train.load_run`` do.
    """
    config = recipe_of(arm, rows.plan.labels)
    run = folder / RUN
    finished = train(
        rows.train,
        config,
        run,
        resume=True,
        provenance=provenance,
        shown=Shown(rows.shown, curve_every(config)),
        callbacks=Callbacks(on_epoch=on_epoch),
        accelerator=device,
    )
    trained = training_rows(rows.train, config)[0]
    told = {
        **cost(finished.network),
        "epochs": config.epochs,
        "seconds": round(sum(row.seconds for row in finished.log)),
        "train_rows": finished.data["rows"],
        "scores": scored(finished.network, rows, trained, device),
        "log": {RUN: plain_log(finished.log)},
    }
    for epoch in config.score_at:
        kept = load_run(run, epoch).network
        told["scores"] |= {
            f"{name} at {epoch}": found
            for name, found in scored(kept, rows, trained, device).items()
        }
    return told


def plain_log(log: Iterable[EpochRow]) -> list[dict[str, Any]]:
    """The log of a training as plain values."""
    return [asdict(row) for row in log]


def cost(network: ExpressionNet) -> dict[str, Any]:
    """Parameters, multiply-accumulates and the size of the weights in fp32."""
    parameters = count_parameters(network)
    return {
        "parameters": parameters,
        "macs": count_macs(network),
        "megabytes": 4 * sum(p.numel() for p in network.parameters()) / 1e6,
    }


def scored(
    network: ExpressionNet, rows: Rows, trained: FaceSet, device: str
) -> dict[str, dict[str, Any]]:
    """Figures on the rows that were trained on, every test set, and the parts of it.

    Args:
        network: The trained network.
        rows: Whose test sets are scored.
        trained: The rows that it was trained on; scored by one view, because they are many.
        device: ``cpu`` or ``cuda``.
    """
    answers = log_probabilities(network, trained.images, "none", device)
    found = {TRAIN: figures(answers, trained)}
    for test, faces in rows.tests.items():
        answers = log_probabilities(network, faces.images, rows.plan.views, device)
        found |= figures_of_parts(answers, test, rows)
    return found


def figures_of_parts(
    answers: NDArray[np.float64], test: str, rows: Rows
) -> dict[str, dict[str, Any]]:
    """Figures on a test set and the parts of it, by name (``Rows.parts``)."""
    faces = rows.tests[test]
    return {
        name: figures(answers[chosen], faces[chosen]) for name, chosen in rows.parts(test).items()
    }


def figures(answers: NDArray[np.float64], faces: FaceSet) -> dict[str, Any]:
    """Figures of log-probabilities ``(N, K)`` on N rows, and the digest of these rows.

    Raises:
        DivergedError: If an answer is no finite number.
    """
    broken = ~np.isfinite(answers).all(axis=1)
    if broken.any():
        raise DivergedError(
            f"{int(broken.sum())} of {len(answers)} answers of the trained network are no finite "
            "numbers: its training diverged; lower lr, or raise warmup"
        )
    return scores(answers, faces.labels, faces.space) | {"sha256": faces.sha256}


@torch.no_grad()
def log_probabilities(
    network: ExpressionNet, images: NDArray[np.uint8], views: str = "none", device: str = "cpu"
) -> NDArray[np.float64]:
    """Log of the mean over views of the softmax, ``(N, K)``, of ``(N, 48, 48)`` crops."""
    network = network.eval().to(device)
    _as(network, torch.channels_last)  # 1.7 times as fast on CPUs, the same answers to 1e-6
    answers: list[NDArray[np.float64]] = []
    many = scored_at_once(network.input_size, _BATCH)
    for start in range(0, len(images), many):
        frames = torch.from_numpy(images[start : start + many, None]).to(device).float()
        seen = [network(view).logits.double().log_softmax(dim=1) for view in _views(frames, views)]
        mixed = torch.stack(seen).logsumexp(dim=0) - float(np.log(len(seen)))
        answers.append(mixed.cpu().numpy())
    _as(network.to("cpu"), torch.contiguous_format)
    return np.concatenate(answers)


def _as(network: ExpressionNet, layout: torch.memory_format) -> None:
    """Lay the weights of convolutions out, and nothing else: HOG has a buffer of five axes."""
    for weights in (*network.parameters(), *network.buffers()):
        if weights.dim() == 4:
            weights.data = weights.data.contiguous(memory_format=layout)


def _views(frames: torch.Tensor, views: str) -> list[torch.Tensor]:
    """The frame; with its mirror image; or centre and corners with theirs (evaluate.views)."""
    if views == "none":
        return [frames]
    padded = F.pad(frames, (_CORNER,) * 4, mode="replicate")
    at = [(_CORNER, _CORNER)]
    if views == "tencrop":
        at += [(y, x) for y in (0, 2 * _CORNER) for x in (0, 2 * _CORNER)]
    crops = [padded[:, :, y : y + CROP, x : x + CROP] for y, x in at]
    return crops + [crop.flip(3) for crop in crops]
