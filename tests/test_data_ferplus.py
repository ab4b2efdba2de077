"""FER+ votes: the table, the join by order within Usage, the targets."""

from __future__ import annotations

import numpy as np
import pytest

from faces_made import made_faces
from mien.core.errors import DataError
from mien.data.readers.ferplus import (
    VOTE_COLUMNS,
    Votes,
    load_ferplus,
    parse_ferplus,
    vote_targets,
    with_votes,
)

HEADER = f"Usage,Image name,{','.join(VOTE_COLUMNS)}"
ROWS = [
    "Training,fer0000000.png,4,0,0,1,3,2,0,0,0,0",
    "PublicTest,fer0028709.png,0,10,0,0,0,0,0,0,0,0",
    "Training,,0,0,0,0,0,0,0,0,0,10",
]


def test_votes_are_read_in_order():
    votes = parse_ferplus([HEADER, *ROWS])
    assert votes.splits.tolist() == ["Training", "PublicTest", "Training"]
    assert votes.counts.tolist() == [
        [4, 0, 0, 1, 3, 2, 0, 0, 0, 0],
        [0, 10, 0, 0, 0, 0, 0, 0, 0, 0],
        [0, 0, 0, 0, 0, 0, 0, 0, 0, 10],
    ]
    assert votes.counts.dtype == np.int16


def test_columns_are_found_by_name():
    columns = ["Usage", *VOTE_COLUMNS[::-1]]
    votes = parse_ferplus([",".join(columns), "Training,10,0,0,0,0,0,0,0,0,3"])
    assert votes.counts.tolist() == [[3, 0, 0, 0, 0, 0, 0, 0, 0, 10]]


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("Test,a,4,0,0,1,3,2,0,0,0,0", "Usage must be one of .*, got 'Test'"),
        ("Training,a,11,0,0,1,3,2,0,0,0,0", "votes must be whole numbers from 0 to 10, got '11'"),
        ("Training,a,-1,0,0,1,3,2,0,0,0,0", "votes must be whole .* got '-1'"),
        ("Training,a,,0,0,1,3,2,0,0,0,0", "votes must be whole .* got ''"),
        ("Training,a,1.5,0,0,1,3,2,0,0,0,0", "votes must be whole .* got '1.5'"),
        ("Training,a,4,0,0,1", "expected 12 columns, got 6; is the file cut off"),
        ("Training,a,4,0,0,1,3,2,0,0,0,0,9", "expected 12 columns, got 13"),
    ],
)
def test_bad_rows_are_refused_with_source_row_and_reason(row, reason):
    with pytest.raises(DataError, match=f"^v.csv, row 3: .*{reason}"):
        parse_ferplus([HEADER, ROWS[0], row], "v.csv")


def test_other_tables_are_refused():
    with pytest.raises(
        DataError, match=r"v\.csv, row 1: no column unknown, NF in the header; expected Usage, neut"
    ):
        parse_ferplus([HEADER.removesuffix(",unknown,NF")], "v.csv")
    with pytest.raises(DataError, match="no column Usage, neutral"):
        parse_ferplus([], "v.csv")
    with pytest.raises(DataError, match=r"v\.csv: no rows below the header"):
        parse_ferplus([HEADER], "v.csv")


def test_a_file_is_read_and_a_damaged_one_refused(tmp_path):
    path = tmp_path / "v.csv"
    path.write_text("\n".join([HEADER, *ROWS]))
    assert len(load_ferplus(path).counts) == 3
    path.write_bytes(b"\xff\xd8\xff")
    with pytest.raises(DataError, match="damaged"):
        load_ferplus(path)


def test_votes_join_by_order_within_each_usage():
    faces = made_faces([0, 1, 2], ["PublicTest", "Training", "Training"])
    joined = with_votes(faces, parse_ferplus([HEADER, *ROWS]))
    assert joined.votes[:, [0, 1, 9]].tolist() == [[0, 10, 0], [4, 0, 0], [0, 0, 10]]
    assert np.array_equal(joined.images, faces.images)


def test_votes_of_splits_that_the_faces_lack_are_left_out():
    joined = with_votes(made_faces([0], ["PublicTest"]), parse_ferplus([HEADER, *ROWS]))
    assert joined.votes[:, 1].tolist() == [10]


def test_another_number_of_rows_is_refused():
    with pytest.raises(DataError, match=r"made has 3 rows of Training, the votes have 2; .*order"):
        with_votes(made_faces([0, 1, 2]), parse_ferplus([HEADER, *ROWS]))


def test_targets_are_distributions_over_those_who_named_an_expression():
    counts = np.array(
        [
            [5, 0, 0, 0, 0, 0, 0, 5, 0, 0],
            [0, 1, 0, 0, 0, 0, 0, 0, 6, 3],
            [0] * 8 + [4, 6],
            [0] * 10,
        ],
        np.int16,
    )
    targets, weights = vote_targets(Votes(counts, np.array(["Training"] * 4)).counts)
    assert targets[0].tolist() == [0.5, 0, 0, 0, 0, 0, 0, 0.5]
    assert targets[1].tolist() == [0, 1, 0, 0, 0, 0, 0, 0]
    assert (targets[2:] == 1 / 8).all()
    assert weights.tolist() == pytest.approx([1, 0.1, 0, 0])
    assert targets.dtype == weights.dtype == np.float32
