"""``mien benchmark model``, ``mien benchmark picture`` and ``mien benchmark train``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mien.cli import console, options

if TYPE_CHECKING:
    from mien.benchmark import Timing

app = typer.Typer(help="Measure durations, with the machine they hold for.", rich_markup_mode=None)

Repeats = Annotated[int, typer.Option(min=1, metavar="N", help="How often each thing is timed.")]
Threads = Annotated[int, typer.Option(min=1, metavar="N", help="CPU threads.")]


@app.command()
def model(
    model: Annotated[
        str, typer.Argument(metavar="[MODEL]", help="Name or folder of a bundle.")
    ] = "default",
    precision: Annotated[
        list[str] | None,
        typer.Option(
            metavar="fp32|int8", help="Which file; repeatable.", show_default="all of the bundle"
        ),
    ] = None,
    threads: Threads = 1,
    repeats: Repeats = 300,
    as_json: options.Json = False,
) -> None:
    """Time a model: one face, and 64 faces in one call.

    Example: mien benchmark model default --precision fp32 --repeats 100
    """
    from mien.benchmark import benchmark_model
    from mien.store.bundle import open_bundle

    chosen = precision or list(open_bundle(model).card.files)
    found = [benchmark_model(model, each, threads=threads, runs=repeats) for each in chosen]
    timings = [timing for each in found for timing in each]
    _show(timings, {"timings": [timing.as_dict() for timing in timings]}, as_json=as_json)


@app.command()
def picture(
    path: Annotated[Path, typer.Argument(metavar="PICTURE", help="A picture with faces.")],
    model: options.ModelOption = "default",
    precision: options.Precision = "fp32",
    detector: options.Detector = "mtcnn",
    threads: Threads = 1,
    repeats: Repeats = 50,
    as_json: options.Json = False,
) -> None:
    """Time one picture: detection alone, and all from pixels to answers.

    Example: mien benchmark picture photo.jpg --repeats 100
    """
    from mien.benchmark import benchmark_picture
    from mien.store.images import read_image

    timings = benchmark_picture(
        read_image(path),
        model=model,
        precision=precision,
        detector=detector,
        threads=threads,
        runs=repeats,
    )
    _show(timings, {"timings": [timing.as_dict() for timing in timings]}, as_json=as_json)


@app.command()
def train(
    config: options.Recipe,
    override: options.Override = None,
    device: options.Device = "cpu",
    repeats: Repeats = 30,
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

    Example: mien benchmark train configs/default.toml --repeats 10
    """
    with console.needs("train"):
        from mien.train import load_config, step_pair
    from mien.benchmark import benchmark_step

    recipe = load_config(config, tuple(override or ()))
    full, bare = step_pair(recipe, accelerator=device)
    note = f"{recipe.model}, batch of {recipe.batch_size}, {recipe.precision}, {device}"
    cost = benchmark_step(full, bare, runs=repeats, warm_up=max(1, repeats // 10), note=note)
    _show([cost.full, cost.bare], cost.as_dict(), as_json=as_json)
    console.say(f"a step costs {cost.ratio:.3f} x its forward and backward pass")
    if max_ratio is not None and cost.ratio > max_ratio:
        console.say(f"mien: the ratio {cost.ratio:.3f} is above --max-ratio {max_ratio}")
        raise typer.Exit(options.MISSED)


def _show(timings: Sequence[Timing], record: dict[str, Any], *, as_json: bool) -> None:
    from mien.benchmark import machine

    facts = machine()
    if console.wants_json(asked=as_json):
        console.emit({"machine": facts, **record})
        return
    rows = ((t.name, f"{t.median_ms:.2f}", f"{t.p95_ms:.2f}", t.runs, t.note) for t in timings)
    console.show(("what", "median ms ", "95th percentile ms ", "runs ", "conditions"), rows)
    versions = ", ".join(f"{name} {version}" for name, version in facts["versions"].items())
    console.say(
        f"{facts['processor']}, {facts['cores']} cores, load {facts['load_1min']}, "
        f"{facts['system']}, {versions}"
    )
