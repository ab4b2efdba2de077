"""The training loop."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
import torch.nn.functional as F
from lightning.fabric import Fabric
from torch import Tensor, nn

from mien.core.errors import ConfigError, DataError, DeviceError
from mien.core.labels import label_space
from mien.data.faceset import FaceSet
from mien.data.ferplus import vote_targets
from mien.data.subsets import held_out, without_conflicts
from mien.models import ExpressionNet, build
from mien.train.augment import augment
from mien.train.config import TrainConfig, config_from_dict
from mien.train.state import (
    WeightAverage,
    derived_seed,
    learning_rate,
    load_checkpoint,
    optimiser,
    read_checkpoint,
    save_checkpoint,
    seeded,
)

CHECKPOINT = "last.ckpt"


@dataclass(frozen=True)
class EpochRow:
    """One line of the log: losses and accuracies are means over the epoch."""

    epoch: int
    lr: float
    loss: float
    accuracy: float
    watch_loss: float | None
    watch_accuracy: float | None
    seconds: float


@dataclass(frozen=True)
class Resident:
    """Training rows as tensors on the device: uint8 images, labels, vote targets and weights."""

    images: Tensor
    labels: Tensor
    votes: Tensor
    vote_weights: Tensor

    @classmethod
    def of(cls, faces: FaceSet, device: torch.device) -> Resident:
        """Move a face set to ``device``; without votes, their weights are zero."""
        n = len(faces)
        targets, weights = (
            vote_targets(faces.votes)
            if faces.votes is not None
            else (torch.zeros(n, 8).numpy(), torch.zeros(n).numpy())
        )
        arrays = (faces.images, faces.labels, targets, weights)
        return cls(*(torch.from_numpy(array).to(device) for array in arrays))

    def __len__(self) -> int:
        return len(self.images)


def training_rows(faces: FaceSet, config: TrainConfig) -> tuple[FaceSet, FaceSet | None]:
    """The rows to train on and the rows to watch, as the configuration says.

    Raises:
        DataError: If a split is missing, or votes are asked for and not there.
    """
    faces = faces.mapped(label_space(config.labels))
    train = faces.split("Training")
    if config.votes_weight and train.votes is None:
        raise DataError(
            "votes_weight > 0 needs FER+ votes: give --votes FILE, or set votes_weight=0"
        )
    watch = None
    if config.held_out:
        out = held_out(train, config.held_out)
        train, watch = train[~out], train[out]
    elif config.watch:
        watch = faces.split(config.watch)
    return (without_conflicts(train) if config.drop_conflicts else train), watch


def loss_of(
    network: nn.Module,
    rows: Resident,
    index: Tensor,
    config: TrainConfig,
    generator: torch.Generator,
) -> tuple[Tensor, Tensor]:
    """Loss of one augmented batch, and how many of its rows are answered correctly."""
    images = augment(rows.images[index], config.augmentation, generator)
    out = network(images)
    labels = rows.labels[index]
    loss = F.cross_entropy(out.logits.float(), labels, label_smoothing=config.label_smoothing)
    if out.votes is not None:
        log_votes = F.log_softmax(out.votes.float(), dim=1)
        per_row = -(rows.votes[index] * log_votes).sum(dim=1)
        loss = loss + config.votes_weight * (rows.vote_weights[index] * per_row).mean()
    return loss, (out.logits.detach().argmax(dim=1) == labels).sum()


def batches(n: int, config: TrainConfig, epoch: int, rank: int, world: int) -> Iterator[Tensor]:
    """Row indices of each step of one epoch: this process's share of every global batch."""
    order = torch.randperm(
        n, generator=torch.Generator().manual_seed(derived_seed(config.seed, epoch))
    )
    for step in range(steps_per_epoch(n, config)):
        batch = order[step * config.batch_size : (step + 1) * config.batch_size]
        yield batch[rank::world]


