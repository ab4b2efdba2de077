"""What a reader takes from names and tables: every code, every box, every place of a file."""

from __future__ import annotations

from pathlib import Path

import pytest

from collections_made import AFFECTNET_HEADER, MADE, ck, expw, noise, rafdb, write
from mien.core.errors import DataError
from mien.data.readers import build_reader, readers


def labels_of(name: str, folder: Path) -> list[str]:
    """The label of each listed picture, in words."""
    space = readers()[name].space
    return [space.labels[photo.label] for photo in build_reader(name).photos(folder)]


EVERY_CODE = {
    "jaffe": {
        "NE": "neutral", "HA": "happy", "SA": "sad", "SU": "surprise", "AN": "angry",
        "DI": "disgust", "FE": "fear",
    },
    "kdef": {
        "NE": "neutral", "HA": "happy", "SA": "sad", "SU": "surprise", "AN": "angry",
        "DI": "disgust", "AF": "fear",
    },
}  # fmt: skip


@pytest.mark.parametrize("name", list(EVERY_CODE))
@pytest.mark.parametrize("number", range(7))
def test_every_code_of_a_name(name: str, number: int, tmp_path: Path) -> None:
    code, label = list(EVERY_CODE[name].items())[number]
    file = f"KA.{code}1.39.tiff" if name == "jaffe" else f"AF01/AF01{code}S.JPG"
    noise(tmp_path / file)
    assert labels_of(name, tmp_path) == [label]


def test_every_code_of_ck(tmp_path: Path) -> None:
    """The codes of the distributed Emotion files (Lucey et al., 2010, table 1)."""
    codes = ["angry", "contempt", "disgust", "fear", "happy", "sad", "surprise"]
    for code in range(1, 8):
        sequence = f"S{code:03}/001"
        stem = sequence.replace("/", "_")
        for frame in range(1, 5):
            noise(tmp_path / "cohn-kanade-images" / sequence / f"{stem}_{frame:08}.png")
        write(tmp_path / "Emotion" / sequence / f"{stem}_00000004_emotion.txt", f"  {code}.0e+00\n")
    assert labels_of("ck", tmp_path)[1::4] == codes
    assert labels_of("ck", tmp_path)[::4] == ["neutral"] * 7


def test_the_labelled_frame_of_ck_counts_wherever_it_is(tmp_path: Path) -> None:
    for frame in range(1, 8):
        noise(tmp_path / f"cohn-kanade-images/S001/001/S001_001_{frame:08}.png")
    write(tmp_path / "Emotion/S001/001/S001_001_00000005_emotion.txt", "7.0\n")
    photos = build_reader("ck").photos(tmp_path)
    assert [int(photo.path.stem[-2:]) for photo in photos] == [1, 3, 4, 5]
    assert labels_of("ck", tmp_path) == ["neutral", *["surprise"] * 3]


@pytest.mark.parametrize(
    ("name", "boxes"),
    [
        ("expw", [(4, 2, 34, 32), (30, 20, 58, 56), (0, 0, 59, 59)]),
        ("affectnet-csv", [(4, 6, 24, 26), (0, 0, 40, 40), (1, 1, 31, 35)]),
    ],
)
def test_boxes_are_left_top_right_bottom(name: str, boxes: list, tmp_path: Path) -> None:
    photos = build_reader(name).photos(MADE[name](tmp_path / "set"))
    assert [photo.box for photo in photos] == boxes


def listed(name: str, folder: Path) -> list[tuple]:
    """What a reader finds, without the place of the folder."""
    return [
        (photo.path.name, photo.label, photo.split, photo.subject, photo.box, photo.face)
        for photo in build_reader(name).photos(folder)
    ]


@pytest.mark.parametrize(
    ("name", "make", "move"),
    [
        ("ck", ck, [("Emotion", "Emotion_labels/Emotion")]),
        ("expw", expw, [("image/origin", "pictures"), ("image", "gone"), ("pictures", "image")]),
        ("expw", expw, [("label/label.lst", "label.lst")]),
        ("expw", expw, [("image/origin", "origin"), ("image", "gone")]),
        (
            "rafdb",
            rafdb,
            [("basic/Image", "Image"), ("basic/EmoLabel", "EmoLabel"), ("basic", "b")],
        ),
    ],
)
def test_other_places_of_the_same_files(name: str, make, move: list, tmp_path: Path) -> None:
    folder = make(tmp_path / "set")
    expected = listed(name, folder)
    for old, new in move:
        (folder / new).parent.mkdir(parents=True, exist_ok=True)
        (folder / old).rename(folder / new)
    assert listed(name, folder) == expected
    assert build_reader(name).evidence(folder)


def test_tables_of_affectnet_may_lie_in_the_folder_itself(tmp_path: Path) -> None:
    noise(tmp_path / "Manually_Annotated_Images" / "1" / "a.jpg", 40)
    write(tmp_path / "validation.csv", f"{AFFECTNET_HEADER}1/a.jpg,1,1,30,34,1;2,5,0,0\n")
    assert listed("affectnet-csv", tmp_path)[0][0] == "a.jpg"


def test_nothing_is_passed_over_unnoticed(tmp_path: Path) -> None:
    for name in ("mmi", "ck48"):
        folder = MADE[name](tmp_path / name)
        inside = next(path for path in folder.iterdir() if path.is_dir())
        noise(inside / "S002-010" / "0042.png")
        with pytest.raises(DataError, match=r"may hold pictures only, 'S002-010' is a folder"):
            build_reader(name).photos(folder)
    folder = MADE["kdef"](tmp_path / "kdef")
    noise(folder / "session A" / "AF02ANS.JPG")
    with pytest.raises(DataError, match="holds pictures and is called like no session"):
        build_reader("kdef").photos(folder)
