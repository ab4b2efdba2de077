"""Writing tables and folders: what is written is read back."""

from __future__ import annotations

import gzip
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from faces_made import made_faces, same_rows
from mien.core.errors import DataError, InputError
from mien.core.labels import LabelSpace, agrawal5, fer7
from mien.core.splits import FER2013_SPLITS
from mien.data.readers.fer2013 import load_fer2013
from mien.data.readers.folders import split_of_folder
from mien.data.sources import load
from mien.data.writers import check_writable, write_folder, write_table

TMP_PATH_IS_SHARED = settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
ROWS = st.lists(
    st.tuples(st.integers(0, 6), st.sampled_from(FER2013_SPLITS)), min_size=1, max_size=12
)


def by_split(faces):
    """Rows in the order in which folders are read: official splits first."""
    rank = [FER2013_SPLITS.index(usage) if usage in FER2013_SPLITS else 3 for usage in faces.splits]
    return faces[np.argsort(rank, kind="stable")]


@TMP_PATH_IS_SHARED
@given(rows=ROWS)
@pytest.mark.parametrize("name", ["f.csv", "f.csv.gz"])
def test_tables_are_read_back_exactly(tmp_path, name, rows):
    labels, splits = zip(*rows, strict=True)
    faces = made_faces(list(labels), list(splits))
    write_table(faces, tmp_path / name)
    assert same_rows(load_fer2013(tmp_path / name), faces)


def test_the_text_is_that_of_the_challenge(tmp_path):
    faces = made_faces([4], ["PublicTest"], images=np.full((1, 48, 48), 7, np.uint8))
    write_table(faces, tmp_path / "f.csv")
    text = (tmp_path / "f.csv").read_bytes().decode()
    assert text == f"emotion,pixels,Usage\n4,{' '.join(['7'] * 2304)},PublicTest\n"


def test_packed_tables_are_the_same_bytes_every_time(tmp_path):
    write_table(made_faces(), tmp_path / "one.csv.gz")
    write_table(made_faces(), tmp_path / "two.csv.gz")
    raw = (tmp_path / "one.csv.gz").read_bytes()
    assert raw == (tmp_path / "two.csv.gz").read_bytes()
    assert raw[3:8] == bytes(5), "the header holds a name or a date"
    write_table(made_faces(), tmp_path / "f.csv")
    assert gzip.decompress(raw) == (tmp_path / "f.csv").read_bytes()


@pytest.mark.parametrize(
    ("faces", "reason"),
    [
        (made_faces(side=32), "holds 48 x 48 faces, made has 32 x 32"),
        (made_faces(space=agrawal5), "holds labels of fer7, made has agrawal5"),
        (made_faces([0, 1], ["Training", "validation"]), "knows Training, .* has 'validation'"),
        (made_faces([]), "made has no rows to write"),
    ],
)
def test_what_the_challenge_cannot_hold_is_refused(tmp_path, faces, reason):
    with pytest.raises(DataError, match=reason):
        write_table(faces, tmp_path / "f.csv")
    assert list(tmp_path.iterdir()) == []


def test_people_do_not_go_into_a_table(tmp_path):
    faces = replace(made_faces(), subjects=np.array(["ann", *[""] * 6]))
    with pytest.raises(DataError, match="cannot tell who is seen, and made does"):
        write_table(faces, tmp_path / "f.csv")
    with pytest.raises(DataError, match="cannot tell who is seen"):
        check_writable(tmp_path / "f.csv", fer7, ["Training"], people=True)
    write_table(replace(faces, subjects=np.array([""] * 7)), tmp_path / "f.csv")


@pytest.mark.parametrize("name", ["f.zip", "f.gz", "f", "f.csv.xz"])
def test_other_names_are_refused(tmp_path, name):
    with pytest.raises(DataError, match=r"written as \.csv or \.csv\.gz, got 'f"):
        write_table(made_faces(), tmp_path / name)


def test_a_table_in_a_missing_folder_is_refused(tmp_path):
    with pytest.raises(InputError, match="no folder"):
        write_table(made_faces(), tmp_path / "missing" / "f.csv")


@TMP_PATH_IS_SHARED
@given(rows=ROWS)
def test_folders_are_read_back_exactly(tmp_path, rows):
    labels, splits = zip(*rows, strict=True)
    faces = made_faces(list(labels), list(splits))
    with tempfile.TemporaryDirectory(dir=tmp_path) as empty:
        write_folder(faces, Path(empty))
        assert same_rows(load(Path(empty)), by_split(faces))


