"""Figures from answers, and the text of the tables."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mien.core.labels import fer7
from mien.metrics import aurc, ece, nll, wilson_interval
from peers.answers import Answer, Kept
from peers.known import PEERS, Peer

Figures = dict[str, Any]

LEAST = 1e-6
"""NLL is infinite where a label was given 0, as saturated peers do: probabilities are raised to
this and divided by their sum."""

QUIET = 1.5
"""Load above which other programs were at work: one measured process alone makes about 1."""

BEGIN = "<!-- tables of benchmarks/peers/run.py -->"
END = "<!-- end of tables -->"


def clipped(probabilities: NDArray[np.float64]) -> NDArray[np.float64]:
    """``(N, K)`` probabilities of at least ``LEAST`` before they are divided by their sum."""
    raised = np.maximum(probabilities, LEAST)
    return raised / raised.sum(axis=1, keepdims=True)


def figures(answers: Sequence[Answer], labels: Sequence[int]) -> Figures:
    """Scores and times of one peer.

    A picture without an answer is wrong. NLL, ECE and AURC are of the answered ones.

    Args:
        answers: One for each picture.
        labels: Their labels, indices of ``fer7``.
    """
    truth = np.asarray(labels, np.int64)
    rows = np.array([answer.probabilities is not None for answer in answers], bool)
    given = np.array([a.probabilities for a in answers if a.probabilities is not None], float)
    given = given.reshape(-1, len(fer7))
    known = truth[rows]
    right = int((given.argmax(axis=1) == known).sum())
    low, high = wilson_interval(right, len(truth))
    low_of_given, high_of_given = wilson_interval(right, len(known))
    times = [a for a in answers if a.ms is not None]
    return {
        "n": len(truth),
        "right": right,
        "accuracy": right / len(truth),
        "ci95": [low, high],
        "missed": sum(a.probabilities is None and a.error is None for a in answers),
        "failed": sum(a.error is not None for a in answers),
        "answered": {
            "n": len(known),
            "accuracy": right / max(1, len(known)),
            "ci95": [low_of_given, high_of_given],
        },
        "ece": ece(given, known),
        "nll": nll(clipped(given), known),
        "clipped": int((given[np.arange(len(known)), known] < LEAST).sum()),
        "aurc": aurc(given, known),
        "ms": float(np.median([a.ms for a in times])) if times else None,
        "cpu_ms": float(np.median([a.cpu_ms for a in times])) if times else None,
    }


def of_crops(kept: Kept, labels: NDArray[np.int64], twins: NDArray[np.bool_]) -> Figures:
    """``figures`` with version, load, and accuracy on the crops without a twin in Training."""
    clean = [a for a, twin in zip(kept.answers, twins, strict=True) if not twin]
    found = figures(clean, labels[~twins].tolist())
    alone = {key: found[key] for key in ("n", "right", "accuracy", "ci95")}
    scores = figures(kept.answers, labels.tolist())
    return {"version": kept.version, "load": kept.load, **scores, "clean": alone}


def of_photos(kept: Kept, labels: NDArray[np.int64]) -> Figures:
    """``figures`` with version and load."""
    return {
        "version": kept.version,
        "load": kept.load,
        **figures(kept.answers, labels.tolist()),
    }


def tables(results: Mapping[str, Any]) -> str:
    """Everything between the markers of the page, as Markdown."""
    parts: list[str] = []
    if crops := results.get("crops"):
        rows = [_crop_row(peer, crops["peers"][peer.name]) for peer in _of(crops)]
        parts += [
            _wrapped(
                f"{crops['n']:,} crops of {crops['data']}, one at a time, in one run"
                f"{_where(results, crops)}:"
            ),
            _table(
                ("", "accuracy, % (95 %)", "without twins, %", "ECE", "NLL", "AURC", "ms a crop")
                + ("weights, MB", "installation, MB"),
                rows,
            ),
        ]
    if photos := results.get("photos"):
        rows = [_photo_row(peer, photos["peers"][peer.name]) for peer in _of(photos)]
        parts += [
            _wrapped(
                f"{photos['n']:,} photos, each peer with its own detector"
                f"{_where(results, photos)}; a photo in which nothing was found counts as wrong:"
            ),
            _table(
                ("", "accuracy, % (95 %)", "where a face was found, %", "missed", "failed")
                + ("ms a photo",),
                rows,
            ),
        ]
    measured = {
        p.home: p for part in ("crops", "photos") if part in results for p in _of(results[part])
    }
    parts.append("What each was trained on, as far as its authors say:")
    saw = [
        _wrapped(f"- {f'**{peer.home}**' if peer.ours else peer.name}: {peer.saw}.", "  ")
        for peer in measured.values()
    ]
    return "\n\n".join([*parts, "\n".join(saw)])


def _wrapped(text: str, indent: str = "") -> str:
    return textwrap.fill(text, 100, subsequent_indent=indent, break_on_hyphens=False)


def _of(section: Mapping[str, Any]) -> list[Peer]:
    """Peers with figures, best first."""
    found = [peer for peer in PEERS if peer.name in section["peers"]]
    return sorted(found, key=lambda peer: -section["peers"][peer.name]["accuracy"])


def _where(results: Mapping[str, Any], section: Mapping[str, Any]) -> str:
    load = max(figures["load"] for figures in section["peers"].values())
    words = f" on {results['machine']['cpu']}, one thread, medians"
    if load > QUIET:
        words += f" (**times under load**: {load:.0f} on {results['machine']['cores']} cores)"
    return words


def _share(found: Mapping[str, Any]) -> str:
    low, high = (100 * bound for bound in found["ci95"])
    return f"{100 * found['accuracy']:.1f} ({low:.1f} to {high:.1f})"


def _crop_row(peer: Peer, found: Mapping[str, Any]) -> list[str]:
    return [
        _name(peer, found),
        _share(found),
        f"{100 * found['clean']['accuracy']:.1f}",
        f"{found['ece']:.3f}",
        f"{found['nll']:.2f}" + (f" ({found['clipped']} clipped)" if found["clipped"] else ""),
        f"{found['aurc']:.3f}",
        _ms(found["ms"]),
        f"{found['bytes']['weights'] / 1e6:.2f}",
        f"{found['bytes']['installed'] / 1e6:.0f}",
    ]


def _photo_row(peer: Peer, found: Mapping[str, Any]) -> list[str]:
    return [
        _name(peer, found),
        _share(found),
        _share(found["answered"]),
        str(found["missed"]),
        str(found["failed"]),
        _ms(found["ms"]),
    ]


def _name(peer: Peer, found: Mapping[str, Any]) -> str:
    return f"**{peer.name}**" if peer.ours else f"{peer.name} {found['version']}"


def _ms(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:.1f}" if value < 10 else f"{value:.0f}"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |".replace("|  |", "| |") for line in lines)


def placed(page: str, text: str) -> str:
    """The page with ``text`` between its markers.

    Raises:
        ValueError: If a marker is missing.
    """
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"expected {BEGIN} and {END} in the page, once each; put them back")
    return f"{before}{BEGIN}\n\n{text}\n\n{END}{after}"
