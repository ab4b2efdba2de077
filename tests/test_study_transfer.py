"""Arms that begin with another training, or with weights from elsewhere."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from mien.core.errors import DataError
from mien.core.labels import fer7
from mien.models import build
from mien.study import parse_study, run_study
from mien.study.generated import generated_faces
from mien.study.transfer import voted
from mien.train import load_run
from mien.train.state import seeded


def test_an_arm_without_a_first_training_begins_with_the_weights_it_is_given(
    tmp_path: Path,
) -> None:
    with seeded(5):
        given = build("nano", votes=False).trunk.state_dict()
    save_file({k: v.contiguous() for k, v in given.items()}, tmp_path / "w.safetensors")
    recipe = {"model": "nano", "epochs": 1, "batch_size": 64, "ema_epochs": 0, "lr": 1e-9}
    raw = {
        "title": "t",
        "source": "s",
        "question": "q",
        "kind": "transfer",
        "recipe": {**recipe, "network": {"pretrained": str(tmp_path / "w.safetensors")}},
        "data": {"generated": 4},
    }
    (result,) = run_study(parse_study(raw, "mine", "smoke"), generated_faces, tmp_path / "runs")
    assert result["state"] == "done", result
    trunk = load_run(tmp_path / "runs" / "only" / "run").network.trunk
    torch.testing.assert_close(trunk[0].weight, given["0.weight"], rtol=0, atol=1e-5)


def test_votes_become_labels_where_raters_agree() -> None:
    faces = generated_faces(2, ("Training",), fer7)
    votes = faces.votes.copy()
    votes[0] = [4, 3, 3, 0, 0, 0, 0, 0, 0, 0]
    votes[1] = [0, 0, 0, 0, 0, 0, 0, 0, 10, 0]  # unknown
    found = voted(type(faces)(**{**vars(faces), "votes": votes}))
    assert len(found) == len(faces) - 2
    assert found.space.name == "ferplus8"
    np.testing.assert_array_equal(found.labels, faces.votes[2:, :8].argmax(axis=1))
    with pytest.raises(DataError, match="--votes"):
        voted(type(faces)(**{**vars(faces), "votes": None}))
