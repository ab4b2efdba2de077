"""The training loop."""

from __future__ import annotations

import copy
import math
import os
import time
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import torch
from lightning_fabric import Fabric
from torch import nn

from mien.core.errors import ConfigError, DataError, DeviceError, DivergedError, OtherRunError
from mien.core.labels import label_space
from mien.data.faceset import FaceSet
from mien.models import ExpressionNet, joint_description
from mien.store.atomic import locked_folder
from mien.train.checks import check_batch, check_network
from mien.train.config import TrainConfig
from mien.train.log import EpochRow, plot_curves, write_log
from mien.train.losses import label_weights, loss_of, score
from mien.train.optimisers import optimiser
from mien.train.rows import Resident, data_record, training_rows
from mien.train.sampling import batches, epoch_rows, steps_per_epoch
from mien.train.schedule import Plateau, learning_rate
from mien.train.state import (
    CHECKPOINT,
    WeightAverage,
    derived_seed,
    epoch_checkpoint,
    load_checkpoint,
    load_weights,
    new_network,
    save_checkpoint,
    seeded,
)


@dataclass
class Run:
    """The moving parts of a run."""

    fabric: Fabric
    config: TrainConfig
    rows: Resident
    plain: ExpressionNet
    network: nn.Module
    optimiser: torch.optim.Optimizer
    average: WeightAverage
    on_step: Callable[[int, int], None]
    data: dict[str, Any] = field(default_factory=dict)
    provenance: dict[str, Any] = field(default_factory=dict)
    plateau: Plateau = field(default_factory=Plateau)
    log: list[EpochRow] = field(default_factory=list)

    @property
    def per_epoch(self) -> int:
        """Steps of one epoch."""
        return steps_per_epoch(len(self.rows), self.config)

    @property
    def steps(self) -> int:
        """Steps of the whole run."""
        return self.per_epoch * self.config.epochs


