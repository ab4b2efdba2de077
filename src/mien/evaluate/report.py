"""An evaluation as a folder: one page that stands alone, and its figures as files."""

from __future__ import annotations

import base64
import html
import io
import math
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from mien.core.text import printable
from mien.data.robustness import degraded_in_words
from mien.evaluate.charts import (
    confusion_chart,
    reliability_chart,
    risk_chart,
    robustness_chart,
    roc_chart,
)
from mien.evaluate.result import Evaluation, accepted_in_words, clean_scores

if TYPE_CHECKING:
    from matplotlib.figure import Figure

PAGE = "report.html"
"""Name of the page; its figures are inside, and beside it under the names of ``FIGURES``."""

FIGURES = {
    "roc": (roc_chart, "ROC curve of each label against all others; its area is the AUC above."),
    "confusion": (confusion_chart, "Rows by truth and answer, with their share of the truth."),
    "reliability": (
        reliability_chart,
        "Accuracy of the rows whose top probability lies in a bin. On the line, probabilities mean "
        "what they say. A perfectly calibrated model has an ECE above 0 by chance alone, such as "
        "0.0175 +- 0.004 at 3,589 rows and 15 bins.",
    ),
    "risk-coverage": (
        risk_chart,
        "Error rate if only the surest rows are answered, and what the threshold of the card does.",
    ),
}
"""Per figure, how it is drawn and what it shows."""

ROBUSTNESS = {
    "robustness": (
        robustness_chart,
        "Points of accuracy that a degradation of the crop costs, one view, fixed seeds.",
    ),
}
"""The figure of degraded crops, where they were measured."""

_DPI = 130
_STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem;
  color: #1a1a1a; background: #fff; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.15rem; margin-top: 2rem; }
