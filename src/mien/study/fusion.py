"""Fusion of several networks as an arm of a study (Rahman and Mahato, 2021)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from mien import metrics
from mien.core.errors import ConfigError, unknown_name
from mien.data.faceset import FaceSet
from mien.data.subsets import held_out, without_conflicts
from mien.models import ExpressionNet, JointNet
from mien.study.arms import (
    TRAIN,
    cost,
    curve_every,
    figures,
    figures_of_parts,
    log_probabilities,
    no_chosen_epochs,
    plain_log,
    recipe_of,
)
from mien.study.drawing import Rows
from mien.study.gains import Better, better_member, gains
from mien.study.plan import Arm, merged
from mien.train import Callbacks, FinishedRun, Shown, TrainConfig, train, training_rows
from mien.train.log import EpochRow

_ON: tuple[Literal["outputs", "features"], ...] = ("outputs", "features")
_EQUAL, _LEARNED = "late_equal", "late_learned"

HEAD, TUNING = "head", "tuning"
"""Names of the two stages after the members'."""

Answers = Mapping[str, NDArray[np.float64]]


def run_fusion(
    arm: Arm,
    rows: Rows,
    folder: Path,
    *,
    device: str,
    provenance: dict[str, Any],
    on_epoch: Callable[[EpochRow], None],
) -> dict[str, Any]:
    """Train the members, fuse them in every way, and score all of it.

    Besides the recipe of the members, the arm's recipe has ``members`` (names of networks),
    ``head`` and ``tuning``: changes of the recipe for the head trained on frozen members, and for
    training everything end to end afterwards; and ``fusion``: the one of the fusions that the arm
    stands for, named before anything is trained.

    Late fusion is the mean of probabilities, with equal shares and, where the recipe holds rows
    out, with shares learned on those. The member that all fusions are compared with is chosen
    there too.

    ``dropout`` of head and tuning is that of the joint head, before which ``network.hidden`` of the
    head puts a dense layer; members that are tuned on their outputs keep their own dropout.

    Raises:
        ConfigError: If the recipe lacks one of them, or names a member twice.
        UnknownNameError: If ``fusion`` names none of the fusions.
        MienError: As ``train.train`` does.
    """
    stages = fusion_stages(arm, rows.plan.labels)
    names, chosen = list(arm.recipe["members"]), arm.recipe["fusion"]
    hidden = joint_hidden(arm)
    config = stages[names[0]]  # all that is used of it is alike in all of them
    logs: dict[str, list[EpochRow]] = {}
    runs: dict[str, FinishedRun] = {}

    def trained(
        name: str, stage: str, after: Sequence[str] = (), network: ExpressionNet | None = None
    ) -> ExpressionNet:
        own = stages[stage]
        before = {"before": {each: _recorded(stages[each], runs.get(each)) for each in after}}
        runs[name] = train(
            rows.train,
            own,
            folder / name,
            resume=True,
            provenance=provenance | (before if after else {}),
            shown=Shown(rows.shown, curve_every(own)),
            callbacks=Callbacks(on_epoch=on_epoch),
            accelerator=device,
            network=network,
        )
        logs[name] = runs[name].log
        return runs[name].network.to("cpu")

    networks: dict[str, ExpressionNet] = {}
    for name in names:
        networks[name] = trained(name, name)
    members = list(networks.values())
    origins = [run.origin for run in runs.values()]
    for on in _ON:
        dropout = stages[HEAD].dropout
        joint = JointNet(members, on=on, hidden=hidden, dropout=dropout, origins=origins)
        joint.freeze()
        joint = trained(f"joint_{on}", HEAD, names, joint)
        networks[f"joint_{on}"] = joint
        dropout = stages[TUNING].dropout
        tuned = JointNet(members, on=on, hidden=hidden, dropout=dropout, origins=origins)
        tuned.load_state_dict(joint.state_dict())
        after = [*names, HEAD]
        networks[f"joint_{on}_tuned"] = trained(f"joint_{on}_tuned", TUNING, after, tuned)
    shares = {_EQUAL: np.full(len(names), 1 / len(names))}
    better = None
    if config.held_out:
        left = _left_out(rows, config)
        answers = [log_probabilities(m, left.images, rows.plan.views, device) for m in members]
        shares[_LEARNED] = metrics.fit_shares(np.stack(answers), left.labels)
        better = better_member(dict(zip(names, answers, strict=True)), left, config)
    found = _scored(networks, names, shares, rows, training_rows(rows.train, config)[0], device)
    costs = {name: cost(network) for name, network in networks.items()}
    late = {key: sum(costs[name][key] for name in names) for key in costs[names[0]]}
    seconds = {name: round(sum(row.seconds for row in log)) for name, log in logs.items()}
    return {
        **costs.get(chosen, late),
        "epochs": config.epochs,
        "seconds": sum(seconds.values()),
        "train_rows": len(training_rows(rows.train, config)[0]),
        "scores": found[chosen],
        "fusion": chosen,
        **_against(found, names, better),
        "shares": {
            name: dict(zip(names, each.tolist(), strict=True)) for name, each in shares.items()
        },
        "networks": {
            name: {
                **costs.get(name, late),
                "epochs": len(logs.get(name, ())) or None,
                "seconds": seconds.get(name, 0),
                "scores": scores,
            }
            for name, scores in found.items()
        },
        "log": {name: plain_log(log) for name, log in logs.items()},
    }


