"""The data of a training: its rows, and what must be known of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from collections_made import ck48
from faces_made import made_faces, table_text
from mien.core.errors import DataError
from mien.data.readers.ferplus import VOTE_COLUMNS
from mien.train import config_from_dict, read_data

SPLITS = ["Training"] * 210 + ["PublicTest"] * 210
LABELS = np.arange(420) % 7
IN_FERPLUS = ("anger", "disgust", "fear", "happiness", "sadness", "surprise", "neutral")


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "fer2013.csv"
    path.write_text(table_text(made_faces(LABELS.tolist(), SPLITS)), encoding="utf-8")
    return path


def votes(path: Path, labels: np.ndarray) -> Path:
    """A FER+ table in which all raters chose these labels."""
    chosen = [VOTE_COLUMNS.index(IN_FERPLUS[label]) for label in labels]
    rows = [
        ",".join([split, "x.png", *("10" if at == one else "0" for at in range(10))])
        for one, split in zip(chosen, SPLITS, strict=True)
    ]
    head = ",".join(["Usage", "Image name", *VOTE_COLUMNS])
    path.write_text("\n".join([head, *rows]) + "\n", encoding="utf-8")
    return path


def test_auxiliary_rows_are_there_and_counted(table: Path, tmp_path: Path) -> None:
    config = config_from_dict({"votes_weight": 0})
    alone = read_data(config, table)
    assert (len(alone.faces), alone.notes) == (420, ())
    assert any("differs from the official" in warning for warning in alone.warnings)
    given = read_data(config, table, aux=[ck48(tmp_path / "CK+48")])
    assert len(given.faces) == 423
    (note,) = given.notes
    assert note.startswith("auxiliary CK+48: 3 rows; left out: 1 contempt without a label here")


def test_votes_of_other_images_are_refused_if_they_are_used(table: Path, tmp_path: Path) -> None:
    wrong = votes(tmp_path / "wrong.csv", np.roll(LABELS, 1))
    with pytest.raises(DataError, match="Give the votes of these images"):
        read_data(config_from_dict({"votes_weight": 0.5}), table, votes=wrong)
    unused = read_data(config_from_dict({"votes_weight": 0}), table, votes=wrong)
    assert "--votes is not used: votes_weight is 0 in the recipe" in unused.warnings
    right = votes(tmp_path / "right.csv", LABELS)
    assert (
        read_data(config_from_dict({"votes_weight": 0.5}), table, votes=right).faces.votes
        is not None
    )
