"""On which rows an ensemble is calibrated, learned and scored, and what it refuses."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch

from faces_made import table_text
from made_bundle import made_network, made_splits
from mien import metrics
from mien.cli import run as mien
from mien.core.errors import DataError, ExportError
from mien.core.scores import softmax
from mien.data import FaceSet
from mien.data.select.folds import one_fold_out
from mien.data.select.subsets import held_out
from mien.export import LEARNED, export_bundle, make_ensemble, merge_graphs
from mien.export import ensemble as module
from mien.models import NetworkOptions, build
from mien.runtime import Recognizer
from mien.store.bundle import Bundle
from mien.store.training import Training
from mien.train.state import seeded

HELD = Training({"config": {"held_out": 0.5, "held_out_seed": 0}})


@pytest.fixture(scope="module")
def members(tmp_path_factory: pytest.TempPathFactory) -> list[Bundle]:
    folder = tmp_path_factory.mktemp("members")
    made = []
    for seed in (11, 12):
        network = made_network()
        with seeded(seed), torch.no_grad():
            network.head.weight.normal_(0, 0.5)
        out = folder / f"m{seed}"
        report = export_bundle(
            network, made_splits(), out, name=f"m{seed}", training=HELD, int8=False
        )
        made.append(report.bundle)
    return made


def answers(bundle: Bundle, rows: FaceSet) -> np.ndarray:
    return Recognizer(bundle, detector="none").crop_logits(rows.images)


def with_twins(count: int) -> FaceSet:
    """The first rows of PublicTest are there in Training too."""
    faces = made_splits()
    train, public = (np.flatnonzero(faces.splits == name) for name in ("Training", "PublicTest"))
    faces.images[public[:count]] = faces.images[train[:count]]
    return faces


def test_rows_with_a_twin_in_training_decide_nothing(members: list[Bundle], tmp_path: Path) -> None:
    faces = with_twins(5)
    public = faces.split("PublicTest")
    made = make_ensemble(members, faces, tmp_path / "both", name="both")
    assert made.bundle.card.files["fp32"].metrics[0]["n"] == len(public) - 5
    clean = public[np.arange(5, len(public))]
    tops = [answers(member, clean).argmax(axis=1) for member in members]
    np.testing.assert_allclose(made.accuracies, [(top == clean.labels).mean() for top in tops])
    assert made.agreement == pytest.approx((tops[0] == tops[1]).mean())
    with pytest.raises(DataError, match="every row of PublicTest has a twin in Training"):
        make_ensemble(members, with_twins(len(public)), tmp_path / "none", name="none")
    assert not (tmp_path / "none").exists()


def test_the_gain_is_over_the_better_member(members: list[Bundle], tmp_path: Path) -> None:
    faces = made_splits()
    public = np.flatnonzero(faces.splits == "PublicTest")
    labels = faces.labels.copy()
    labels[public[::2]] = answers(members[1], faces[public[::2]]).argmax(axis=1)
    faces = replace(faces, labels=labels)
    rows = faces.split("PublicTest")
    made = make_ensemble(members, faces, tmp_path / "both", name="both", shares=(3, 1))
    joint = answers(made.bundle, rows).argmax(axis=1) == rows.labels
    right = [answers(member, rows).argmax(axis=1) == rows.labels for member in members]
    worse, better = sorted(right, key=lambda each: each.mean())
    assert worse.mean() < better.mean()
    assert made.gain == metrics.compare(joint, better)
    assert made.gain != metrics.compare(joint, worse)
    assert made.gain.difference == pytest.approx(joint.mean() - better.mean())


def test_a_merged_graph_that_answers_otherwise_is_not_written(
    members: list[Bundle], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def swapped(graphs, temperatures, shares):
        return merge_graphs(graphs, temperatures, shares[::-1])

    monkeypatch.setattr(module, "merge_graphs", swapped)
    with pytest.raises(ExportError, match="merged graph differ from its members'"):
        make_ensemble(members, made_splits(), tmp_path / "both", name="both", shares=(3, 1))
    assert not (tmp_path / "both").exists()


def test_an_ensemble_does_not_take_the_place_of_a_member(
    members: list[Bundle], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "fer2013.csv").write_text(table_text(made_splits()), encoding="utf-8")
    before = {path.name: path.read_bytes() for path in members[0].path.iterdir()}
    line = [*(str(member.path) for member in members), "--data", str(tmp_path / "fer2013.csv")]
    assert mien(["ensemble", *line, "--out", str(members[0].path), "--replace"]) == 1
    assert "is what the new bundle is made of" in " ".join(capsys.readouterr().err.split())
    assert {path.name: path.read_bytes() for path in members[0].path.iterdir()} == before


def test_networks_that_see_more_or_less_of_the_frame_share_a_crop(
    members: list[Bundle], tmp_path: Path
) -> None:
    with seeded(5):
        small = build("nano", options=NetworkOptions(input_size=24)).eval()
    other = export_bundle(small, made_splits(), tmp_path / "s", name="s", int8=False).bundle
    made = make_ensemble([other, members[0]], made_splits(), tmp_path / "both", name="both")
    assert (other.card.geometry.input_size, made.bundle.card.geometry.input_size) == (24, 44)
    rows = made_splits().split("PublicTest")
    parts = [
        softmax(answers(m, rows), m.card.files["fp32"].calibration.temperature)
        for m in (other, members[0])
    ]
    np.testing.assert_allclose(
        softmax(answers(made.bundle, rows)), np.mean(parts, axis=0), atol=1e-5
    )
    graph = onnx.load_from_string(made.bundle.model())
    assert sum(node.op_type == "GridSample" for node in graph.graph.node) == 1


def told(bundle: Bundle, training: dict) -> Bundle:
    return replace(bundle, card=replace(bundle.card, training=Training(training)))


def test_an_ensemble_left_out_what_its_members_left_out(
    members: list[Bundle], tmp_path: Path
) -> None:
    """Its own training tells no configuration: those of its members count."""
    both = make_ensemble(members, made_splits(), tmp_path / "both", name="both").bundle
    made = make_ensemble(
        [both, members[0]], made_splits(), tmp_path / "again", name="again", shares=LEARNED
    )
    rows = made_splits().split("Training")
    left = rows[held_out(rows, 0.5, 0)]
    logs = [
        np.log(softmax(answers(m, left), m.card.files["fp32"].calibration.temperature))
        for m in (both, members[0])
    ]
    expected = metrics.fit_shares(np.stack(logs).astype(np.float64), left.labels)
    np.testing.assert_allclose(made.shares, expected, atol=1e-3)
    seen = {"ensemble": [{"name": "inner", "training": {"config": {}}}]}
    with pytest.raises(DataError, match="inner was trained on all of Training"):
        make_ensemble(
            [told(both, seen), members[0]],
            made_splits(),
            tmp_path / "x",
            name="x",
            shares=LEARNED,
        )


def test_an_ensemble_of_one_fold_joins_others_of_it(members: list[Bundle], tmp_path: Path) -> None:
    folded = one_fold_out(made_splits(), 4, 1, 7)
    fold = {
        "config": {"folds": 4, "fold": 1, "fold_seed": 7},
        "data": {"training_sha256": folded.split("Training").sha256},
    }
    nested = told(members[0], {"ensemble": [{"name": "inner", "training": fold}] * 2})
    made = make_ensemble(
        [nested, told(members[1], fold)],
        made_splits(),
        tmp_path / "both",
        name="both",
        calibration_split="fold",
    )
    assert made.bundle.card.files["fp32"].metrics[0]["n"] == len(folded.split("fold"))


def test_rows_that_a_study_drew_cannot_be_given_again(
    members: list[Bundle], tmp_path: Path
) -> None:
    data = {"data": {"training_sha256": "0" * 64}}
    for plan, reason in (
        ({"pool": ["Training"], "rows": 9}, "a study drew them"),
        ({"pool": ["Training", "PublicTest"]}, "is no split of the data"),
        ({"pool": ["Training"], "balanced_tests": True}, "give the same data"),
    ):
        training = {**data, "drawn": plan}
        with pytest.raises(DataError, match=reason):
            make_ensemble(
                [members[0], told(members[1], training)], made_splits(), tmp_path / "b", name="b"
            )
