"""``mien study list``, ``show``, ``run`` and ``export``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from mien.cli import console, options
from mien.cli.export import show_export
from mien.cli.source import takes_source

if TYPE_CHECKING:
    from mien.study import Arm, ArmResult, Study

app = typer.Typer(help="Grids of trainings: a table, CSV files, figures.", rich_markup_mode=None)

Name = Annotated[
    str, typer.Argument(metavar="STUDY", help="A study of mien, or a TOML file like theirs.")
]
Scale = Annotated[
    Literal["smoke", "reduced", "full"],
    typer.Option(
        help="Generated faces, a minute; the data, CPU hours; published sizes and epochs, a GPU."
    ),
]


@app.command("list")
def list_studies(as_json: options.Json = False) -> None:
    """List the studies that come with mien.

    Example: mien study list
    """
    with console.needs("train"):
        from mien.study import SCALES, load_study, study_names

    found = {name: [load_study(name, scale) for scale in SCALES] for name in study_names()}
    if console.wants_json(asked=as_json):
        for name, (study, *_) in found.items():
            arms = {each.scale: len(each.arms) for each in found[name]}
            console.emit(
                {"study": name, "title": study.title, "source": study.source, "arms": arms}
            )
        return
    rows = (
        (name, each[0].title, each[0].source, *(len(study.arms) for study in each))
        for name, each in found.items()
    )
    console.show(("study", "what", "after", *(f"{scale} " for scale in SCALES)), rows)


@app.command()
def show(name: Name, scale: Scale = "smoke", as_json: options.Json = False) -> None:
    """Show the arms of a study, and what each changes.

    Example: mien study show pooling
    """
    study = _loaded(name, scale)
    from mien.study import axes

    if console.wants_json(asked=as_json):
        for arm in study.arms:
            console.emit({"arm": arm.name, "recipe": dict(arm.recipe), "data": dict(arm.data)})
        return
    console.say(f"{study.title} ({study.source})")
    console.say(study.question)
    if study.notes:
        console.say(study.notes)
    keys = axes(study)
    console.show(
        ("arm", *keys), [(a.name, *(a.values.get(key, "") for key in keys)) for a in study.arms]
    )


@app.command()
@takes_source
def run(
    name: Name,
    out: Annotated[Path, typer.Option(metavar="DIR", help="Folder of runs, table and figures.")],
    data: Annotated[
        Path | None,
        typer.Option(metavar="SRC", help="FER2013; smoke scale makes its own faces."),
    ] = None,
    votes: options.Votes = None,
    scale: Scale = "smoke",
    override: options.Override = None,
    only: Annotated[
        list[str] | None,
        typer.Option("--arm", metavar="ARM", help="Run this arm alone; repeatable."),
    ] = None,
    retry: Annotated[bool, typer.Option("--retry", help="Run arms again that failed.")] = False,
    device: options.Device = "cpu",
    as_json: options.Json = False,
) -> None:
    """Run the arms of a study that have no result yet, then write its tables and figures.

    The same command continues after a kill. An arm that is done is not run again, and an arm that
    fails is a row with its error; then the exit code is 1. The tables are written after every arm.
    Several of these commands may share a folder on a file system with locks: each takes arms that
    no other one runs, and ends when all have ended. The study transfer needs --votes.

    Example: mien study run pooling --out runs/pooling
    """
    study = _loaded(name, scale, override)
    from mien.data import terms
    from mien.store.provenance import provenance
    from mien.study import report_study, run_study, source

    _check_data(study, study.arms, data)
    chosen = [arm for arm in study.arms if not only or arm.name in only]
    if votes is None and any(arm.uses_votes and not arm.generated for arm in chosen):
        raise typer.BadParameter(
            f"{name} at scale {scale} learns from FER+ votes: give --votes FERPLUS.csv"
        )

    def say(index: int, arms: int, arm: Arm, result: ArmResult | None) -> None:
        state = "..." if result is None else result.state
        error = f": {result.error}" if result and result.error else ""
        console.say(f"[{index + 1}/{arms}] {arm.name} {state}{error}")

    run_study(
        study,
        source(data, votes),
        out,
        only=tuple(only or ()),
        retry=retry,
        tables=True,
        device=device,
        provenance=provenance() | terms(*([data] if data else [])),
        on_arm=say,
        on_epoch=lambda arm, row: console.say(
            f"{arm.name}: epoch {row.epoch}, loss {row.loss:.3f}"
        ),
    )
    results, written = report_study(study, out)
    if console.wants_json(asked=as_json):
        for result in results:
            console.emit({"study": study.name, **result.summary()})
    else:
        _show(study, results)
    console.say(f"written to {out}: {len(written)} files, table.md first")
    if any(each.state == "failed" for each in results if not only or each.arm in only):
        raise typer.Exit(options.FAILED)


@app.command()
@takes_source
def export(
    name: Name,
    arm: Annotated[str, typer.Option(metavar="ARM", help="An arm that is done.")],
    runs: Annotated[Path, typer.Option(metavar="DIR", help="Folder that the study was run in.")],
    out: options.Bundle,
    data: Annotated[
        Path | None, typer.Option(metavar="SRC", help="The data that the study was run with.")
    ] = None,
    scale: Scale = "smoke",
    override: options.Override = None,
    network: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="Network of a fusion.",
            show_default="the fusion the study stands for",
        ),
    ] = None,
    int8: options.Int8 = True,
    replace: options.Replace = False,
    as_json: options.Json = False,
) -> None:
    """Make a bundle of an arm that is done.

    Studies may draw their rows across the splits of the data, so mien export cannot know which
    were trained on; this command draws them again. Temperature, threshold and the figures in the
    card come from the arm's first test set, which therefore is no test of them.

    Example: mien study export small-cnns --arm nano --runs runs --out mine
    """
    study = _loaded(name, scale, override)
    from mien.study import export_arm, source

    chosen = study.arm(arm)
    _check_data(study, (chosen,), data)
    report = export_arm(
        study,
        chosen,
        source(data),
        runs,
        out,
        network=network,
        name=out.resolve().name,
        int8=int8,
        replace=replace,
        on_stage=console.stage,
    )
    show_export(report, out, as_json=as_json)


def _loaded(name: str, scale: str, override: Sequence[str] | None = None) -> Study:
    """The study, every arm of which can run."""
    with console.needs("train"):
        from mien.study import check_study, load_study

    study = load_study(name, scale, tuple(override or ()))
    check_study(study)
    return study


def _check_data(study: Study, arms: Sequence[Arm], data: Path | None) -> None:
    if data is None and not all(arm.generated for arm in arms):
        raise typer.BadParameter(f"{study.name} at scale {study.scale} needs --data SRC")


def _show(study: Study, results: Sequence[ArmResult]) -> None:
    from mien.study import scored_sets

    sets = scored_sets(results)
    rows = [
        (
            result.arm,
            result.state,
            *(
                f"{100 * result.scores[name].accuracy:.1f}" if name in result.scores else ""
                for name in sets
            ),
        )
        for result in results
    ]
    console.show(("arm", "state", *(f"{name} % " for name in sets)), rows, title=study.title)