def steps_per_epoch(n: int, config: TrainConfig) -> int:
    """Full batches in ``n`` rows (one, if there are fewer rows than a batch)."""
    return max(1, n // config.batch_size)


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


def train(
    faces: FaceSet,
    config: TrainConfig,
    out: Path,
    *,
    resume: bool = False,
    on_step: Callable[[int, int], None] = lambda *_: None,
    on_epoch: Callable[[EpochRow], None] = lambda _: None,
    accelerator: str = "cpu",
) -> tuple[ExpressionNet, list[EpochRow]]:
    """Train a network; run again with ``resume`` after a kill, it ends with the same weights.

    Under ``torchrun`` every process trains on its share of each batch (DistributedDataParallel).

    Args:
        faces: Rows with their splits, and FER+ votes if the configuration uses them.
        config: Everything that decides the result.
        out: Folder of the checkpoint and the log.
        resume: Continue from the folder's checkpoint, if there is one.
        on_step: Called with (step, steps) over the whole run.
        on_epoch: Called with the log row of each finished epoch.
        accelerator: ``cpu`` or ``cuda``.

    Returns:
        The averaged network (last state, nothing selected) and the log.

    Raises:
        ConfigError: If ``out`` holds a run and ``resume`` is not set, or of another configuration.
        DataError: If the rows do not have what the configuration needs.
        DeviceError: If CUDA is asked for and cannot be used.
    """
    if accelerator == "cuda" and not torch.cuda.is_available():
        raise DeviceError(
            "CUDA was asked for, and torch finds no usable GPU; use cpu, or install a CUDA build"
        )
    world = int(os.environ.get("WORLD_SIZE", "1"))
    fabric = Fabric(
        accelerator=accelerator,
        devices=world,
        strategy="ddp" if world > 1 else "auto",
        precision=config.precision,  # type: ignore[arg-type] - checked by TrainConfig
    )
    if world > 1:
        fabric.launch()
    checkpoint = out / CHECKPOINT
    if checkpoint.exists() and not resume:
        raise ConfigError(
            f"{out} holds a run already; continue it with --resume, or choose another --out"
        )
    out.mkdir(parents=True, exist_ok=True)

    chosen, watched = training_rows(faces, config)
    if len(chosen) < 2 * world:
        raise DataError(f"{len(chosen)} training rows are too few for {world} processes")
    rows = Resident.of(chosen, fabric.device)
    watch = None if watched is None else Resident.of(watched, fabric.device)
    per_epoch = steps_per_epoch(len(rows), config)

    with seeded(config.seed):
        plain = build(
            config.model, labels=label_space(config.labels),
            votes=config.votes_weight > 0, dropout=config.dropout,
        )  # fmt: skip
    plain = plain.to(device=fabric.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    average = WeightAverage(plain, config.ema_epochs * per_epoch)
    sgd = optimiser(plain, config)
    log: list[EpochRow] = []
    if checkpoint.exists():
        state = load_checkpoint(checkpoint, config)
        plain.load_state_dict(state["network"])
        sgd.load_state_dict(state["optimiser"])
        average.network.load_state_dict(state["average"])
        average.steps = state["average_steps"]
        log = [EpochRow(**row) for row in state["log"]]
    network, opt = fabric.setup(plain, sgd)

    for epoch in range(len(log), config.epochs):
        started = time.perf_counter()
        generator = torch.Generator(fabric.device)
        generator.manual_seed(derived_seed(config.seed, epoch, fabric.global_rank, 1))
        network.train()
        losses, right = torch.zeros(2, device=fabric.device)
        with seeded(config.seed, epoch, fabric.global_rank, 2):
            todo = batches(len(rows), config, epoch, fabric.global_rank, world)
            for step, index in enumerate(todo, start=epoch * per_epoch):
                for group in opt.param_groups:
                    group["lr"] = learning_rate(step, config.epochs * per_epoch, config)
                loss, hits = loss_of(network, rows, index.to(fabric.device), config, generator)
                fabric.backward(loss)
                opt.step()
                opt.zero_grad()
                average.update(plain)
                losses += loss.detach()
                right = right + hits
                on_step(step + 1, config.epochs * per_epoch)
        totals = fabric.all_reduce(torch.stack([losses, right.float()]), reduce_op="sum")
        due = (epoch + 1) % config.watch_every == 0 or epoch + 1 == config.epochs
        with fabric.autocast():
            watched_now = score(average.network, watch) if watch and due else (None, None)
        seen = per_epoch * min(config.batch_size, len(rows))
        row = EpochRow(
            epoch + 1, opt.param_groups[0]["lr"], float(totals[0]) / (per_epoch * world),
            float(totals[1]) / seen, *watched_now, time.perf_counter() - started,
        )  # fmt: skip
        log.append(row)
        if fabric.global_rank == 0:
            save_checkpoint(
                checkpoint,
                {
                    "config": config.as_dict(), "network": plain.state_dict(),
                    "optimiser": sgd.state_dict(), "average": average.network.state_dict(),
                    "average_steps": average.steps, "log": [asdict(r) for r in log],
                },
            )  # fmt: skip
            on_epoch(row)
        fabric.barrier()
    return average.network, log


def load_run(out: Path) -> tuple[ExpressionNet, TrainConfig, list[EpochRow]]:
    """The averaged network, configuration and log of a finished run.

    Raises:
        ConfigError: If ``out`` holds no run, or one that has epochs left.
    """
    path = out / CHECKPOINT
    if not path.is_file():
        raise ConfigError(f"{out} holds no run of mien train (no {CHECKPOINT})")
    state = read_checkpoint(path)
    config = config_from_dict(state["config"])
    if len(state["log"]) < config.epochs:
        raise ConfigError(
            f"{out} has {len(state['log'])} of {config.epochs} epochs; finish it with --resume"
        )
    network = build(config.model, labels=label_space(config.labels), votes=config.votes_weight > 0)
    network.load_state_dict(state["average"])
    return network.eval(), config, [EpochRow(**row) for row in state["log"]]
