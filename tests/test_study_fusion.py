"""Fusion as an arm: what it is judged by, and that its joint models leave the study as bundles."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from faces_made import table_text
from mien import metrics
from mien.cli import run
from mien.core.errors import ConfigError, UnknownNameError
from mien.core.labels import fer7
from mien.core.scores import softmax
from mien.data.select.subsets import held_out
from mien.runtime import Recognizer
from mien.store.bundle import load_bundle
from mien.study import DataPlan, export_arm, parse_study, run_study, write_report
from mien.study.compare import better_member, gains
from mien.study.samples import drawn
from mien.study.scoring import log_probabilities, scores
from mien.study.smoke import generated_faces
from mien.train import TrainConfig, load_run

MEMBERS = ["nano", "tiny"]
JOINT = [f"joint_{on}{end}" for on in ("outputs", "features") for end in ("", "_tuned")]
LATE = ["late_equal", "late_learned"]
RECIPE: dict[str, Any] = {
    "members": MEMBERS,
    "fusion": "joint_features_tuned",
    "epochs": 2,
    "batch_size": 16,
    "held_out": 0.2,
    "ema_epochs": 0,
    "network": {"input_size": 16},
    "head": {"epochs": 1},
    "tuning": {"epochs": 1},
}
STUDY: dict[str, Any] = {
    "title": "Two networks",
    "kind": "fusion",
    "source": "nobody",
    "question": "Does it help?",
    "recipe": RECIPE,
    "grid": {"epochs": [2]},
    "published": [
        {"arm": {"epochs": 2}, "figure": 61.5},
        {"arm": {"epochs": 2, "network": "nano"}, "figure": 50, "test": "PublicTest clean"},
    ],
}


def _faces():
    """Drawn faces, three of PublicTest having a twin in Training."""
    faces = generated_faces(10, ("Training", "PublicTest"), fer7)
    public = np.flatnonzero(faces.splits == "PublicTest")
    faces.images[public[:3]] = faces.images[:3]
    return faces


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory):
    out = tmp_path_factory.mktemp("fusion")
    study = parse_study(STUDY, "mine", "full")
    (result,) = run_study(study, _faces(), out)
    assert result.state == "done", result
    (out / "fer2013.csv").write_text(table_text(_faces()), encoding="utf-8")
    return study, out, result


def test_every_network_has_scores_cost_and_log(ran) -> None:
    _, _, result = ran
    assert list(result.networks) == [*MEMBERS, *JOINT, *LATE]
    for name, own in result.networks.items():
        assert set(own.scores) == {"train", "PublicTest", "PublicTest clean"}
        assert own.scores["train"].n == result.train_rows < 70
        assert own.scores["PublicTest clean"].n == 67
        assert (name in result.log) is not name.startswith("late")
    assert result.scores == result.networks["joint_features_tuned"].scores
    assert [len(result.log[name]) for name in (*MEMBERS, *JOINT)] == [2, 2, 1, 1, 1, 1]
    assert all(row.shown_loss is not None for log in result.log.values() for row in log)
    assert set(result.shares["late_learned"]) == set(MEMBERS)
    assert sum(result.shares["late_learned"].values()) == pytest.approx(1)


def test_gains_are_against_the_member_that_the_held_out_rows_chose(ran) -> None:
    _, out, result = ran
    rows = drawn(_faces(), DataPlan())
    left = rows.train[held_out(rows.train, 0.2, 0)]
    right = {
        name: log_probabilities(load_run(out / "epochs2" / name).network, left.images)
        for name in MEMBERS
    }
    accuracies = {k: float((z.argmax(axis=1) == left.labels).mean()) for k, z in right.items()}
    assert result.better.accuracies == accuracies
    better = max(MEMBERS, key=lambda name: accuracies[name])
    assert result.better.name == better
    assert f"{len(left)} held-out rows" in result.better.chosen_on
    for test in ("PublicTest", "PublicTest clean"):
        for name in (*JOINT, *LATE):
            gain = result.gains[test][name]
            scored = [result.networks[n].scores[test].right_rows for n in (name, better)]
            pair = metrics.compare(*scored)
            assert gain.against == better
            assert gain.points == pytest.approx(100 * pair.difference)
            assert gain.p_value == pair.p_value


def _members(out: Path) -> list[Any]:
    return [load_run(out / "epochs2" / name).network for name in MEMBERS]


def test_late_fusions_are_weighted_means_of_the_members_answers(ran) -> None:
    _, out, result = ran
    rows = drawn(_faces(), DataPlan())
    left = rows.train[held_out(rows.train, 0.2, 0)]
    logs = np.stack([log_probabilities(m, left.images) for m in _members(out)])
    learned = result.shares["late_learned"]
    np.testing.assert_allclose(
        list(learned.values()), metrics.fit_shares(logs, left.labels), atol=1e-6
    )
    assert abs(learned["nano"] - 0.5) > 0.01
    public = rows.tests["PublicTest"]
    parts = np.exp([log_probabilities(m, public.images) for m in _members(out)])
    for name in LATE:
        shares = list(result.shares[name].values())
        mixed = np.tensordot(shares, parts, axes=1)
        found = result.networks[name].scores["PublicTest"]
        loss = -np.log(mixed[np.arange(len(public)), public.labels]).mean()
        assert found.loss == pytest.approx(loss, rel=1e-6)
        np.testing.assert_array_equal(found.right_rows, mixed.argmax(axis=1) == public.labels)
    assert result.shares["late_equal"] == {"nano": 0.5, "tiny": 0.5}


def _equal_members(joint: Any, members: list[Any]) -> bool:
    return all(
        torch.allclose(part.network.state_dict()[name], value, atol=1e-6)
        for part, member in zip(joint.trunk.members, members, strict=True)
        for name, value in member.state_dict().items()
        if name in part.network.state_dict()
    )


@pytest.mark.parametrize("on", ["outputs", "features"])
def test_the_head_is_trained_on_members_that_stay_then_all_of_it(on: str, ran) -> None:
    _, out, _ = ran
    head, tuned = (load_run(out / "epochs2" / f"joint_{on}{e}").network for e in ("", "_tuned"))
    assert _equal_members(head, _members(out))
    assert not _equal_members(tuned, _members(out))


def test_tuning_begins_with_the_trained_head(tmp_path: Path) -> None:
    recipe = {**RECIPE, "members": ["nano"], "epochs": 1, "tuning": {"epochs": 1, "lr": 1e-12}}
    study = parse_study({**STUDY, "recipe": recipe, "grid": {}, "published": []}, "mine", "full")
    run_study(study, _faces(), tmp_path)
    run = tmp_path / "only"
    member = load_run(run / "nano").network
    head, tuned = (load_run(run / f"joint_features{end}").network for end in ("", "_tuned"))
    torch.testing.assert_close(tuned.head.weight, head.head.weight, rtol=0, atol=1e-6)
    assert not torch.allclose(head.head.weight, member.head.weight, atol=1e-3)


def test_where_nothing_is_held_out_the_scored_rows_choose_and_it_is_said() -> None:
    truth = np.arange(14) % 7
    sure = np.log(np.full((14, 7), 0.01) + 0.93 * np.eye(7)[truth])
    wrong = np.roll(sure, 1, axis=1)
    left = generated_faces(2, ("Training",), fer7)
    np.testing.assert_array_equal(left.labels, truth)
    one, two = scores(wrong, left), scores(sure, left)
    found = gains({"a": one, "b": two, "both": two}, ["a", "b"], None)["both"]
    assert (found.against, found.points) == ("b", 0)
    assert found.chosen_on == "the scored rows themselves"
    better = better_member({"a": wrong, "b": sure}, left, TrainConfig(held_out=0.1))
    other = gains({"a": one, "b": two, "both": two}, ["a", "b"], better)["both"]
    assert other.chosen_on == better.chosen_on == "the 14 held-out rows (0.1 of Training)"


def test_the_fusion_that_counts_leaves_as_a_bundle_and_late_ones_say_how(
    ran, tmp_path: Path
) -> None:
    study, out, result = ran
    (arm,) = study.arms
    report = export_arm(study, arm, _faces(), out, tmp_path / "mine", int8=False)
    assert report.bundle.card.name == "epochs2"
    right = result.networks["joint_features_tuned"].scores["PublicTest clean"].right_rows
    assert report.network_accuracy == pytest.approx(right.mean())
    other = export_arm(study, arm, _faces(), out, tmp_path / "b", network="nano", int8=False)
    assert other.bundle.card.training.record["config"]["model"] == "nano"
    with pytest.raises(ConfigError, match="mien ensemble"):
        export_arm(study, arm, _faces(), out, tmp_path / "c", network="late_equal")
    with pytest.raises(UnknownNameError, match="joint_outputs_tuned"):
        export_arm(study, arm, _faces(), out, tmp_path / "c", network="small")


def test_epochs_cannot_be_scored_within_an_arm_of_several_trainings(tmp_path: Path) -> None:
    study = parse_study({**STUDY, "recipe": {**RECIPE, "score_at": [1]}}, "mine", "full")
    with pytest.raises(ConfigError, match="make the epochs an axis"):
        run_study(study, _faces(), tmp_path)


def test_table_has_gains_shares_and_the_fusion_that_counts(ran, tmp_path: Path) -> None:
    study, _, result = ran
    written = write_report(study, [result], tmp_path)
    text = (tmp_path / "table.md").read_text(encoding="utf-8")
    lines = text.splitlines()
    gain = result.gains["PublicTest"]["joint_features_tuned"]
    (line,) = (x for x in lines if x.startswith("| epochs2 | PublicTest | **joint_features_tuned"))
    assert f"| {gain.points:+.2f} | {gain.ci95[0]:+.2f} to {gain.ci95[1]:+.2f} |" in line
    assert result.better.chosen_on in line
    assert sum("**joint_features_tuned**" in x for x in lines) == 2
    shares = result.shares["late_learned"]
    assert f"| epochs2 | late_learned | nano {shares['nano']:.3f}, tiny" in text
    assert "named beforehand: joint_features_tuned." in text
    (ours,) = (x for x in lines if x.startswith("| **epochs2-joint_features_tuned** |"))
    assert ours.endswith("| 61.5 |")
    assert sum("61.5" in x for x in lines) == 1
    (nano,) = (x for x in lines if x.startswith("| epochs2-nano |") and "(PublicTest clean)" in x)
    assert nano.endswith("| 50 (PublicTest clean) |")
    table = list(csv.reader(io.StringIO((tmp_path / "table.csv").read_text())))
    assert len(table[0]) == len(set(table[0]))
    assert len(table) == 1 + len(result.networks)
    found = list(csv.DictReader(io.StringIO((tmp_path / "gains.csv").read_text())))
    assert len(found) == 2 * len(JOINT + LATE)
    assert {row["fusion"] for row in found if row["stands"]} == {"joint_features_tuned"}
    names = {path.name for path in written}
    assert {"loss.png", "learning.png", "labels-epochs2-PublicTest_clean.png"} <= names
    assert sum(name.startswith("labels-") for name in names) == 2


@pytest.mark.parametrize(
    ("change", "error", "reason"),
    [
        ({"fusion": "best"}, UnknownNameError, "unknown fusion 'best'"),
        ({"fusion": "late_learned", "held_out": 0.0}, UnknownNameError, "late_learned"),
        ({"fusion": None}, ConfigError, "lacks 'fusion'"),
    ],
)
def test_the_fusion_that_counts_must_be_there(
    change: dict, error: type[Exception], reason: str, tmp_path: Path
) -> None:
    recipe = {key: value for key, value in {**RECIPE, **change}.items() if value is not None}
    study = parse_study({**STUDY, "recipe": recipe}, "mine", "full")
    with pytest.raises(error, match=reason):
        run_study(
            study, _faces(), tmp_path, on_epoch=lambda *_: pytest.fail("it was trained first")
        )


def _exported(out: Path, name: str, to: Path, *more: str) -> None:
    line = ["--data", str(out / "fer2013.csv"), "--out", str(to), "--no-int8"]
    assert run(["export", str(out / "epochs2" / name), *line, *more]) == 0


def test_a_joint_model_becomes_a_bundle(
    ran, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _, out, _ = ran
    _exported(out, "joint_features_tuned", tmp_path / "joint")
    bundle = load_bundle(tmp_path / "joint")
    network = load_run(out / "epochs2" / "joint_features_tuned").network
    images = _faces().split("PublicTest").images
    answers = softmax(Recognizer(bundle).crop_logits(images))
    expected = np.exp(log_probabilities(network, images))
    np.testing.assert_allclose(answers, expected, atol=1e-4)
    training = bundle.card.training.record
    assert training["config"]["model"] == "joint"
    assert training["config"]["held_out"] == 0.2
    assert training["joint"]["on"] == "features"
    assert [member["model"] for member in training["joint"]["members"]] == MEMBERS
    assert bundle.card.outputs == ("logits", "features")
    capsys.readouterr()
    data = ["--data", str(out / "fer2013.csv"), "--split", "PublicTest", "--json"]
    assert run(["evaluate", str(tmp_path / "joint"), *data]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["n"] == len(images)
    truth = _faces().split("PublicTest").labels
    assert found["accuracy"] == pytest.approx((expected.argmax(axis=1) == truth).mean())


@pytest.mark.parametrize("name", ["joint_features", "joint_features_tuned", "nano"])
def test_the_card_records_the_trainings_that_came_before(name: str, ran, tmp_path: Path) -> None:
    study, out, _ = ran
    export_arm(study, study.arms[0], _faces(), out, tmp_path / "b", network=name, int8=False)
    before = load_bundle(tmp_path / "b").card.training.record.get("before", {})
    expected = {"nano": [], "joint_features": MEMBERS}.get(name, [*MEMBERS, "head"])
    assert list(before) == expected
    assert all(before[member]["epochs"] == 2 for member in before if member != "head")
    assert {config["held_out"] for config in before.values()} <= {0.2}


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"members": ["nano", "nano"]}, "different networks, got nano, nano"),
        ({"head": {"epochs": 1, "network": {"hidden": [4, 4]}}}, "takes one dense layer"),
    ],
)
def test_an_impossible_fusion_is_refused_before_anything_is_trained(
    change: dict[str, Any], reason: str, tmp_path: Path
) -> None:
    study = parse_study({**STUDY, "recipe": {**RECIPE, **change}}, "mine", "full")
    with pytest.raises(ConfigError, match=reason):
        run_study(study, _faces(), tmp_path)
    assert not list(tmp_path.iterdir())


def test_a_joint_head_has_the_layer_and_dropout_of_its_recipe(tmp_path: Path) -> None:
    head = {"epochs": 1, "dropout": 0.3, "network": {"hidden": [5]}}
    recipe = {**RECIPE, "epochs": 1, "members": ["nano"], "head": head, "dropout": 0.1}
    study = parse_study({**STUDY, "recipe": recipe, "grid": {}, "published": []}, "mine", "full")
    (result,) = run_study(study, _faces(), tmp_path)
    assert result.state == "done", result
    joint = [load_run(tmp_path / "only" / f"joint_features{end}").network for end in ("", "_tuned")]
    assert [(net.hidden, net.dropout.p) for net in joint] == [(5, 0.3), (5, 0.1)]


@pytest.mark.slow
def test_members_and_joint_model_become_one_graph(ran, tmp_path: Path) -> None:
    _, out, _ = ran
    names = ["nano", "joint_outputs_tuned"]
    for name in names:
        _exported(out, name, tmp_path / name)
    folders = [str(tmp_path / name) for name in names]
    data = ["--data", str(out / "fer2013.csv"), "--out", str(tmp_path / "both")]
    assert run(["ensemble", *folders, *data]) == 0
    images = _faces().split("PublicTest").images
    expected = np.zeros((len(images), 7))
    for name in names:
        t = load_bundle(tmp_path / name).card.files["fp32"].calibration.temperature
        z = log_probabilities(load_run(out / "epochs2" / name).network, images)
        expected += softmax((z / t).astype(np.float32)) / 2
    answers = softmax(Recognizer(load_bundle(tmp_path / "both")).crop_logits(images))
    np.testing.assert_allclose(answers, expected, atol=1e-4)
