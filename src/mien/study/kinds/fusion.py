"""Fusion of several networks (Rahman and Mahato, 2021)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from mien import metrics
from mien.core.errors import ConfigError, unknown_name
from mien.data.faceset import FaceSet
from mien.data.select.subsets import held_out, without_conflicts
from mien.models import ExpressionNet, JointNet
from mien.study.arm import Arm, Table, merged
from mien.study.compare import better_member, gains
from mien.study.kinds.kind import (
    KINDS,
    Job,
    KindInfo,
    Log,
    check_one_scoring,
    cost,
    train_config,
    trained_trunk,
)
from mien.study.result import NETWORK, ArmResult, Better, NetworkResult
from mien.study.scoring import TRAIN, log_probabilities, scores, scores_of_parts
from mien.train import FinishedRun, TrainConfig, check_batch, training_rows

_ON: tuple[Literal["outputs", "features"], ...] = ("outputs", "features")
_EQUAL, _LEARNED = "late_equal", "late_learned"

HEAD, TUNING = "head", "tuning"
"""Names of the two stages after the members'."""

Answers = Mapping[str, NDArray[np.float64]]
Networks = Mapping[str, ExpressionNet]


@dataclass(frozen=True)
class Stages:
    """What an arm trains.

    Besides the recipe of the members, the arm's recipe has ``members`` (names of networks),
    ``head`` and ``tuning``: changes of the recipe for the head trained on frozen members, and for
    training everything end to end afterwards; and ``fusion``: the one of the fusions that the arm
    stands for, named before anything is trained.

    ``dropout`` of head and tuning is that of the joint head, before which ``network.hidden`` of the
    head puts a dense layer; members that are tuned on their outputs keep their own dropout.

    Args:
        members: Names of the members' networks.
        fusion: The fusion that the arm stands for.
        hidden: Width of the dense layer before the joint heads; 0 = none.
        configs: Recipes of the trainings: of each member by its name, ``HEAD`` and ``TUNING``.
    """

    members: tuple[str, ...]
    fusion: str
    hidden: int
    configs: Mapping[str, TrainConfig]

    @classmethod
    def of(cls, arm: Arm) -> Stages:
        """Read an arm's recipe.

        Raises:
            ConfigError: If the recipe lacks one, names no member or one twice, or wants epochs
                scored.
            UnknownNameError: If ``fusion`` names none of the fusions.
        """
        settings = dict(arm.recipe)
        try:
            names, head, tuning, fusion = (
                settings.pop(key) for key in ("members", HEAD, TUNING, "fusion")
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
        configs = {
            name: train_config(merged(settings, own), arm.plan.labels)
            for name, own in changes.items()
        }
        for config in configs.values():
            check_one_scoring(config)
        widths = head.get("network", {}).get("hidden", [])
        if len(widths) > 1:
            raise ConfigError(
                f"a joint head takes one dense layer, got head.network.hidden = {widths}"
            )
        stages = cls(tuple(names), fusion, widths[0] if widths else 0, configs)
        if fusion not in stages.fusions:
            raise unknown_name("fusion", fusion, stages.fusions)
        return stages

    @property
    def member(self) -> TrainConfig:
        """Of the first member: its data settings are those of all stages."""
        return self.configs[self.members[0]]

    @property
    def fusions(self) -> list[str]:
        """Names of the fusions; shares are learned only where samples are held out."""
        joint = [f"joint_{on}{end}" for on in _ON for end in ("", "_tuned")]
        return [*joint, _EQUAL, *([_LEARNED] if self.member.held_out else [])]


@KINDS.register(KindInfo("fusion", axes=(NETWORK,)))
class Fusion:
    """Arms that train their members, fuse them in every way, and score all of it.

    Late fusion is the mean of probabilities, with equal shares and, where the recipe holds samples
    out, with shares learned on those. The member that all fusions are compared with is chosen
    there too.
    """

    def check(self, arm: Arm) -> None:
        """Refuse recipes that cannot be."""
        stages = Stages.of(arm)
        for name, config in stages.configs.items():
            check_batch(config, 1)
            if name in stages.members:
                trained_trunk(config)

    def run(self, job: Job) -> ArmResult:
        """Train members and joint models; means of answers need no training."""
        stages, samples = Stages.of(job.arm), job.samples
        config, names = stages.member, stages.members
        networks, logs = _trained(job, stages)
        shares = {_EQUAL: np.full(len(names), 1 / len(names))}
        better = None
        if config.held_out:
            members = {name: networks[name] for name in names}
            shares[_LEARNED], better = _on_held_out(job, config, members)
        trained_on = training_rows(samples.train, config)[0]
        answers = partial(_answers, networks, names, shares, job.device)
        found = {n: {TRAIN: scores(z, trained_on)} for n, z in answers(trained_on, "none").items()}
        for test, faces in samples.tests.items():
            for name, each in answers(faces, samples.plan.views).items():
                found[name] |= scores_of_parts(each, test, samples)
        costs = {name: cost(network) for name, network in networks.items()}
        late = {key: sum(costs[name][key] for name in names) for key in costs[names[0]]}
        seconds = {name: round(sum(epoch.seconds for epoch in log)) for name, log in logs.items()}
        return ArmResult(
            arm=job.arm.name,
            values=job.arm.values,
            state="done",
            **costs.get(stages.fusion, late),
            epochs=config.epochs,
            seconds=sum(seconds.values()),
            train_rows=len(trained_on),
            scores=found[stages.fusion],
            fusion=stages.fusion,
            gains={
                test: gains({name: found[name][test] for name in found}, names, better)
                for test in found[names[0]]
                if test != TRAIN
            },
            better=better,
            shares={
                name: dict(zip(names, each.tolist(), strict=True)) for name, each in shares.items()
            },
            networks={
                name: NetworkResult(
                    **costs.get(name, late),
                    epochs=len(logs.get(name, ())) or None,
                    seconds=seconds.get(name, 0),
                    scores=each,
                )
                for name, each in found.items()
            },
            log={name: tuple(log) for name, log in logs.items()},
        )


def _trained(job: Job, stages: Stages) -> tuple[dict[str, ExpressionNet], dict[str, Log]]:
    """Members and joint models, in the order of their training, and the log of each."""
    networks: dict[str, ExpressionNet] = {}
    runs: dict[str, FinishedRun] = {}

    def train(name: str, stage: str, after: Sequence[str] = (), begun: JointNet | None = None):
        before = before_record(stages, after, runs) if after else {}
        faces, config = job.samples.train, stages.configs[stage]
        runs[name] = job.train(faces, config, job.folder / name, begun, before)
        networks[name] = runs[name].network.to("cpu")

    names = stages.members
    for name in names:
        train(name, name)
    members = list(networks.values())
    origins = [run.origin for run in runs.values()]
    for on in _ON:
        head, tuning = (
            JointNet(
                members,
                on=on,
                hidden=stages.hidden,
                dropout=stages.configs[stage].dropout,
                origins=origins,
            )
            for stage in (HEAD, TUNING)
        )
        head.freeze()
        train(f"joint_{on}", HEAD, names, head)
        tuning.load_state_dict(networks[f"joint_{on}"].state_dict())
        train(f"joint_{on}_tuned", TUNING, [*names, HEAD], tuning)
    return networks, {name: run.log for name, run in runs.items()}


def before_record(stages: Stages, after: Sequence[str], runs: Mapping[str, FinishedRun]) -> Table:
    """What a checkpoint and a card record of the stages before a training."""
    before = {name: stages.configs[name].as_dict() for name in after}
    for name, record in before.items():
        if name in runs and (digest := runs[name].provenance.get("pretrained_sha256")):
            record["pretrained_sha256"] = digest
    return {"before": before}


def _on_held_out(
    job: Job, config: TrainConfig, members: Networks
) -> tuple[NDArray[np.float64], Better]:
    """Shares and the better member, by samples that no member saw and that are not scored."""
    train = job.samples.train
    left = without_conflicts(train[held_out(train, config.held_out, config.held_out_seed)])
    answers = {
        name: log_probabilities(member, left.images, job.samples.plan.views, job.device)
        for name, member in members.items()
    }
    shares = metrics.fit_shares(np.stack(list(answers.values())), left.labels)
    return shares, better_member(answers, left, config)


def _answers(
    networks: Networks,
    names: Sequence[str],
    shares: Answers,
    device: str,
    faces: FaceSet,
    views: str,
) -> Answers:
    """Log-probabilities of every network and every late fusion on the crops of ``faces``."""
    answers = {
        name: log_probabilities(network, faces.images, views, device)
        for name, network in networks.items()
    }
    stacked = np.stack([answers[name] for name in names])
    for name, each in shares.items():
        weights = np.log(np.maximum(each, 1e-12))[:, None, None]
        answers[name] = np.logaddexp.reduce(stacked + weights, axis=0)
    return answers
