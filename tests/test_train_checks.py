"""What a training refuses before it reads data or makes a folder, and what it says then."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from faces_made import made_faces
from mien.cli import run
from mien.core.errors import ConfigError, DataError, UnknownNameError
from mien.data import FaceSet
from mien.data.select.mixing import mixed
from mien.data.select.subsets import balanced, class_weights
from mien.models import NetworkOptions
from mien.train import TrainConfig, check_network, train, training_rows
from mien.train.checks import check_batch

PLAIN = TrainConfig(model="nano", votes_weight=0.0)


@pytest.mark.parametrize(
    ("change", "error", "reason"),
    [
        ({"model": "resnet5O"}, UnknownNameError, "did you mean 'resnet50'"),
        ({"network": NetworkOptions(input_size=4)}, ConfigError, "input_size"),
        ({"network": NetworkOptions(freeze_to="layer9")}, UnknownNameError, "freeze_to"),
    ],
)
def test_an_impossible_network_is_told_first(
    change: dict, error: type[Exception], reason: str, tmp_path: Path
) -> None:
    config = replace(PLAIN, **change)
    with pytest.raises(error, match=reason):
        check_network(config)
    with pytest.raises(error, match=reason):
        train(made_faces(), config, tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_the_command_tells_it_before_it_reads_the_data(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "r.toml").write_text('model = "resnet5O"', encoding="utf-8")
    line = ["train", str(tmp_path / "r.toml"), "--data", str(tmp_path / "no.csv")]
    assert run([*line, "--out", str(tmp_path / "run")]) == 2
    assert "resnet50" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("size", "processes", "least"), [(1, 1, 2), (3, 2, 4), (2, 2, 4), (128, 3, 129), (5, 4, 8)]
)
def test_every_process_gets_as_many_rows_and_two_at_least(
    size: int, processes: int, least: int
) -> None:
    with pytest.raises(ConfigError, match=rf"batch_size = {size} does not.*set it to {least}$"):
        check_batch(replace(PLAIN, batch_size=size), processes)
    check_batch(replace(PLAIN, batch_size=least), processes)


def whole(labels: list[int], seed: int = 0) -> FaceSet:
    return made_faces(labels, ["all"] * len(labels), seed=seed)


def test_auxiliary_rows_alone_are_no_training_set() -> None:
    both = mixed([whole(list(range(7))), whole(list(range(7)), 1)], made_faces().space).faces
    with pytest.raises(DataError, match="has no splits; set folds"):
        training_rows(both, replace(PLAIN, watch=""))
    left, _ = training_rows(both, replace(PLAIN, folds=7, drop_conflicts=False))
    assert len(left) == 6 + 7


def test_auxiliary_rows_alone_are_none_beside_other_splits_either() -> None:
    public = made_faces(list(range(7)), ["PublicTest"] * 7)
    both = mixed([public, whole(list(range(7)), 1)], public.space).faces
    with pytest.raises(DataError, match="no rows of split 'Training'; it has: PublicTest"):
        training_rows(both, PLAIN)


def test_a_batch_is_refused_before_a_folder_is_made(tmp_path: Path) -> None:
    faces = made_faces(list(range(7)) * 2)
    with pytest.raises(ConfigError, match="batch_size = 1 does not"):
        train(faces, replace(PLAIN, watch="", epochs=1, batch_size=1), tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_a_split_to_watch_that_is_not_there_is_told_with_its_key() -> None:
    faces = made_faces([0, 1, 2, 3, 4, 5, 6] * 2, ["Training"] * 7 + ["test"] * 7)
    with pytest.raises(DataError, match=r"watch = PublicTest is no split.*has Training, test; set"):
        training_rows(faces, PLAIN)
    assert len(training_rows(faces, replace(PLAIN, watch="test"))[1]) == 7


def test_what_cannot_be_balanced_says_which_key_to_change() -> None:
    faces = made_faces([0, 2, 3])
    with pytest.raises(DataError, match='set class_weights = "none"'):
        class_weights(faces)
    with pytest.raises(DataError, match="leave undersample"):
        balanced(faces)
    with pytest.raises(ConfigError, match="fold = 1 needs folds"):
        replace(PLAIN, fold=1)
    with pytest.raises(ConfigError, match='set one above 0, or "none"'):
        replace(PLAIN, class_weights=(0.0,) * 7)


def test_dropout_that_a_network_was_published_with_is_told(tmp_path: Path) -> None:
    from mien.train import load_run

    faces = made_faces([0, 1, 2, 3, 4, 5, 6] * 2)
    config = replace(PLAIN, watch="", epochs=1, batch_size=7, dropout=0.0)
    for name, told in (("nano", None), ("tiwari_cnn", 0.3)):
        train(faces, replace(config, model=name), tmp_path / name)
        assert load_run(tmp_path / name).training.record.get("dropout") == told
    options = NetworkOptions(pooling="max")  # its dropout stands before the last convolution
    moved = replace(config, model="mini_xception", dropout=0.2, network=options)
    train(faces, moved, tmp_path / "moved")
    assert "dropout" not in load_run(tmp_path / "moved").training.record
