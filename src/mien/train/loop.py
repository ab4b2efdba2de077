"""The training loop."""

from __future__ import annotations

import copy
import math
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from lightning_fabric import Fabric
from torch import Generator, Tensor

from mien.core.errors import ConfigError, DataError, DeviceError, DivergedError, OtherRunError
from mien.data.faceset import FaceSet
from mien.models import ExpressionNet, JointNet
from mien.store.atomic import locked_folder
from mien.store.bundle import Bundle
from mien.train.augment import augment, seen_by_student
from mien.train.checks import check_batch, check_network
from mien.train.config import TrainConfig
from mien.train.log import EpochRow, plot_curves, write_log
from mien.train.losses import loss_of, score
from mien.train.precision import AUTO, precision_used
from mien.train.record import FinishedRun
from mien.train.rows import Resident, RunRows, Shown
from mien.train.sampling import batches, epoch_rows, steps_per_epoch
from mien.train.schedule import Plateau, learning_rate, optimiser
from mien.train.state import (
    CHECKPOINT,
    WeightAverage,
    begin,
    derived_seed,
    epoch_checkpoint,
    load_checkpoint,
    load_weights,
    new_network,
    save_checkpoint,
    seeded,
)
from mien.train.teachers import Teachers, check_teachers


@dataclass(frozen=True)
class Callbacks:
    """Who hears of a training.

    Args:
        on_step: Called with (step, steps) over the whole run.
        on_epoch: Called with the log row of each finished epoch, in one process only.
        on_view: Called with (answers, answers to give) of the teachers, in one process only.
    """

    on_step: Callable[[int, int], None] = lambda *_: None
    on_epoch: Callable[[EpochRow], None] = lambda _: None
    on_view: Callable[[int, int], None] = lambda *_: None


_NOBODY = Callbacks()


