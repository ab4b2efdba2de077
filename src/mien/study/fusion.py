"""Fusion of several networks as an arm of a study (Rahman and Mahato, 2021)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from mien import metrics
from mien.core.errors import ConfigError
from mien.data.faceset import FaceSet
from mien.data.subsets import held_out, without_conflicts
from mien.models import ExpressionNet, JointNet
from mien.study.arms import cost, log_probabilities, recipe_of
from mien.study.drawing import Rows
from mien.study.plan import Arm, merged
from mien.study.scores import right_rows, scores
from mien.train import TrainConfig, train
from mien.train.log import EpochRow

_ON: tuple[Literal["outputs", "features"], ...] = ("outputs", "features")


def run_fusion(
    arm: Arm,
    rows: Rows,
    folder: Path,
    *,
    device: str,
    provenance: dict[str, str],
    on_epoch: Callable[[EpochRow], None],
) -> dict[str, Any]:
    """Train the members, fuse them in every way, and score all of it.

    Besides the recipe of the members, the arm's recipe has ``members`` (names of networks),
    ``head`` and ``tuning``: changes of the recipe for the head trained on frozen members, and for
    training everything end to end afterwards.

    Late fusion is the mean of probabilities, with equal shares and, where the recipe holds rows
    out, with shares learned on those.

    Raises:
        ConfigError: If the recipe lacks one of them.
        MienError: As ``train.train`` does.
    """
    settings = dict(arm.recipe)
    try:
        names, head, tuning = (settings.pop(key) for key in ("members", "head", "tuning"))
    except KeyError as error:
        raise ConfigError(f"arm {arm.name} lacks {error} in its recipe") from error
    logs: dict[str, list[EpochRow]] = {}

    def trained(
        name: str, recipe: Mapping[str, Any], network: ExpressionNet | None = None
    ) -> ExpressionNet:
        config = recipe_of(Arm(name, {}, recipe, {}), rows.plan.labels)
        found, logs[name] = train(
            rows.train,
            config,
            folder / name,
            resume=True,
            provenance=provenance,
            on_epoch=on_epoch,
            accelerator=device,
            network=network,
        )
        return found.to("cpu")

    networks = {name: trained(name, merged(settings, {"model": name})) for name in names}
    members = list(networks.values())
    for on in _ON:
        joint = JointNet(members, on=on)
        joint.freeze()
        joint = trained(f"joint_{on}", merged(settings, head), joint)
        networks[f"joint_{on}"] = joint
        tuned = JointNet(members, on=on)
        tuned.load_state_dict(joint.state_dict())
        networks[f"joint_{on}_tuned"] = trained(
            f"joint_{on}_tuned", merged(settings, tuning), tuned
        )
    config = recipe_of(Arm(arm.name, {}, settings, {}), rows.plan.labels)
    shares = {"late_equal": np.full(len(names), 1 / len(names))}
    if config.held_out:
        shares["late_learned"] = _learned(members, rows, config, device)
    found = {
        test: _answers(networks, names, shares, faces, rows.plan.views, device)
        for test, faces in rows.tests.items()
    }
    told = {
        f"{test} {name}": scores(answer, rows.tests[test].labels, rows.tests[test].space)
        for test, answers in found.items()
        for name, answer in answers.items()
    }
    return {
        **_costs(members),
        "epochs": config.epochs,
        "seconds": round(sum(row.seconds for log in logs.values() for row in log)),
        "train_rows": len(rows.train),
        "scores": told,
        "shares": {name: each.tolist() for name, each in shares.items()},
        "gains": {test: _gains(told, test, names, list(found[test])) for test in found},
        "log": [vars(row) for row in logs[names[0]]],
    }


def _learned(
    members: list[ExpressionNet], rows: Rows, config: TrainConfig, device: str
) -> NDArray[np.float64]:
    """Shares that fit the rows best which no member was trained on."""
    left = without_conflicts(
        rows.train[held_out(rows.train, config.held_out, config.held_out_seed)]
    )
    answers = [log_probabilities(m, left.images, rows.plan.views, device) for m in members]
    return metrics.fit_shares(np.stack(answers), left.labels)


def _answers(
    networks: Mapping[str, ExpressionNet],
    names: list[str],
    shares: Mapping[str, NDArray[np.float64]],
    faces: FaceSet,
    views: str,
    device: str,
) -> dict[str, NDArray[np.float64]]:
    """Log-probabilities of every network and every late fusion on the rows of ``faces``."""
    answers = {
        name: log_probabilities(network, faces.images, views, device)
        for name, network in networks.items()
    }
    stacked = np.stack([answers[name] for name in names])
    for name, each in shares.items():
        weights = np.log(np.maximum(each, 1e-12))[:, None, None]
        answers[name] = np.logaddexp.reduce(stacked + weights, axis=0)
    return answers


def _costs(members: list[ExpressionNet]) -> dict[str, Any]:
    each = [cost(member) for member in members]
    return {key: sum(entry[key] for entry in each) for key in each[0]}


def _gains(
    told: Mapping[str, Mapping[str, Any]], test: str, members: list[str], all_names: list[str]
) -> dict[str, dict[str, Any]]:
    """Every fusion against the better member on the same rows."""
    best = max(members, key=lambda name: told[f"{test} {name}"]["accuracy"])
    against = right_rows(dict(told[f"{test} {best}"]))
    gains: dict[str, dict[str, Any]] = {}
    for name in all_names:
        if name not in members:
            pair = metrics.compare(right_rows(dict(told[f"{test} {name}"])), against)
            gains[name] = {
                "against": best,
                "points": 100 * pair.difference,
                "ci95": [100 * end for end in pair.interval],
                "p_value": pair.p_value,
            }
    return gains
