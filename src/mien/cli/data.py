"""``mien data info``, ``mien data convert`` and ``mien data readers``."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mien.cli import console, options
from mien.cli.source import takes_source
from mien.core.labels import label_space

if TYPE_CHECKING:
    from mien.data import Manifest, ReaderInfo

app = typer.Typer(help="Look into data sets and rewrite them.", rich_markup_mode=None)

Source = Annotated[
    Path,
    typer.Argument(metavar="SRC", help="FER2013 table (.csv, .gz, .zip, .tar) or labelled folder."),
]
DropUnmapped = Annotated[
    bool,
    typer.Option(
        "--drop-unmapped",
        help="Drop rows that have no counterpart in SPACE, instead of refusing them.",
    ),
]
Labels = Annotated[
    str,
    typer.Option(
        metavar="SPACE",
        help="Label space. Rows of FER2013's classes that have no counterpart are dropped, "
        "those of other data refused.",
    ),
]


@app.command()
@takes_source
def info(
    source: Source,
    votes: options.Votes = None,
    labels: Labels = "fer7",
    drop_unmapped: DropUnmapped = False,
    twins: Annotated[
        bool, typer.Option("--twins", help="List the groups of identical images instead.")
    ] = False,
    as_json: options.Json = False,
) -> None:
    """Count rows, find identical images and contradictions.

    Example: mien data info fer2013.csv.gz --votes fer2013new.csv
    """
    from mien.data import Manifest, framing_warning, load, reader_of

    known = reader_of(source)
    faces = load(
        source,
        votes=votes,
        labels=label_space(labels),
        drop_unmapped=drop_unmapped,
        whole_photos=True,
    )
    manifest = Manifest.of(faces)
    for warning in (framing_warning(source), *manifest.warnings):
        console.warn(warning)
    if known is not None and known.frames == "photos":
        console.warn(
            f"{known.name} holds photos: counted here as whole pictures. Cut the faces out before "
            "training: mien data convert SRC --out OUT --crop"
        )
    as_lines = console.wants_json(asked=as_json)
    if twins:
        _list_twins(manifest, as_lines=as_lines)
    elif as_lines:
        about = None if known is None else _about(known)
        console.emit({**manifest.summary(), "reader": about})
    else:
        if known is not None:
            console.say(f"{known.title}. Terms: {known.terms}")
        _show(manifest)


@app.command()
def readers(as_json: options.Json = False) -> None:
    """List the data sets whose folders can be read, and how they must look.

    Example: mien data readers --json
    """
    from mien.data import readers as known

    if console.wants_json(asked=as_json):
        for info in known().values():
            console.emit(_about(info))
        return
    columns = ("reader", "data set", "labels", "people", "pictures", "layout")
    rows = (
        (i.name, i.title, i.space.name, "known" if i.subjects else "", i.frames, i.layout)
        for i in known().values()
    )
    console.show(columns, rows)


@app.command()
@takes_source
def convert(
    context: typer.Context,
    source: Source,
    out: Annotated[
        Path, typer.Option(metavar="OUT", help="A .csv or .csv.gz table, or else a new folder.")
    ],
    labels: Labels = "fer7",
    drop_unmapped: DropUnmapped = False,
    crop: Annotated[
        bool,
        typer.Option("--crop", help="Find the faces in photos and cut them out as 48 x 48 frames."),
    ] = False,
    detector: options.Detector = "mtcnn",
    min_face: options.MinFace = 40,
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

    With --crop, photos in which no face is found are named and left out; so are damaged ones, and
    then the exit code is 1.

    Example: mien data convert faces --out faces.csv.gz --drop-duplicates
    """
    from mien.data import Choice, framing_warning
    from mien.data import convert as rewrite

    if per_class is not None and undersample:
        raise typer.BadParameter("give --per-class or --undersample, not both")
    if not crop:
        options.refuse(context, "only with --crop", "detector", "min_face")
    if per_class is None and not undersample:
        options.refuse(context, "only with --per-class or --undersample", "seed")
    if source.exists() and out.exists() and source.samefile(out):
        raise typer.BadParameter(f"{out} is the source and would be lost; give another --out")
    detect = None
    if crop:
        from mien.runtime.detectors import DetectorOptions, build_detector

        detect = build_detector(detector, DetectorOptions(min_face=min_face)).detect
    else:
        console.warn(framing_warning(source))
    drawn = 0 if undersample else per_class
    with console.progress("photos", quiet=not crop) as advance:
        done = rewrite(
            source,
            out,
            Choice(split or (), drop_conflicts, drop_duplicates, drawn, seed),
            labels=label_space(labels),
            drop_unmapped=drop_unmapped,
            detect=detect,
            on_rows=advance,
        )
    kind = "warning" if done.skipped else "error"
    for name, reason in done.damaged.items():
        console.say(f"mien: {kind}: {name} is damaged ({reason}), left out")
    for name in done.missed:
        console.say(f"mien: warning: no face found in {name}, left out")
    if done.missed:
        console.say(f"{len(done.missed):,} of {done.photos:,} photos have no face and are left out")
    console.say(f"{done.rows:,} rows written to {out}")
    if done.damaged and not done.skipped:
        raise typer.Exit(options.FAILED)


def _about(info: ReaderInfo) -> dict[str, Any]:
    return {**asdict(info), "space": info.space.name, "labels": info.space.labels}


def _show(manifest: Manifest) -> None:
    weights = manifest.class_weights
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
    if manifest.subjects is not None:
        console.say(f"people: {manifest.subjects:,}")
    if manifest.held_out_rows is not None:
        console.say(f"held-out tenth of Training: {manifest.held_out_rows:,} rows")
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
