"""A training that begins with the weights of a bundle."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from made_bundle import made_bundle, made_network, made_splits
from made_runs import QUICK, splits
from mien.core.errors import ConfigError
from mien.data.select.folds import one_fold_out
from mien.export.bundle import licence_of, network_logits
from mien.export.graph import to_onnx
from mien.models import ExpressionNet, build
from mien.models.options import NetworkOptions
from mien.runtime.graph import Graph
from mien.store.bundle import Bundle, load_bundle
from mien.store.training import Training
from mien.train import load_run, start_from, train
from mien.train.state import seeded


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    folder = tmp_path_factory.mktemp("start") / "bundle"
    made_bundle(folder, int8=False)
    return load_bundle(folder)


def settled(name: str, **options: object) -> ExpressionNet:
    """An untrained network whose norms have means, spreads and weights of their own."""
    with seeded(1):
        network = build(name, options=NetworkOptions(**options))  # type: ignore[arg-type]
        for part in network.modules():
            if isinstance(part, torch.nn.BatchNorm2d):
                torch.nn.init.uniform_(part.weight, 0.3, 2)
                torch.nn.init.normal_(part.bias)
                part.momentum = 0.5
        with torch.no_grad():
            for _ in range(4):
                network.train()(torch.rand(16, 1, 48, 48) * 255)
    return network.eval()


def given(bundle: Bundle, network: ExpressionNet) -> Bundle:
    """The bundle with the graph of another network."""
    graph = to_onnx(network)

    class Other(Bundle):
        def model(self, precision: str = "fp32") -> bytes:
            assert precision == "fp32"
            return graph

    return Other(bundle.path, bundle.card)


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("nano", {}),
        ("kim_cnn", {}),  # dense layers, with biases
        ("mini_xception", {}),  # depthwise
        ("vgg19_44_quarter", {}),  # convolutions with a bias before their norms
        ("densenet121", {"input_size": 32}),  # norms that follow no convolution
    ],
)
def test_a_network_answers_as_the_bundle_it_was_given(
    bundle: Bundle, name: str, options: dict[str, int]
) -> None:
    made = given(bundle, settled(name, **options))
    faces = splits(40, 8)
    config = replace(QUICK, model=name, network=NetworkOptions(**options))  # type: ignore[arg-type]
    network, _ = start_from(made, config, faces)
    expected = Graph(made.model()).answers(faces.images)[0]
    np.testing.assert_allclose(
        network_logits(network.eval(), faces.images), expected, rtol=1e-3, atol=1e-3
    )


def test_it_answers_nearly_so_in_training_too(bundle: Bundle) -> None:
    """Norms were measured on crops of the training: a batch of others changes little."""
    faces = splits(80, 8)
    network, _ = start_from(bundle, QUICK, faces)
    network.dropout.p = 0.0
    with torch.no_grad():
        trained = network.train()(torch.from_numpy(faces.images)[:, None].float()).logits
    expected = Graph(bundle.model()).answers(faces.images)[0]
    assert np.corrcoef(trained.numpy().ravel(), expected.ravel())[0, 1] > 0.9


def test_filters_have_the_length_they_are_initialised_with(bundle: Bundle) -> None:
    network, _ = start_from(bundle, QUICK, splits(40, 8))
    with seeded(QUICK.seed):
        fresh = build("nano", votes=False)
    weight, usual = (each.get_submodule("trunk.0").weight for each in (network, fresh))
    lengths = weight.flatten(1).norm(dim=1)
    torch.testing.assert_close(lengths, usual.flatten(1).norm(dim=1).mean().expand_as(lengths))


def test_a_run_records_what_it_began_with_and_continues(bundle: Bundle, tmp_path: Path) -> None:
    faces = splits(40, 8)
    network, record = start_from(bundle, QUICK, faces)
    train(faces, QUICK, tmp_path / "run", network=network, provenance={"start": record})
    training = load_run(tmp_path / "run").training
    assert training.began_with == "made"
    assert [each.record.get("seed") for each in training.lineage] == [None, 3]
    fresh = Training({"config": {}})
    assert fresh.began_with is None
    assert fresh.lineage == (fresh,)


def test_another_network_or_other_labels_are_refused(bundle: Bundle) -> None:
    faces = splits(40, 8)
    with pytest.raises(ConfigError, match="not the network of the recipe"):
        start_from(bundle, replace(QUICK, model="kim_cnn"), faces)
    wide = NetworkOptions(input_size=48)  # same weights, another input: it is no fault
    assert start_from(bundle, replace(QUICK, network=wide), faces)[0].input_size == 48
    with pytest.raises(ConfigError, match="same labels"):
        start_from(bundle, replace(QUICK, labels="ferplus8", votes_weight=0), faces)


def test_a_recipe_with_other_weights_is_refused(bundle: Bundle) -> None:
    twice = replace(QUICK, network=NetworkOptions(pretrained="timm"))
    with pytest.raises(ConfigError, match="both say where to begin"):
        start_from(bundle, twice, splits(40, 8))


def test_rows_that_the_bundle_has_seen_cannot_be_held_out(bundle: Bundle) -> None:
    faces = made_splits()
    held = replace(QUICK, held_out=0.2)
    with pytest.raises(ConfigError, match="trained on rows that this recipe holds out"):
        start_from(bundle, held, faces)
    seen = {"training_sha256": faces.split("Training").sha256}

    def recorded(config: dict[str, object], sha256: str | None = None) -> Bundle:
        data = {"training_sha256": sha256} if sha256 else seen
        training = Training({"config": config, "data": data})
        return Bundle(bundle.path, replace(bundle.card, training=training))

    with pytest.raises(ConfigError, match="hold"):
        start_from(recorded({"held_out": 0.2, "held_out_seed": 1}), held, faces)
    assert start_from(recorded({"held_out": 0.2}), held, faces)
    assert start_from(recorded({}, "of other rows"), held, faces)


def test_folds_that_the_bundle_has_seen_cannot_be_held_out(bundle: Bundle) -> None:
    faces = made_splits(n_train=70)
    fold = {"folds": 3, "fold": 1, "fold_seed": 0}
    part = one_fold_out(faces, 3, 1, 0).split("Training")
    training = Training({"config": fold, "data": {"training_sha256": part.own.sha256}})
    known = Bundle(bundle.path, replace(bundle.card, training=training))
    assert start_from(known, replace(QUICK, folds=3, fold=1), faces)
    for other in (replace(QUICK, folds=3, fold=0), replace(QUICK, held_out=0.2)):
        with pytest.raises(ConfigError, match="rows that this recipe holds out"):
            start_from(known, other, faces)
    drawn = Training({"drawn": {"train_share": 0.8}, "data": {"training_sha256": "of a study"}})
    unknown = Bundle(bundle.path, replace(bundle.card, training=drawn))
    with pytest.raises(ConfigError, match="rows that this recipe holds out"):
        start_from(unknown, replace(QUICK, held_out=0.2), faces)


def test_data_without_splits_can_be_divided_by_folds(bundle: Bundle) -> None:
    faces = made_splits(n_train=70, n_public=0)
    whole = replace(faces, splits=np.full(len(faces), "all"))
    elsewhere = Training({"data": {"training_sha256": "of other rows"}})
    known = Bundle(bundle.path, replace(bundle.card, training=elsewhere))
    assert start_from(known, replace(QUICK, folds=3), whole)
    with pytest.raises(ConfigError, match="rows that this recipe holds out"):  # nothing is known
        start_from(bundle, replace(QUICK, folds=3), whole)


def test_terms_of_earlier_trainings_stay() -> None:
    before = {
        "data_set": "AffectNet",
        "data_terms": "AffectNet: research",
        "drawn": {"pool": ["x"]},
    }
    start = {"name": "a", "training": before}
    both = Training({"data_set": "RAF-DB", "data_terms": "RAF-DB: research", "start": start})
    assert both.data_set == "RAF-DB, AffectNet"
    assert both.data_terms == "RAF-DB: research; AffectNet: research"
    assert both.drawn_from == {"x"}
    mixed = Training({"start": start})
    assert (mixed.data_set, mixed.data_terms) == (None, "AffectNet: research")
    assert "AffectNet: research" in licence_of(mixed)


def test_votes_that_only_the_bundle_learned_from_are_still_told() -> None:
    from mien.evaluate.protocol import training_in_words
    from mien.export.bundle import VOTES_NOTE, _votes_notes

    before = {"config": {"votes_weight": 0.4}}
    training = Training({"config": {"votes_weight": 0}, "start": {"name": "a", "training": before}})
    assert "FER+ votes" in training_in_words(training)["training"]
    assert _votes_notes(made_network(), training) == (VOTES_NOTE,)
