"""A personal bundle: the head of a bundle fitted to labelled crops, everything else kept."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mien import metrics
from mien.core.errors import BundleError, ExportError
from mien.core.scores import softmax
from mien.data.faceset import FaceSet
from mien.data.select.folds import folds
from mien.runtime.graph import Graph
from mien.runtime.recognizer import check_geometry
from mien.store.bundle import Bundle, fill_bundle, load_bundle, writing_bundle
from mien.store.card import Card, ModelFile
from mien.teach.head import Head, fit_head, read_head, with_head
from mien.teach.samples import held_out_sessions

STRENGTHS = (3.0, 1.0, 0.3, 0.1, 0.03, 0.01, 0.003)
"""Strengths to choose from, strongest first; 3 hardly moves the head (decision 0008)."""

ONE_SESSION_STRENGTH = 0.1
"""Where only one session is fitted to, so that nothing can choose (decision 0008)."""

SPLIT = "held-out sessions"
"""What the card calls the rows of its figures."""

LARGEST_DIFFERENCE = 1e-3
"""Largest difference between a logit of the written graph and the fitted head's, relative."""

_FOLDS = 5
_PROTOCOL = (
    "one view of each crop of the sessions that were not fitted to; temperature and threshold are "
    "those of the model before"
)
_NOTE = (
    "The head was fitted to crops that were collected by consent, of few people: expect nothing of "
    "it with others. Deleting the samples does not change this bundle."
)


@dataclass(frozen=True)
class Score:
    """Right answers among those counted, and the 95 % Wilson interval of their share."""

    right: int
    n: int

    @property
    def accuracy(self) -> float:
        """Share of right answers."""
        return self.right / self.n

    @property
    def interval(self) -> tuple[float, float]:
        """Of ``accuracy``."""
        return metrics.wilson_interval(self.right, self.n)

    def as_dict(self) -> dict[str, object]:
        """For cards and JSON."""
        return {
            "right": self.right, "n": self.n, "accuracy": self.accuracy,
            "ci95": list(self.interval),
        }  # fmt: skip


@dataclass(frozen=True)
class TeachReport:
    """What teaching found.

    Args:
        bundle: The written bundle; None = it was worse, and nothing was written.
        before: Per precision, the source on the held-out sessions.
        after: The same of the fitted model.
        gain: The fitted fp32 file against the source, paired.
        strength: The one that was chosen.
        sessions: Sessions fitted to, and held out.
        fitted: Samples of each label that were fitted to.
        counted: Samples of each label that were counted.
        twins: Held-out samples left out because the same crop was fitted to.
    """

    bundle: Bundle | None
    before: dict[str, Score]
    after: dict[str, Score]
    gain: metrics.Comparison
    strength: float
    sessions: tuple[int, int]
    fitted: dict[str, int]
    counted: dict[str, int]
    twins: int

    @property
    def worse(self) -> tuple[str, ...]:
        """Precisions whose accuracy fell."""
        return tuple(p for p in self.before if self.after[p].right < self.before[p].right)

    @property
    def unseen(self) -> tuple[str, ...]:
        """Labels that were not fitted to, which the model may forget."""
        return tuple(label for label, count in self.fitted.items() if not count)

    def as_dict(self) -> dict[str, object]:
        """Plain values for JSON."""
        fitted, held = self.sessions
        return {
            "before": {p: score.as_dict() for p, score in self.before.items()},
            "after": {p: score.as_dict() for p, score in self.after.items()},
            "worse": list(self.worse),
            "p_value": self.gain.p_value,
            "strength": self.strength,
            "sessions": {"fitted": fitted, "held_out": held},
            "samples": {"fitted": self.fitted, "held_out": self.counted},
        }


def teach(
    source: Bundle,
    samples: FaceSet,
    out: Path,
    *,
    name: str,
    allow_worse: bool = False,
    seed: int = 0,
    provenance: dict[str, str] | None = None,
    on_stage: Callable[[str], None] = lambda _: None,
) -> TeachReport:
    """Fit the head of a bundle to samples, count answers before and after, write a new bundle.

    A fifth of the sessions is held out; the head is fitted to the others, and how far it may move
    is chosen among those. The int8 file gets the same head. What is written is what was counted.

    Args:
        source: The bundle to begin from, one that was not fitted to samples; it stays as it is.
        samples: Rows in its label space, ``subjects`` = sessions.
        out: Folder to write.
        name: Name in the card.
        allow_worse: Write a bundle that answers worse than its source too.
        seed: Which sessions are held out.
        provenance: Version and commit, for the card.
        on_stage: Called with the name of each stage.

    Raises:
        DataError: If there are fewer than two sessions, or nothing to learn from or count.
        BundleError: If the source has no linear head, is damaged, or was fitted to samples before:
            sessions that are held out now might be among those.
        ExportError: If a written graph answers differently from the fitted head.
        InputError: If ``out`` holds anything.
    """
    card = source.card
    check_geometry(card)
    _check_first_time(card)
    fitted, held, twins = held_out_sessions(samples, seed)
    graphs = {precision: source.model(precision) for precision in card.files}
    start = read_head(graphs["fp32"])
    on_stage(f"features of {len(samples)} crops")
    (features,) = Graph(graphs["fp32"]).answers(fitted.images, ["features"])
    on_stage("fit")
    temperature = card.files["fp32"].calibration.temperature
    strength = chosen_strength(features, fitted, start, temperature)
    head = fit_head(features, fitted.labels, start, temperature=temperature, strength=strength)
    on_stage("count")
    new = {precision: with_head(graph, head) for precision, graph in graphs.items()}
    right = {p: _right(graph, held) for p, graph in graphs.items()}
    right_now = {p: _right(graph, held, head) for p, graph in new.items()}
    report = TeachReport(
        bundle=None,
        before={p: Score(int(rows.sum()), len(held)) for p, rows in right.items()},
        after={p: Score(int(rows.sum()), len(held)) for p, rows in right_now.items()},
        gain=metrics.compare(right_now["fp32"], right["fp32"]),
        strength=strength,
        sessions=(_count(fitted), _count(held)),
        fitted=_per_label(fitted),
        counted=_per_label(held),
        twins=twins,
    )
    if report.worse and not allow_worse:
        return report
    with writing_bundle(out, keep=[source.path]) as folder:
        personal = _card(card, name, report, new, {"seed": seed, **(provenance or {})})
        fill_bundle(folder, personal, new)
    return replace(report, bundle=load_bundle(out))


