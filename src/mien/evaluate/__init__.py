"""Measuring a bundle: on labelled crops, and end to end on labelled photos."""

from mien.data.robustness import degraded_in_words, robustness
from mien.evaluate.crops import evaluate
from mien.evaluate.end_to_end import evaluate_photos
from mien.evaluate.guard import SplitGuard, split_guard
from mien.evaluate.latency import single_face_latency
from mien.evaluate.report import write_report
from mien.evaluate.result import (
    Clean,
    EndToEnd,
    Evaluation,
    Subset,
    accepted_in_words,
    clean_scores,
)
from mien.evaluate.views import VIEWS, log_probabilities, view_affines

__all__ = [
    "VIEWS",
    "Clean",
    "EndToEnd",
    "Evaluation",
    "SplitGuard",
    "Subset",
    "accepted_in_words",
    "clean_scores",
    "degraded_in_words",
    "evaluate",
    "evaluate_photos",
    "log_probabilities",
    "robustness",
    "single_face_latency",
    "split_guard",
    "view_affines",
    "write_report",
]
