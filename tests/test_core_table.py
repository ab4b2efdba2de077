"""Flat records: fixed columns, empty cells for what is not there, cells that nothing runs."""

import csv
import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mien.core.faces import Faces
from mien.core.labels import four
from mien.core.rows import error_row, frame_row
from mien.core.scores import Scores
from mien.core.smoothing import Smoothed
from mien.core.table import columns, csv_cell, records


def reading(n: int):
    scores = Scores(np.tile(np.array([0.1, 0.7, 0.1, 0.1], np.float32), (n, 1)), four)
    landmarks = np.full((n, 5, 2), np.nan)
    landmarks[:1] = 7
    faces = Faces(
        boxes=np.tile([1, 2, 3, 4], (n, 1)),
        scores=np.ones(n),
        landmarks=landmarks,
        tracks=np.arange(n),
    )
    smoothed = Smoothed(scores[:n], scores[:n].top)
    return frame_row(
        faces, scores, source="a.jpg", model="base", width=9, height=8, smoothed=smoothed
    )


def test_one_record_per_face():
    first, second = records(reading(2))
    assert (first["face"], second["face"]) == (0, 1)
    assert first["source"] == second["source"] == "a.jpg"
    assert [first[name] for name in ("x1", "y1", "x2", "y2", "score", "track")] == [
        1,
        2,
        3,
        4,
        1,
        0,
    ]
    assert first["p_happy"] == first["smoothed_happy"] == 0.7
    assert first["nose_x"] == 7.0
    assert second.get("nose_x") is None
    assert set(first) <= set(columns(four.labels))


def test_a_faceless_frame_is_one_record_without_a_face():
    (record,) = records(reading(0))
    assert record["width"] == 9
    assert not {"face", "label", "x1", "p_happy", "error_type"} & set(record)


def test_an_error_is_one_record_with_its_reason():
    (record,) = records(error_row("b.jpg", ValueError("empty")))
    assert (record["error_type"], record["error_message"]) == ("ValueError", "empty")
    assert record["source"] == "b.jpg"
    assert record["width"] is None
    assert set(record) <= set(columns(four.labels))


def test_columns_are_fixed_and_unique():
    names = columns(four.labels)
    assert len(set(names)) == len(names)
    assert names[:3] == ("schema", "model", "source")
    assert names[-2:] == ("error_type", "error_message")


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\uff1d"])
def test_text_that_a_spreadsheet_runs_is_quoted(start):
    assert csv_cell(f"{start}cmd|'/c calc'!A1") == f"'{start}cmd|'/c calc'!A1"


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        (None, ""),
        (True, "true"),
        (False, "false"),
        (-1.5, "-1.5"),
        (3, "3"),
        ("a b", "a b"),
        ("a=b", "a=b"),
    ],
)
def test_other_values_stay(value, cell):
    assert csv_cell(value) == cell


@given(st.text(st.characters(codec=None, exclude_categories=())))
def test_any_text_is_one_safe_line(text):
    cell = csv_cell(text)
    assert not cell.startswith(("=", "+", "-", "@", "\t", "\r", "\n"))
    assert not set(cell) & set("\n\r\t\x00\x1b\x7f\x9b\u2028\u202e")
    held = io.StringIO()
    csv.writer(held, lineterminator="\n").writerow([cell, "x"])
    held.getvalue().encode("utf-8")
    assert next(csv.reader([held.getvalue()])) == [cell, "x"]