class Run:
    """A training on its way: network, optimiser, weight average, plateau and log.

    Args:
        fabric: The device, and the other processes.
        config: Everything that decides the result.
        rows: What it learns from and watches.
        out: Its folder; what its checkpoint holds is continued.
        callbacks: Who hears of its steps.
        network: Where to begin in place of the configuration's network; it is copied.
        teachers: What it learns from besides labels and votes.
        provenance: What else the checkpoint records; that of the first start counts.

    Raises:
        ConfigError: If the checkpoint is damaged, or of another network.
        OtherRunError: If it is of another configuration or joint model, or of other rows.
    """

    def __init__(
        self,
        fabric: Fabric,
        config: TrainConfig,
        rows: RunRows,
        out: Path,
        callbacks: Callbacks = _NOBODY,
        *,
        network: ExpressionNet | None = None,
        teachers: Teachers | None = None,
        provenance: Mapping[str, Any] | None = None,
    ) -> None:
        self.fabric, self.config, self.rows, self.out = fabric, config, rows, out
        self.teachers, self.lesson = teachers, rows.train
        self.callbacks = callbacks
        self.per_epoch = steps_per_epoch(len(rows.train), config)
        self.steps = self.per_epoch * config.epochs
        self.plateau = Plateau()
        self.log: list[EpochRow] = []
        path, state = out / CHECKPOINT, None
        if path.exists():
            state = load_checkpoint(path, config, rows.record)
        began: dict[str, str] = {}
        with seeded(config.seed):
            if network is not None:
                plain = copy.deepcopy(network)
            elif state is not None:
                plain = new_network(config)
            else:
                plain, began = begin(config)
        self.provenance = {**(provenance or {}), **began}
        self.joint = plain.description if isinstance(plain, JointNet) else None
        self.plain = plain.to(device=fabric.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.average = WeightAverage(self.plain, config.ema_epochs * self.per_epoch)
        steps = optimiser(self.plain, config)
        if state is not None:
            self._continue(state, path)
            steps.load_state_dict(state["optimiser"])
        self._record_precision()
        self.network, self.optimiser = fabric.setup(self.plain, steps)

    def _record_precision(self) -> None:
        """What ``auto`` stands for here; a run may continue on a machine where it is another."""
        if self.config.precision != AUTO:
            return
        used = precision_used(AUTO, self.fabric.device.type)
        before = self.provenance.get("precision_used", "")
        if not before.endswith(used):
            self.provenance["precision_used"] = f"{before}, then {used}" if before else used

    def _continue(self, state: dict[str, Any], path: Path) -> None:
        if state.get("joint") != self.joint:
            raise OtherRunError(
                f"{path} is of another joint model ({state.get('joint')}, now {self.joint}); "
                "resume with the same members, or choose another --out",
                path.parent,
            )
        load_weights(self.plain, state["network"], path)
        load_weights(self.average.network, state["average"], path)
        self.average.steps = state["average_steps"]
        self.provenance = state["provenance"]
        self.plateau = Plateau(**state["plateau"])
        self.log = [EpochRow(**row) for row in state["log"]]

    def __iter__(self) -> Iterator[int]:
        """The epochs that are left, counted from 1."""
        return iter(range(len(self.log) + 1, self.config.epochs + 1))

    def step(self, number: int, index: Tensor, draw: Generator) -> tuple[Tensor, Tensor]:
        """One step of the optimiser, from 0: the loss, and how many faces were answered rightly.

        Args:
            number: Of the step in the whole run; it decides the learning rate.
            index: ``(B,)`` training rows of the batch.
            draw: Source of the random changes.
        """
        for group in self.optimiser.param_groups:
            group["lr"] = learning_rate(number, self.steps, self.config, self.plateau.share)
        batch = self.lesson[index]
        if batch.taught is None:
            images = augment(batch.images, self.config.augmentation, draw)
        else:
            images = batch.images[:, None].float()
            images = seen_by_student(images, self.config.augmentation, draw)
        out = self.network(images)
        loss = loss_of(out, batch, self.config)
        self.fabric.backward(loss)
        self.optimiser.step()
        self.optimiser.zero_grad()
        self.average.update(self.plain)
        return loss.detach(), (out.logits.detach().argmax(dim=1) == batch.labels).sum()

    def train(self, epoch: int) -> tuple[float, float]:
        """One pass over the training rows: mean loss and accuracy on the augmented images."""
        fabric, config, done = self.fabric, self.config, epoch - 1
        rank, world = fabric.global_rank, fabric.world_size
        draw = Generator(fabric.device).manual_seed(derived_seed(config.seed, done, rank, 1))
        order = batches(self.rows.train.labels.cpu(), config, done, rank, world)
        loss_sum, right = torch.zeros(2, device=fabric.device)
        if self.teachers is not None:
            self.lesson = self.teachers.lesson(epoch)
        self.network.train()
        with seeded(config.seed, done, rank, 2):  # dropout
            for number, index in enumerate(order, start=done * self.per_epoch):
                loss, hits = self.step(number, index.to(fabric.device), draw)
                loss_sum += loss
                right += hits
                self.callbacks.on_step(number + 1, self.steps)
        totals = fabric.all_reduce(torch.stack([loss_sum, right]), reduce_op="sum")
        seen = self.per_epoch * min(config.batch_size, epoch_rows(len(self.rows.train), config))
        return float(totals[0]) / (self.per_epoch * world), float(totals[1]) / seen

    def watch(self, epoch: int) -> tuple[float | None, float | None]:
        """Loss and accuracy on the watched rows, if the epoch is one to score; moves a plateau."""
        config, watched = self.config, self.rows.watched
        due = epoch % config.watch_every == 0 or epoch == config.epochs
        if watched is None or not (due or epoch in config.score_at):
            return None, None
        # Norms differ a little between processes; a plateau must see the same in all of them.
        seen = self.fabric.broadcast(self._score(watched))
        if due and config.decay.kind == "plateau":
            self.plateau.observe(epoch, *seen, config.decay)
        return seen

    def show(self, epoch: int) -> tuple[float | None, float | None]:
        """Loss and accuracy on the rows that are scored for the curves; they decide nothing."""
        shown, every = self.rows.shown, self.rows.shown_every
        if shown is None or not (epoch % every == 0 or epoch == self.config.epochs):
            return None, None
        return self._score(shown)

    def _score(self, rows: Resident) -> tuple[float, float]:
        with self.fabric.autocast():
            return score(self.average.network, rows)

    def check_finite(self) -> None:
        """End a training that cannot recover instead of spending its other epochs.

        Raises:
            DivergedError: If a loss of the last epoch or a weight after it is no finite number.
        """
        row, config = self.log[-1], self.config
        losses = (row.loss, row.watch_loss, row.shown_loss)
        what = "loss"
        if all(loss is None or math.isfinite(loss) for loss in losses):
            state = self.average.network.state_dict().values()
            if all(bool(value.isfinite().all()) for value in state if value.is_floating_point()):
                return
            what = "weights"
        raise DivergedError(
            f"the training in {self.out} diverged: after epoch {row.epoch} of {config.epochs} its "
            f"{what} are no finite numbers (training loss {row.loss:g}); lower lr, which is "
            f"{config.lr:g}, or raise warmup, and begin again in another folder"
        )

    def save(self) -> None:
        """Write the log, the checkpoint to continue, and before it the one of an epoch to keep."""
        result = {
            "config": self.config.as_dict(),
            "network": self.plain.state_dict(),
            "average": self.average.network.state_dict(),
            "log": [asdict(row) for row in self.log],
            "data": self.rows.record,
            "provenance": self.provenance,
        }
        if self.joint:
            result["joint"] = self.joint
        kept = epoch_checkpoint(self.out, len(self.log))
        if len(self.log) in self.config.score_at and not kept.exists():
            save_checkpoint(kept, result)
        moving = {
            "optimiser": self.optimiser.state_dict(),
            "average_steps": self.average.steps,
            "plateau": asdict(self.plateau),
        }
        save_checkpoint(self.out / CHECKPOINT, result | moving)
        write_log(self.out / "log.csv", self.log)

    def finished(self) -> FinishedRun:
        """The averaged network and what is recorded of it."""
        return FinishedRun(
            self.average.network,
            self.config,
            self.log,
            self.rows.record,
            self.provenance,
            self.joint,
        )


def train(
    faces: FaceSet,
    config: TrainConfig,
    out: Path,
    *,
    resume: bool = False,
    network: ExpressionNet | None = None,
    teachers: Sequence[Bundle] = (),
    provenance: Mapping[str, Any] | None = None,
    shown: Shown | None = None,
    callbacks: Callbacks = _NOBODY,
    accelerator: str = "cpu",
) -> FinishedRun:
    """Train a network; run again with ``resume`` after a kill, it ends with the same weights.

    Under ``torchrun`` every process trains on its share of each batch (DistributedDataParallel).

    Args:
        faces: Rows with their splits, and FER+ votes if the configuration uses them.
        config: Everything that decides the result.
        out: Folder of the checkpoints, ``log.csv`` and ``curves.png``.
        resume: Continue from the folder's checkpoint, if there is one.
        network: Where to begin in place of a registered network with fresh weights; it is copied.
            What it leaves frozen is not trained. Give the same one to ``resume``.
        teachers: Bundles whose mean answer is learned from too, as ``distillation`` says. Their
            answers are kept in the folder ``teachers`` of the run.
        provenance: What else the checkpoint records (version, commit); the first run's counts.
        shown: Rows that are scored for the curves alone. They decide nothing and do not belong to
            what a resumed run is compared by.
        callbacks: Who hears of steps and epochs.
        accelerator: ``cpu`` or ``cuda``.

    Returns:
        The averaged network (last state, nothing selected; without an average, the last weights)
        and what is recorded of it.

    Raises:
        ConfigError: If ``out`` holds a run and ``resume`` is not set.
        InputError: If another process is training in ``out``.
        OtherRunError: If that run is of another configuration, of other rows or members.
        DataError: If the rows do not have what the configuration needs.
        DivergedError: If loss or weights are no finite numbers after an epoch; what was saved
            before it stays.
        DeviceError: If CUDA is asked for and not there.
    """
    fabric = open_fabric(config, accelerator)
    if network is None:
        check_network(config)
    check_batch(config, fabric.world_size)
    check_teachers(teachers, config, faces)
    if (out / CHECKPOINT).exists() and not resume:
        raise ConfigError(
            f"{out} holds a run already; continue it with --resume, or choose another --out"
        )
    rows = RunRows.of(faces, config, fabric.device, shown)
    if len(rows.train) < 2 * fabric.world_size:
        raise DataError(
            f"{len(rows.train)} training rows are too few for {fabric.world_size} processes, which "
            "need two each; start fewer, or give more rows"
        )
    for path in (epoch_checkpoint(out, epoch) for epoch in config.score_at):
        if path.exists():  # never written again, so it must be this run's own
            load_checkpoint(path, config, rows.record, resumable=False)
    out.mkdir(parents=True, exist_ok=True)
    speaks = fabric.global_rank == 0
    with locked_folder(out) if speaks else nullcontext():
        taught = Teachers(teachers, config, rows, out / "teachers") if teachers else None
        if taught and speaks:
            taught.answer(callbacks.on_view)
        fabric.barrier()
        record = {**(provenance or {}), **({"teachers": taught.record} if taught else {})}
        run = Run(
            fabric, config, rows, out, callbacks,
            network=network, teachers=taught, provenance=record,
        )  # fmt: skip
        for epoch in run:
            started = time.perf_counter()
            trained, watched, for_curves = run.train(epoch), run.watch(epoch), run.show(epoch)
            rate, seconds = run.optimiser.param_groups[0]["lr"], time.perf_counter() - started
            run.log.append(EpochRow(epoch, rate, *trained, *watched, seconds, *for_curves))
            run.check_finite()
            if speaks:
                run.save()
                callbacks.on_epoch(run.log[-1])
            fabric.barrier()
        if speaks:
            write_log(out / "log.csv", run.log)  # a kill may have come between checkpoint and log
            plot_curves(out / "curves.png", run.log)
    return run.finished()


def open_fabric(config: TrainConfig, accelerator: str) -> Fabric:
    """Lightning Fabric for this process: one device, or one of ``torchrun``'s processes.

    Raises:
        DeviceError: If CUDA is asked for and not there.
    """
    if accelerator == "cuda" and not torch.cuda.is_available():
        raise DeviceError("CUDA was asked for, but torch finds no GPU; use --device cpu")
    world = int(os.environ.get("WORLD_SIZE", "1"))
    local = int(os.environ.get("LOCAL_WORLD_SIZE", world))
    fabric = Fabric(
        accelerator=accelerator,
        devices=local,
        num_nodes=max(1, world // local),
        strategy="ddp" if world > 1 else "auto",
        precision=precision_used(config.precision, accelerator),  # type: ignore[arg-type]
    )
    if world > 1:
        fabric.launch()
    return fabric
