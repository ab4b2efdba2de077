"""Benchmarks measure what they say; no test asserts a duration."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from mien.benchmark import (
    benchmark_model,
    benchmark_picture,
    benchmark_step,
    bundle_cost,
    interleaved,
    machine,
)
from mien.core.errors import InputError
from mien.export import ExportReport
from mien.train import TrainConfig, cost, loop, step_pair


def test_turns_are_taken_and_statistics_are_right() -> None:
    order: list[str] = []
    ticks = iter(np.cumsum([0.0, 0.001, 0.0, 0.005, 0.0, 0.003, 0.0, 0.005]))
    first, second = interleaved(
        {"a": lambda: order.append("a"), "b": lambda: order.append("b")},
        runs=2,
        warm_up=1,
        clock=lambda: float(next(ticks)),
    )
    assert order == ["a", "b"] * 3
    assert (first.median_ms, second.median_ms) == (pytest.approx(2), pytest.approx(5))
    assert first.p95_ms == pytest.approx(2.9)
    assert (first.runs, first.warm_up) == (2, 1)


def test_no_runs_no_figure() -> None:
    with pytest.raises(InputError, match="runs >= 1"):
        interleaved({"a": lambda: None}, runs=0, warm_up=0)


def test_the_machine_is_named() -> None:
    facts = machine()
    assert facts["cores"] >= 1
    assert facts["processor"]
    assert {"python", "numpy", "onnxruntime"} <= set(facts["versions"])


@pytest.fixture(scope="module")
def bundle(made: ExportReport) -> Path:
    return made.bundle.path


def test_a_model_is_timed_for_one_and_for_many_faces(bundle: Path) -> None:
    one, many = benchmark_model(str(bundle), "fp32", runs=3, warm_up=1)
    assert "one face" in one.name
    assert "64 faces" in many.name
    assert 0 < one.median_ms <= one.p95_ms


def test_the_cost_of_a_bundle_is_that_of_its_card_and_its_file(made: ExportReport) -> None:
    cost = bundle_cost(made.bundle, runs=2)
    card, file = made.bundle.card, made.bundle.path / "model.onnx"
    assert (cost["name"], cost["parameters"], cost["macs"]) == ("made", card.parameters, card.macs)
    assert cost["megabytes"] == file.stat().st_size / 1e6
    assert cost["median_ms"] > 0


def test_a_picture_is_timed_with_its_conditions(bundle: Path) -> None:
    image = np.zeros((60, 80, 3), np.uint8)
    detect, whole = benchmark_picture(image, model=str(bundle), detector="none", runs=2, warm_up=1)
    assert "80x60, 1 face(s), none" in detect.note
    assert whole.runs == 2


def test_a_timed_training_step_is_a_whole_one(monkeypatch: pytest.MonkeyPatch) -> None:
    runs = []
    augmented = []
    monkeypatch.setattr(cost, "Run", lambda *a: runs.append(loop.Run(*a)) or runs[-1])
    real = loop.augment
    monkeypatch.setattr(loop, "augment", lambda *a: augmented.append(1) or real(*a))
    full, bare = step_pair(TrainConfig(model="nano", batch_size=8), rows=16)
    (run,) = runs

    def weights() -> tuple[torch.Tensor, torch.Tensor]:
        own = torch.cat([p.detach().flatten().clone() for p in run.plain.parameters()])
        mean = [v.flatten().float().clone() for v in run.average.network.state_dict().values()]
        return own, torch.cat(mean)

    before = weights()
    bare()
    assert not augmented
    assert all(torch.equal(one, two) for one, two in zip(before, weights(), strict=True))
    full()
    assert len(augmented) == 1
    assert not any(torch.equal(one, two) for one, two in zip(before, weights(), strict=True))


def test_a_training_step_is_compared_with_its_bare_pass() -> None:
    full, bare = step_pair(TrainConfig(model="nano", batch_size=8), rows=16)
    cost = benchmark_step(full, bare, runs=2, warm_up=1, note="nano")
    assert cost.ratio == cost.full.median_ms / cost.bare.median_ms
    assert cost.as_dict()["bare"]["note"] == "nano"
