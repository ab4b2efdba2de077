"""A study's outcome as one Markdown table, CSV files and figures."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from mien.store.atomic import writing
from mien.study.plan import Study
from mien.study.render import tables
from mien.study.render.figures import write_figures
from mien.study.result import ArmResult
from mien.study.summary import published, scored_sets, test_sets, unfolded, whole_sets

Section = tuple[str, tables.Cells, Sequence[tables.Cells]]
"""Title, head and lines of a table."""

_GENERATED = (
    "**Generated faces.** The figures show that everything runs, and say nothing of any data; what "
    "was published is left out."
)


def write_report(study: Study, results: Sequence[ArmResult], out: Path) -> list[Path]:
    """Write the tables and, of finished arms, figures.

    Args:
        study: The study.
        results: One result per arm, as ``run_study`` gives them.
        out: Folder; files of an earlier report are replaced.

    Returns:
        The files written.
    """
    return [*write_tables(study, results, out), *write_figures(study, results, out / "figures")]


def write_tables(study: Study, results: Sequence[ArmResult], out: Path) -> list[Path]:
    """Write ``table.md``, ``table.csv``, ``labels.csv`` and, of a fusion, ``gains.csv``.

    Returns:
        The files written.
    """
    out.mkdir(parents=True, exist_ok=True)
    texts = {
        "table.md": markdown(study, results),
        "table.csv": tables.table_csv(study, results),
        "labels.csv": tables.labels_csv(results),
        "gains.csv": tables.gains_csv(results),
    }
    texts = {name: text for name, text in texts.items() if text}
    for name, text in texts.items():
        with writing(out / name, "w") as file:
            file.write(text)
    return [out / name for name in texts]


def markdown(study: Study, results: Sequence[ArmResult]) -> str:
    """The table people read, and below it what compares its lines."""
    each = unfolded(results)
    sets = scored_sets(each)
    head = ["arm", "MB", "MMACs", "epochs", "s"]
    head += [f"{name}: {score}" for name in sets for score in ("accuracy", "loss", "P", "R", "F1")]
    if study.published:
        head.append("published")
    lines = [
        f"# {study.title}",
        "",
        f"{study.question}",
        "",
        f"Source: {study.source}. Scale: {study.scale}. {study.notes}".strip(),
        "",
        *([_GENERATED, ""] if study.generated else []),
        *_table(head, (_cells(study, result, sets) for result in each)),
        "",
        *_notes(results, sets),
    ]
    for title, head, cells in _sections(study, results):
        if cells:
            lines += [title, "", *_table(head, cells), ""]
    return "\n".join(lines).rstrip() + "\n"


def _notes(results: Sequence[ArmResult], sets: Sequence[str]) -> list[str]:
    """What the names of the sets mean."""
    words: list[str] = []
    if "train" in sets:
        words.append("train: the rows that were trained on, one view each.")
    if any(" clean" in name for name in sets):
        words.append("clean: the rows of a test set whose pixels are in no training row.")
    if any(" shared" in name for name in sets):
        words.append("shared: the rows whose pixels are in a training row too.")
    if stands := sorted({each.fusion for each in results if each.fusion}):
        words.append(f"Bold: the fusion the study stands for, named beforehand: {stands[0]}.")
        words.append(
            "MB and MMACs of a fusion are of all of it; epochs and s of its own training alone: "
            "the members', and for a tuned one that of its head, come before."
        )
    return [" ".join(words), ""] if words else []


def _sections(study: Study, results: Sequence[ArmResult]) -> Iterator[Section]:
    """What compares the lines of the table."""
    each = unfolded(results)
    pair = ("points", "95 %", "McNemar p")
    if gains := tables.gains_table(results):
        head = ("arm", "on", "fusion", "against", "chosen on", *pair)
        yield "## Fusions against the better member, on the same rows", head, gains
        head = ("arm", "fusion", "shares")
        yield "## Shares of late fusion", head, tables.shares_table(results)
    for test in test_sets(each):
        seeds, folds = tables.over_seeds(study, each, test), tables.over_folds(each, test)
        yield f"Over seeds, accuracy on {test}:", ("arm", "seeds", "mean", "sd"), seeds
        head = ("arm", "folds", "rows", "accuracy")
        yield f"All folds together, accuracy on {test}:", head, folds
    for test in test_sets(results):
        title = f"## Against the first arm, on the same rows of {test}"
        yield title, ("arm", "against", *pair), tables.against_first(study, results, test)
    for test in whole_sets(test_sets(each)):
        yield f"## Recall of each label on {test}, %", *tables.recalls(each, test)


def _cells(study: Study, result: ArmResult, sets: Sequence[str]) -> list[str]:
    if not result.done:
        cells = [result.arm, *[""] * 4, f"{result.state} {result.error or ''}".strip()]
        return cells + [""] * (5 * len(sets) - 1 + bool(study.published))
    cells = [
        f"**{result.arm}**" if result.stands else result.arm,
        f"{result.megabytes:.1f}",
        f"{result.macs / 1e6:.0f}",
        str(result.epochs or ""),
        str(result.seconds),
    ]
    for name in sets:
        cells += tables.figures(result.scores[name]) if name in result.scores else [""] * 5
    if study.published:
        cells.append(published(study, result))
    return cells


def _table(head: Sequence[str], lines: Iterable[Sequence[str]]) -> list[str]:
    return [_line(head), _line(["---"] * len(head)), *(_line(cells) for cells in lines)]


def _line(cells: Iterable[str]) -> str:
    return "| " + " | ".join(re.sub(r"[|\r\n]+", " ", cell) for cell in cells) + " |"
