"""Readers of published layouts: what they list, how they are told apart, what they refuse."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from collections_made import AFFECTNET_HEADER, MADE, ck, ck48, jaffe, kdef, rafdb, write
from collections_made import affectnet as made_affectnet
from mien.core.errors import DataError, UnknownNameError
from mien.core.labels import ck7, fer7, ferplus8, label_space, label_spaces
from mien.data import Source, load, one_face_photos, reader_of, readers
from mien.data.readers import build_reader, recognised
from mien.data.sources import listed_photos

Row = tuple[str, str, str, str]

LISTED: dict[str, list[Row]] = {
    "affectnet": [
        ("train_set/images/0.jpg", "neutral", "Training", ""),
        ("train_set/images/1.jpg", "contempt", "Training", ""),
        ("train_set/images/3.jpg", "surprise", "Training", ""),
        ("val_set/images/0.jpg", "angry", "validation", ""),
    ],
    "affectnet-csv": [
        ("Manually_Annotated_Images/1/a.jpg", "happy", "Training", ""),
        ("Manually_Annotated_Images/1/b.jpg", "contempt", "Training", ""),
        ("Manually_Annotated_Images/2/c.jpg", "disgust", "validation", ""),
    ],
    "ck": [
        (f"cohn-kanade-images/{who}/{seq}/{who}_{seq}_0000000{frame}.png", label, "all", who)
        for who, seq, shown in (("S005", "001", "disgust"), ("S010", "002", "contempt"))
        for frame, label in ((1, "neutral"), (3, shown), (4, shown), (5, shown))
    ],
    "ck48": [
        ("contempt/S010_002_00000012.png", "contempt", "all", "S010"),
        ("anger/S010_004_00000017.png", "angry", "all", "S010"),
        ("anger/S010_004_00000018.png", "angry", "all", "S010"),
        ("happy/S014_001_00000009.png", "happy", "all", "S014"),
    ],
    "expw": [
        ("image/origin/a.jpg#0", "happy", "all", ""),
        ("image/origin/a.jpg#1", "neutral", "all", ""),
        ("image/origin/b.jpg#0", "angry", "all", ""),
    ],
    "ferplus": [
        ("FER2013Train/fer0000000.png", "neutral", "Training", ""),
        ("FER2013Valid/fer0000000.png", "neutral", "PublicTest", ""),
        ("FER2013Test/fer0000000.png", "neutral", "PrivateTest", ""),
    ],
    "jaffe": [
        ("KA.AN1.39.tiff", "angry", "all", "KA"),
        ("KA.HA2.30.tiff", "happy", "all", "KA"),
        ("KL.NE1.155.tiff", "neutral", "all", "KL"),
        ("MK.FE3.125.tiff", "fear", "all", "MK"),
    ],
    "kdef": [
        ("AF01/AF01ANS.JPG", "angry", "all", "F01"),
        ("AM02/AM02SUS.JPG", "surprise", "all", "M02"),
        ("BF01/BF01HAS.JPG", "happy", "all", "F01"),
    ],
    "kdef-angles": [
        ("AF01/AF01AFHL.JPG", "fear", "all", "F01"),
        ("AF01/AF01ANS.JPG", "angry", "all", "F01"),
        ("AM02/AM02SUFR.JPG", "surprise", "all", "M02"),
        ("AM02/AM02SUS.JPG", "surprise", "all", "M02"),
        ("BF01/BF01HAS.JPG", "happy", "all", "F01"),
    ],
    "mmi": [
        ("sadness/S001-010.png", "sad", "all", "S001"),
        ("surprise/S001-005_0042.png", "surprise", "all", "S001"),
        ("surprise/S002-011.png", "surprise", "all", "S002"),
    ],
    "rafdb": [
        (f"basic/Image/aligned/{name}_aligned.jpg", label, split, "")
        for name, label, split in (
            ("train_00001", "surprise", "Training"), ("train_00002", "fear", "Training"),
            ("train_00003", "disgust", "Training"), ("train_00004", "happy", "Training"),
            ("train_00005", "sad", "Training"), ("test_0001", "angry", "test"),
            ("test_0002", "neutral", "test"),
        )
    ],
}  # fmt: skip

EVERY = sorted(readers())


def test_every_reader_has_a_made_copy_and_an_expected_listing():
    assert EVERY == sorted(MADE) == sorted(LISTED)


@pytest.mark.parametrize("name", EVERY)
def test_records_are_complete(name):
    info = readers()[name]
    assert info.name == name
    assert all((info.title, info.source, info.terms, info.layout))
    assert info.space in map(label_space, label_spaces())


@pytest.mark.parametrize("name", EVERY)
def test_listings(tmp_path, name):
    folder = MADE[name](tmp_path / "set")
    info, photos = readers()[name], build_reader(name).photos(folder)
    rows = [(p.name(folder), info.space.labels[p.label], p.split, p.subject) for p in photos]
    assert rows == LISTED[name]
    assert any(photo.subject for photo in photos) == info.subjects
    assert all((photo.box is not None) == (info.frames == "boxes") for photo in photos)


@pytest.mark.parametrize("name", [name for name in EVERY if name != "kdef-angles"])
def test_layouts_are_told_apart(tmp_path, name):
    folder = MADE[name](tmp_path / "set")
    assert list(recognised(folder)) == [name]
    assert reader_of(folder) == readers()[name]


@pytest.mark.parametrize("name", EVERY)
def test_pictures_become_frames(tmp_path, name):
    folder = MADE[name](tmp_path / "set")
    faces = load(Source(folder, name), labels=None, whole_photos=True)
    assert faces.images.shape == (len(LISTED[name]), 48, 48)
    assert faces.names.tolist() == [row[0] for row in LISTED[name]]
    assert (faces.subjects is not None) == readers()[name].subjects
    assert faces.space == readers()[name].space
    assert faces.source == "set"
    assert faces.images.std(axis=(1, 2)).min() > 5


@pytest.mark.parametrize("name", [name for name in EVERY if readers()[name].frames == "photos"])
def test_photos_are_no_faces_yet(tmp_path, name):
    folder = MADE[name](tmp_path / "set")
    with pytest.raises(DataError, match=r"faces have to be found first; do: mien data convert set"):
        load(Source(folder, name), labels=None)


def test_class_folders_are_of_no_reader(tmp_path):
    for label in ("happy", "contempt"):
        write(tmp_path / label / "1.png", "")
    assert reader_of(tmp_path) is None
    photos, space = listed_photos(tmp_path, labels=None)
    assert [(space.labels[p.label], p.split) for p in photos] == [
        ("happy", "all"), ("contempt", "all"),
    ]  # fmt: skip
    assert space == ferplus8


def test_two_layouts_in_one_folder_are_listed_not_guessed(tmp_path):
    ck(jaffe(tmp_path))
    with pytest.raises(DataError, match=r"ck \(cohn-kanade-images/\); jaffe \(names like KA\.AN1"):
        load(tmp_path)
    assert len(listed_photos(Source(tmp_path, "jaffe"))[0]) == 4


def test_a_reader_may_be_named(tmp_path):
    folder = ck48(tmp_path / "set")
    assert reader_of(Source(folder, "folders")) is None
    assert load(Source(folder, "folders"), labels=ck7).subjects is None
    assert load(folder, labels=ck7).subjects.tolist() == ["S010", "S010", "S010", "S014"]
    with pytest.raises(UnknownNameError, match="did you mean 'jaffe'"):
        load(Source(folder, "jafe"))
    with pytest.raises(DataError, match="the reader ck expects a folder"):
        load(Source(write(tmp_path / "t.csv", "emotion,pixels"), "ck"))


def test_contempt_is_refused_or_dropped_by_choice(tmp_path):
    folder = ck48(tmp_path / "set")
    with pytest.raises(DataError, match=r"1 rows of contempt have no counterpart in fer7.*--drop-"):
        load(folder)
    dropped = load(folder, drop_unmapped=True)
    assert dropped.labels.tolist() == [fer7.index(label) for label in ("angry", "angry", "happy")]
    assert len(load(folder, labels=ferplus8)) == 4


def test_the_cache_sees_labels_and_pictures(tmp_path):
    folder = rafdb(tmp_path / "set")
    first = load(folder, cache=tmp_path / "cache")
    assert load(folder, cache=tmp_path / "cache").names.tolist() == first.names.tolist()
    assert len(list((tmp_path / "cache" / "faces").iterdir())) == 1
    table = folder / "basic" / "EmoLabel" / "list_patition_label.txt"
    table.write_text(table.read_text().replace("00001.jpg 1", "00001.jpg 7"))
    assert load(folder, cache=tmp_path / "cache").labels[0] == fer7.index("neutral")


def test_subjects_are_cached(tmp_path):
    folder = ck48(tmp_path / "set")
    for _ in range(2):
        assert load(folder, labels=ck7, cache=tmp_path / "cache").subjects[3] == "S014"


def test_one_answer_stands_for_one_photo(tmp_path):
    with pytest.raises(DataError, match="several faces of a photo"):
        one_face_photos(MADE["expw"](tmp_path / "e"))
    photos, space = one_face_photos(MADE["ck"](tmp_path / "c"))
    assert (len(photos), space.name) == (8, "ck8")
    assert photos[0].split == "all"
    with pytest.raises(DataError, match="is a table of crops"):
        one_face_photos(write(tmp_path / "t.csv", "emotion,pixels"))


CK_LABEL = "Emotion/S005/001/S005_001_00000005_emotion.txt"
CK_FRAME = "cohn-kanade-images/S005/001/S005_001_0000000"
RAF_LABEL = "basic/EmoLabel/list_patition_label.txt"
AFFECTNET_CODE = "train_set/annotations/1_exp.npy"
AFFECTNET_TABLE = "Manually_Annotated_file_lists/training.csv"
EXPW_TABLE = "label/label.lst"


def written(folder: Path, name: str, text: str) -> None:
    write(folder / name, text)


def stored(folder: Path, name: str, *values: object) -> None:
    np.save(folder / name, np.array(values))


def removed(folder: Path, *names: str) -> None:
    for name in names:
        path = folder / name
        shutil.rmtree(path) if path.is_dir() else path.unlink()


def renamed(folder: Path, name: str, new: str) -> None:
    (folder / name).rename(folder / new)


def added(folder: Path, name: str) -> None:
    (folder / name).mkdir()


BROKEN = {
    "ck": [
        (written, CK_LABEL, "  8.0e+00", r"emotion\.txt, row 1: .* from 1 to 7, got '8\.0e\+00'"),
        (written, CK_LABEL, "2.5", "one code from 1 to 7, got '2.5'"),
        (written, CK_LABEL, "0", "one code from 1 to 7, got '0'"),
        (written, CK_LABEL, "", "got 'no readable number'"),
        (written, CK_LABEL, "nan", "got 'nan'"),
        (removed, "Emotion", "expected the labels in Emotion/"),
        (removed, "Emotion/S005", "Emotion/S010", r"holds no S\*/\*"),
        (removed, f"{CK_FRAME}5.png", "which has 4 frames; is the sequence cut off"),
        (removed, f"{CK_FRAME}2.png", f"{CK_FRAME}3.png", "which has 3 frames"),
        (removed, "cohn-kanade-images/S005", "which has 0 frames"),
    ],
    "ck48": [
        (renamed, "anger/S010_004_00000017.png", "anger/17.png", "nobody knows who is seen"),
        (renamed, "anger", "calm", "folder 'calm' is no label of ck7"),
    ],
    "jaffe": [
        (renamed, "KA.AN1.39.tiff", "KA.XX1.39.tiff", r"1\.39\.tiff: .* one of NE, .*got 'XX'"),
        (renamed, "KA.AN1.39.tiff", "me.tiff", r"like KA\.AN1\.39\.tiff, got 'me\.tiff'"),
    ],
    "kdef": [
        (renamed, "AF01/AF01ANS.JPG", "AF01/AF01XXS.JPG", "must be one of NE, .*got 'XX'"),
        (renamed, "AF01/AF01ANS.JPG", "AF01/AF01AN.JPG", "expected a name like AF01ANS"),
        (removed, "AF01", "AM02", "BF01", "no picture of angle S"),
    ],
    "mmi": [
        (
            renamed,
            "sadness/S001-010.png",
            "sadness/1.png",
            "expected a name like S001.*, got '1.png'",
        ),
        (added, "Sessions", "videos .*are not decoded here"),
        (added, "calm", "folder 'calm' is no label of fer7"),
    ],
    "rafdb": [
        (written, RAF_LABEL, "train_00001.jpg 8", r"label\.txt, row 1: .* of 1, .*7, got '8'"),
        (written, RAF_LABEL, "train_00001.jpg 1\ntrain_0", "row 2: expected 2 fields .*got 1; is"),
        (written, RAF_LABEL, "train_00001.jpg 1\n", "6 pictures have no row, test_0001_aligned"),
        (written, RAF_LABEL, "test_0001.jpg 1\ntest_0001.jpg 2\n", "row 2: .* has a row already"),
        (written, RAF_LABEL, "dev_1.jpg 1\n", "row 1: expected train_00001.jpg"),
        (written, RAF_LABEL, "train_../../1.jpg 1\n", "row 1: a picture must lie below"),
        (written, RAF_LABEL, "\n", "list_patition_label.txt: no rows"),
        (removed, RAF_LABEL, "expected RAF-DB's basic/EmoLabel/list_patition"),
        (removed, "basic/Image", "expected RAF-DB's basic/Image/aligned"),
        (removed, "basic/Image/aligned/test_0002_aligned.jpg", "row 7: there is no picture"),
    ],
    "affectnet": [
        (stored, AFFECTNET_CODE, "11", r"1_exp\.npy: the label must be one of 0, .*got '11'"),
        (stored, AFFECTNET_CODE, 1, 2, "expected one code, got an array of 2"),
        (written, AFFECTNET_CODE, "1", "1_exp.npy: no array of NumPy"),
        (removed, AFFECTNET_CODE, "1_exp.npy: the annotation is missing"),
        (removed, "train_set/images/1.jpg", r"1 annotations have no picture \(1_exp\.npy"),
        (removed, "train_set", "val_set", "expected train_set/images/"),
    ],
    "affectnet-csv": [
        (written, AFFECTNET_TABLE, "1/a.jpg,4,6,2,2,1,1,0,0", "row 1: no column subdirectory_file"),
        *(
            (written, AFFECTNET_TABLE, f"{AFFECTNET_HEADER}{row}", f"row 2: {reason}")
            for row, reason in (
                ("1/a.jpg,4,6", "expected 9 columns, got 3; is the file cut off"),
                ("1/a.jpg,4,6,x,20,1,1,0,0", "a box must be four numbers, got '4 6 x 20'"),
                ("1/a.jpg,4,6,0,20,1,1,0,0", "a box must have left < right"),
                ("1/z.jpg,4,6,9,9,1,1,0,0", "there is no picture .*z.jpg"),
                ("1/a.jpg,4,6,9,9,1,12,0,0", "the label must be one of 0, .*got '12'"),
            )
        ),
        (removed, "Manually_Annotated_file_lists", "expected training.csv or validation.csv"),
    ],
    "expw": [
        (written, EXPW_TABLE, "a.jpg 0 2 4 34 32 80 7", r"label\.lst, row 1: .*got '7'"),
        (written, EXPW_TABLE, "b.jpg 0 0 0 9 9 9 0\na.jpg 0 2", "row 2: expected 8 fields .*got 3"),
        (written, EXPW_TABLE, "a.jpg 0 34 4 34 2 80 1", "a box must have left < right"),
        (written, EXPW_TABLE, "a.jpg 0 2 4 nan 32 80 1", "a box must have .* right nan"),
        (written, EXPW_TABLE, "a.jpg 0 2 4 x 32 80 1", "a box must be four numbers"),
        (removed, "image", "expected ExpW's image/"),
        (removed, "label", "expected ExpW's label/label.lst"),
    ],
}


@pytest.mark.parametrize(
    ("name", "case"), [(name, case) for name, cases in BROKEN.items() for case in range(len(cases))]
)
def test_broken_layouts_are_refused_with_place_and_reason(tmp_path, name, case):
    damage, *arguments, reason = BROKEN[name][case]
    folder = MADE[name](tmp_path / "set")
    damage(folder, *arguments)
    with pytest.raises(DataError, match=reason):
        build_reader(name).photos(folder)


def test_a_damaged_picture_is_named(tmp_path):
    folder = made_affectnet(tmp_path / "set")
    (folder / "val_set" / "images" / "0.jpg").write_bytes(b"")
    with pytest.raises(DataError, match=r"0\.jpg': the file is empty"):
        load(folder, labels=None)


def test_kdef_may_lie_in_one_folder(tmp_path):
    folder = kdef(tmp_path / "set")
    for path in folder.rglob("*.JPG"):
        path.rename(folder / path.name)
    assert [photo.subject for photo in build_reader("kdef").photos(folder)] == ["F01", "M02", "F01"]
    assert reader_of(folder).name == "kdef"
