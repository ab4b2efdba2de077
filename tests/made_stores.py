"""Stores of samples: noise crops under one consent."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from mien.store.samples import SampleLimits, SampleStore

WORDS = "My labelled crops may be kept on this machine until I delete them."


def crop(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (48, 48), np.uint8)


def opened(tmp_path: Path, **limits: int) -> SampleStore:
    return SampleStore(tmp_path / "samples", create=True, limits=SampleLimits(**limits))


def filled(store: SampleStore, sessions: int = 3, samples: int = 8) -> list[str]:
    """Sessions of ``samples`` noise crops each; crop k of session i has the seed 100 i + k."""
    begun = [store.begin("1", WORDS) for _ in range(sessions)]
    for k in range(samples):
        for i, session in enumerate(begun):
            store.add(session, "1", ("happy", "sad")[k % 2], crop(100 * i + k))
    return begun
