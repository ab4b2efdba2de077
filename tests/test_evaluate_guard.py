"""Which rows were measured, and which of them a model may have been trained on."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from fake_recognizer import made_faces
from mien.core.splits import EVERY_ROW
from mien.data.readers.fer2013 import KNOWN_COUNTS
from mien.evaluate import split_guard
from mien.evaluate.guard import clean_rows


def official(split: str):
    labels = np.repeat(np.arange(7), KNOWN_COUNTS[split])
    faces = made_faces([0], usage=split)
    rows = np.zeros(len(labels), dtype=int)
    return replace(faces[rows], labels=labels)


def test_the_official_counts_pass_without_a_word():
    found = split_guard(official("PublicTest"), "PublicTest")
    assert found.warnings == ()
    assert sum(found.counts.values()) == 3589
    assert found.counts["disgust"] == 56
    assert found.source == "made.csv"


def test_another_count_is_warned_about_not_refused():
    found = split_guard(official("PublicTest")[1:], "PublicTest")
    (warning,) = found.warnings
    assert "PublicTest differs from the official FER2013 counts" in warning
    assert "angry 466 (official 467)" in warning


def test_the_hash_follows_pixels_and_labels():
    faces = made_faces([0, 1, 2])
    same = split_guard(made_faces([0, 1, 2]), "PublicTest").sha256
    assert split_guard(faces, "PublicTest").sha256 == same
    others = made_faces([0, 1, 3], shown=[0, 1, 2]), made_faces([0, 1, 2], seed=1)
    assert same not in {split_guard(other, "PublicTest").sha256 for other in others}


def with_twins():
    """Six test rows, of which the first and the last are among four training rows."""
    test, train = made_faces([0, 1, 2, 3, 4, 5]), made_faces([6, 6, 6, 6], usage="Training", seed=9)
    train.images[1], train.images[3] = test.images[0], test.images[5]
    return test, train


def joined(first, second):
    return replace(
        first,
        images=np.concatenate([first.images, second.images]),
        labels=np.concatenate([first.labels, second.labels]),
        splits=np.concatenate([first.splits, second.splits]),
    )


def test_twins_in_the_same_source_are_found():
    test, train = with_twins()
    clean, compared = clean_rows(test, "PublicTest", joined(test, train), None)
    assert clean is not None
    assert clean.tolist() == [False, True, True, True, True, False]
    assert "in 4 rows of made.csv" in compared


def test_given_training_rows_come_first():
    test, train = with_twins()
    clean, _ = clean_rows(test, "PublicTest", joined(test, train), train[:2])
    assert clean is not None
    assert clean.tolist() == [False] + [True] * 5
    clean, _ = clean_rows(test, EVERY_ROW, test, train)
    assert clean is not None
    assert clean.sum() == 4


def test_without_training_rows_nothing_is_claimed():
    test, train = with_twins()
    assert clean_rows(test, "PublicTest", test, None) == (
        None,
        "unknown: made.csv has no Training rows to compare with",
    )
    for split in ("Training", EVERY_ROW):
        clean, why = clean_rows(train, split, joined(test, train), None)
        assert clean is None
        assert why.startswith("undefined")
