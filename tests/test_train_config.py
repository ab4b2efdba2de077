"""Training configuration: complete, frozen, and unforgiving of typos."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest

from mien.core.errors import ConfigError, UnknownNameError
from mien.models.options import NetworkOptions
from mien.train import Decay, TrainConfig, config_from_dict, load_config

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
        ("epoch = 3", r"unknown configuration key epoch \(did you mean epochs\?\)"),
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
        ("ema_epochs = -1", "ema_epochs must be 0 or more"),
        ("ema_epochs = inf", "ema_epochs must be 0 or more"),
        ("optimiser = 'adamw'", "optimiser must be one of sgd, adam, got 'adamw'"),
        ("nesterov = 1", "nesterov must be bool"),
        ("decay = 'cosine'", "decay is a table"),
        ("[decay]\nkind = 'cos'", "kind must be one of linear, cosine, constant, step, plateau"),
        ("[decay]\nmonitor = 'f1'", "decay.monitor must be one of loss, accuracy"),
        ("[decay]\nfactor = 1", r"decay.factor must lie in \(0, 1\)"),
        ("[decay]\nfactor = nan", r"decay.factor must lie in \(0, 1\)"),
        ("[decay]\nevery = 0", "decay.every must be 1 or more"),
        ("[decay]\npatience = 0", "decay.patience must be 1 or more"),
        ("[decay]\nstart = -1", "decay.start must be 0 or more"),
        ("watch = ''\n[decay]\nkind = 'plateau'", "plateau needs rows to watch"),
        (
            "epochs = 3\nschedule = [[0, 1], [3, 0]]\n[decay]\nkind = 'step'",
            "schedule and decay.kind = step both say",
        ),
        ("class_weights = 'inverse'", "class_weights must be one of none, balanced, sqrt"),
        ("class_weights = [1, 2]", "class_weights must be 7 numbers, one per label of fer7, got 2"),
        ("class_weights = [1, 1, 1, 1, 1, 1, -1]", "a class weight must be 0 or more, got -1"),
        ("class_weights = [1, 1, 1, 1, 1, 1, nan]", "a class weight must be 0 or more, got nan"),
        ("class_weights = [0, 0, 0, 0, 0, 0, 0]", "are all 0"),
        ("class_weights = true", "class_weights must be str or list, got True"),
        ("class_weights = ['a']", "class_weights must be float"),
        ("undersample = 'rarest'", "undersample must be one of none, smallest"),
        ("undersample = 0", "undersample must be 1 or more"),
        ("undersample = 2.5", "undersample must be str or int, got 2.5"),
        ("per_class = -1", "per_class must be 0 or more"),
        ("per_class = 9\nclass_weights = 'sqrt'", "correct the same imbalance twice"),
        ("score_at = [3, 2]", "score_at must be rising epochs from 1 to 60"),
        ("score_at = [0]", "score_at must be rising epochs"),
        ("score_at = [20, 20]", "score_at must be rising epochs"),
        ("epochs = 20\nscore_at = [21]", "score_at must be rising epochs from 1 to 20"),
        ("score_at = 3", "score_at must be a list"),
        ("[network]\nsize = 3", r"unknown configuration key network\.size"),
        ("[network]\npooling = 'mean'", "network.pooling must be one of"),
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
    with pytest.raises(ConfigError, match=r"no file '.*none\.toml'; check the path"):
        load_config(tmp_path / "none.toml")
    with pytest.raises(ConfigError, match=r"cannot be read \("):
        load_config(tmp_path)


def test_tables_and_alternatives_are_read(tmp_path: Path) -> None:
    text = (
        "class_weights = [1, 2, 3, 4, 5, 6, 7]\nundersample = 300\nscore_at = [20, 30]\n"
        "[network]\ninput_size = 64\nhidden = [4096, 1024]\n[decay]\nkind = 'plateau'\n"
    )
    config = load_config(write(tmp_path, text), ("decay.patience=3", "network.pooling=max"))
    assert config.class_weights == (1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0)
    assert config.undersample == 300
    assert config.score_at == (20, 30)
    assert config.network == NetworkOptions(input_size=64, hidden=(4096, 1024), pooling="max")
    assert config.decay == Decay("plateau", patience=3)
    again = load_config(write(tmp_path, text), ("class_weights=sqrt", "undersample=smallest"))
    assert (again.class_weights, again.undersample) == ("sqrt", "smallest")


def test_a_plateau_may_watch_held_out_rows() -> None:
    config = TrainConfig(watch="", held_out=0.1, decay=Decay("plateau"))
    assert config.decay.kind == "plateau"


def test_it_survives_a_checkpoint() -> None:
    config = dataclasses.replace(TrainConfig(), epochs=7, score_at=(2,), undersample=5)
    assert config_from_dict(config.as_dict()) == config
    listed = json.loads(json.dumps(config.as_dict()))  # a card holds lists in place of tuples
    assert config_from_dict(listed) == config
