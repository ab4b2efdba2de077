"""The challenge's table: what is read, and what is refused with which row."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis.extra.numpy import arrays

from faces_made import made_faces, pixel_text, same_rows, table_text
from mien.core.errors import DataError
from mien.data.readers.fer2013 import KNOWN_COUNTS, load_fer2013, parse_fer2013
from mien.data.readers.ferplus import load_ferplus, with_votes

GREY = " ".join(["7"] * 2304)
REAL = Path(__file__).parents[1] / ".." / "shared" / "data" / "fer2013"


def row(emotion: str = "3", pixels: str = GREY, usage: str = "Training") -> list[str]:
    return ["emotion,pixels,Usage", f"{emotion},{pixels},{usage}"]


def test_rows_are_read_in_order_with_their_names():
    faces = made_faces([0, 6, 3], ["Training", "PrivateTest", "PublicTest"])
    read = parse_fer2013(table_text(faces).splitlines(keepends=True), "x.csv")
    assert same_rows(read, faces)
    assert read.names.tolist() == ["row 2", "row 3", "row 4"]
    assert read.source == "x.csv"
    assert read.images.flags.writeable


@settings(deadline=None)
@given(arrays(np.uint8, (48, 48)))
def test_any_pixels_survive(image):
    read = parse_fer2013(row(pixels=pixel_text(image)))
    assert np.array_equal(read.images[0], image)


@pytest.mark.parametrize("form", ["{:03d}", " {} ", "{}\t", "000{}"])
def test_numbers_may_be_padded(form):
    image = made_faces([0]).images[0]
    text = " ".join(form.format(level) for level in image.ravel())
    assert np.array_equal(parse_fer2013(row(pixels=text)).images[0], image)


@pytest.mark.parametrize("header", ["emotion, Usage, pixels", " EMOTION,usage ,Pixels"])
def test_header_of_the_other_copy_with_blanks(header):
    read = parse_fer2013([header, f" 3, PublicTest, {GREY}"])
    assert read.labels.tolist() == [3]
    assert read.splits.tolist() == ["PublicTest"]
    assert (read.images == 7).all()


def test_quoted_pixels_are_read():
    assert (parse_fer2013(["emotion,pixels", f'3,"{GREY}"']).images == 7).all()


def test_without_usage_all_is_training():
    read = parse_fer2013(["pixels,emotion", f"{GREY},2", f"{GREY},0"])
    assert read.splits.tolist() == ["Training", "Training"]
    assert read.labels.tolist() == [2, 0]


def test_blank_rows_are_passed_over_but_counted():
    assert parse_fer2013([*row(), "", row()[1], "\n"]).names.tolist() == ["row 2", "row 4"]


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (row(pixels=GREY + " 7"), "expected 2304 pixels, got 2305"),
        (row(pixels=GREY[:-2]), "expected 2304 pixels, got 2303; is the file cut off"),
        (row(pixels=""), "expected 2304 pixels, got 0"),
        (row(pixels=GREY[:-1] + "256"), "pixels must be 0 to 255, got 256"),
        (row(pixels=GREY[:-1] + "-1"), "pixels must be 0 to 255, got -1"),
        (row(pixels=GREY[:-1] + "9" * 99), "pixels must be 0 to 255, got 9{20}$"),
        (row(pixels=GREY[:-1] + "7.5"), "whole numbers separated by blanks, got '7.5'"),
        (row(pixels=GREY[:-1] + "1_0"), "whole numbers separated by blanks, got '1_0'"),
        (row(pixels=GREY[:-1] + "\u0667"), "whole numbers separated by blanks, got '\u0667'"),
        (row(pixels=GREY.replace(" ", ";")), "whole numbers separated by blanks"),
        (row(emotion="7"), "emotion must be 0 to 6, got '7'"),
        (row(emotion="-1"), "emotion must be 0 to 6, got '-1'"),
        (row(emotion="happy"), "emotion must be 0 to 6, got 'happy'"),
        (row(emotion="²"), "emotion must be 0 to 6"),
        (row(emotion=""), "emotion must be 0 to 6, got ''"),
        (row(usage="Test"), "Usage must be one of Training, PublicTest, PrivateTest, got 'Test'"),
        (row(usage="PublicTe"), "Usage must be one of"),
        (row(usage="Training,x"), "expected 3 columns, got 4"),
        ([row()[0], f"3,{GREY[:-9]}"], "expected 3 columns, got 2; is the file cut off"),
    ],
)
def test_bad_rows_are_refused_with_source_row_and_reason(bad, reason):
    lines = [bad[0], row()[1], *bad[1:]]
    with pytest.raises(DataError, match=f"^fer.csv, row 3: .*{reason}"):
        parse_fer2013(lines, "fer.csv")


@pytest.mark.parametrize("text", ["7" * 4607, GREY.replace("7 7", "7  ", 1), "7777" + GREY[4:]])
def test_text_as_long_as_a_good_row_is_not_taken_for_one(text):
    with pytest.raises(DataError, match="row 2: expected 2304 pixels"):
        parse_fer2013(row(pixels=text))


@pytest.mark.parametrize(
    "header", ["", "emotion", "pixels,Usage", "emotion,pixels,Usage,x", "emotion,pixels,pixels"]
)
def test_other_headers_are_refused(header):
    with pytest.raises(DataError, match=r"fer\.csv: expected a header with emotion, pixels, Usage"):
        parse_fer2013([header, "3"] if header else [], "fer.csv")


def test_a_header_alone_is_refused():
    with pytest.raises(DataError, match=r"fer\.csv: no rows below the header"):
        parse_fer2013(row()[:1], "fer.csv")


def test_files_are_read_packed_or_not(tmp_path):
    faces = made_faces()
    (tmp_path / "f.csv").write_text(table_text(faces))
    (tmp_path / "f.csv.gz").write_bytes(gzip.compress(table_text(faces).encode()))
    for name in ("f.csv", "f.csv.gz"):
        read = load_fer2013(tmp_path / name)
        assert same_rows(read, faces)
        assert read.source == name


def test_a_cut_off_file_is_refused(tmp_path):
    text = table_text(made_faces())
    (tmp_path / "f.csv").write_text(text[: len(text) - 60])
    with pytest.raises(DataError, match=r"f\.csv, row 8: expected 3 columns, got 2"):
        load_fer2013(tmp_path / "f.csv")
    (tmp_path / "f.csv.gz").write_bytes(gzip.compress(text.encode())[:-2000])
    with pytest.raises(DataError, match=r"f\.csv\.gz, (after )?row \d: "):
        load_fer2013(tmp_path / "f.csv.gz")


def test_official_counts_add_up_to_the_published_sizes():
    sizes = {split: sum(counts) for split, counts in KNOWN_COUNTS.items()}
    assert sizes == {"Training": 28709, "PublicTest": 3589, "PrivateTest": 3589}


@pytest.mark.real_data
def test_the_real_table_and_its_votes():
    if not REAL.is_dir():
        pytest.skip("no ../shared/data/fer2013")
    faces = load_fer2013(REAL / "fer2013.csv.gz")
    assert faces.split_names == ("Training", "PublicTest")
    assert len(faces.split("Training")) == 28709
    assert tuple(faces.split("PublicTest").counts) == KNOWN_COUNTS["PublicTest"]
    joined = with_votes(faces, load_ferplus(REAL / "fer2013new.csv"))
    assert joined.votes.sum(axis=1).max() <= 10
    assert faces.sha256.startswith("f876c2bf")
