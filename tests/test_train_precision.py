"""Precision by itself: bf16 only where the hardware computes in it, and recorded."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from made_runs import BRIEF, KilledError, killed_at, splits
from mien.train import Callbacks, load_run, train
from mien.train import loop as loop_module
from mien.train.precision import cpu_flags, precision_used


@pytest.mark.parametrize(
    ("flags", "used"),
    [
        ({"avx2", "avx512_bf16"}, "bf16-mixed"),
        ({"amx_bf16"}, "bf16-mixed"),
        ({"avx2", "avx512f", "avx512_vnni"}, "32-true"),
        (set(), "32-true"),
    ],
)
def test_auto_follows_the_instructions_of_the_cpu(flags: set[str], used: str) -> None:
    assert precision_used("auto", "cpu", frozenset(flags)) == used
    for asked in ("bf16-mixed", "32-true"):
        assert precision_used(asked, "cpu", frozenset(flags)) == asked


def test_flags_are_read_as_linux_names_them(tmp_path: Path) -> None:
    path = tmp_path / "cpuinfo"
    path.write_text("processor\t: 0\nflags\t\t: fpu avx512_bf16 sse\n\nprocessor\t: 1\n")
    assert cpu_flags(path) == {"fpu", "avx512_bf16", "sse"}
    assert cpu_flags(tmp_path / "none") == frozenset()


def test_a_run_records_what_auto_was_and_may_continue_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = dataclasses.replace(BRIEF, precision="auto", epochs=2)
    faces = splits(28, 14)
    monkeypatch.setattr(loop_module, "precision_used", lambda *_: "32-true")
    with pytest.raises(KilledError):
        train(faces, config, tmp_path, callbacks=Callbacks(on_step=killed_at(3)))
    monkeypatch.setattr(loop_module, "precision_used", lambda *_: "bf16-mixed")
    train(faces, config, tmp_path, resume=True)
    record = load_run(tmp_path).training.record
    assert record["config"]["precision"] == "auto"
    assert record["precision_used"] == "32-true, then bf16-mixed"


def test_a_precision_that_was_asked_for_is_recorded_once(tmp_path: Path) -> None:
    train(splits(28, 14), dataclasses.replace(BRIEF, epochs=1), tmp_path)
    assert "precision_used" not in load_run(tmp_path).training.record
