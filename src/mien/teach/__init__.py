"""Teaching: the head of a bundle is fitted to a person's samples."""

from mien.teach.fit import Score, TeachReport, teach
from mien.teach.samples import load_samples

__all__ = ["Score", "TeachReport", "load_samples", "teach"]
