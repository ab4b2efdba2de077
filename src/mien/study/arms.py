"""One arm of a study: train, then score."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray

from mien.core.alignment import FRAME
from mien.data.faceset import FaceSet
from mien.models import ExpressionNet, count_macs, count_parameters
from mien.study.drawing import Rows
from mien.study.plan import Arm
from mien.study.scores import scores
from mien.train import TrainConfig, config_from_dict, load_run, train
from mien.train.log import EpochRow

_BATCH = 256
_CORNER = 2  # pixels from the centre to a corner crop: 44 of 48 pixels are seen


def recipe_of(arm: Arm, labels: str) -> TrainConfig:
    """The recipe of an arm; nothing is watched unless it says so, and votes are not used."""
    return config_from_dict(
        {"watch": "", "votes_weight": 0.0, **dict(arm.recipe), "labels": labels}
    )


def run_network(
    arm: Arm,
    rows: Rows,
    folder: Path,
    *,
    device: str,
    provenance: dict[str, str],
    on_epoch: Callable[[EpochRow], None],
) -> dict[str, Any]:
    """Train the network of an arm, going on where an earlier call stopped, and score it.

    Raises:
        MienError: As ``train.train`` and ``train.load_run`` do.
    """
    config = recipe_of(arm, rows.plan.labels)
    run = folder / "run"
    train(
        rows.train,
        config,
        run,
        resume=True,
        provenance=provenance,
        on_epoch=on_epoch,
        accelerator=device,
    )
    finished = load_run(run)
    told = {
        **cost(finished.network),
        "epochs": config.epochs,
        "seconds": round(sum(row.seconds for row in finished.log)),
        "train_rows": finished.data["rows"],
        "scores": scored(finished.network, rows, device),
        "log": [vars(row) for row in finished.log],
    }
    for epoch in config.score_at:
        kept = load_run(run, epoch).network
        told["scores"] |= {
            f"{name} at {epoch}": found for name, found in scored(kept, rows, device).items()
        }
    return told


def cost(network: ExpressionNet) -> dict[str, Any]:
    """Parameters, multiply-accumulates and the size of the weights in fp32."""
    parameters = count_parameters(network)
    return {
        "parameters": parameters,
        "macs": count_macs(network),
        "megabytes": 4 * sum(p.numel() for p in network.parameters()) / 1e6,
    }


def scored(network: ExpressionNet, rows: Rows, device: str) -> dict[str, dict[str, Any]]:
    """Figures on the training rows and on every test set."""
    sets: Mapping[str, FaceSet] = {"train": rows.train, **rows.tests}
    return {
        name: scores(
            log_probabilities(network, faces.images, rows.plan.views, device),
            faces.labels,
            faces.space,
        )
        for name, faces in sets.items()
    }


@torch.no_grad()
def log_probabilities(
    network: ExpressionNet, images: NDArray[np.uint8], views: str = "none", device: str = "cpu"
) -> NDArray[np.float64]:
    """Log of the mean over views of the softmax, ``(N, K)``, of ``(N, 48, 48)`` crops."""
    network = network.eval().to(device)
    answers: list[NDArray[np.float64]] = []
    for start in range(0, len(images), _BATCH):
        frames = torch.from_numpy(images[start : start + _BATCH, None]).to(device).float()
        seen = [network(view).logits.double().log_softmax(dim=1) for view in _views(frames, views)]
        mixed = torch.stack(seen).logsumexp(dim=0) - float(np.log(len(seen)))
        answers.append(mixed.cpu().numpy())
    network.to("cpu")
    return np.concatenate(answers)


def _views(frames: torch.Tensor, views: str) -> list[torch.Tensor]:
    """The frame; with its mirror image; or centre and corners with theirs (evaluate.views)."""
    if views == "none":
        return [frames]
    padded = F.pad(frames, (_CORNER,) * 4, mode="replicate")
    at = [(_CORNER, _CORNER)]
    if views == "tencrop":
        at += [(y, x) for y in (0, 2 * _CORNER) for x in (0, 2 * _CORNER)]
    crops = [padded[:, :, y : y + FRAME, x : x + FRAME] for y, x in at]
    return crops + [crop.flip(3) for crop in crops]
