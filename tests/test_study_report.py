"""What a study's table and figures say of results, made by hand."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from pathlib import Path
from statistics import stdev
from typing import Any

import numpy as np
import pytest

from mien import metrics
from mien.core.labels import fer7
from mien.data.faceset import FaceSet
from mien.metrics import wilson_interval
from mien.study import ArmResult, SetScores, parse_study, write_report
from mien.study.render.figures import _accuracies, _curves, _logged, _per_label
from mien.study.render.page import markdown
from mien.study.render.tables import table_csv
from mien.study.scoring import scores
from mien.study.summary import by_seed, interval, published
from mien.train.log import EpochRow

TRUTH = np.arange(70) % 7
RAW: dict[str, Any] = {
    "title": "t",
    "source": "s",
    "question": "q",
    "grid": {"way": ["one", "two", "three"]},
}


def scored(seed: int, rows: str = "same", n: int = 70) -> SetScores:
    """About half right; never 'disgust'."""
    z = np.random.default_rng(seed).normal(size=(n, 7))
    z[:, 1] = -9
    z += 1.2 * np.eye(7)[TRUTH[:n]]
    z -= np.logaddexp.reduce(z, axis=1, keepdims=True)
    images = np.zeros((n, 48, 48), np.uint8)
    faces = FaceSet(images, TRUTH[:n], np.full(n, "test"), fer7, "noise")
    return replace(scores(z, faces), sha256=rows)


def row(name: str, found: dict[str, SetScores], **more: Any) -> ArmResult:
    cost = {"parameters": 1, "macs": 1, "megabytes": 1.0, "epochs": 3, "seconds": 1}
    settings = {"values": {"way": name}, **cost, **more}
    return ArmResult(arm=name, state="done", scores=found, **settings)


def rows_of(*tests: str) -> list[ArmResult]:
    return [
        row(name, {test: scored(10 * i + j, test) for j, test in enumerate(("train", *tests))})
        for i, name in enumerate(("one", "two", "three"))
    ]


def section(text: str, title: str) -> list[list[str]]:
    """Cells of the table below a title, its head first."""
    lines = text[text.index(title) :].splitlines()[2:]
    table = lines[: lines.index("")] if "" in lines else lines
    return [[cell.strip() for cell in line.strip("| ").split(" | ")] for line in table]


def test_arms_are_compared_with_the_first_on_the_same_rows() -> None:
    study, rows = parse_study(RAW, "mine", "full"), rows_of("test")
    others = replace(rows[2].scores["test"], sha256="others")
    rows[2] = replace(rows[2], scores={**rows[2].scores, "test": others})
    head, _, line = section(
        markdown(study, rows), "## Against the first arm, on the same rows of test"
    )
    assert head == ["arm", "against", "points", "95 %", "McNemar p"]
    pair = metrics.compare(*(rows[i].scores["test"].right_rows for i in (1, 0)))
    low, high = (100 * end for end in pair.interval)
    points = f"{100 * pair.difference:+.2f}"
    assert line == ["two", "one", points, f"{low:+.2f} to {high:+.2f}", f"{pair.p_value:.2g}"]


def test_without_the_first_arm_nothing_is_compared() -> None:
    study, rows = parse_study(RAW, "mine", "full"), rows_of("test")
    failed = ArmResult(arm="one", values={"way": "one"}, state="failed", error="x")
    assert "Against the first" not in markdown(study, [failed, *rows[1:]])


def test_recall_of_each_label_and_how_many_are_recognised() -> None:
    study, rows = parse_study(RAW, "mine", "full"), rows_of("test", "test clean")
    text = markdown(study, rows)
    head, _, line, *_ = section(text, "## Recall of each label on test, %")
    assert head[1:8] == list(fer7.labels)
    each = rows[0].scores["test"].per_class
    assert line[1:8] == [f"{100 * each[label].recall:.0f}" for label in fer7.labels]
    count = sum(entry.recall >= 0.5 for entry in each.values())
    assert 0 < count < 7
    assert line[8] == f"{count} of 7"
    assert "on test clean, %" not in text
    assert "clean: the rows" in text


def test_the_columns_of_the_csv_are_distinct_when_an_axis_is_one_too() -> None:
    raw = {**RAW, "grid": {"epochs": [2, 3]}}
    study = parse_study(raw, "mine", "full")
    rows = [row(f"epochs{n}", {"test": scored(n)}, values={"epochs": n}, epochs=1) for n in (2, 3)]
    head, *lines = csv.reader(io.StringIO(table_csv(study, rows)))
    assert len(set(head)) == len(head)
    assert [line[head.index("epochs")] for line in lines] == ["2", "3"]
    assert [line[head.index("epochs trained")] for line in lines] == ["1", "1"]


def test_a_published_figure_is_drawn_in_its_own_panel_only() -> None:
    entries = [
        {"arm": {"way": "one"}, "figure": 61.5},
        {"arm": {"way": "two"}, "figure": 70, "test": "test balanced"},
    ]
    study = parse_study({**RAW, "published": entries}, "mine", "full")
    rows = rows_of("test", "test clean", "test balanced")
    figure = _accuracies(study, rows)
    drawn = {
        panel.get_title().split(",")[0]: [
            (line.get_xdata()[0], line.get_ydata()[0])
            for line in panel.lines
            if line.get_marker() == "D"
        ]
        for panel in figure.axes
    }
    assert drawn == {"test": [(61.5, 0)], "test clean": [], "test balanced": [(70, 1)]}
    assert published(study, rows[1]) == "70 (test balanced)"
    assert published(study, rows[0]) == "61.5"
    assert published(study, rows[2]) == ""


def test_an_arm_without_a_set_leaves_its_line_of_the_panel_empty() -> None:
    study, rows = parse_study(RAW, "mine", "full"), rows_of("test", "test shared")
    kept = {name: found for name, found in rows[0].scores.items() if name != "test shared"}
    rows[0] = replace(rows[0], scores=kept)
    shared = _accuracies(study, rows).axes[1]
    heights = [line.get_ydata()[0] for line in shared.lines if line.get_marker() == "o"]
    assert heights == [1, 2]


def test_equal_words_of_different_keys_are_no_seeds_of_one_arm() -> None:
    done = [
        row(f"arm{i}", {"test": scored(i)}, values=values)
        for i, values in enumerate((
            {"dropout": 0.1, "seed": 0},
            {"smoothing": 0.1, "seed": 0},
            {"dropout": 0.1, "seed": 1},
            {"dropout": 0.3, "seed": 0},
            {"seed": 0},
        ))
    ]  # fmt: skip
    accuracy = [each.scores["test"].accuracy for each in done]
    assert by_seed(done, "test") == {
        "dropout = 0.1": [accuracy[0], accuracy[2]],
        "smoothing = 0.1": [accuracy[1]],
        "0.3": [accuracy[3]],
        "only": [accuracy[4]],
    }
    study = parse_study({**RAW, "grid": {"seed": [0]}}, "mine", "full")
    (panel,) = _accuracies(study, done).axes
    points = [line for line in panel.lines if line.get_marker() == "o"]
    assert [line.get_xdata()[0] for line in points] == pytest.approx([
        50 * (accuracy[0] + accuracy[2]), *(100 * each for each in (accuracy[1], *accuracy[3:]))
    ])  # fmt: skip


def test_few_seeds_have_a_wide_interval() -> None:
    found = [0.5, 0.54]
    centre, low, high = interval(found, 10**12)
    half = 12.706 * stdev(found) / 2**0.5
    assert (centre, low, high) == pytest.approx((0.52, 0.52 - half, 0.52 + half), rel=1e-3)
    ends = wilson_interval(52, 100)
    _, low, high = interval(found, 100)
    assert low == pytest.approx(0.52 - np.hypot(half, 0.52 - ends[0]), rel=1e-3)
    assert high == pytest.approx(0.52 + np.hypot(half, ends[1] - 0.52), rel=1e-3)
    assert interval([0.0, 1.0], 100)[1:] == (0.0, 1.0)


@pytest.mark.parametrize("right", [0, 3, 50, 100])
def test_one_run_has_the_interval_of_the_tables(right: int) -> None:
    assert interval([right / 100], 100) == (right / 100, *wilson_interval(right, 100))


def test_generated_faces_are_named_and_compared_with_nothing() -> None:
    entries = [{"arm": {"way": "one"}, "figure": 61.5}]
    for data, generated in ({"generated": 4}, True), ({}, False):
        study = parse_study({**RAW, "data": data, "published": entries}, "mine", "full")
        rows = rows_of("test")
        text = markdown(study, rows)
        assert ("**Generated faces.**" in text) is generated
        assert ("published |" in text) is not generated
        assert ("61.5" in text) is not generated
        figure = _accuracies(study, rows)
        drawn = [line for line in figure.axes[0].lines if line.get_marker() == "D"]
        assert bool(drawn) is not generated
        words = figure.get_suptitle()
        assert ("generated faces: these say nothing" in words) is generated
        assert ("diamonds" in words) is not generated


def entry(epoch: int, **more: float) -> EpochRow:
    seen = {"watch_loss": None, "watch_accuracy": None, **more}
    return EpochRow(epoch, lr=0.1, loss=1 / epoch, accuracy=0.5, seconds=1.0, **seen)


def test_curves_of_every_training() -> None:
    one = row("one", {"test": scored(0)}, log={"run": (entry(1), entry(2, watch_loss=1.0))})
    log = {
        "first": (entry(1),),
        "run": (entry(1, shown_loss=2.0), entry(2), entry(3, shown_loss=1.5)),
    }
    two = row("two", {"test": scored(1)}, log=log)
    panels = list(_logged([one, two, row("three", {"test": scored(2)})]))
    assert [name for name, _ in panels] == ["one", "two: first", "two: run"]
    figure = _curves(panels, "loss")
    first, _, last, *_ = figure.axes
    assert [len(line.get_xdata()) for line in first.lines] == [2, 1]
    assert list(last.lines[1].get_xdata()) == [1, 3]
    assert list(last.lines[1].get_ydata()) == [2.0, 1.5]


def test_the_confusion_matrix_is_of_truth_by_answer() -> None:
    found = scored(0)
    left, right = _per_label(row("one", {"test": found}), "test").axes
    counts = np.array(found.confusion, float)
    np.testing.assert_allclose(
        left.images[0].get_array(), counts / counts.sum(axis=1, keepdims=True)
    )
    assert not np.allclose(counts, counts.T)
    lines = {line.get_label(): line.get_xdata() for line in right.lines}
    expected = [100 * each.recall for each in found.per_class.values()]
    np.testing.assert_allclose(lines["recall"], expected)


def test_labels_of_every_scored_test_set_are_drawn(tmp_path: Path) -> None:
    study = parse_study({**RAW, "grid": {"way": ["one"]}}, "mine", "full")
    written = write_report(study, rows_of("test", "test clean", "test at 20")[:1], tmp_path)
    names = {path.name for path in written if path.name.startswith("labels-")}
    assert names == {"labels-one.png", "labels-one-test_clean.png", "labels-one-test_at_20.png"}
