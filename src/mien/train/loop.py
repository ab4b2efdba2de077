"""The training loop."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from lightning.fabric import Fabric
from torch import Tensor, nn

from mien.core.errors import ConfigError, DataError, DeviceError
from mien.core.labels import label_space
from mien.data.faceset import FaceSet
from mien.models import ExpressionNet, Outputs, build
from mien.train.augment import augment
from mien.train.config import TrainConfig
from mien.train.log import EpochRow, plot_curves, write_log
from mien.train.rows import (
    Resident,
    batches,
    data_record,
    steps_per_epoch,
    training_rows,
)
from mien.train.state import (
    CHECKPOINT,
    WeightAverage,
    derived_seed,
    learning_rate,
    load_checkpoint,
    optimiser,
    save_checkpoint,
    seeded,
)


def loss_on(out: Outputs, rows: Resident, index: Tensor, config: TrainConfig) -> Tensor:
    """Cross-entropy on labels plus the weighted one on votes (Barsoum et al., section 4.4)."""
    loss = F.cross_entropy(
        out.logits.float(), rows.labels[index], label_smoothing=config.label_smoothing
    )
    if out.votes is None:
        return loss
    per_row = -(rows.votes[index] * F.log_softmax(out.votes.float(), dim=1)).sum(dim=1)
    return loss + config.votes_weight * (rows.vote_weights[index] * per_row).mean()


def loss_of(
    network: nn.Module,
    rows: Resident,
    index: Tensor,
    config: TrainConfig,
    generator: torch.Generator,
) -> tuple[Tensor, Tensor]:
    """Loss of one augmented batch, and how many of its rows are answered correctly."""
    out = network(augment(rows.images[index], config.augmentation, generator))
    right = (out.logits.detach().argmax(dim=1) == rows.labels[index]).sum()
    return loss_on(out, rows, index, config), right


@torch.no_grad()
def score(network: ExpressionNet, rows: Resident, batch_size: int = 512) -> tuple[float, float]:
    """Mean cross-entropy and accuracy of ``network`` on the rows, one view."""
    loss, right = 0.0, 0
    for start in range(0, len(rows), batch_size):
        images = rows.images[start : start + batch_size, None].float()
        labels = rows.labels[start : start + batch_size]
        logits = network(images.contiguous(memory_format=torch.channels_last)).logits.float()
        loss += float(F.cross_entropy(logits, labels, reduction="sum"))
        right += int((logits.argmax(dim=1) == labels).sum())
    return loss / len(rows), right / len(rows)


@dataclass
class Run:
    """The moving parts of a run."""

    fabric: Fabric
    config: TrainConfig
    rows: Resident
    plain: ExpressionNet
    network: nn.Module
    sgd: torch.optim.Optimizer
    average: WeightAverage
    log: list[EpochRow]
    data: dict[str, Any]
    provenance: dict[str, str]
    on_step: Callable[[int, int], None]

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
    provenance: dict[str, str] | None = None,
    checkpoint: Path | None = None,
    on_step: Callable[[int, int], None] = lambda *_: None,
) -> Run:
    """Fresh weights by the seed, or the checkpoint's state.

    Raises:
        ConfigError: If the checkpoint is damaged, or of another configuration.
        DataError: If the checkpoint was trained on other rows.
    """
    with seeded(config.seed):
        plain = build(
            config.model,
            labels=label_space(config.labels),
            votes=config.votes_weight > 0,
            dropout=config.dropout,
        )
    plain = plain.to(device=fabric.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    average = WeightAverage(plain, config.ema_epochs * steps_per_epoch(len(rows), config))
    sgd = optimiser(plain, config)
    log: list[EpochRow] = []
    origin = provenance or {}
    if checkpoint and checkpoint.exists():
        state = load_checkpoint(checkpoint, config, data or {})
        plain.load_state_dict(state["network"])
        sgd.load_state_dict(state["optimiser"])
        average.network.load_state_dict(state["average"])
        average.steps = state["average_steps"]
        log = [EpochRow(**row) for row in state["log"]]
        origin = state["provenance"]
    network, wrapped = fabric.setup(plain, sgd)
    return Run(
        fabric, config, rows, plain, network, wrapped, average, log, data or {}, origin, on_step
    )


def _epoch(run: Run, epoch: int) -> tuple[float, float]:
    """Train one pass; mean loss and accuracy on the augmented rows."""
    fabric, config = run.fabric, run.config
    rank, world = fabric.global_rank, fabric.world_size
    generator = torch.Generator(fabric.device)
    generator.manual_seed(derived_seed(config.seed, epoch, rank, 1))
    run.network.train()
    loss_sum, right = torch.zeros(2, device=fabric.device)
    with seeded(config.seed, epoch, rank, 2):  # dropout
        todo = batches(len(run.rows), config, epoch, rank, world)
        for step, index in enumerate(todo, start=epoch * run.per_epoch):
            for group in run.sgd.param_groups:
                group["lr"] = learning_rate(step, run.steps, config)
            loss, hits = loss_of(run.network, run.rows, index.to(fabric.device), config, generator)
            fabric.backward(loss)
            run.sgd.step()
            run.sgd.zero_grad()
            run.average.update(run.plain)
            loss_sum += loss.detach()
            right += hits
            run.on_step(step + 1, run.steps)
    totals = fabric.all_reduce(torch.stack([loss_sum, right]), reduce_op="sum")
    seen = run.per_epoch * min(config.batch_size, len(run.rows))
    return float(totals[0]) / (run.per_epoch * world), float(totals[1]) / seen


def _save(run: Run, checkpoint: Path) -> None:
    save_checkpoint(
        checkpoint,
        {
            "config": run.config.as_dict(),
            "network": run.plain.state_dict(),
            "optimiser": run.sgd.state_dict(),
            "average": run.average.network.state_dict(),
            "average_steps": run.average.steps,
            "log": [asdict(row) for row in run.log],
            "data": run.data,
            "provenance": run.provenance,
        },
    )
    write_log(checkpoint.parent / "log.csv", run.log)


def train(
    faces: FaceSet,
    config: TrainConfig,
    out: Path,
    *,
    resume: bool = False,
    provenance: dict[str, str] | None = None,
    on_step: Callable[[int, int], None] = lambda *_: None,
    on_epoch: Callable[[EpochRow], None] = lambda _: None,
    accelerator: str = "cpu",
) -> tuple[ExpressionNet, list[EpochRow]]:
    """Train a network; run again with ``resume`` after a kill, it ends with the same weights.

    Under ``torchrun`` every process trains on its share of each batch (DistributedDataParallel).

    Args:
        faces: Rows with their splits, and FER+ votes if the configuration uses them.
        config: Everything that decides the result.
        out: Folder of the checkpoint, ``log.csv`` and ``curves.png``.
        resume: Continue from the folder's checkpoint, if there is one.
        provenance: What else the checkpoint shall tell (version, commit); the first run's counts.
        on_step: Called with (step, steps) over the whole run.
        on_epoch: Called with the log row of each finished epoch, in one process only.
        accelerator: ``cpu`` or ``cuda``.

    Returns:
        The averaged network (last state, nothing selected) and the log.

    Raises:
        ConfigError: If ``out`` holds a run and ``resume`` is not set, or of another configuration.
        DataError: If the rows do not have what the configuration needs, or are not those of the
            run that is resumed.
        DeviceError: If CUDA is asked for and not there.
    """
    fabric = open_fabric(config, accelerator)
    checkpoint = out / CHECKPOINT
    if checkpoint.exists() and not resume:
        raise ConfigError(
            f"{out} holds a run already; continue it with --resume, or choose another --out"
        )
    out.mkdir(parents=True, exist_ok=True)
    chosen, watched = training_rows(faces, config)
    if len(chosen) < 2 * fabric.world_size:
        raise DataError(
            f"{len(chosen)} training rows are too few for {fabric.world_size} processes"
        )
    watch = None if watched is None else Resident.of(watched, fabric.device)
    run = start(
        fabric,
        config,
        Resident.of(chosen, fabric.device),
        data=data_record(faces, chosen, config),
        provenance=provenance,
        checkpoint=checkpoint,
        on_step=on_step,
    )
    for epoch in range(len(run.log), config.epochs):
        started = time.perf_counter()
        loss, accuracy = _epoch(run, epoch)
        due = (epoch + 1) % config.watch_every == 0 or epoch + 1 == config.epochs
        with fabric.autocast():
            seen = score(run.average.network, watch) if watch and due else (None, None)
        rate = run.sgd.param_groups[0]["lr"]
        seconds = time.perf_counter() - started
        run.log.append(EpochRow(epoch + 1, rate, loss, accuracy, *seen, seconds))
        if fabric.global_rank == 0:
            _save(run, checkpoint)
            on_epoch(run.log[-1])
        fabric.barrier()
    if fabric.global_rank == 0:
        write_log(out / "log.csv", run.log)  # a kill may have come between checkpoint and log
        plot_curves(out / "curves.png", run.log)
    return run.average.network, run.log


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
