"""Arms that begin with another training, or with weights from elsewhere."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from mien.core.errors import ConfigError, DataError
from mien.core.labels import fer7
from mien.data.faceset import FaceSet
from mien.data.select.subsets import held_out
from mien.evaluate import evaluate
from mien.export.bundle import FIRST_NOTE
from mien.models import build
from mien.runtime import Recognizer
from mien.store.bundle import load_bundle
from mien.study import Study, export_arm, parse_study, run_study
from mien.study.arm import Arm
from mien.study.kinds.transfer import Trainings, voted
from mien.study.smoke import generated_faces
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
    assert result.state == "done", result
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


FIRST = {"epochs": 1, "dropout": 0.1}
# Steps that are too small to move a weight: what an arm ends with is what it began with.
STILL = {"model": "nano", "epochs": 1, "batch_size": 16, "ema_epochs": 0, "lr": 1e-12}


def _study(**recipe: Any) -> Study:
    raw = {
        "title": "t",
        "source": "s",
        "question": "q",
        "kind": "transfer",
        "recipe": {**STILL, "first": {**FIRST, "lr": 0.05}, **recipe},
        "grid": {"class_weights": ["none", "balanced"]},
    }
    return parse_study(raw, "mine", "full")


def _faces() -> FaceSet:
    return generated_faces(6, ("Training", "PublicTest"), fer7)


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> tuple[Study, Path]:
    study, out = _study(), tmp_path_factory.mktemp("transfer")
    results = run_study(study, _faces(), out)
    assert [result.state for result in results] == ["done", "done"], results
    return study, out


def test_arms_begin_with_the_trunk_of_one_first_training(ran: tuple[Study, Path]) -> None:
    study, out = ran
    (first,) = out.glob("first-*")
    trunk = load_run(first).network.trunk
    for arm in study.arms:
        found = load_run(out / arm.name / "run").network.trunk
        for name, weights in trunk.named_parameters():
            torch.testing.assert_close(found.get_parameter(name), weights, rtol=0, atol=1e-6)
    with seeded(0):
        fresh = build("nano", votes=False).trunk
    assert not torch.allclose(trunk[0].weight, fresh[0].weight, atol=1e-3)


def test_a_card_records_the_labels_it_began_with(ran: tuple[Study, Path], tmp_path: Path) -> None:
    study, out = ran
    kept = load_run(out / study.arms[0].name / "run").training.record  # what mien export reads
    assert kept["first"]["config"]["labels"] == "ferplus8"
    assert kept["first"]["config"]["epochs"] == 1
    faces = _faces()
    export_arm(study, study.arms[0], replace(faces, votes=None), out, tmp_path / "b", int8=False)
    card = load_bundle(tmp_path / "b").card
    assert card.training.record["first"] == json.loads(json.dumps(kept["first"]))
    assert FIRST_NOTE in card.notes
    found = evaluate(Recognizer(load_bundle(tmp_path / "b"), detector="none"), faces)
    assert "the labels of a first training" in found.protocol["training"]


def test_results_with_other_votes_are_not_taken_for_ones_own(ran: tuple[Study, Path]) -> None:
    study, out = ran
    faces = _faces()
    with pytest.raises(ConfigError, match="was run with other rows"):
        run_study(study, replace(faces, votes=np.roll(faces.votes, 1, axis=1)), out)
    done = run_study(study, _faces(), out)
    assert [row.state for row in done] == ["done", "done"]
    (out / study.arms[0].name / "result.json").unlink()
    assert run_study(study, _faces(), out)[0].state == "done"


def test_rows_that_are_held_out_are_in_neither_training(tmp_path: Path) -> None:
    study, faces = _study(held_out=0.3), _faces()
    run_study(study, faces, tmp_path, only=(study.arms[0].name,))
    train = faces.split("Training")
    left = voted(train[~held_out(train, 0.3, 0)])
    (first,) = tmp_path.glob("first-*")
    data = load_run(first).data
    assert (data["training_sha256"], data["rows"]) == (left.sha256, len(left))
    assert len(left) < len(voted(train))


def test_heads_freezing_and_weights_are_the_seconds_unless_the_first_names_them() -> None:
    own = {"network": {"channels": 3, "hidden": [8], "freeze_to": "1"}, "class_weights": "balanced"}
    plain = Trainings.of(Arm("a", {}, {**STILL, **own, "first": FIRST}, {})).first
    assert plain is not None
    assert (plain.network.channels, plain.network.hidden, plain.network.freeze_to) == (3, (), "")
    assert (plain.class_weights, plain.dropout) == ("none", 0.1)
    named = {"class_weights": "balanced", "network": {"hidden": [4]}}
    recipe = {**STILL, **own, "first": {**FIRST, **named}}
    asked = Trainings.of(Arm("a", {}, recipe, {})).first
    assert asked is not None
    assert (asked.class_weights, asked.network.hidden) == ("balanced", (4,))
