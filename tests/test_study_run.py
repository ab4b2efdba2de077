"""Running studies on drawn faces: resumed, never repeated, and failures are rows."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from mien import metrics
from mien.core.errors import ConfigError, DivergedError
from mien.core.labels import agrawal5, fer7
from mien.data.faceset import FaceSet
from mien.models.classical import ClassicalNet, build_feature, feature_names, linear
from mien.study import ArmResult, DataPlan, parse_study, run_study, write_report
from mien.study import run as run_module
from mien.study.kinds import Job
from mien.study.kinds.network import Networks
from mien.study.run import RESULT, results_of
from mien.study.samples import drawn
from mien.study.scoring import log_probabilities, scores, scores_of_parts
from mien.study.smoke import generated_faces
from mien.train import config_from_dict, training_rows
from mien.train.log import EpochRow

RECIPE = {"model": "nano", "epochs": 1, "batch_size": 16, "ema_epochs": 0}
STUDY: dict[str, Any] = {
    "title": "Two seeds",
    "source": "nobody",
    "question": "Does it run?",
    "recipe": RECIPE,
    "data": {"generated": 4},
    "grid": {"seed": [0, 1]},
    "published": [{"arm": {"seed": 0}, "figure": 61.5}],
}


def _study(**changes: Any):
    return parse_study({**STUDY, **changes}, "mine", "smoke")


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory):
    out = tmp_path_factory.mktemp("study")
    study = _study()
    return study, out, run_study(study, generated_faces, out)


def test_an_arm_has_cost_scores_and_log(ran) -> None:
    _, _, results = ran
    assert [result.state for result in results] == ["done", "done"]
    first = results[0]
    assert first.arm == "seed0"
    assert first.train_rows == 28
    assert set(first.scores) == {"train", "PublicTest"}
    assert first.scores["PublicTest"].n == 28
    assert first.megabytes == pytest.approx(4 * first.parameters / 1e6)
    assert [row.epoch for row in first.log["run"]] == [1]
    assert first.log["run"][0].shown_accuracy is not None
    assert set(first.data) == {"Training", "PublicTest"}


def test_a_finished_arm_is_never_repeated(ran, monkeypatch: pytest.MonkeyPatch) -> None:
    study, out, results = ran
    monkeypatch.setattr(Networks, "run", lambda *_: pytest.fail("an arm was run again"))
    assert run_study(study, generated_faces, out) == results


def test_results_of_other_settings_are_not_taken_for_ones_own(ran) -> None:
    _, out, _ = ran
    with pytest.raises(ConfigError, match="other settings"):
        run_study(_study(recipe={**RECIPE, "lr": 0.07}), generated_faces, out)


def test_results_on_other_rows_are_not_taken_for_ones_own(ran, tmp_path: Path) -> None:
    study = _study(data={}, grid={"seed": [0]})
    splits = ("Training", "PublicTest")
    faces, others = (generated_faces(4, splits, fer7, seed) for seed in (0, 1))
    results = run_study(study, faces, tmp_path)
    assert run_study(study, lambda _: faces, tmp_path) == results
    with pytest.raises(ConfigError, match=r"seed0 was run with other rows.*remove that folder"):
        run_study(study, others, tmp_path)


@pytest.mark.parametrize("begun", [True, False])
def test_a_killed_arm_is_not_continued_after_a_change(tmp_path: Path, *, begun: bool) -> None:
    class Killed(BaseException):
        pass

    def kill(_arm: object, _row: Any) -> None:
        raise Killed

    recipe = {**RECIPE, "epochs": 2}
    grid = {"seed": [0]}
    with pytest.raises(Killed):
        run_study(_study(recipe=recipe, grid=grid), generated_faces, tmp_path, on_epoch=kill)
    if not begun:  # the note is lost: the checkpoint still says it
        (tmp_path / "seed0" / run_module.BEGUN).unlink()
    for changed in ({"recipe": {**recipe, "lr": 0.07}}, {"data": {"generated": 5}}):
        study = _study(**{"recipe": recipe, "grid": grid, **changed})
        for retry in (False, True):
            with pytest.raises(ConfigError, match=r"Remove .*seed0 to run the arm again"):
                run_study(study, generated_faces, tmp_path, retry=retry)
        assert not (tmp_path / "seed0" / RESULT).exists()
        if not begun:
            (tmp_path / "seed0" / run_module.BEGUN).unlink()
    (result,) = run_study(_study(recipe=recipe, grid=grid), generated_faces, tmp_path)
    assert result.state == "done"


def test_a_diverged_arm_is_a_row_and_the_others_go_on(tmp_path: Path) -> None:
    study = _study(recipe={**RECIPE, "warmup": 0.0}, grid={"lr": [1e30, 0.05]}, published=[])
    for _ in range(2):
        results = run_study(study, generated_faces, tmp_path)
        assert [result.state for result in results] == ["failed", "done"]
        assert "DivergedError" in results[0].error
        assert "after epoch 1 of 1" in results[0].error
        write_report(study, results, tmp_path / "report")


def test_answers_that_are_no_numbers_are_refused() -> None:
    faces = generated_faces(1, ("Training",), fer7)
    answers = np.full((7, 7), -np.log(7))
    assert scores(answers, faces).accuracy == 1 / 7
    answers[2, 3] = np.nan
    with pytest.raises(DivergedError, match="1 of 7 answers"):
        scores(answers, faces)


def test_a_log_with_what_json_does_not_know_is_stored(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    epoch = EpochRow(1, 0.1, np.nan, 0.5, None, None, 0.0)

    def run(_kind: object, job: Job) -> ArmResult:
        return ArmResult(arm=job.arm.name, values={}, state="done", log={"run": (epoch,)})

    monkeypatch.setattr(Networks, "run", run)
    (result,) = run_study(_study(grid={"seed": [0]}), generated_faces, tmp_path)
    assert np.isnan(result.log["run"][0].loss)
    stored = json.loads((tmp_path / "seed0" / RESULT).read_text())
    assert stored["log"]["run"][0] == {**asdict(epoch), "loss": None}
    assert stored == result.to_json()


def test_train_scores_are_of_the_rows_trained_on(tmp_path: Path) -> None:
    recipe = {**RECIPE, "held_out": 0.25, "undersample": "smallest"}
    (result,) = run_study(_study(recipe=recipe, grid={"seed": [0]}), generated_faces, tmp_path)
    assert result.train_rows == result.scores["train"].n < 28
    rows = drawn(generated_faces, DataPlan(generated=4))
    trained = training_rows(rows.train, config_from_dict({**recipe, "votes_weight": 0}))[0]
    assert result.scores["train"].sha256 == trained.sha256


def test_rows_with_a_twin_in_training_are_scored_apart() -> None:
    faces = generated_faces(24, ("Training", "PublicTest"), agrawal5)
    plan = DataPlan("agrawal5", ("Training", "PublicTest"), (), per_class=(20, 10))
    clean = drawn(faces, plan)
    assert set(clean.parts("test")) == {"test"}
    leaky = drawn(faces, replace(plan, shared="rows"))
    parts = leaky.parts("test")
    assert set(parts) == {"test", "test clean", "test shared"}
    twin = np.isin(leaky.tests["test"].pixel_hashes, leaky.train.pixel_hashes)
    np.testing.assert_array_equal(parts["test clean"], ~twin)
    np.testing.assert_array_equal(parts["test shared"], twin)
    answers = np.log(np.random.default_rng(0).dirichlet(np.ones(5), len(twin)))
    found = scores_of_parts(answers, "test", leaky)
    right = found["test"].right_rows
    np.testing.assert_array_equal(found["test clean"].right_rows, right[~twin])
    np.testing.assert_array_equal(found["test shared"].right_rows, right[twin])
    images = faces.images.copy()
    public = np.flatnonzero(faces.splits == "PublicTest")
    images[public[:3]] = images[:3]
    given = drawn(replace(faces, images=images), DataPlan("agrawal5"))
    assert {k: int(v.sum()) for k, v in given.parts("PublicTest").items()} == {
        "PublicTest": 120,
        "PublicTest clean": 117,
    }


def test_folds_are_scored_and_added_up(tmp_path: Path) -> None:
    """People of a set without splits; every row is tested once."""
    faces = generated_faces(6, ("all",), fer7)
    who = np.array([f"S{i % 5}" for i in range(len(faces))])
    faces = replace(faces, subjects=who, votes=None)
    recipe = {**RECIPE, "folds": 3}
    plan = {"pool": ["all"], "tests": []}
    study = _study(recipe=recipe, data=plan, grid={"fold": [0, 1, 2]}, published=[])
    results = run_study(study, faces, tmp_path)
    assert [set(r.scores) for r in results] == [{"train", "fold"}] * 3
    assert sum(r.scores["fold"].n for r in results) == len(faces)
    assert all(r.scores["fold"].n + r.train_rows <= len(faces) for r in results)
    write_report(study, results, tmp_path / "report")
    text = (tmp_path / "report" / "table.md").read_text()
    right = sum(int(r.scores["fold"].right_rows.sum()) for r in results)
    assert f"| only | 3 | 42 | {100 * right / 42:.2f} (" in text


def test_a_damaged_result_is_named(ran, tmp_path: Path) -> None:
    (tmp_path / "seed0").mkdir()
    (tmp_path / "seed0" / RESULT).write_text("{", encoding="utf-8")
    with pytest.raises(ConfigError, match=r"result.json is damaged"):
        list(results_of(_study(), tmp_path))


def test_a_failed_arm_is_a_row_and_the_others_go_on(tmp_path: Path) -> None:
    many = {"name": "many", "data.per_class": [9999, 1]}
    study = _study(grid={"rows": [many, {"name": "few", "data.rows": 4}]}, published=[])
    results = run_study(study, generated_faces, tmp_path)
    assert [result.state for result in results] == ["failed", "done"]
    assert "9999" in results[0].error
    calls = []
    again = run_study(
        study, generated_faces, tmp_path, on_arm=lambda *a: calls.append((a[2].name, a[3]))
    )
    assert again == results
    assert all(result is not None for _, result in calls)
    run_study(
        study,
        generated_faces,
        tmp_path,
        retry=True,
        on_arm=lambda *a: calls.append((a[2].name, a[3])),
    )
    assert ("many", None) in calls
    assert ("few", None) not in calls


def test_a_killed_arm_goes_on(tmp_path: Path) -> None:
    study = _study(recipe={**RECIPE, "epochs": 2}, grid={"seed": [0]})

    class Killed(BaseException):
        pass

    def kill(_arm: object, row: Any) -> None:
        if row.epoch == 1:
            raise Killed

    with pytest.raises(Killed):
        run_study(study, generated_faces, tmp_path / "killed", on_epoch=kill)
    epochs: list[int] = []
    (resumed,) = run_study(
        study,
        generated_faces,
        tmp_path / "killed",
        on_epoch=lambda _, row: epochs.append(row.epoch),
    )
    assert epochs == [2]
    (whole,) = run_study(study, generated_faces, tmp_path / "whole")
    assert resumed.scores == whole.scores


def test_table_and_figures(ran, tmp_path: Path) -> None:
    results = ran[2]
    study = _study(data={})  # as if they were not generated
    failed = ArmResult(arm="odd", values={"seed": 9}, state="failed", error="Bad: a|b\nc")
    written = write_report(study, [*results, failed], tmp_path)
    text = (tmp_path / "table.md").read_text(encoding="utf-8")
    line = next(line for line in text.splitlines() if line.startswith("| seed0 "))
    accuracy = results[0].scores["PublicTest"].accuracy
    assert f"{100 * accuracy:.1f} (" in line
    assert line.endswith("| 61.5 |")
    assert "failed Bad: a b c" in text
    lines = [line for line in text.splitlines() if line.startswith("| ")]
    widths = {line.count("|") for line in lines[:5]}
    assert len(widths) == 1
    table = list(csv.DictReader(io.StringIO((tmp_path / "table.csv").read_text())))
    assert float(table[0]["PublicTest accuracy"]) == accuracy
    assert table[2]["state"] == "failed"
    names = {path.relative_to(tmp_path).as_posix() for path in written}
    assert names == {
        "table.md",
        "table.csv",
        "labels.csv",
        "figures/accuracy.png",
        "figures/loss.png",
        "figures/learning.png",
        "figures/labels-seed0.png",
        "figures/labels-seed1.png",
    }
    for path in written:
        assert path.stat().st_size > 200


def test_mean_and_spread_over_seeds_are_reported(ran, tmp_path: Path) -> None:
    study, _, results = ran
    write_report(study, results, tmp_path)
    text = (tmp_path / "table.md").read_text(encoding="utf-8")
    found = [result.scores["PublicTest"].accuracy for result in results]
    assert f"| only | 2 | {100 * np.mean(found):.2f} | {100 * np.std(found, ddof=1):.2f} |" in text


def test_no_arm_done_still_gives_a_table(tmp_path: Path) -> None:
    study = _study()
    written = write_report(study, list(results_of(study, tmp_path / "none")), tmp_path / "report")
    assert [path.name for path in written] == ["table.md", "table.csv"]
    assert "not run" in written[0].read_text(encoding="utf-8")


def test_scores_equal_the_metrics() -> None:
    rng = np.random.default_rng(0)
    z = rng.normal(size=(50, 7))
    z -= np.logaddexp.reduce(z, axis=1, keepdims=True)
    truth = rng.integers(0, 6, 50)  # the last label does not occur
    images = np.zeros((50, 48, 48), np.uint8)
    found = scores(z, FaceSet(images, truth, np.full(50, "test"), fer7, "noise"))
    counts = metrics.confusion_matrix(truth, z.argmax(axis=1), 7)
    assert found.accuracy == metrics.accuracy(counts)
    assert found.recall == pytest.approx(metrics.balanced_accuracy(counts))
    assert found.loss == pytest.approx(metrics.nll(np.exp(z), truth))
    assert np.isnan(found.per_class["neutral"].recall)
    np.testing.assert_array_equal(found.right_rows, z.argmax(axis=1) == truth)
    result = ArmResult(arm="a", values={}, state="done", scores={"test": found})
    text = json.dumps(result.to_json(), allow_nan=False)
    assert json.loads(text)["scores"]["test"]["per_class"]["neutral"]["recall"] is None
    read = ArmResult.from_json(json.loads(text)).scores["test"]
    np.testing.assert_equal(asdict(read), asdict(found))


@pytest.mark.parametrize("feature", feature_names())
def test_scoring_leaves_a_network_as_it_was(feature: str) -> None:
    """Whatever axes its weights have; answers are those of the network itself."""
    faces = generated_faces(1, ("Training",), fer7)
    described = build_feature(feature)(torch.zeros(1, 1, 48, 48)).flatten(1).shape[1]
    head = linear(np.random.default_rng(0).normal(size=(7, described)), np.zeros(7))
    network = ClassicalNet(build_feature(feature), torch.nn.Identity(), head, fer7).eval()
    strides = [weights.stride() for weights in (*network.parameters(), *network.buffers())]
    found = log_probabilities(network, faces.images, "flip")
    crops = torch.from_numpy(faces.images[:, None]).float()
    with torch.no_grad():
        both = [network(view).logits.double().softmax(1) for view in (crops, crops.flip(3))]
    np.testing.assert_allclose(np.exp(found), (both[0] + both[1]) / 2, atol=1e-6)
    assert [w.stride() for w in (*network.parameters(), *network.buffers())] == strides


@pytest.mark.slow
@pytest.mark.parametrize(
    "name",
    ["classical", "fusion", "optimisers", "pooling", "small-cnns", "transfer", "webcam-cnn"],
)
def test_every_shipped_study_runs_at_smoke_scale(name: str, tmp_path: Path) -> None:
    from mien.study import load_study

    study = load_study(name, "smoke")
    results = run_study(study, generated_faces, tmp_path)
    assert {result.state for result in results} == {"done"}, results
    written = write_report(study, results, tmp_path)
    assert all(path.stat().st_size for path in written)