def _recorded(config: TrainConfig, run: FinishedRun | None) -> dict[str, Any]:
    """What a card records of a training before its own."""
    digest = run.provenance.get("pretrained_sha256") if run else None
    return config.as_dict() | ({"pretrained_sha256": digest} if digest else {})


def fusion_stages(arm: Arm, labels: str) -> dict[str, TrainConfig]:
    """The recipes of an arm's trainings: of each member by its name, ``HEAD`` and ``TUNING``.

    Raises:
        ConfigError: If the recipe lacks one, names no member or one twice, or wants epochs
            scored.
        UnknownNameError: If ``fusion`` names none of the fusions.
    """
    settings = dict(arm.recipe)
    try:
        names, head, tuning, chosen = (
            settings.pop(key) for key in ("members", "head", "tuning", "fusion")
        )
    except KeyError as error:
        raise ConfigError(f"arm {arm.name} lacks {error} in its recipe") from error
    if not isinstance(names, list) or not names or not all(isinstance(n, str) for n in names):
        raise ConfigError(f"members must be a list of names of networks, got {names!r}")
    if len(set(names)) < len(names):
        raise ConfigError(f"members must be different networks, got {', '.join(names)}")
    if taken := sorted({HEAD, TUNING} & set(names)):
        raise ConfigError(f"members may not be called {taken[0]}, as a stage after theirs is")
    for key, own in ((HEAD, head), (TUNING, tuning)):
        if not isinstance(own, Mapping):
            raise ConfigError(f"{key} must be a table of changes of the recipe, got {own!r}")
    changes = {name: {"model": name} for name in names} | {HEAD: head, TUNING: tuning}
    stages = {
        name: recipe_of(Arm(name, {}, merged(settings, own), {}), labels)
        for name, own in changes.items()
    }
    for config in stages.values():
        no_chosen_epochs(config)
    if chosen not in (known := fusions(stages[names[0]])):
        raise unknown_name("fusion", chosen, known)
    return stages


def joint_hidden(arm: Arm) -> int:
    """Width of the dense layer before the joint heads of an arm; 0 = none.

    Raises:
        ConfigError: If it asks for more than one.
    """
    widths = arm.recipe["head"].get("network", {}).get("hidden", [])
    if len(widths) > 1:
        raise ConfigError(f"a joint head takes one dense layer, got head.network.hidden = {widths}")
    return widths[0] if widths else 0


def fusions(config: TrainConfig) -> list[str]:
    """Names of the fusions of an arm; shares are learned only where rows are held out."""
    joint = [f"joint_{on}{end}" for on in _ON for end in ("", "_tuned")]
    return [*joint, _EQUAL, *([_LEARNED] if config.held_out else [])]


def _left_out(rows: Rows, config: TrainConfig) -> FaceSet:
    """Rows that no member was trained on, and that are not scored."""
    return without_conflicts(
        rows.train[held_out(rows.train, config.held_out, config.held_out_seed)]
    )


def _against(
    found: Mapping[str, Mapping[str, Any]], names: list[str], better: Better | None
) -> dict[str, Any]:
    """Every fusion against the better member, per scored test set."""
    fused = [name for name in found if name not in names]
    tests = [test for test in found[names[0]] if test != TRAIN]
    told = {test: gains({n: found[n][test] for n in found}, names, fused, better) for test in tests}
    return {"gains": told} | ({"better": better.as_dict()} if better else {})


def _scored(
    networks: Mapping[str, ExpressionNet],
    names: list[str],
    shares: Mapping[str, NDArray[np.float64]],
    rows: Rows,
    trained: FaceSet,
    device: str,
) -> dict[str, dict[str, dict[str, Any]]]:
    """Figures of every network and every late fusion on every set; training rows in one view."""
    found: dict[str, dict[str, dict[str, Any]]] = {}
    answers = _answers(networks, names, shares, trained, "none", device)
    for name, each in answers.items():
        found[name] = {TRAIN: figures(each, trained)}
    for test, faces in rows.tests.items():
        answers = _answers(networks, names, shares, faces, rows.plan.views, device)
        for name, each in answers.items():
            found[name] |= figures_of_parts(each, test, rows)
    return found


def _answers(
    networks: Mapping[str, ExpressionNet],
    names: list[str],
    shares: Mapping[str, NDArray[np.float64]],
    faces: FaceSet,
    views: str,
    device: str,
) -> Answers:
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