def _check_first_time(card: Card) -> None:
    if before := card.training.taught_from:
        raise BundleError(
            f"{card.name} was fitted to sessions already, and those that would be held out now may "
            f"be among them. Begin from {before} again, with all samples"
        )


def chosen_strength(
    features: NDArray[np.float32], rows: FaceSet, start: Head, temperature: float
) -> float:
    """The strongest pull to the old head whose answers on left-out sessions are as good as any's.

    As good means: a mean negative log-likelihood within one standard error of the paired
    differences to the best strength's. With one session, ``ONE_SESSION_STRENGTH``.

    Source: Breiman, Friedman, Olshen and Stone, 1984, section 3.4.3 (the one-standard-error rule).
    """
    sessions = np.asarray(rows.subjects)
    n = len(np.unique(sessions))
    if n < 2:
        return ONE_SESSION_STRENGTH
    fold = folds(sessions, min(_FOLDS, n), labels=rows.labels)
    losses = np.empty((len(STRENGTHS), len(rows)))
    for i, strength in enumerate(STRENGTHS):
        for out in np.unique(fold):
            rest, left = fold != out, fold == out
            head = fit_head(
                features[rest], rows.labels[rest], start, temperature=temperature, strength=strength
            )
            p = softmax(head.logits(features[left]), temperature)
            of_truth = p[np.arange(len(p)), rows.labels[left]]
            losses[i, left] = -np.log(np.maximum(of_truth, np.finfo(float).tiny))
    return STRENGTHS[_one_standard_error(losses)]


def _one_standard_error(losses: NDArray[np.float64]) -> int:
    """First row of ``(S, N)`` losses whose mean is within one standard error of the least."""
    best = losses[losses.mean(axis=1).argmin()]
    more = losses - best
    error = more.std(axis=1, ddof=1) / np.sqrt(losses.shape[1])
    return int(np.flatnonzero(more.mean(axis=1) <= error)[0])


def _right(graph: bytes, rows: FaceSet, head: Head | None = None) -> NDArray[np.bool_]:
    """``(N,)`` whether a graph answers each row correctly; its logits must be those of ``head``."""
    features, logits = Graph(graph).answers(rows.images, ["features", "logits"])
    if head is not None:
        expected = head.logits(features)
        difference = float(abs(logits - expected).max() / max(1.0, float(abs(expected).max())))
        if not difference <= LARGEST_DIFFERENCE:
            raise ExportError(
                f"logits of the new graph differ from the fitted head's by {difference:.2g} of "
                f"their largest value, allowed is {LARGEST_DIFFERENCE}; nothing was written. "
                "Report this as a bug"
            )
    return logits.argmax(axis=1) == rows.labels


def _count(rows: FaceSet) -> int:
    return len(np.unique(np.asarray(rows.subjects)))


def _per_label(rows: FaceSet) -> dict[str, int]:
    return dict(zip(rows.space.labels, rows.counts.tolist(), strict=True))


def _card(
    card: Card,
    name: str,
    report: TeachReport,
    graphs: dict[str, bytes],
    origin: dict[str, object],
) -> Card:
    """The card of the personal bundle: of the samples, numbers only."""
    files = {
        precision: ModelFile(
            hashlib.sha256(graphs[precision]).hexdigest(),
            file.calibration,
            (
                {
                    "split": SPLIT,
                    "protocol": _PROTOCOL,
                    **report.after[precision].as_dict(),
                    "before": report.before[precision].as_dict(),
                },
            ),
        )
        for precision, file in card.files.items()
    }
    step = {
        "from": {"name": card.name, "sha256": {p: file.sha256 for p, file in card.files.items()}},
        "sessions": {"fitted": report.sessions[0], "held_out": report.sessions[1]},
        "samples": {"fitted": report.fitted, "held_out": report.counted, "twins": report.twins},
        "strength": report.strength,
        **origin,
    }
    notes = (*(note for note in card.notes if note != _NOTE), _NOTE)
    return replace(card, name=name, files=files, training=card.training.taught(step), notes=notes)
