"""``mien benchmark model``, ``mien benchmark picture`` and ``mien benchmark train``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mien.cli import console, options

if TYPE_CHECKING:
    from mien.benchmark import Timing

app = typer.Typer(help="Measure durations, with the machine they hold for.", rich_markup_mode=None)

Runs = Annotated[int, typer.Option(min=1, metavar="N", help="Timed runs of each thing.")]
Threads = Annotated[int, typer.Option(min=1, metavar="N", help="CPU threads.")]


@app.command()
def model(
    name: Annotated[
        str, typer.Argument(metavar="[MODEL]", help="Name or folder of a bundle.")
    ] = "default",
    precision: Annotated[
        list[str] | None,
        typer.Option(
            metavar="fp32|int8", help="Which file; repeatable.", show_default="all of the bundle"
        ),
    ] = None,
    threads: Threads = 1,
    runs: Runs = 300,
    as_json: options.Json = False,
) -> None:
    """Time a model: one face, and 64 faces in one call."""
    from mien.benchmark.inference import benchmark_model
    from mien.store.bundle import open_bundle

    chosen = precision or list(open_bundle(name).card.files)
    timings = [
        timing
        for each in chosen
        for timing in benchmark_model(name, each, threads=threads, runs=runs)
    ]
    _tell(timings, as_json=as_json)


@app.command()
def picture(
    path: Annotated[Path, typer.Argument(metavar="PICTURE", help="A picture with faces.")],
    name: Annotated[
        str, typer.Option("--model", metavar="NAME|PATH", help="Name or folder of a bundle.")
    ] = "default",
    precision: options.Precision = "fp32",
    detector: options.Detector = "mtcnn",
    threads: Threads = 1,
    runs: Runs = 50,
    as_json: options.Json = False,
) -> None:
    """Time one picture: detection alone, and all from pixels to answers."""
    from mien.benchmark.inference import benchmark_picture
    from mien.store.images import read_image

    timings = benchmark_picture(
        read_image(path),
        model=name,
        precision=precision,
        detector=detector,
        threads=threads,
        runs=runs,
    )
    _tell(timings, as_json=as_json)


@app.command()
def train(
    config: Annotated[
        Path, typer.Argument(metavar="CONFIG.toml", help="The recipe whose step is timed.")
    ],
    override: options.Override = None,
    device: options.Device = "cpu",
    runs: Runs = 30,
    max_ratio: Annotated[
        float | None,
        typer.Option(
            min=0,
            metavar="X",
            help="Exit with 3 if the step costs more than X passes.",
            callback=options.finite,
        ),
    ] = None,
    as_json: options.Json = False,
) -> None:
    """Time a training step beside its bare forward and backward pass.

    The step includes augmentation, optimiser and weight average. Both take turns within one run.
    """
    with console.needs("train"):
        from mien.train import load_config, step_pair
    from mien.benchmark import benchmark_step, machine

    recipe = load_config(config, tuple(override or ()))
    full, bare = step_pair(recipe, accelerator=device)
    note = f"{recipe.model}, batch of {recipe.batch_size}, {recipe.precision}, {device}"
    cost = benchmark_step(full, bare, runs=runs, warm_up=max(1, runs // 10), note=note)
    if console.wants_json(asked=as_json):
        console.emit({"machine": machine(), **cost.as_dict()})
    else:
        _show([cost.full, cost.bare])
        console.say(f"a step costs {cost.ratio:.3f} x its forward and backward pass")
    if max_ratio is not None and cost.ratio > max_ratio:
        console.say(f"mien: the ratio {cost.ratio:.3f} is above --max-ratio {max_ratio}")
        raise typer.Exit(options.MISSED)


def _tell(timings: list[Timing], *, as_json: bool) -> None:
    from mien.benchmark import machine

    if console.wants_json(asked=as_json):
        console.emit({"machine": machine(), "timings": [timing.as_dict() for timing in timings]})
    else:
        _show(timings)


def _show(timings: list[Timing]) -> None:
    from mien.benchmark import machine

    rows = ((t.name, f"{t.median_ms:.2f}", f"{t.p95_ms:.2f}", t.runs, t.note) for t in timings)
    console.show(("what", "median ms ", "95th percentile ms ", "runs ", "conditions"), rows)
    facts = machine()
    versions = ", ".join(f"{name} {version}" for name, version in facts["versions"].items())
    console.say(
        f"{facts['processor']}, {facts['cores']} cores, load {facts['load_1min']}, "
        f"{facts['system']}, {versions}"
    )
