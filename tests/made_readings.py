"""Readings of any kind, for hypothesis."""

import hypothesis.extra.numpy as hnp
import numpy as np
from hypothesis import strategies as st

from mien.core.faces import Faces
from mien.core.labels import fer7
from mien.core.scores import Scores
from mien.core.smoothing import LEAD, Smoothed
from mien.runtime import Reading


@st.composite
def readings(draw, max_faces: int = 4):
    """What a detector, a model and a smoother may give."""
    n = draw(st.integers(0, max_faces))
    finite = st.floats(-2e4, 2e4, width=32)
    corners = draw(hnp.arrays(np.float32, (n, 2, 2), elements=finite))
    landmarks = draw(hnp.arrays(np.float32, (n, 5, 2), elements=finite))
    landmarks[draw(hnp.arrays(bool, n))] = np.nan
    faces = Faces(
        boxes=np.concatenate([corners.min(axis=1), corners.max(axis=1)], axis=1),
        scores=draw(hnp.arrays(np.float32, n, elements=st.floats(0, 1, width=32))),
        landmarks=landmarks,
        tracks=draw(hnp.arrays(np.int64, n, elements=st.integers(-1, 2**40))),
        detected=draw(hnp.arrays(bool, n)),
    )

    def scores():
        logits = draw(hnp.arrays(np.float64, (n, 7), elements=st.floats(-30, 30)))
        return Scores.from_logits(logits, fer7, threshold=draw(st.floats(0, 1)))

    smooth = scores()
    near = smooth.probabilities >= smooth.confidence[:, None] - LEAD
    held = [fer7.labels[draw(st.sampled_from(np.flatnonzero(row).tolist()))] for row in near]
    smoothed = draw(st.sampled_from([None, Smoothed(smooth, tuple(held))]))
    return Reading(faces, scores(), width=640, height=480, model="base", smoothed=smoothed)