table { border-collapse: collapse; } caption { text-align: left; color: #555; }
th, td { padding: .15rem .9rem .15rem 0; text-align: left; border-bottom: 1px solid #ddd; }
td.number, th.number { text-align: right; font-variant-numeric: tabular-nums; }
figure { margin: 1rem 0; } figcaption { color: #444; max-width: 45rem; }
img { max-width: 100%; height: auto; }
.warning { border-left: 4px solid #d55e00; padding-left: .7rem; }
code { overflow-wrap: anywhere; }
"""


def write_report(result: Evaluation, folder: Path) -> None:
    """Write ``report.html`` and its figures; no face is in them.

    Args:
        result: The evaluation, with its probabilities and labels.
        folder: An empty folder, such as ``mien.store.atomic.writing_folder`` gives.
    """
    pictures: dict[str, bytes] = {}
    for name, (draw, _) in _figures(result).items():
        pictures[name] = _png(draw(result))
        (folder / f"{name}.png").write_bytes(pictures[name])
    (folder / PAGE).write_text(page(result, pictures), encoding="utf-8", newline="\n")


def _figures(result: Evaluation) -> dict[str, tuple[Callable[[Evaluation], Figure], str]]:
    """The figures of a report; robustness where it was measured."""
    return FIGURES | (ROBUSTNESS if result.robustness else {})


def page(result: Evaluation, pictures: dict[str, bytes]) -> str:
    """The page; everything that comes from outside is escaped.

    Args:
        result: The evaluation.
        pictures: The figures as PNG, by their names.
    """
    title = f"{result.bundle} {result.precision} on {result.data.split} of {result.data.source}"
    protocol = [(name, words) for name, words in result.protocol.items()]
    parts = [
        f"<h1>{_text(title)}</h1>",
        *(f'<p class="warning">{_text(warning)}</p>' for warning in result.warnings),
        _table(("measure", "value"), headline(result)),
        "<h2>By label</h2>",
        _table(("label", "precision", "recall", "F1", "AUC", "rows"), label_rows(result)),
        "<h2>Figures</h2>",
        *(_figure(name, pictures[name], words) for name, (_, words) in _figures(result).items()),
        *_robustness(result),
        "<h2>Protocol</h2>",
        _table(("what", "how"), protocol),
        f"<p>Data: {_text(result.data.source)}, SHA-256 of the measured pixels and labels "
        f"<code>{_text(result.data.sha256)}</code>. Expressions are not feelings.</p>",
    ]
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; '
        "img-src data:; style-src 'unsafe-inline'\">\n"
        f"<title>{_text(title)}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n"
        + "\n".join(parts)
        + "\n</body>\n</html>\n"
    )


def headline(result: Evaluation) -> list[tuple[str, ...]]:
    """Name and value of every figure, in words."""
    f, clean = result.figures, result.clean
    low, high = f.ci95
    rows = [("rows", f"{f.n:,}"),
            ("accuracy", f"{f.accuracy:.4f}, 95 % interval {low:.4f} to {high:.4f}")]  # fmt: skip
    if clean.n is not None and clean.accuracy is not None:
        rows.append(("clean accuracy", f"{clean.accuracy:.4f}, {clean.n:,} rows without a twin"))
        rows.append(("clean NLL, ECE, Brier, AURC", ", ".join(map(_number, clean_scores(clean)))))
        rows.append(("clean answers above threshold", accepted_in_words(clean)))
    if result.end_to_end is not None:
        missed = result.end_to_end
        rows.append(("no face, unreadable", f"{missed.no_face}, {missed.unreadable}: wrong"))
    rows += [
        ("macro F1", _number(f.macro_f1)),
        ("balanced accuracy", _number(f.balanced_accuracy)),
        ("NLL", _number(f.nll)),
        ("ECE", _number(f.ece)),
        ("Brier", _number(f.brier)),
        ("AURC", _number(f.aurc)),
        (
            "answers above the threshold",
            f"coverage {_number(f.abstention.coverage)}, risk {_number(f.abstention.risk)}",
        ),
    ]
    took = f"{result.latency_ms:.2f} ms" if math.isfinite(result.latency_ms) else ""
    return [*rows, ("one photo" if result.end_to_end else "one face", took)]


def _robustness(result: Evaluation) -> tuple[str, ...]:
    if not result.robustness:
        return ()
    columns = ("degraded by", "strength", "accuracy, %", "points lost")
    table = _table(columns, degraded_in_words(result.robustness))
    return ("<h2>Degraded crops</h2>", table)


def label_rows(result: Evaluation) -> list[tuple[str, ...]]:
    """Precision, recall, F1, AUC and rows of every label, in words."""
    return [
        (name, *map(_number, (s.precision, s.recall, s.f1, s.auc)), f"{s.support:,}")
        for name, s in result.figures.per_class.items()
    ]


def _table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Columns after the first are numbers where there are more than two."""
    kind = ' class="number"' if len(columns) > 2 else ""
    kinds = ["", *[kind] * (len(columns) - 1)]
    head = "".join(f"<th{k}>{_text(name)}</th>" for k, name in zip(kinds, columns, strict=True))
    body = "\n".join(
        "<tr>" + "".join(f"<td{k}>{_text(cell)}</td>" for k, cell in zip(kinds, row, strict=True))
        + "</tr>"
        for row in rows
    )  # fmt: skip
    return f"<table>\n<tr>{head}</tr>\n{body}\n</table>"


def _figure(name: str, picture: bytes, words: str) -> str:
    data = base64.b64encode(picture).decode("ascii")
    return (
        f'<figure><img src="data:image/png;base64,{data}" alt="{_text(name)}">'
        f"<figcaption>{_text(words)}</figcaption></figure>"
    )


def _png(figure: Figure) -> bytes:
    held = io.BytesIO()
    figure.savefig(held, format="png", dpi=_DPI, metadata={"Software": None})
    return held.getvalue()


def _number(value: float) -> str:
    """Four digits; nothing where a figure is undefined."""
    return f"{value:.4f}" if math.isfinite(value) else ""


def _text(value: str) -> str:
    return html.escape(printable(value))