def test_the_layout_is_that_of_the_shared_copies(tmp_path):
    write_folder(made_faces([3, 0, 3], ["Training", "PublicTest", "PrivateTest"]), tmp_path / "f")
    names = {p.relative_to(tmp_path / "f").as_posix() for p in (tmp_path / "f").rglob("*.png")}
    assert names == {
        "train/happy/Training_0.png",
        "test/angry/PublicTest_1.png",
        "test/happy/PrivateTest_2.png",
    }
    assert {p.name for p in (tmp_path / "f" / "train").iterdir()} == set(fer7.labels)


def test_more_than_ten_rows_stay_in_order_for_every_reader(tmp_path):
    faces = made_faces(list(range(7)) * 3)
    write_folder(faces, tmp_path / "f")
    assert same_rows(load(tmp_path / "f"), faces)
    names = sorted(path.name for path in (tmp_path / "f").rglob("*.png"))
    assert names[2:4] == ["Training_02.png", "Training_03.png"]


def test_other_splits_sizes_and_spaces_are_read_back(tmp_path):
    faces = made_faces(
        [4, 0, 1], ["Training", "validation", "test"], space=agrawal5, side=20
    )  # fmt: skip
    write_folder(faces, tmp_path / "f")
    assert same_rows(load(tmp_path / "f", labels=agrawal5, side=20), faces[np.array([0, 2, 1])])


def test_a_set_without_splits_is_written_as_class_folders(tmp_path):
    faces = made_faces([1, 0], ["all", "all"])
    write_folder(faces, tmp_path / "f")
    assert {path.name for path in (tmp_path / "f").iterdir()} == set(fer7.labels)
    assert same_rows(load(tmp_path / "f"), faces)


def test_subjects_lie_beside_the_folders(tmp_path):
    faces = replace(made_faces([1, 0, 3]), subjects=np.array(["S1, or so", "", "S2"]))
    write_folder(faces, tmp_path / "f")
    again = load(tmp_path / "f")
    assert same_rows(again, faces)
    assert again.subjects.tolist() == ["S1, or so", "", "S2"]
    write_folder(made_faces(), tmp_path / "g")
    assert not (tmp_path / "g" / "subjects.csv").exists()


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("picture,who\n", "row 1: no column subject in the header; expected picture, subject"),
        ("picture,subject\ntrain/x.png,S1\n", r"row 2: there is no picture 'train/x\.png'"),
        ("picture,subject\ntrain/angry/Training_0.png\n", "row 2: expected 2 columns, got 1"),
    ],
)
def test_a_broken_table_of_subjects_is_refused(tmp_path, text, reason):
    write_folder(made_faces(), tmp_path / "f")
    (tmp_path / "f" / "subjects.csv").write_text(text)
    with pytest.raises(DataError, match=reason):
        load(tmp_path / "f")


@pytest.mark.parametrize(
    ("faces", "reason"),
    [
        (made_faces([]), "made has no rows to write"),
        (made_faces([0], images=np.zeros((1, 4, 6), np.uint8)), "squares, made has faces of 6 x 4"),
        (made_faces([0], ["train"]), "split 'train' would not be read back"),
        (made_faces([0], ["../x"]), "split '../x' would not be read back"),
        (made_faces([0, 1], ["all", "Training"]), "split 'all' would not be read back"),
        (made_faces([0], space=LabelSpace("o", ("a/b", "c"))), "label 'a/b' of o would not"),
        (made_faces([0], space=LabelSpace("o", ("..", "c"))), r"label '\.\.' of o would not"),
        (made_faces([0], space=LabelSpace("o", ("test", "c"))), "label 'test' of o would not"),
        (made_faces([0], space=LabelSpace("o", ("c", "C"))), "label 'C' of o would not"),
        (made_faces([0], space=LabelSpace("o", ("c ", "d"))), "label 'c ' of o would not"),
    ],
)
def test_what_would_not_be_read_back_is_refused(tmp_path, faces, reason):
    with pytest.raises(DataError, match=reason):
        write_folder(faces, tmp_path / "f")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_in_use_is_not_written_into(tmp_path):
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(InputError, match="not empty"):
        write_folder(made_faces(), tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_every_split_that_is_written_is_one_that_is_read():
    assert all(split_of_folder(usage) == usage for usage in FER2013_SPLITS)