def start(
    fabric: Fabric,
    config: TrainConfig,
    rows: Resident,
    *,
    data: dict[str, Any] | None = None,
    provenance: Mapping[str, Any] | None = None,
    checkpoint: Path | None = None,
    network: ExpressionNet | None = None,
    on_step: Callable[[int, int], None] = lambda *_: None,
) -> Run:
    """Fresh weights by the seed or those of ``network``, or the checkpoint's state.

    Raises:
        ConfigError: If the checkpoint is damaged, or of another network.
        OtherRunError: If it is of another configuration or joint model, or of other rows.
    """
    state = None
    if checkpoint and checkpoint.exists():
        state = load_checkpoint(checkpoint, config, data or {})
    with seeded(config.seed):
        plain = (
            new_network(config, pretrained=state is None)
            if network is None
            else copy.deepcopy(network)
        )
    if state:  # what it began with was read by the run that is gone on with
        plain.pretrained_sha256 = state["provenance"].get("pretrained_sha256")
    told = joint_description(plain)
    if state and checkpoint and state.get("joint", told) != told:  # none in earlier versions
        raise OtherRunError(
            f"{checkpoint} is of another joint model ({state['joint']}, now {told}); "
            "resume with the same members, or choose another --out",
            checkpoint.parent,
        )
    plain = plain.to(device=fabric.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    average = WeightAverage(plain, config.ema_epochs * steps_per_epoch(len(rows), config))
    steps = optimiser(plain, config)
    if state and checkpoint:
        load_weights(plain, state["network"], checkpoint)
        steps.load_state_dict(state["optimiser"])
        load_weights(average.network, state["average"], checkpoint)
        average.steps = state["average_steps"]
    set_up, wrapped = fabric.setup(plain, steps)
    run = Run(fabric, config, rows, plain, set_up, wrapped, average, on_step, data or {})
    began = {"pretrained_sha256": plain.pretrained_sha256} if plain.pretrained_sha256 else {}
    run.provenance = state["provenance"] if state else {**(provenance or {}), **began}
    if state:
        run.plateau = Plateau(**state.get("plateau", {}))  # none in those of earlier versions
        run.log = [EpochRow(**row) for row in state["log"]]
    return run


def _epoch(run: Run, epoch: int) -> tuple[float, float]:
    """Train one pass; mean loss and accuracy on the augmented rows."""
    fabric, config = run.fabric, run.config
    rank, world = fabric.global_rank, fabric.world_size
    generator = torch.Generator(fabric.device)
    generator.manual_seed(derived_seed(config.seed, epoch, rank, 1))
    run.network.train()
    loss_sum, right = torch.zeros(2, device=fabric.device)
    with seeded(config.seed, epoch, rank, 2):  # dropout
        todo = batches(run.rows.labels.cpu(), config, epoch, rank, world)
        for step, index in enumerate(todo, start=epoch * run.per_epoch):
            for group in run.optimiser.param_groups:
                group["lr"] = learning_rate(step, run.steps, config, run.plateau.share)
            loss, hits = loss_of(run.network, run.rows, index.to(fabric.device), config, generator)
            fabric.backward(loss)
            run.optimiser.step()
            run.optimiser.zero_grad()
            run.average.update(run.plain)
            loss_sum += loss.detach()
            right += hits
            run.on_step(step + 1, run.steps)
    totals = fabric.all_reduce(torch.stack([loss_sum, right]), reduce_op="sum")
    seen = run.per_epoch * min(config.batch_size, epoch_rows(len(run.rows), config))
    return float(totals[0]) / (run.per_epoch * world), float(totals[1]) / seen


def _watched(run: Run, watch: Resident | None, epoch: int) -> tuple[float | None, float | None]:
    """Loss and accuracy on the watched rows after ``epoch`` (from 1), if it is one to be scored."""
    config = run.config
    due = epoch % config.watch_every == 0 or epoch == config.epochs
    if watch is None or not (due or epoch in config.score_at):
        return None, None
    with run.fabric.autocast():
        # Norms differ a little between processes; a plateau must see the same in all of them.
        seen = run.fabric.broadcast(score(run.average.network, watch))
    if due and config.decay.kind == "plateau":
        run.plateau.observe(epoch, *seen, config.decay)
    return seen


def _shown(run: Run, shown: Resident | None, every: int, epoch: int) -> tuple[float | None, ...]:
    """Loss and accuracy on rows that are scored for display; nothing may look at them."""
    if shown is None or not (epoch % every == 0 or epoch == run.config.epochs):
        return None, None
    with run.fabric.autocast():
        return score(run.average.network, shown)


def _check_finite(run: Run, row: EpochRow, out: Path) -> None:
    """End a training that cannot recover instead of spending its other epochs.

    Raises:
        DivergedError: If a loss of the epoch or a weight after it is no finite number.
    """
    losses = (row.loss, row.watch_loss, row.shown_loss)
    what = "loss"
    if all(loss is None or math.isfinite(loss) for loss in losses):
        state = run.average.network.state_dict().values()
        if all(bool(value.isfinite().all()) for value in state if value.is_floating_point()):
            return
        what = "weights"
    config = run.config
    raise DivergedError(
        f"the training in {out} diverged: after epoch {row.epoch} of {config.epochs} its {what} "
        f"are no finite numbers (training loss {row.loss:g}); lower lr, which is {config.lr:g}, "
        "or raise warmup, and begin again in another folder"
    )


def _save(run: Run, out: Path) -> None:
    """Write the log, the checkpoint to go on from, and before it the one of an epoch to keep."""
    result = {
        "config": run.config.as_dict(),
        "network": run.plain.state_dict(),
        "average": run.average.network.state_dict(),
        "log": [asdict(row) for row in run.log],
        "data": run.data,
        "provenance": run.provenance,
    }
    if told := joint_description(run.plain):
        result["joint"] = told
    kept = epoch_checkpoint(out, len(run.log))
    if len(run.log) in run.config.score_at and not kept.exists():
        save_checkpoint(kept, result)
    moving = {
        "optimiser": run.optimiser.state_dict(),
        "average_steps": run.average.steps,
        "plateau": asdict(run.plateau),
    }
    save_checkpoint(out / CHECKPOINT, result | moving)
    write_log(out / "log.csv", run.log)


def train(
    faces: FaceSet,
    config: TrainConfig,
    out: Path,
    *,
    resume: bool = False,
    network: ExpressionNet | None = None,
    provenance: Mapping[str, Any] | None = None,
    shown: FaceSet | None = None,
    shown_every: int = 1,
    on_step: Callable[[int, int], None] = lambda *_: None,
    on_epoch: Callable[[EpochRow], None] = lambda _: None,
    accelerator: str = "cpu",
) -> tuple[ExpressionNet, list[EpochRow]]:
    """Train a network; run again with ``resume`` after a kill, it ends with the same weights.

    Under ``torchrun`` every process trains on its share of each batch (DistributedDataParallel).

    Args:
        faces: Rows with their splits, and FER+ votes if the configuration uses them.
        config: Everything that decides the result.
        out: Folder of the checkpoints, ``log.csv`` and ``curves.png``.
        resume: Continue from the folder's checkpoint, if there is one.
        network: Where to begin in place of a registered network with fresh weights; it is copied.
            What it leaves frozen is not trained. Give the same one to ``resume``.
        provenance: What else the checkpoint shall tell (version, commit); the first run's counts.
        shown: Rows that are scored for the curves alone. They decide nothing and do not belong to
            what a resumed run is compared by.
        shown_every: Epochs between two scorings of them; the last epoch is always one.
        on_step: Called with (step, steps) over the whole run.
        on_epoch: Called with the log row of each finished epoch, in one process only.
        accelerator: ``cpu`` or ``cuda``.

    Returns:
        The averaged network (last state, nothing selected; without an average, the last weights)
        and the log.

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
    check_network(config, network)
    checkpoint = out / CHECKPOINT
    if not checkpoint.exists():  # what was begun by an earlier version goes on
        check_batch(config, fabric.world_size)
    if checkpoint.exists() and not resume:
        raise ConfigError(
            f"{out} holds a run already; continue it with --resume, or choose another --out"
        )
    chosen, watched = training_rows(faces, config)
    if len(chosen) < 2 * fabric.world_size:
        raise DataError(
            f"{len(chosen)} training rows are too few for {fabric.world_size} processes, which "
            "need two each; start fewer, or give more rows"
        )
    data = data_record(faces, chosen, config, watched)
    for path in (epoch_checkpoint(out, epoch) for epoch in config.score_at):
        if path.exists():  # never written again, so it must be this run's own
            load_checkpoint(path, config, data, resumable=False)
    watch = None if watched is None else Resident.of(watched, fabric.device)
    seen_only = None
    if shown is not None:
        seen_only = Resident.of(shown.mapped(label_space(config.labels)), fabric.device)
    rows = Resident.of(chosen, fabric.device, label_weights(chosen, config))
    out.mkdir(parents=True, exist_ok=True)
    with locked_folder(out) if fabric.global_rank == 0 else nullcontext():
        run = start(
            fabric,
            config,
            rows,
            data=data,
            provenance=provenance,
            checkpoint=checkpoint,
            network=network,
            on_step=on_step,
        )
        curves = partial(_shown, run, seen_only, shown_every)
        _finish(run, watch, curves, out, on_epoch)
    return run.average.network, run.log


def _finish(
    run: Run,
    watch: Resident | None,
    curves: Callable[[int], tuple[float | None, ...]],
    out: Path,
    on_epoch: Callable[[EpochRow], None],
) -> None:
    """The epochs that are left; the state of each is saved before the next begins."""
    fabric = run.fabric
    for epoch in range(len(run.log), run.config.epochs):
        started = time.perf_counter()
        loss, accuracy = _epoch(run, epoch)
        seen = _watched(run, watch, epoch + 1)
        for_curves = curves(epoch + 1)
        rate = run.optimiser.param_groups[0]["lr"]
        seconds = time.perf_counter() - started
        run.log.append(EpochRow(epoch + 1, rate, loss, accuracy, *seen, seconds, *for_curves))
        _check_finite(run, run.log[-1], out)
        if fabric.global_rank == 0:
            _save(run, out)
            on_epoch(run.log[-1])
        fabric.barrier()
    if fabric.global_rank == 0:
        write_log(out / "log.csv", run.log)  # a kill may have come between checkpoint and log
        plot_curves(out / "curves.png", run.log)


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
        precision=config.precision,  # type: ignore[arg-type] - checked by TrainConfig
    )
    if world > 1:
        fabric.launch()
    return fabric
