"""Studies as TOML: the grid of each scale, and every mistake named."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import pytest

from mien.core.errors import ConfigError, UnknownNameError
from mien.models import models
from mien.study import SCALES, load_study, parse_study, study_names
from mien.study.arms import recipe_of
from mien.study.baselines import baseline_of
from mien.study.plan import DataPlan, merged, nested
from mien.train.reading import built

BASIC = {
    "title": "t",
    "source": "s",
    "question": "q",
    "recipe": {"lr": 0.1, "augmentation": {"flip": 0.0}},
    "grid": {"model": ["nano", "tiny"], "network.pooling": ["max", "min"]},
}


def test_every_cell_of_the_grid_is_an_arm() -> None:
    study = parse_study(BASIC, "mine", "full")
    assert [arm.name for arm in study.arms] == ["nano-max", "nano-min", "tiny-max", "tiny-min"]
    arm = study.arms[1]
    assert arm.recipe["model"] == "nano"
    assert arm.recipe["network"] == {"pooling": "min"}
    assert arm.recipe["augmentation"] == {"flip": 0.0}
    assert arm.values == {"model": "nano", "network.pooling": "min"}


def test_a_scale_has_its_own_recipe_rows_and_axes() -> None:
    own = {"recipe": {"augmentation": {"blur": 0.1}}, "data": {"rows": 5}, "grid": {"model": []}}
    study = parse_study({**BASIC, "smoke": own}, "mine", "smoke")
    assert [arm.name for arm in study.arms] == ["max", "min"]
    assert study.arms[0].recipe["augmentation"] == {"flip": 0.0, "blur": 0.1}
    assert study.arms[0].data == {"rows": 5}
    assert "rows" not in parse_study({**BASIC, "smoke": own}, "mine", "full").arms[0].data


def test_a_table_on_an_axis_sets_several_keys_under_one_name() -> None:
    axis = [{"name": "slow", "lr": 0.01, "decay.kind": "step", "data.rows": 7}]
    study = parse_study({**BASIC, "grid": {"way": axis, "seed": [3]}}, "mine", "full")
    (arm,) = study.arms
    assert arm.name == "slow-seed3"
    assert arm.values == {"way": "slow", "seed": 3}
    assert arm.recipe["lr"] == 0.01
    assert arm.recipe["decay"] == {"kind": "step"}
    assert arm.data == {"rows": 7}
    assert "way" not in arm.recipe


def test_more_grids_of_a_scale_add_arms() -> None:
    more = [{"model": ["small"], "seed": [1, 2]}]
    study = parse_study({**BASIC, "reduced": {"more": more}}, "mine", "reduced")
    assert [arm.name for arm in study.arms][-2:] == ["small-seed1", "small-seed2"]
    assert len(study.arms) == 6


def test_an_override_holds_for_every_arm_and_ends_its_axis() -> None:
    study = parse_study(BASIC, "mine", "full", ("model=small", "augmentation.flip=0.5"))
    assert [arm.name for arm in study.arms] == ["max", "min"]
    assert {arm.recipe["model"] for arm in study.arms} == {"small"}
    assert study.arms[0].recipe["augmentation"]["flip"] == 0.5
    assert BASIC["recipe"]["augmentation"] == {"flip": 0.0}


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"kinds": "x"}, "unknown key kinds"),
        ({"kind": "voodoo"}, "kind must be one of"),
        ({"smoke": {"lr": 1}}, r"unknown key lr in \[smoke\]"),
        ({"grid": {"model": "nano"}}, "grid.model must be a list"),
        ({"grid": {"a": [1, 1]}}, "two arms are called a1"),
    ],
)
def test_mistakes_are_named(change: dict, reason: str) -> None:
    with pytest.raises(ConfigError, match=reason):
        parse_study({**BASIC, **change}, "mine", "smoke")


def test_what_is_missing_is_named() -> None:
    with pytest.raises(ConfigError, match="lacks 'question'"):
        parse_study({"title": "t", "source": "s"}, "mine", "smoke")


def test_unknown_names_list_the_known(tmp_path: Path) -> None:
    with pytest.raises(UnknownNameError, match="pooling"):
        load_study("poling")
    with pytest.raises(UnknownNameError, match="scale"):
        load_study("pooling", "huge")
    with pytest.raises(ConfigError, match="cannot be read as TOML"):
        load_study(str(tmp_path / "none.toml"))


def test_a_study_of_ones_own_is_read_from_its_file(tmp_path: Path) -> None:
    text = 'title = "t"\nsource = "s"\nquestion = "q"\n[grid]\nseed = [1]\n'
    (tmp_path / "own.toml").write_text(text, encoding="utf-8")
    study = load_study(str(tmp_path / "own.toml"))
    assert (study.name, study.arms[0].name) == ("own", "seed1")


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"train_share": 1.0}, "train_share"),
        ({"per_class": [5]}, "two numbers"),
        ({"per_class": [5, 5], "train_share": 0.5}, "exclude one another"),
        ({"shared": "rows"}, "shared must be one of nothing, pictures here"),
        ({"views": "many"}, "views must be"),
        ({"pool": ["a"], "tests": ["a"]}, "share a"),
        ({"tests": []}, "needs data.tests"),
        ({"rows": -1}, "rows must be 0 or more"),
        ({"row": 1}, "unknown configuration key data.row"),
    ],
)
def test_impossible_rows_are_refused(values: dict, reason: str) -> None:
    with pytest.raises(ConfigError, match=reason):
        built(DataPlan, values, "data.")


def test_nested_keys() -> None:
    assert nested("a.b.c", 1) == {"a": {"b": {"c": 1}}}
    assert merged({"a": {"b": 1}, "c": 2}, {"a": {"d": 3}}) == {"a": {"b": 1, "d": 3}, "c": 2}


SHIPPED = ("classical", "fusion", "optimisers", "pooling", "small-cnns", "transfer", "webcam-cnn")


def test_the_seven_studies_are_shipped() -> None:
    assert study_names() == SHIPPED


@pytest.mark.parametrize("name", SHIPPED)
@pytest.mark.parametrize("scale", SCALES)
def test_every_arm_of_the_shipped_studies_is_possible(name: str, scale: str) -> None:
    study = load_study(name, scale)
    assert study.arms
    for arm in study.arms:
        built(DataPlan, dict(arm.data), "data.")
        json.dumps(arm.recipe)
        recipe = dict(arm.recipe)
        labels = arm.data.get("labels", "fer7")
        if study.kind == "classical":
            assert baseline_of(arm, labels).labels == labels
            continue
        names = recipe.pop("members", [recipe.get("model")])
        changes = [recipe.pop(key, {}) for key in ("head", "tuning", "first")]
        for model in names:
            assert model in models()
            for change in ({}, *changes):
                checked = merged(merged(recipe, {"model": model}), change)
                recipe_of(type(arm)(arm.name, {}, checked, {}), labels)


@pytest.mark.parametrize("name", SHIPPED)
def test_published_figures_belong_to_arms(name: str) -> None:
    """A misspelt arm would leave its figure out of the table without a word."""
    study = load_study(name, "full")
    for entry in study.published:
        wanted = entry["arm"].items()
        assert any(all(a.values.get(k) == v for k, v in wanted) for a in study.arms), entry


def test_the_shipped_files_name_no_machine() -> None:
    folder = Path(__file__).parent.parent / "src" / "mien" / "study" / "studies"
    for path in folder.glob("*.toml"):
        text = path.read_text(encoding="utf-8")
        assert tomllib.loads(text)
        assert "/root" not in text
        assert "/work" not in text
