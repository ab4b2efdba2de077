"""Learning from the answers of finished models."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from made_bundle import made_bundle
from made_runs import SMALL, KilledError, killed_at, same_weights, striped
from mien.core.errors import ConfigError, OtherRunError
from mien.core.scores import averaged
from mien.models import Outputs
from mien.runtime.graph import Graph
from mien.store.bundle import Bundle, load_bundle
from mien.store.training import Training
from mien.train import Callbacks, Distillation, load_run, train
from mien.train.losses import loss_of
from mien.train.rows import Resident, RunRows
from mien.train.teachers import Teachers, view

TAUGHT = dataclasses.replace(
    SMALL, epochs=4, distillation=Distillation(weight=0.9, temperature=2.0, views=2, mixed=0.4)
)


@pytest.fixture(scope="module")
def teacher(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    folder = tmp_path_factory.mktemp("teacher") / "bundle"
    made_bundle(folder, int8=False)
    return load_bundle(folder)


@pytest.fixture
def no_figure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mien.train.loop.plot_curves", lambda *_: None)


def rows_of(n: int = 40) -> RunRows:
    return RunRows.of(striped(n, 8), TAUGHT, torch.device("cpu"))


def test_a_view_is_the_same_whenever_it_is_made_and_unlike_the_next() -> None:
    rows = rows_of(600).train  # more than one chunk
    first, alone = view(rows, TAUGHT, 0)
    again, same = view(rows, TAUGHT, 0)
    assert torch.equal(first, again)
    assert torch.equal(alone, same)
    assert 0.5 < float(alone.float().mean()) < 0.7
    assert not torch.equal(first, view(rows, TAUGHT, 1)[0])
    other = dataclasses.replace(TAUGHT, seed=9)
    assert not torch.equal(first, view(rows, other, 0)[0])
    assert first.dtype == torch.uint8


def test_a_mixed_sample_is_its_own_first_and_another_beside() -> None:
    rows = rows_of(200).train
    settings = dataclasses.replace(TAUGHT.distillation, mixed=1.0)
    mixed, alone = view(rows, dataclasses.replace(TAUGHT, distillation=settings), 0)
    assert not alone.any()
    plain = dataclasses.replace(TAUGHT.distillation, mixed=0.0)
    own, _ = view(rows, dataclasses.replace(TAUGHT, distillation=plain), 0)
    apart = (mixed.float() - own.float()).abs().mean(dim=(1, 2))
    others = (mixed.float() - own.float().roll(1, 0)).abs().mean(dim=(1, 2))
    assert apart.mean() > 5
    assert (apart < others).float().mean() > 0.9


def test_answers_are_the_teachers_mean_to_the_views(teacher: Bundle, tmp_path: Path) -> None:
    rows, told = rows_of(), []
    teachers = Teachers([teacher, teacher], TAUGHT, rows, tmp_path / "teachers")
    teachers.answer(lambda *at: told.append(at))
    assert told == [(1, 4), (2, 4), (3, 4), (4, 4)]
    lesson = teachers.lesson(epoch=4)  # views take turns: the second one
    images, alone = view(rows.train, TAUGHT, 1)
    assert torch.equal(lesson.images, images)
    expected = averaged(Graph(teacher.model()).answers(images.numpy()), 2.0)
    assert lesson.taught is not None
    np.testing.assert_allclose(lesson.taught.numpy(), expected, atol=0.02)
    assert lesson.weights is not None
    assert torch.equal(lesson.weights, alone.float())


def test_the_loss_is_labels_and_teachers_by_their_shares() -> None:
    draw = torch.Generator().manual_seed(0)
    logits, taught = (torch.randn(6, 7, generator=draw) for _ in range(2))
    labels = torch.arange(6)
    batch = Resident(
        torch.zeros(6, 48, 48), labels, torch.zeros(6, 8), torch.zeros(6),
        torch.ones(6), taught.log_softmax(dim=1),
    )  # fmt: skip
    out = Outputs(logits, logits, None, None)
    p = taught.softmax(dim=1)
    apart = (p * (p.log() - (logits / 2).log_softmax(dim=1))).sum(dim=1).mean()
    hard = F.cross_entropy(logits, labels, label_smoothing=TAUGHT.label_smoothing)
    assert loss_of(out, batch, TAUGHT) == pytest.approx(float(0.1 * hard + 0.9 * 4 * apart))


@pytest.mark.usefixtures("no_figure")
def test_a_student_comes_nearer_to_its_teacher(teacher: Bundle, tmp_path: Path) -> None:
    faces = striped(96, 32)
    config = dataclasses.replace(
        TAUGHT, epochs=10, warmup=0.0, distillation=Distillation(1.0, views=4, mixed=0.0)
    )
    run = train(faces, config, tmp_path / "run", teachers=[teacher])
    assert run.log[-1].loss < 0.5 * run.log[0].loss
    assert load_run(tmp_path / "run").training.record["teachers"][0]["name"] == "made"


@pytest.mark.usefixtures("no_figure")
def test_a_killed_student_ends_with_the_same_weights(
    teacher: Bundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    faces = striped(56, 14)
    whole = train(faces, TAUGHT, tmp_path / "whole", teachers=[teacher])
    with pytest.raises(KilledError):
        train(
            faces, TAUGHT, tmp_path / "killed",
            teachers=[teacher], callbacks=Callbacks(on_step=killed_at(10)),
        )  # fmt: skip

    def never(*_: object) -> None:
        raise AssertionError

    monkeypatch.setattr("mien.train.teachers.Graph", never)  # answers are not computed again
    again = train(faces, TAUGHT, tmp_path / "killed", teachers=[teacher], resume=True)
    same_weights(whole.network, again.network)


def test_answers_of_others_are_refused(teacher: Bundle, tmp_path: Path) -> None:
    rows = rows_of()
    Teachers([teacher], TAUGHT, rows, tmp_path).answer()
    for bundles, config in (
        ([teacher, teacher], TAUGHT),
        ([teacher], dataclasses.replace(TAUGHT, seed=1)),
        ([teacher], dataclasses.replace(TAUGHT, distillation=Distillation(0.9, views=2))),
    ):
        with pytest.raises(OtherRunError, match="other teachers"):
            Teachers(bundles, config, rows, tmp_path)
    more = dataclasses.replace(TAUGHT.distillation, weight=0.5)  # it changes no answer
    assert Teachers([teacher], dataclasses.replace(TAUGHT, distillation=more), rows, tmp_path)


def test_teachers_that_cannot_teach_are_refused(teacher: Bundle, tmp_path: Path) -> None:
    faces = striped(28, 14)
    with pytest.raises(ConfigError, match=r"weight is 0\.9 with 0 teachers"):
        train(faces, TAUGHT, tmp_path / "a")
    with pytest.raises(ConfigError, match="weight is 0 with 1 teachers"):
        train(faces, SMALL, tmp_path / "a", teachers=[teacher])
    with pytest.raises(ConfigError, match="a teacher of this recipe answers"):
        train(
            faces, dataclasses.replace(TAUGHT, labels="ferplus8"), tmp_path / "a",
            teachers=[teacher],
        )  # fmt: skip
    with pytest.raises(ConfigError, match="rows that this recipe holds out"):
        train(faces, dataclasses.replace(TAUGHT, held_out=0.3), tmp_path / "a", teachers=[teacher])
    assert not (tmp_path / "a").exists()


@pytest.mark.parametrize(
    ("values", "named"),
    [
        ({"weight": 1.1}, "weight"),
        ({"mixed": -0.1}, "mixed"),
        ({"views": 0}, "views"),
        ({"temperature": 0.0}, "temperature"),
    ],
)
def test_impossible_settings_are_refused(values: dict[str, float], named: str) -> None:
    with pytest.raises(ConfigError, match=f"distillation.{named}"):
        Distillation(**values)  # type: ignore[arg-type]


def test_what_teachers_learned_from_belongs_to_the_record() -> None:
    votes = {"name": "a", "training": {"config": {"votes_weight": 0.4}}}
    ensemble = {"name": "e", "training": {"ensemble": [votes]}}
    student = Training({"config": {"votes_weight": 0}, "teachers": [ensemble]})
    assert [each.vote_weight for each in student.lineage] == [0.0, 0.4]
