"""Image folders: layouts, class names, conversion, and what is refused."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from faces_made import save_picture
from mien.core.errors import DataError
from mien.core.labels import LabelSpace, agrawal5, ck7, fer7, ferplus8
from mien.data.readers.folders import (
    class_index,
    folder_photos,
    split_of_folder,
)
from mien.data.readers.listing import Photo
from mien.data.sources import load


def picture(path: Path, level: int = 100, side: int = 48) -> Path:
    return save_picture(path, np.full((side, side), level, np.uint8))


def touch(folder: Path, *names: str) -> Path:
    """Files that are listed but never opened."""
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    return folder


def listing(folder: Path, space: LabelSpace = fer7) -> list[tuple[str, str, str]]:
    return [
        (path.relative_to(folder).as_posix(), space.labels[label], split)
        for path, label, split, *_ in folder_photos(folder, space)
    ]


def test_prefixes_of_fer2013_give_the_split(tmp_path):
    touch(
        tmp_path, "train/happy/Training_3.jpg", "train/sad/12.jpg", "test/happy/PrivateTest_5.jpg",
        "test/sad/PublicTest_7.jpg", "test/sad/8.jpg", "test/sad/Publictest_9.jpg",
    )  # fmt: skip
    assert listing(tmp_path) == [
        ("train/sad/12.jpg", "sad", "Training"),
        ("train/happy/Training_3.jpg", "happy", "Training"),
        ("test/sad/PublicTest_7.jpg", "sad", "PublicTest"),
        ("test/happy/PrivateTest_5.jpg", "happy", "PrivateTest"),
        ("test/sad/8.jpg", "sad", "test"),
        ("test/sad/Publictest_9.jpg", "sad", "test"),
    ]


@pytest.mark.parametrize("name", ["validation", "val", "valid", "test", "Eval", "dev"])
def test_other_splits_keep_the_name_of_their_folder(tmp_path, name):
    touch(tmp_path, "train/fear/1.png", f"{name}/fear/1.png", "readme.txt")
    assert [split for *_, split in listing(tmp_path)] == ["Training", name]


def test_class_folders_alone_are_one_split(tmp_path):
    touch(tmp_path, "contempt/a.png", "happy/a.png", "happy/b.png")
    assert listing(tmp_path, ck7) == [
        ("contempt/a.png", "contempt", "all"),
        ("happy/a.png", "happy", "all"),
        ("happy/b.png", "happy", "all"),
    ]


def test_paths_come_back_named(tmp_path):
    touch(tmp_path, "happy/a.png")
    assert folder_photos(tmp_path) == [Photo(tmp_path / "happy" / "a.png", 3, "all")]


def test_numbers_in_names_are_counted_as_numbers(tmp_path):
    touch(tmp_path, "sad/10.png", "happy/9.png", "fear/100.png")
    assert [path for path, *_ in listing(tmp_path)] == ["happy/9.png", "sad/10.png", "fear/100.png"]


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("HAPPY", "happy"), ("Happiness", "happy"), ("anger", "angry"), ("sadness", "sad"),
        ("surprised", "surprise"), ("fearful", "fear"), ("afraid", "fear"),
        ("Disgusted", "disgust"), (" neutral ", "neutral"), ("contempt", None), ("0", None),
        ("joyful", None), ("", None),
    ],
)  # fmt: skip
def test_class_names_and_their_spellings(name, label):
    assert class_index(name, fer7) == (None if label is None else fer7.index(label))


def test_spellings_work_both_ways_and_the_exact_name_wins():
    space = LabelSpace("own", ("Sad", "sadness", "happiness", "wütend"))
    assert [class_index(name, space) for name in ("sad", "sadness", "happy")] == [0, 1, 2]
    assert class_index("wu\u0308tend", space) == 3


def test_official_names_of_splits_are_folders_too():
    assert split_of_folder("publictest") == "PublicTest"
    assert split_of_folder("TRAINING") == "Training"
    assert split_of_folder("happy") is None


def test_names_from_the_world(tmp_path):
    names = ["a b.png", "line\nbreak.png", "ünï→.png", "=cmd.png", "\x1b[31m.PNG"]
    touch(tmp_path, *(f"happy/{name}" for name in names))
    assert {path.removeprefix("happy/") for path, *_ in listing(tmp_path)} == set(names)


@pytest.mark.skipif(os.name == "nt", reason="file names are unicode there")
def test_names_that_are_no_unicode(tmp_path):
    picture(tmp_path / "happy" / os.fsdecode(b"\xff.png"))
    assert load(tmp_path, labels=fer7).names.tolist() == [os.fsdecode(b"happy/\xff.png")]


def test_hidden_files_and_clutter_are_passed_over(tmp_path):
    touch(tmp_path, "happy/.DS_Store", "happy/Thumbs.db", "happy/a.png", ".git/x", "__MACOSX/y/z")
    assert [path for path, *_ in listing(tmp_path)] == ["happy/a.png"]


def test_unknown_class_names_the_folder_and_the_labels(tmp_path):
    touch(tmp_path, "train/happy/a.png", "train/smiling/a.png")
    with pytest.raises(
        DataError, match="folder 'smiling' is no label of fer7; expected angry, dis"
    ):
        folder_photos(tmp_path)


@pytest.mark.parametrize(
    ("names", "reason"),
    [
        ([], "holds no class folders; expected <class>"),
        (["fer2013.csv"], "give the table itself"),
        (["happy/.hidden"], "the class folders hold no pictures"),
        (["train/.hidden"], "the class folders hold no pictures"),
        (["happy/notes.txt"], "'notes.txt' is no .png .jpg .* file; convert it or move it out"),
        (["happy/a.heic"], "'a.heic' is no .png"),
        (["happy/deep.png/a.png"], "'deep.png' is a folder"),
        (["happy/deep/a.png"], "'deep' is a folder"),
        (["train/happy/a.png", "happy/a.png"], r"split folders \(train\) and also 'happy'"),
    ],
)
def test_other_contents_are_refused(tmp_path, names, reason):
    with pytest.raises(DataError, match=reason):
        folder_photos(touch(tmp_path, *names))


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes on this system")
def test_a_pipe_is_no_picture(tmp_path):
    (tmp_path / "happy").mkdir()
    os.mkfifo(tmp_path / "happy" / "a.png")
    with pytest.raises(DataError, match=r"'a\.png' is no"):
        folder_photos(tmp_path)


def test_a_missing_folder_is_named(tmp_path):
    with pytest.raises(DataError, match="nowhere' cannot be listed"):
        folder_photos(tmp_path / "nowhere")


def test_pictures_become_grey_rows(tmp_path):
    rng = np.random.default_rng(0)
    grey = rng.integers(0, 256, (48, 48), np.uint8)
    colour = rng.integers(0, 256, (48, 48, 3), np.uint8)
    save_picture(tmp_path / "train/anger/1.png", grey)
    save_picture(tmp_path / "test/Happy/PublicTest_2.png", colour)
    faces = load(tmp_path)
    assert np.array_equal(faces.images[0], grey)
    assert abs(faces.images[1] - colour @ np.array([0.299, 0.587, 0.114])).max() <= 0.501
    assert faces.labels.tolist() == [0, 3]
    assert faces.splits.tolist() == ["Training", "PublicTest"]
    assert faces.names.tolist() == ["train/anger/1.png", "test/Happy/PublicTest_2.png"]
    assert faces.source == tmp_path.name
    assert faces.space is fer7


@pytest.mark.parametrize(("shape", "side"), [((96, 120), 48), ((30, 20), 48), ((64, 64), 32)])
def test_other_sizes_are_cropped_to_the_centre_and_resampled(tmp_path, shape, side):
    image = np.full(shape, 10, np.uint8)
    margin = abs(shape[0] - shape[1]) // 2
    image[:, : margin if shape[1] > shape[0] else 0] = 255  # outside the centre square
    image[: margin if shape[0] > shape[1] else 0] = 255
    save_picture(tmp_path / "happy/1.png", image)
    assert np.array_equal(load(tmp_path, side=side).images, np.full((1, side, side), 10))


def test_any_label_space(tmp_path):
    picture(tmp_path / "anxious" / "1.png")
    picture(tmp_path / "anxiety" / "2.png")
    faces = load(tmp_path, labels=agrawal5)
    assert faces.labels.tolist() == [1, 1]
    assert load(tmp_path, labels=agrawal5).space is agrawal5
    with pytest.raises(DataError, match="is no label of ferplus8"):
        load(tmp_path, labels=ferplus8)


@pytest.mark.parametrize(
    ("content", "reason"),
    [(b"", "empty"), (b"not a picture", "not a .* picture"), (None, "damaged or cut off")],
)
def test_damaged_pictures_are_refused_with_file_and_reason(tmp_path, content, reason):
    picture(tmp_path / "happy" / "1.png")
    noise = np.random.default_rng(0).integers(0, 256, (48, 48), np.uint8)
    bad = save_picture(tmp_path / "happy" / "2 \n.png", noise)
    bad.write_bytes(bad.read_bytes()[:900] if content is None else content)
    with pytest.raises(DataError, match=rf"happy/2 \\n\.png': .*{reason}"):
        load(tmp_path)


def test_a_side_below_one_is_refused(tmp_path):
    picture(tmp_path / "happy" / "1.png")
    with pytest.raises(DataError, match="side must be 1 pixel or more, got 0"):
        load(tmp_path, side=0)
