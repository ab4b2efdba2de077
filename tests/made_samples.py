"""Samples that a head can learn: four patterns in noise, each under a label of its own."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from mien.core.labels import fer7
from mien.data import FaceSet
from mien.store.samples import SampleStore

LABELS = (0, 3, 4, 6)
WORDS = "My labelled crops may be kept until I delete them."


def pattern(label: int, seed: int) -> np.ndarray:
    """A crop that shows ``label``: stripes or checks in noise."""
    y, x = np.mgrid[:48, :48] // 6 % 2
    shown = {0: x, 3: y, 4: x ^ y, 6: np.zeros((48, 48), int)}[label]
    noise = np.random.default_rng([label, seed]).integers(0, 60, (48, 48))
    return (60 + 100 * shown + noise).astype(np.uint8)


def made_samples(sessions: int = 5, each: int = 4) -> FaceSet:
    """``each`` crops of every label in every session."""
    rows = [(s, label, k) for s in range(sessions) for label in LABELS for k in range(each)]
    return FaceSet(
        images=np.stack([pattern(label, 100 * s + k) for s, label, k in rows]),
        labels=np.array([label for _, label, _ in rows]),
        splits=np.full(len(rows), "samples"),
        space=fer7,
        source="made",
        subjects=np.array([f"session-{s}-of-Ann" for s, _, _ in rows]),
    )


def stored(folder: Path, samples: FaceSet) -> list[str]:
    """Put samples into a store; the ids of its sessions."""
    begun: dict[str, str] = {}
    with SampleStore(folder, create=True) as store:
        for image, label, subject in zip(
            samples.images, samples.labels, np.asarray(samples.subjects), strict=True
        ):
            session = begun.setdefault(str(subject), "") or store.begin("1", WORDS)
            begun[str(subject)] = session
            store.add(session, "1", samples.space.labels[label], image)
    return list(begun.values())


def contains_crop(folder: Path, crop: np.ndarray) -> bool:
    """Whether any file holds a piece of a crop."""
    held = b"\0".join(path.read_bytes() for path in sorted(folder.iterdir()))
    pixels = crop.tobytes()
    return any(pixels[i : i + 24] in held for i in range(0, len(pixels), 24))
