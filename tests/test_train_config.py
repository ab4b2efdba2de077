"""Training configuration: complete, frozen, and unforgiving of typos."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from mien.core.errors import ConfigError, UnknownNameError
from mien.train import TrainConfig, config_from_dict, load_config

CONFIGS = sorted((Path(__file__).parent.parent / "configs").glob("*.toml"))


def write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "run.toml"
    path.write_text(text)
    return path


@pytest.mark.parametrize("path", CONFIGS, ids=lambda p: p.stem)
def test_shipped_configurations_are_valid(path: Path) -> None:
    assert load_config(path) != TrainConfig()


def test_a_file_holds_differences(tmp_path: Path) -> None:
    config = load_config(write(tmp_path, "epochs = 3\nlr = 1\n[augmentation]\nflip = 0.25\n"))
    assert (config.epochs, config.lr, config.augmentation.flip) == (3, 1.0, 0.25)
    assert config.batch_size == TrainConfig().batch_size


def test_overrides_win(tmp_path: Path) -> None:
    path = write(tmp_path, "epochs = 3\n")
    over = ("epochs=5", "model=nano", "augmentation.erase_area=[0.1, 0.2]", "drop_conflicts=false")
    config = load_config(path, over)
    assert (config.epochs, config.model, config.drop_conflicts) == (5, "nano", False)
    assert config.augmentation.erase_area == (0.1, 0.2)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("epoch = 3", "unknown configuration key epoch"),
        ("[augmentation]\nflips = 1", r"unknown configuration key augmentation\.flips"),
        ("epochs = 2.5", "epochs must be int"),
        ("epochs = true", "epochs must be int"),
        ("model = 3", "model must be str"),
        ("augmentation = 3", "augmentation is a table"),
        ("epochs = 0", "epochs must be 1 or more"),
        ("lr = 0", "lr must be above 0"),
        ("dropout = 1.0", r"dropout must lie in \[0, 1\)"),
        ("votes_weight = -1", "votes_weight must be 0 or more"),
        ("precision = '16'", "precision must be"),
        ("[augmentation]\nerase_area = [0.1]", "list of 2 values"),
        ("epochs =", "cannot be read as TOML"),
        ("schedule = 3", "schedule must be a list"),
        ("schedule = [[0, 1]]\nepochs = 3", "rise from epoch 0 to 3"),
        ("schedule = [[0, 1], [2, 1], [1, 0]]\nepochs = 1", "rise from epoch 0 to 1"),
        ("schedule = [[0, 2], [3, 0]]\nepochs = 3", "share of lr"),
        ("lr = inf", "lr must be above 0"),
        ("seed = -1", "seed must be 0 or more"),
        ("[augmentation]\nflip = 7", r"augmentation\.flip must be 0 or more and 1 or less"),
        ("[augmentation]\nscale = 1.5", r"augmentation\.scale must be"),
        ("[augmentation]\nerase_area = [0.9, 0.1]", r"augmentation\.erase_area must be"),
    ],
)
def test_mistakes_are_named(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        load_config(write(tmp_path, text))


@pytest.mark.parametrize("override", ["epochs", "=3"])
def test_an_override_is_key_equals_value(tmp_path: Path, override: str) -> None:
    with pytest.raises(ConfigError, match="expected key=value"):
        load_config(write(tmp_path, ""), (override,))


def test_an_override_cannot_go_into_a_value(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="model is a value"):
        load_config(write(tmp_path, "model = 'nano'"), ("model.x=1",))


def test_an_unknown_label_space_is_named_before_the_data_are_read(tmp_path: Path) -> None:
    with pytest.raises(UnknownNameError, match="fer7"):
        load_config(write(tmp_path, "labels = 'fer77'"))


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        load_config(tmp_path / "none.toml")


def test_it_survives_a_checkpoint() -> None:
    config = dataclasses.replace(TrainConfig(), epochs=7)
    assert config_from_dict(config.as_dict()) == config
