"""What a step minimises: label weights, smoothing, votes that are there and votes that are not."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from faces_made import made_faces
from mien.core.errors import DataError
from mien.models import Outputs
from mien.train import TrainConfig
from mien.train.losses import loss_of
from mien.train.rows import Resident, label_weights

PLAIN = TrainConfig(votes_weight=0.0, label_smoothing=0.1)
LABELS = [0] * 8 + [1] * 2 + [2] * 2 + [3, 4, 5, 6]
CPU = torch.device("cpu")


def weighted(kind: str | tuple[float, ...]) -> TrainConfig:
    return dataclasses.replace(PLAIN, class_weights=kind)


def answers(n: int, *, votes: bool = False) -> Outputs:
    draw = torch.Generator().manual_seed(1)
    logits, extra = torch.randn(n, 7, generator=draw), torch.randn(n, 8, generator=draw)
    return Outputs(logits, torch.zeros(n, 1), None, extra if votes else None)


def test_no_weights_unless_asked_for() -> None:
    faces = made_faces(LABELS)
    assert label_weights(faces, PLAIN) is None
    rows = Resident.of(faces, CPU, label_weights(faces, PLAIN))
    out = answers(16)
    expected = F.cross_entropy(out.logits, rows.labels, label_smoothing=0.1)
    assert torch.equal(loss_of(out, rows, PLAIN), expected)


@pytest.mark.parametrize(("kind", "ratio"), [("balanced", 4.0), ("sqrt", 2.0)])
def test_weights_go_against_the_counts_with_mean_one(kind: str, ratio: float) -> None:
    faces = made_faces(LABELS)
    weights = label_weights(faces, weighted(kind))
    assert weights[1] / weights[0] == pytest.approx(ratio)
    assert weights[faces.labels].mean() == pytest.approx(1)


def test_given_weights_are_taken_as_they_are() -> None:
    given = (1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 0.0)
    assert label_weights(made_faces(LABELS), weighted(given)).tolist() == list(given)


def test_counts_of_nothing_weigh_nothing() -> None:
    with pytest.raises(DataError, match="disgust"):
        label_weights(made_faces([0, 2, 3, 4, 5, 6]), weighted("sqrt"))


def test_a_weighted_loss_is_the_mean_of_weighted_rows() -> None:
    faces, config = made_faces(LABELS), weighted("balanced")
    weights = label_weights(faces, config)
    rows, out = Resident.of(faces, CPU, weights), answers(16)
    each = [
        weights[label] * F.cross_entropy(logits, torch.tensor(label), label_smoothing=0.1)
        for logits, label in zip(out.logits, LABELS, strict=True)
    ]
    whole = loss_of(out, rows, config)
    assert whole.item() == pytest.approx(float(sum(each)) / 16, rel=1e-5)
    halves = [
        loss_of(Outputs(out.logits[index], out.features, None, None), rows[index], config)
        for index in torch.arange(16).chunk(2)
    ]
    assert whole.item() == pytest.approx(float(sum(halves)) / 2, rel=1e-5)


def test_rows_without_votes_do_not_enter_the_loss_on_votes() -> None:
    votes = np.zeros((16, 10), np.int16)
    votes[:4, 2] = 10
    faces = dataclasses.replace(made_faces(LABELS), votes=votes)
    rows, out = Resident.of(faces, CPU), answers(16, votes=True)
    assert rows.vote_weights.tolist() == [1.0] * 4 + [0.0] * 12
    config = dataclasses.replace(PLAIN, votes_weight=0.5)
    extra = loss_of(out, rows, config) - loss_of(out._replace(votes=None), rows, PLAIN)
    expected = 0.5 * F.cross_entropy(out.votes[:4], torch.full((4,), 2)) * 4 / 16
    assert extra.item() == pytest.approx(expected.item(), rel=1e-4)
    out.votes.requires_grad_(True)
    loss_of(out, rows, config).backward()
    assert out.votes.grad[4:].abs().max() == 0
    assert out.votes.grad[:4].abs().max() > 0
