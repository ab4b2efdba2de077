"""What a reader must know of the model before quoting its figures, in words."""

from __future__ import annotations

from typing import Any

from mien.evaluate.interface import CardView, Described


def fitted_split(recognizer: Described) -> str | None:
    """Split on which temperature and threshold of the loaded file were fitted; None = not told."""
    file = recognizer.card.files.get(recognizer.precision)
    split = file.metrics[0].get("split") if file is not None and file.metrics else None
    return split if isinstance(split, str) and split else None


def training_in_words(card: CardView) -> dict[str, str]:
    """The protocol's line on the training, where something must be said of it.

    FER+ votes are further annotation of the same images (Barsoum et al., ICMI 2016): a model that
    learned from them is not comparable with one of FER2013's labels alone.
    """
    config: Any = card.training.get("config")
    weight = config.get("votes_weight") if isinstance(config, dict) else None
    if not isinstance(weight, (int, float)) or not weight > 0:
        return {}
    return {
        "training": "FER+ votes, extra annotation of the same images, were an auxiliary training "
        f"target (weight {weight:g})"
    }


def threads_in_words(recognizer: Described) -> str:
    """How many CPU threads a call may use."""
    threads: int | None = getattr(recognizer, "threads", None)
    if threads is None:
        return "the runtime's default number of threads"
    return "1 thread" if threads == 1 else f"{threads} threads"
