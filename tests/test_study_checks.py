"""A study whose arms cannot run is refused before anything is read or written."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from mien.core.errors import ConfigError, MienError, UnknownNameError
from mien.core.labels import fer7
from mien.data.faceset import FaceSet
from mien.study import SCALES, check_study, load_study, parse_study, run_study, study_names
from mien.study.run import RESULT
from mien.study.smoke import generated_faces

NETWORKS: dict[str, Any] = {
    "title": "t",
    "source": "s",
    "question": "q",
    "recipe": {"model": "nano", "epochs": 1, "batch_size": 16},
    "data": {"generated": 2},
}
FUSION: dict[str, Any] = {
    **NETWORKS,
    "kind": "fusion",
    "recipe": {
        "members": ["nano", "tiny"],
        "fusion": "joint_features",
        "head": {"epochs": 1},
        "tuning": {"epochs": 1},
    },
}
TRANSFER: dict[str, Any] = {
    **NETWORKS,
    "kind": "transfer",
    "recipe": {**NETWORKS["recipe"], "first": {"epochs": 1}},
}
CLASSICAL: dict[str, Any] = {**NETWORKS, "kind": "classical", "recipe": {"baseline": "pca-svm"}}


def no_data(_labels: str) -> FaceSet:
    raise AssertionError("data were read")


@pytest.mark.parametrize(
    ("base", "table", "change", "reason"),
    [
        (NETWORKS, "recipe", {"epoch": 2}, r"arm only: unknown .* epoch \(did you mean epochs\?\)"),
        (NETWORKS, "recipe", {"epochs": "2"}, "epochs must be int"),
        (NETWORKS, "recipe", {"model": "nanno"}, "unknown network 'nanno'; did you mean 'nano'"),
        (NETWORKS, "recipe", {"network": {"poling": "max"}}, "network.poling"),
        (NETWORKS, "recipe", {"network": {"freeze_to": "nowhere"}}, "no module 'nowhere'"),
        (NETWORKS, "recipe", {"batch_size": 1}, "batch_size = 1"),
        (NETWORKS, "recipe", {"labels": "fer77"}, "label space 'fer77'"),
        (NETWORKS, "data", {"test": ["PublicTest"]}, r"data.test \(did you mean data.tests\?\)"),
        (NETWORKS, "data", {"train_share": 1.5}, "data.train_share"),
        (FUSION, "recipe", {"members": "nano"}, "members must be a list"),
        (FUSION, "recipe", {"members": ["nano", "nano"]}, "members must be different"),
        (FUSION, "recipe", {"members": ["nano", "tinny"]}, "unknown network 'tinny'"),
        (FUSION, "recipe", {"members": [["nano"]]}, "members must be a list of names"),
        (FUSION, "recipe", {"members": ["nano", "head"]}, "members may not be called head"),
        (FUSION, "recipe", {"head": {"batch_size": 1}}, "batch_size = 1"),
        (FUSION, "recipe", {"fusion": 3}, "unknown fusion 3"),
        (FUSION, "recipe", {"head": 3}, "head must be a table"),
        (FUSION, "recipe", {"head": {"epochs": 0}}, "epochs must be 1 or more"),
        (FUSION, "recipe", {"head": {"network": {"hidden": [8, 8]}}}, "one dense layer"),
        (FUSION, "recipe", {"fusion": "late_learned"}, "unknown fusion 'late_learned'"),
        (FUSION, "recipe", {"score_at": [1]}, "make the epochs an axis"),
        (TRANSFER, "recipe", {"first": 3}, "first must be a table"),
        (TRANSFER, "recipe", {"first": {"epoch": 3}}, "did you mean epochs"),
        (TRANSFER, "recipe", {"score_at": [1]}, "make the epochs an axis"),
        (TRANSFER, "recipe", {"decay": 3}, "decay is a table"),
        (TRANSFER, "recipe", {"first": {"network": 3}}, "network is a table"),
        (TRANSFER, "recipe", {"first": {"batch_size": 1}}, "batch_size = 1"),
        (TRANSFER, "recipe", {"first": {"model": "tiny"}}, r"another trunk \(tiny\) .* \(nano\)"),
        (TRANSFER, "recipe", {"first": {"network": {"channels": 3}}}, "another trunk"),
        (CLASSICAL, "recipe", {"baseline": "hog"}, "unknown baseline 'hog'"),
        (CLASSICAL, "recipe", {"baseline": ["hog-svm"]}, "unknown baseline"),
        (CLASSICAL, "recipe", {"component": 3}, "component"),
    ],
)
def test_what_cannot_run_is_refused_before_data_are_read(
    base: dict[str, Any], table: str, change: dict[str, Any], reason: str, tmp_path: Path
) -> None:
    study = parse_study({**base, table: {**base[table], **change}}, "mine", "full")
    with pytest.raises(MienError, match=reason) as caught:
        run_study(study, no_data, tmp_path / "out")
    assert isinstance(caught.value, (ConfigError, UnknownNameError))
    assert "study mine, arm only" in str(caught.value)
    assert not (tmp_path / "out").exists()


def test_dense_layers_and_freezing_of_a_transfer_may_differ_from_its_first_training() -> None:
    network = {"hidden": [8], "freeze_to": "0"}
    first = {"epochs": 1, "dropout": 0.3, "network": {"hidden": [4]}}
    recipe = {**TRANSFER["recipe"], "network": network, "first": first}
    check_study(parse_study({**TRANSFER, "recipe": recipe}, "mine", "full"))


@pytest.mark.parametrize("base", [NETWORKS, FUSION, TRANSFER, CLASSICAL])
def test_what_can_run_is_not_refused(base: dict[str, Any]) -> None:
    check_study(parse_study(base, "mine", "full"))


@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize("name", study_names())
def test_the_studies_of_mien_can_run(name: str, scale: str) -> None:
    check_study(load_study(name, scale))


def test_an_arm_that_failed_with_other_settings_is_run(tmp_path: Path) -> None:
    first, second = (
        parse_study({**NETWORKS, "grid": {"seed": [0]}, "data": data}, "mine", "full")
        for data in ({"per_class": [99, 99], "tests": []}, {"generated": 2})
    )
    faces = generated_faces(3, ("Training", "PublicTest"), fer7)
    assert run_study(first, faces, tmp_path)[0].state == "failed"
    assert run_study(second, faces, tmp_path)[0].state == "done"
    written = json.loads((tmp_path / "seed0" / RESULT).read_text(encoding="utf-8"))
    assert written["state"] == "done"
    with pytest.raises(ConfigError, match=r"other settings than the study has now; remove .*seed0"):
        run_study(first, faces, tmp_path)
