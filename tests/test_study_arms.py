"""What an arm scores: its views, its chosen epochs, its baseline."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from made_bundle import made_network
from mien.classical import BASELINES
from mien.core.errors import ConfigError, UnknownNameError
from mien.core.labels import fer7
from mien.core.scores import softmax
from mien.data.faceset import FaceSet
from mien.runtime import Recognizer
from mien.store.bundle import load_bundle
from mien.study import parse_study, run_study
from mien.study.arm import Arm
from mien.study.kinds.classical import baseline_of
from mien.study.scoring import log_probabilities
from mien.study.smoke import generated_faces
from mien.train import load_run

RECIPE = {"model": "nano", "epochs": 2, "batch_size": 16, "ema_epochs": 0}


def _study(**changes: Any):
    raw = {"title": "t", "source": "s", "question": "q", "recipe": RECIPE, **changes}
    return parse_study(raw, "mine", "full")


def _faces(per_label: int = 4) -> FaceSet:
    return generated_faces(per_label, ("Training", "PublicTest"), fer7)


def _by_hand(network: torch.nn.Module, images: np.ndarray) -> np.ndarray:
    """Probabilities of the crop, of it moved by two pixels both ways, and of their mirrors."""
    side = np.arange(48)
    crops = [
        images[:, (side + dy).clip(0, 47)][:, :, (side + dx).clip(0, 47)]
        for dy, dx in ((0, 0), (-2, -2), (-2, 2), (2, -2), (2, 2))
    ]
    crops += [crop[:, :, ::-1] for crop in crops]
    with torch.no_grad():
        logits = [network(torch.from_numpy(crop[:, None].copy()).float()).logits for crop in crops]
    return np.mean([softmax(each.numpy()) for each in logits], axis=0)


def _loss(probabilities: np.ndarray, labels: np.ndarray) -> float:
    return float(-np.log(probabilities[np.arange(len(labels)), labels]).mean())


def test_ten_crops_are_centre_and_corners_with_their_mirror_images() -> None:
    network, images = made_network(), _faces(1).images
    found = np.exp(log_probabilities(network, images, "tencrop"))
    np.testing.assert_allclose(found, _by_hand(network, images), rtol=1e-4)


def test_test_rows_are_scored_in_the_views_of_the_study_and_training_rows_in_one(
    tmp_path: Path,
) -> None:
    faces = _faces()
    (result,) = run_study(_study(data={"views": "tencrop"}), faces, tmp_path)
    network = load_run(tmp_path / "only" / "run").network.eval()
    public, train = faces.split("PublicTest"), faces.split("Training")
    found = result.scores["PublicTest"].loss
    assert found == pytest.approx(_loss(_by_hand(network, public.images), public.labels), rel=1e-4)
    one = np.exp(log_probabilities(network, train.images))
    assert result.scores["train"].loss == pytest.approx(_loss(one, train.labels), rel=1e-5)


def test_a_chosen_epoch_is_scored_by_the_weights_it_had(tmp_path: Path) -> None:
    faces = _faces()
    (result,) = run_study(_study(recipe={**RECIPE, "score_at": [1]}), faces, tmp_path)
    public = faces.split("PublicTest")
    kept = load_run(tmp_path / "only" / "run", 1).network
    expected = _loss(np.exp(log_probabilities(kept, public.images)), public.labels)
    assert result.scores["PublicTest at 1"].loss == pytest.approx(expected, rel=1e-5)
    assert result.scores["PublicTest"].loss != pytest.approx(expected, rel=1e-3)
    assert result.scores["train at 1"].n == result.scores["train"].n


def _baseline(labels: str = "fer7", **recipe: Any) -> Arm:
    return Arm("mine", {}, recipe, {"labels": labels})


def test_a_baseline_is_changed_by_its_recipe_alone() -> None:
    found = baseline_of(_baseline(baseline="lbp-svm", c=[0.5], landmarks=7, labels="agrawal5"))
    base = BASELINES["lbp-svm"]
    assert (found.c, found.landmarks, found.labels) == ((0.5,), 7, "agrawal5")
    kept = ("feature", "own_scale", "components", "classifier", "gamma", "held_out", "seed")
    assert [getattr(found, key) for key in kept] == [getattr(base, key) for key in kept]


def test_a_missing_or_unknown_baseline_is_refused() -> None:
    with pytest.raises(ConfigError, match="mine needs a baseline; known: eigenfaces-nearest"):
        baseline_of(_baseline(c=[1.0]))
    with pytest.raises(UnknownNameError, match="did you mean 'hog-svm'"):
        baseline_of(_baseline(baseline="hog-swm"))
    with pytest.raises(ConfigError, match="depth"):
        baseline_of(_baseline(baseline="hog-svm", depth=3))


def test_an_arm_of_classical_has_the_figures_of_its_bundle(tmp_path: Path) -> None:
    faces = _faces(6)
    contradicted = np.flatnonzero(faces.splits == "Training")[[1, 2]]
    faces.images[contradicted[0]] = faces.images[contradicted[1]]
    recipe = {"baseline": "hog-svm", "components": 10, "landmarks": 20, "gamma": [1], "c": [1]}
    study = _study(kind="classical", recipe={**recipe, "held_out": 0.3})
    (result,) = run_study(study, faces, tmp_path)
    assert result.state == "done", result
    assert result.scores["train"].n == result.train_rows == 6 * 7 - 2
    bundle = load_bundle(tmp_path / "only" / "bundle")
    assert bundle.card.training.record["config"]["classical"]["components"] == 10
    public = faces.split("PublicTest")
    answers = Recognizer(bundle, detector="none").crop_logits(public.images).argmax(axis=1)
    right = result.scores["PublicTest"].right_rows
    np.testing.assert_array_equal(right, answers == public.labels)
    assert right.mean() > 0.3
