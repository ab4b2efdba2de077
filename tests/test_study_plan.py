"""Studies as TOML: the grid of each scale, and every mistake named."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest
import torch

from mien.core.errors import ConfigError, MienError, UnknownNameError
from mien.study import SCALES, Arm, ArmResult, Study, load_study, parse_study, study_names
from mien.study.arm import merged
from mien.study.kinds.classical import baseline_of
from mien.study.kinds.fusion import Stages
from mien.study.kinds.kind import train_config
from mien.study.kinds.transfer import Trainings
from mien.study.plan import nested
from mien.study.summary import published
from mien.train import TrainConfig
from mien.train.state import new_network

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


@pytest.mark.parametrize("rows", [{"data.rows": 7}, {"data": {"rows": 7}}])
def test_a_table_on_an_axis_sets_several_keys_under_one_name(rows: dict) -> None:
    axis = [{"name": "slow", "lr": 0.01, "decay.kind": "step", **rows}]
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


def test_an_override_wins_over_the_tables_of_an_axis() -> None:
    axis = [
        {"name": "slow", "lr": 0.01, "decay.kind": "step", "data.rows": 7},
        {"name": "fast", "lr": 0.1, "epochs": 38},
    ]
    changes = ("epochs=1", "lr=0.3", "decay.kind=cosine", "data.rows=2")
    study = parse_study({**BASIC, "grid": {"way": axis}}, "mine", "full", changes)
    assert [arm.name for arm in study.arms] == ["slow", "fast"]
    for arm in study.arms:
        assert (arm.recipe["epochs"], arm.recipe["lr"], arm.data) == (1, 0.3, {"rows": 2})
        assert arm.recipe["decay"] == {"kind": "cosine"}
    assert {
        arm.recipe["epochs"] for arm in load_study("small-cnns", "reduced", ("epochs=1",)).arms
    } == {1}
    assert axis[0]["decay.kind"] == "step"


def test_an_override_ends_its_axis_in_every_grid() -> None:
    more = [{"model": ["nano", "small"], "network.pooling": ["max"], "seed": [1, 2]}]
    raw = {**BASIC, "grid": {**BASIC["grid"], "seed": [0]}, "reduced": {"more": more}}
    study = parse_study(raw, "mine", "reduced", ("seed=5",))
    names = [arm.name for arm in study.arms]
    assert names == ["nano-max", "nano-min", "tiny-max", "tiny-min", "small-max"]
    assert {arm.recipe["seed"] for arm in study.arms} == {5}


def test_folds_of_a_recipe_are_of_the_rows() -> None:
    raw = {**BASIC, "recipe": {"folds": 3, "fold_seed": 4}, "grid": {"fold": [0, 1, 2]}}
    study = parse_study({**raw, "data": {"tests": []}}, "mine", "full")
    assert [arm.name for arm in study.arms] == ["fold0", "fold1", "fold2"]
    assert study.arms[1].values == {"fold": 1}
    for fold, arm in enumerate(study.arms):
        assert arm.data == {"tests": [], "folds": 3, "fold": fold, "fold_seed": 4}
        assert arm.recipe == {}
        assert arm.plan


def test_labels_of_a_recipe_are_of_the_rows() -> None:
    (first, *_) = parse_study(BASIC, "mine", "smoke", ("labels=four",)).arms
    assert first.data["labels"] == "four"
    assert "labels" not in first.recipe


def test_notes_of_a_scale_are_added() -> None:
    raw = {**BASIC, "notes": "From scratch.", "reduced": {"notes": "At 64 pixels."}}
    assert parse_study(raw, "mine", "reduced").notes == "From scratch. At 64 pixels."
    assert parse_study(raw, "mine", "full").notes == "From scratch."


@pytest.mark.parametrize("scale", SCALES)
def test_arms_of_one_network_begin_with_one_first_training(scale: str) -> None:
    """Or a frozen and a fine-tuned arm would differ in more than what is frozen."""
    begun: dict[tuple[str, str], set[str]] = {}
    for arm in load_study("transfer", scale).arms:
        if config := Trainings.of(arm).first:
            key = (config.model, arm.plan.labels)
            begun.setdefault(key, set()).add(json.dumps(config.as_dict(), sort_keys=True))
    assert begun
    assert {len(configs) for configs in begun.values()} == {1}


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"kinds": "x"}, "unknown key kinds"),
        ({"kind": "voodoo"}, "kind must be one of"),
        ({"smoke": {"lr": 1}}, r"in \[smoke\] unknown key lr; known: data, grid"),
        ({"grid": {"model": "nano"}}, "grid.model must be a list"),
        ({"grid": {"a": [1, 1]}}, "two arms are called a1"),
        ({"grid": {"a": [{"name": "b", "data": 3}]}}, "data of an axis must be a table, got 3"),
        ({"published": {"figure": 3}}, r"write \[\[published\]\]"),
        ({"published": [{"figure": 3}]}, r"needs arm = \{ AXIS = VALUE \}"),
        ({"published": [{"arm": {"seed": 0}}]}, "lacks its figure"),
        ({"published": [{"arm": {}, "figure": 3, "tests": "x"}]}, "has unknown tests"),
        ({"grid": 3}, r"grid is a table, write \[grid\]; got 3"),
        ({"recipe": []}, r"recipe is a table"),
        ({"data": "x"}, r"data is a table"),
        ({"full": 3}, r"full is a table"),
        ({"full": {"grid": [1]}}, r"full.grid is a table, write \[full.grid\]"),
        ({"full": {"more": {"seed": [1]}}}, r"full.more is a list, write \[\[full.more\]\]"),
        ({"full": {"more": [3]}}, r"write \[\[full.more\]\]"),
        ({"reduced": {"recipes": {}}}, r"in \[reduced\] unknown key recipes \(did you mean recipe"),
        (
            {"grid": {"data.generated": [0, 4]}, "data": {"tests": ["x"]}},
            "either all arms have data.generated, or none",
        ),
        ({"published": [{"arm": {}, "figure": float("nan")}]}, "figure must be a number"),
        ({"published": [{"arm": {}, "figure": 3, "test": 3}]}, "test is the name of a scored set"),
        ({"published": [{"arm": {"network": "x"}, "figure": 3}]}, "no grid has the axis network"),
        (
            {
                "grid": {"seed": [0], "lr": [0.1]},
                "full": {"more": [{"seed": [1], "lr": [0.2]}]},
                "published": [{"arm": {"seed": 0, "lr": 0.2}, "figure": 3}],
            },
            "no arm of any scale has these values together",
        ),
        ({"published": [{"arm": {}, "figure": "high"}]}, "figure must be a number"),
        ({"published": [{"arm": {}, "figure": True}]}, "figure must be a number"),
        ({"published": [{"arm": {"rate": 1}, "figure": 3}]}, "no grid has the axis rate; known: "),
        (
            {"grid": {"seed": [0]}, "published": [{"arm": {"seed": 9}, "figure": 3}]},
            "no grid has seed = 9; there is 0",
        ),
        ({"epochs": 3}, "a recipe of mien train, not a study"),
        ({"qestion": "why"}, r"unknown key qestion \(did you mean question\?\); known: "),
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
    with pytest.raises(ConfigError, match=r"no file .*none.toml.*check the path"):
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
        ({"folds": 1}, "data.folds must be 0 for none"),
        ({"folds": 2, "fold": 2}, "data.fold must be from 0 to 1"),
        ({"folds": 2, "train_share": 0.5}, "data.folds excludes"),
        ({"row": 1}, "unknown configuration key data.row"),
        ({"tests": ["test"], "train_share": 0.5}, "may not name test here"),
        ({"tests": ["fold"], "folds": 2}, "may not name fold here"),
        ({"tests": ["train"]}, "may not name train here"),
    ],
)
def test_impossible_rows_are_refused(values: dict, reason: str) -> None:
    with pytest.raises(ConfigError, match=reason):
        _ = Arm("a", {}, {}, values).plan


def test_nested_keys() -> None:
    assert nested("a.b.c", 1) == {"a": {"b": {"c": 1}}}
    assert merged({"a": {"b": 1}, "c": 2}, {"a": {"d": 3}}) == {"a": {"b": 1, "d": 3}, "c": 2}


SHIPPED = ("classical", "fusion", "optimisers", "pooling", "small-cnns", "transfer", "webcam-cnn")


def test_the_seven_studies_are_shipped() -> None:
    assert study_names() == SHIPPED


def trainings(kind: str, arm: Arm) -> list[TrainConfig]:
    """Configurations of all trainings of an arm."""
    if kind == "fusion":
        return list(Stages.of(arm).configs.values())
    if kind == "networks":
        return [train_config(arm.recipe, arm.plan.labels)]
    both = Trainings.of(arm)
    return [config for config in (both.first, both.second) if config is not None]


def shipped(name: str, scale: str) -> list[TrainConfig]:
    """Configurations of all trainings of a shipped study."""
    study = load_study(name, scale)
    return [config for arm in study.arms for config in trainings(study.kind, arm)]


@pytest.mark.parametrize("place", ["", "data."])
def test_keys_of_rows_are_overridden_wherever_the_file_has_them(place: str) -> None:
    raw = {**BASIC, "recipe": {"folds": 3, "labels": "fer7"}, "grid": {"fold": [0, 1, 2]}}
    overrides = (f"{place}folds=5", f"{place}fold = 4", f"{place}labels=agrawal5")
    (arm,) = parse_study(raw, "mine", "full", overrides).arms
    assert (arm.data["folds"], arm.data["fold"], arm.data["labels"]) == (5, 4, "agrawal5")
    assert not {"folds", "fold", "labels"} & set(arm.recipe)
    moved = {**BASIC, "grid": {"data.fold": [0, 1]}, "data": {"folds": 3, "tests": []}}
    (arm,) = parse_study(moved, "mine", "full", (f"{place}fold=1",)).arms
    assert arm.data["fold"] == 1


@pytest.mark.parametrize("name", SHIPPED)
@pytest.mark.parametrize("scale", SCALES)
def test_every_arm_of_the_shipped_studies_is_possible(name: str, scale: str) -> None:
    study = load_study(name, scale)
    assert study.arms
    for arm in study.arms:
        json.dumps(arm.recipe)
        if study.kind == "classical":
            assert baseline_of(arm).labels == arm.plan.labels
            continue
        assert trainings(study.kind, arm)


def test_every_network_of_the_shipped_studies_can_be_built() -> None:
    """On the meta device, where nothing is computed; also what is frozen must be there."""
    configs = {
        json.dumps([c.model, c.labels, c.dropout, asdict(c.network)]): c
        for name in SHIPPED
        if name != "classical"
        for scale in SCALES
        for c in shipped(name, scale)
    }
    faults: dict[str, str] = {}
    for key, config in configs.items():
        try:
            with torch.device("meta"):
                new_network(config)
        except MienError as error:
            faults[key] = str(error)
    assert faults == {}
    assert len(configs) > 60


def of_study(study: Study) -> list[str]:
    """Published figures of each arm, and of each network of a fusion, as the table has them."""
    found: list[str] = []
    for arm in study.arms:
        recipe = dict(arm.recipe)
        networks = [*recipe["members"], recipe["fusion"]] if study.kind == "fusion" else [None]
        for network in networks:
            values = {**arm.values, **({"network": network} if network else {})}
            fusion = recipe["fusion"] if network else None
            result = ArmResult(arm=arm.name, values=values, state="done", fusion=fusion)
            found.append(published(study, result))
    return found


def stands(study: Study, entry: Mapping[str, Any]) -> bool:
    """Whether any arm has this published figure, whatever figures the others have."""
    return any(of_study(replace(study, published=(entry,))))


@pytest.mark.parametrize("name", SHIPPED)
def test_published_figures_belong_to_arms(name: str) -> None:
    """A misspelt arm would leave its figure out of the table without a word."""
    study = load_study(name, "full")
    assert [entry for entry in study.published if not stands(study, entry)] == []


@pytest.mark.parametrize(
    ("name", "figures"),
    [
        ("fusion", {53.6, 54.22, 57.48, 55.11, 59.09, 60.76}),
        ("optimisers", {59.24, 64.89, 54.58, 58.79, 50.77, 53.91}),
        ("small-cnns", {67.18, 69.8}),
        ("transfer", {75.55}),
        ("webcam-cnn", {84}),
    ],
)
def test_published_figures_stand_at_reduced_scale_too(name: str, figures: set[float]) -> None:
    study = load_study(name, "reduced")
    assert figures <= {entry["figure"] for entry in study.published if stands(study, entry)}


def test_a_published_figure_of_another_test_set_stands_with_its_name() -> None:
    study = load_study("optimisers", "reduced")
    values = {"model": "resnet50", "optimiser": "adam", "undersample": "balanced-batch32"}
    row = ArmResult(arm="a", values=values, state="done")
    assert published(study, row) == "58.79 (test balanced)"
    assert published(study, row, "test", "test") == ""
    assert published(study, row, "test balanced", "test") == "58.79"


def test_the_shipped_files_name_no_machine() -> None:
    folder = Path(__file__).parent.parent / "src" / "mien" / "study" / "studies"
    for path in folder.glob("*.toml"):
        text = path.read_text(encoding="utf-8")
        assert tomllib.loads(text)
        assert "/root" not in text
        assert "/work" not in text
