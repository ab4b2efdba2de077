"""``mien data info`` and ``mien data convert``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
import typer

from mien.cli import console, options
from mien.core.labels import label_space

if TYPE_CHECKING:
    from mien.data import FaceSet, Manifest

app = typer.Typer(help="Look into data sets and rewrite them.", rich_markup_mode=None)

Source = Annotated[
    Path, typer.Argument(metavar="SRC", help="FER2013 table (.csv, .gz, .zip) or labelled folder.")
]
Votes = Annotated[
    Path | None, typer.Option(metavar="FERPLUS.csv", help="FER+ votes of the same images.")
]
Labels = Annotated[
    str, typer.Option(metavar="SPACE", help="Label space; rows without a counterpart are dropped.")
]


@app.command()
def info(
    source: Source,
    votes: Votes = None,
    labels: Labels = "fer7",
    twins: Annotated[
        bool, typer.Option("--twins", help="List the groups of identical images instead.")
    ] = False,
    as_json: options.Json = False,
) -> None:
    """Count rows, find identical images and contradictions."""
    from mien.data import Manifest, load

    faces = load(source, votes=votes, labels=label_space(labels))
    manifest = Manifest.of(faces)
    for warning in manifest.warnings:
        console.say(f"mien: warning: {warning}")
    as_lines = console.wants_json(asked=as_json)
    if twins:
        _list_twins(manifest, as_lines=as_lines)
    elif as_lines:
        console.emit({**_summary(manifest), **_derived(faces)})
    else:
        _show(manifest, _derived(faces))


@app.command()
def convert(
    source: Source,
    out: Annotated[
        Path, typer.Argument(metavar="OUT", help="A .csv or .csv.gz table, or else a new folder.")
    ],
    labels: Labels = "fer7",
    split: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="Only this split; repeatable.")
    ] = None,
    drop_duplicates: Annotated[
        bool, typer.Option("--drop-duplicates", help="Keep the first of identical images.")
    ] = False,
    drop_conflicts: Annotated[
        bool, typer.Option("--drop-conflicts", help="Drop identical images with different labels.")
    ] = False,
    per_class: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="Draw N of the chosen rows per label.")
    ] = None,
    undersample: Annotated[
        bool, typer.Option("--undersample", help="Draw as many per label as the rarest has.")
    ] = False,
    seed: Annotated[int, typer.Option(min=0, help="Which rows are drawn.")] = 0,
) -> None:
    """Rewrite a data set, whole or in part.

    The result is a FER2013 table or folders of pictures. FER+ votes are not written.
    """
    from mien.data import balanced, deduplicated, load, without_conflicts, write_folder, write_table

    if per_class is not None and undersample:
        raise typer.BadParameter("give --per-class or --undersample, not both")
    faces = load(source, labels=label_space(labels))
    if split:
        chosen = [str(faces.split(name).usages[0]) for name in split]  # refuses unknown names
        faces = faces[np.isin(faces.usages, chosen)]
    if drop_conflicts:
        faces = without_conflicts(faces)
    if drop_duplicates:
        faces = deduplicated(faces)
    if per_class is not None or undersample:
        faces = balanced(faces, per_class, seed)
    table = out.name.lower().endswith((".csv", ".csv.gz"))
    (write_table if table else write_folder)(faces, out)
    console.say(f"{len(faces):,} rows written to {out}")


def _summary(manifest: Manifest) -> dict[str, Any]:
    summary = manifest.as_dict()
    groups = summary.pop("twins")
    conflicting = sum(group["conflicting"] for group in groups)
    return {**summary, "twin_groups": len(groups), "conflicting_groups": conflicting}


def _derived(faces: FaceSet) -> dict[str, Any]:
    """What training makes of the rows: class weights per split, and the held-out tenth."""
    from mien.data import class_weights, held_out

    weights: dict[str, dict[str, float]] = {}
    for split in map(faces.split, faces.splits):
        if split.counts.all():
            values = class_weights(split).round(4).tolist()
            weights[str(split.usages[0])] = dict(zip(split.space.labels, values, strict=True))
    tenth = int(held_out(faces.split("Training")).sum()) if "Training" in faces.splits else None
    return {"class_weights": weights, "held_out_rows": tenth}


def _show(manifest: Manifest, derived: dict[str, Any]) -> None:
    weights = derived["class_weights"]
    columns = ("split", *(f"{label} " for label in manifest.labels), "rows ")
    rows: list[tuple[object, ...]] = []
    for split in manifest.splits:
        rows.append((split.name, *(f"{n:,}" for n in split.counts.values()), f"{split.rows:,}"))
        if split.name in weights:
            factors = (f"{factor:.2f}" for factor in weights[split.name].values())
            rows.append(("  class weights", *factors, ""))
    size = f"{manifest.width} x {manifest.height}"
    console.show(
        columns, rows, title=f"{manifest.source}: {manifest.rows:,} faces of {size} pixels"
    )

    twins: list[tuple[object, ...]] = [
        (split.name, "itself", f"{split.surplus:,}", f"{split.conflicting:,} groups")
        for split in manifest.splits
    ]
    twins += [
        (o.split, o.other, f"{o.rows:,}", f"{o.contradicted:,} rows") for o in manifest.overlaps
    ]
    columns = ("split", "identical images in", "rows ", "labels contradict ")
    console.show(columns, twins, title=f"{len(manifest.twins):,} groups of identical images")
    if derived["held_out_rows"] is not None:
        console.say(f"held-out tenth of Training: {derived['held_out_rows']:,} rows")
    hashes = [(split.name, split.sha256) for split in manifest.splits]
    console.show(("split", "sha256 of pixels and labels"), [*hashes, ("all", manifest.sha256)])


def _list_twins(manifest: Manifest, *, as_lines: bool) -> None:
    if as_lines:
        for group in manifest.as_dict()["twins"]:
            console.emit(group)
        return
    rows = (
        (
            "yes" if group.conflicting else "",
            ", ".join(
                f"{split} {name}: {label}"
                for split, name, label in zip(group.splits, group.names, group.labels, strict=True)
            ),
        )
        for group in manifest.twins
    )
    console.show(("conflict", "identical images"), rows)
