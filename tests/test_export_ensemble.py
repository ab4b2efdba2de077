"""Ensembles: one graph answers what its members answer together."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch

from made_bundle import made_network, made_splits
from mien.core.alignment import identity_affines
from mien.core.errors import BundleError, DataError, ExportError
from mien.core.labels import agrawal5
from mien.core.scores import softmax
from mien.data.select.folds import one_fold_out
from mien.data.select.subsets import held_out
from mien.export import LEARNED, export_bundle, make_ensemble, merge_graphs
from mien.runtime import Recognizer
from mien.runtime.session import open_session, run
from mien.store.bundle import Bundle, load_bundle
from mien.store.training import Training
from mien.train.state import seeded


def _network(seed: int):
    """A second network that answers otherwise."""
    network = made_network()
    with seeded(seed), torch.no_grad():
        for head in (network.head, network.vote_head):
            head.weight.normal_(0, 0.5)
    return network


@pytest.fixture(scope="module")
def members(tmp_path_factory: pytest.TempPathFactory) -> list[Bundle]:
    folder = tmp_path_factory.mktemp("members")
    training = Training({"config": {"held_out": 0.5, "held_out_seed": 0}})
    return [
        export_bundle(
            _network(seed), made_splits(), folder / f"m{seed}", name=f"m{seed}", training=training
        ).bundle
        for seed in (11, 12)
    ]


def _picture(n: int = 3):
    rng = np.random.default_rng(4)
    image = rng.integers(0, 256, (90, 120, 3), np.uint8)
    affines = identity_affines(n) + rng.uniform(-3, 30, (n, 1, 1)) * [[[1, 0, 1], [0, 1, 0.5]]]
    return {"image": image, "affine": affines.astype(np.float32)}


def _mixed(members: list[Bundle], precision: str, inputs, shares) -> np.ndarray:
    parts = []
    for member in members:
        (logits,) = run(open_session(member.model(precision)), ["logits"], inputs)
        parts.append(softmax(logits, member.card.files[precision].calibration.temperature))
    return np.tensordot(shares, parts, axes=1)


@pytest.mark.parametrize("precision", ["fp32", "int8"])
@pytest.mark.parametrize("shares", [None, (3.0, 1.0)])
def test_the_merged_graph_answers_the_mean_of_its_members(
    members: list[Bundle], tmp_path: Path, precision: str, shares
) -> None:
    made = make_ensemble(members, made_splits(), tmp_path / "both", name="both", shares=shares)
    inputs = _picture()
    (logits,) = run(open_session(made.bundle.model(precision)), ["logits"], inputs)
    expected = _mixed(members, precision, inputs, [0.5, 0.5] if shares is None else [0.75, 0.25])
    np.testing.assert_allclose(np.exp(logits), expected, atol=1e-5)
    assert made.largest_difference < 1e-4


def test_two_members_equal_torch(members: list[Bundle], tmp_path: Path) -> None:
    rows = made_splits().split("PublicTest")
    made = make_ensemble(members, made_splits(), tmp_path / "both", name="both")
    frames = torch.from_numpy(rows.images[:, None]).float()
    expected = 0
    for seed, member in zip((11, 12), members, strict=True):
        with torch.no_grad():
            logits = _network(seed).eval()(frames).logits
        temperature = member.card.files["fp32"].calibration.temperature
        expected = expected + (logits / temperature).softmax(dim=1).numpy() / 2
    answered = Recognizer(made.bundle, detector="none").crop_logits(rows.images)
    np.testing.assert_allclose(softmax(answered), expected, atol=1e-4)


def test_what_members_have_in_common_is_computed_once(members: list[Bundle]) -> None:
    graphs = [member.model() for member in members]
    merged = onnx.load_from_string(merge_graphs(graphs, [1, 1], [1, 1]))
    onnx.checker.check_model(merged, full_check=True)
    assert sum(node.op_type == "GridSample" for node in merged.graph.node) == 1
    twice = onnx.load_from_string(merge_graphs([graphs[0]] * 2, [1, 1], [1, 1]))
    alone = onnx.load_from_string(graphs[0])
    convolutions = [sum(n.op_type == "Conv" for n in m.graph.node) for m in (twice, alone)]
    # the activation maps' own convolution is left out
    assert convolutions[0] == convolutions[1] - 1


def test_a_certain_member_gives_finite_logits(members: list[Bundle]) -> None:
    graphs = [member.model() for member in members]
    sharp = merge_graphs(graphs, [1e-4, 1e-4], [1, 1])
    (logits,) = run(open_session(sharp), ["logits"], _picture())
    assert np.isfinite(logits).all()
    np.testing.assert_allclose(np.exp(logits).sum(axis=1), 1, atol=1e-5)


def test_the_card_tells_members_cost_and_agreement(members: list[Bundle], tmp_path: Path) -> None:
    made = make_ensemble(members, made_splits(), tmp_path / "both", name="both")
    card = made.bundle.card
    assert card.outputs == ("logits",)
    assert card.licence == members[0].card.licence
    assert card.parameters == sum(m.card.parameters for m in members)
    assert card.macs == sum(m.card.macs for m in members)
    told = card.training.record["ensemble"]
    assert [m["name"] for m in told] == ["m11", "m12"]
    assert [m["share"] for m in told] == [0.5, 0.5]
    size = (made.bundle.path / "model.onnx").stat().st_size / 1e6
    assert card.training.record["megabytes"]["fp32"] == pytest.approx(size, abs=1e-3)
    assert told[0]["sha256"]["fp32"] == members[0].card.files["fp32"].sha256
    rows = made_splits().split("PublicTest")
    tops = [Recognizer(m, detector="none").crop_logits(rows.images).argmax(axis=1) for m in members]
    assert card.training.record["agreement"] == pytest.approx((tops[0] == tops[1]).mean())
    np.testing.assert_allclose(made.accuracies, [(t == rows.labels).mean() for t in tops])
    assert set(card.files) == {"fp32", "int8"}
    assert "5.9 %" in json.dumps(card.notes, ensure_ascii=False)


def test_members_trained_on_other_rows_are_refused(members: list[Bundle], tmp_path: Path) -> None:
    """They may have been trained on the rows that the ensemble is calibrated and scored on."""
    other = {"config": {}, "data": {"training_sha256": "0" * 64}}
    nested = {"ensemble": [{"name": "inner", "training": other}]}
    for training, who in ((other, "m12"), (nested, "inner")):
        card = replace(members[1].card, training=Training(training))
        with pytest.raises(DataError, match=f"{who} was trained on other Training rows"):
            make_ensemble(
                [members[0], replace(members[1], card=card)],
                made_splits(),
                tmp_path / "both",
                name="both",
            )
    assert not (tmp_path / "both").exists()


def test_members_that_left_out_one_fold_are_joined_on_it(
    members: list[Bundle], tmp_path: Path
) -> None:
    faces = made_splits()
    folded = one_fold_out(faces, 4, 1, 7)
    told = {
        "config": {"folds": 4, "fold": 1, "fold_seed": 7},
        "data": {"training_sha256": folded.split("Training").sha256},
    }
    left = [replace(m, card=replace(m.card, training=Training(told))) for m in members]
    made = make_ensemble(left, faces, tmp_path / "both", name="both", calibration_split="fold")
    metrics = made.bundle.card.files["fp32"].metrics[0]
    assert (metrics["split"], metrics["n"]) == ("fold", len(folded.split("fold")))
    other = {**told, "config": {**told["config"], "fold": 2}}
    mixed = [left[0], replace(left[1], card=replace(left[1].card, training=Training(other)))]
    with pytest.raises(DataError, match="left out different folds"):
        make_ensemble(mixed, faces, tmp_path / "other", name="other")


def test_licences_of_all_members_are_told(members: list[Bundle], tmp_path: Path) -> None:
    others = replace(members[1], card=replace(members[1].card, licence="theirs"))
    made = make_ensemble([members[0], others], made_splits(), tmp_path / "both", name="both")
    assert made.bundle.card.licence == f"{members[0].card.licence}; theirs"


def test_a_precision_that_one_member_lacks_is_left_out(
    members: list[Bundle], tmp_path: Path
) -> None:
    third = export_bundle(_network(13), made_splits(), tmp_path / "m13", name="m13", int8=False)
    made = make_ensemble([*members, third.bundle], made_splits(), tmp_path / "three", name="three")
    assert set(made.bundle.card.files) == {"fp32"}
    np.testing.assert_allclose(made.shares, 1 / 3)


def test_learned_shares_come_from_rows_that_no_member_saw(
    members: list[Bundle], tmp_path: Path
) -> None:
    faces = made_splits()
    train = faces.split("Training")
    left_out = held_out(train, 0.5, 0)
    answers = Recognizer(members[0], detector="none").crop_logits(train.images).argmax(axis=1)
    # The first member is always right on the rows that were held out, by making it so.
    labels = faces.labels.copy()
    training = np.flatnonzero(faces.splits == "Training")
    labels[training[left_out]] = answers[left_out]
    made = make_ensemble(
        members, replace(faces, labels=labels), tmp_path / "both", name="both", shares=LEARNED
    )
    assert made.shares[0] > 0.6
    assert made.bundle.card.training.record["shares"] == "learned"


def test_shares_are_not_learned_where_a_member_was_trained(
    members: list[Bundle], tmp_path: Path
) -> None:
    def trained(**config: object) -> Bundle:
        card = replace(members[1].card, training=Training({"config": config}))
        return Bundle(members[1].path, card)

    for other, reason in (
        (trained(held_out=0.0), "trained on all of Training"),
        (trained(held_out=0.5, held_out_seed=3), "held out different rows"),
    ):
        with pytest.raises(DataError, match=reason):
            make_ensemble(
                [members[0], other], made_splits(), tmp_path / "both", name="b", shares=LEARNED
            )
    assert not (tmp_path / "both").exists()


def test_members_that_do_not_fit_are_refused(members: list[Bundle], tmp_path: Path) -> None:
    other = Bundle(members[1].path, replace(members[1].card, labels=agrawal5))
    crop = replace(members[1].card.geometry, box_scale=1.3)
    cut = Bundle(members[1].path, replace(members[1].card, geometry=crop))
    for group, reason in (
        (members[:1], "two members"),
        ([*members, members[0]], "m11 is given more than once"),
        ([members[0], other], "one label space"),
        ([members[0], cut], "different crops"),
    ):
        with pytest.raises(ExportError, match=reason):
            make_ensemble(group, made_splits(), tmp_path / "bad", name="bad")
    with pytest.raises(ExportError, match="above 0"):
        make_ensemble(members, made_splits(), tmp_path / "bad", name="bad", shares=(1.0, 0.0))
    with pytest.raises(ExportError, match="need one share each, got"):
        make_ensemble(members, made_splits(), tmp_path / "bad", name="bad", shares=(1.0,))
    assert not (tmp_path / "bad").exists()


def test_graphs_of_different_opsets_are_refused(members: list[Bundle]) -> None:
    graph = onnx.load_from_string(members[1].model())
    graph.opset_import[0].version = 17
    with pytest.raises(ExportError, match="different opsets"):
        merge_graphs([members[0].model(), graph.SerializeToString()], [1, 1], [1, 1])


def test_an_altered_member_is_refused(members: list[Bundle], tmp_path: Path) -> None:
    copy = tmp_path / "altered"
    copy.mkdir()
    for file in members[1].path.iterdir():
        (copy / file.name).write_bytes(file.read_bytes())
    (copy / "model.onnx").write_bytes(members[0].model())
    with pytest.raises(BundleError, match="sha256 differs"):
        make_ensemble([members[0], load_bundle(copy)], made_splits(), tmp_path / "e", name="e")


def test_an_ensemble_may_be_a_member(members: list[Bundle], tmp_path: Path) -> None:
    both = make_ensemble(members, made_splits(), tmp_path / "both", name="both").bundle
    made = make_ensemble([both, members[0]], made_splits(), tmp_path / "nested", name="nested")
    inputs = _picture()
    (logits,) = run(open_session(made.bundle.model()), ["logits"], inputs)
    expected = (_mixed([both], "fp32", inputs, [1]) + _mixed([members[0]], "fp32", inputs, [1])) / 2
    np.testing.assert_allclose(np.exp(logits), expected, atol=1e-5)
