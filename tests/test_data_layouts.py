"""Folders as people have them: other names, a table of labels, FER+ in folders, damage."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from faces_made import made_faces, save_picture, table_text
from mien.core.errors import DataError, MienWarning
from mien.core.labels import agrawal5, fer7, ferplus8
from mien.data import Source, load, origins_of, read_map
from mien.data.readers.naming import RAFDB_CODES, class_index
from mien.data.sources import framing_warning, listed_photos, reader_of

RAF = "1=surprise,2=fear,3=disgust,4=happy,5=sad,6=angry,7=neutral"
LABELS = ("angry", "disgust", "fear", "happy", "neutral", "sad", "surprise")


def picture(path: Path) -> Path:
    grey = np.random.default_rng(len(str(path))).integers(0, 256, (48, 48), np.uint8)
    return save_picture(path, grey)


def classes(folder: Path, *names: str) -> Path:
    for split in ("train", "test"):
        for name in names:
            picture(folder / split / name / f"{split}_{name}.png")
    return folder


def labels_of(source: Source) -> list[str]:
    faces = load(source)
    return [faces.space.labels[label] for label in faces.labels]


@pytest.mark.parametrize(
    ("names", "proposal"),
    [
        ("1234567", f"--map {RAF} if these are the codes of RAF-DB, or else"),
        ("0123456", "--map 0=angry,1=disgust,2=fear,3=happy,4=sad,5=surprise,6=neutral if these"),
        (("happy", "Suprise"), "--map Suprise=surprise"),
        (("0_angry", "4_neutral"), "--map 0_angry=angry,4_neutral=neutral"),
        (("happy", "03 Sadness"), "--map '03 Sadness=sad'"),
        (("smiling", "sad"), "--map smiling=LABEL with a label in place of LABEL"),
    ],
)
def test_folders_that_are_no_labels_are_all_named_with_a_proposal(tmp_path, names, proposal):
    with pytest.raises(DataError) as caught:
        load(classes(tmp_path / "f", *names))
    unknown = [name for name in names if class_index(name, fer7) is None]
    assert f"folder {unknown[0]!r} is no label of fer7" in str(caught.value)
    assert all(repr(name) in str(caught.value) for name in unknown)
    assert f"expected {', '.join(fer7.labels)}. Do: {proposal}" in str(caught.value)


def test_folders_above_the_classes_are_told_apart(tmp_path):
    folder = classes(tmp_path / "archive" / "images", "happy").parent
    with pytest.raises(DataError, match=r"'images' is no label of fer7 .* give '.*archive/images'"):
        load(folder)
    assert len(load(folder / "images")) == 2


def test_codes_from_0_to_7_have_eight_labels(tmp_path):
    folder = classes(tmp_path / "f", *"01234567")
    with pytest.raises(DataError, match=r"0=neutral,1=happy,.*7=contempt if .* AffectNet"):
        load(folder, labels=ferplus8)
    with pytest.raises(DataError, match="7=LABEL if"):  # fer7 has no contempt
        load(folder)


def test_the_proposal_does_what_it_says(tmp_path):
    folder = classes(tmp_path / "raf", *"1234567")
    source = Source(folder, names=read_map(RAF))
    assert labels_of(source) == [*RAFDB_CODES] * 2
    faces = load(source)
    assert faces.split_names == ("Training", "test")
    again = classes(tmp_path / "named", *RAFDB_CODES)
    assert sorted(faces.labels) == sorted(load(again).labels)
    assert sorted(load(source, labels=agrawal5).labels) == sorted(
        load(again, labels=agrawal5).labels
    )


def test_a_map_holds_for_what_it_names_and_leaves_labels_alone(tmp_path):
    folder = classes(tmp_path / "f", "happy", "Suprise")
    source = Source(folder, names=read_map("suprise=surprise, x=sad"))
    assert sorted(labels_of(source)) == ["happy", "happy", "surprise", "surprise"]
    with pytest.raises(DataError, match=r"'Suprise', which the map calls 'wow', is no label of"):
        load(Source(folder, names=read_map("Suprise=wow")))


def test_a_map_may_be_a_file(tmp_path):
    (tmp_path / "m.toml").write_text('1 = "sad"\n"two words" = "happy"\n')
    (tmp_path / "m.json").write_text(json.dumps({"1": "sad", "two words": "happy"}))
    (tmp_path / "m.csv").write_text("name,label\n1,sad\ntwo words,happy\n")
    for name in ("m.toml", "m.json", "m.csv"):
        assert read_map(str(tmp_path / name)) == {"1": "sad", "two words": "happy"}


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", r"a map is NAME=LABEL,NAME=LABEL or a \.toml"),
        ("1=sad,2", "got '1=sad,2'; do: --map 1=surprise"),
        ("=sad", "got '=sad'"),
        ("1=sad,1=happy", "calls '1' two things"),
        ("nowhere.toml", r"nowhere\.toml: cannot be read"),
        ("m.json", 'expected "name" = "label" and nothing else'),
        ("bad.toml", r"bad\.toml: cannot be read"),
        ("m.csv", r"m\.csv, row 1: no column label in the header"),
    ],
)
def test_other_maps_are_refused(tmp_path, monkeypatch, text, reason):
    monkeypatch.chdir(tmp_path)
    Path("m.json").write_text('{"1": 2}')
    Path("bad.toml").write_text("1 =")
    Path("m.csv").write_text("name,what\n")
    with pytest.raises(DataError, match=reason):
        read_map(text)


def test_a_map_is_for_class_folders(tmp_path):
    (tmp_path / "f.csv").write_text(table_text(made_faces()))
    with pytest.raises(DataError, match=r"'f\.csv' is a table: --map, --labels-file and"):
        load(Source(tmp_path / "f.csv", names={"1": "sad"}))
    folder = classes(tmp_path / "f", "happy")
    with pytest.raises(DataError, match="for class folders, not for rafdb"):
        load(Source(folder, "rafdb", {"1": "sad"}))


@pytest.fixture
def listed(tmp_path) -> Path:
    """Pictures in folders that say nothing, beside a table."""
    for name in ("a/1.png", "a/2.png", "b/3.png", "4.png"):
        picture(tmp_path / "pictures" / name)
    (tmp_path / "labels.csv").write_text(
        "image,label,usage,subject\na/1.png,happy,train,ann\n2.png,sad,test,\n3.png,sadness,,bob\n"
    )
    return tmp_path


def test_a_table_names_picture_and_label(listed):
    source = Source(listed / "pictures", labels_file=listed / "labels.csv")
    faces = load(source)
    assert faces.names.tolist() == ["a/1.png", "a/2.png", "b/3.png"]
    assert labels_of(source) == ["happy", "sad", "sad"]
    assert faces.splits.tolist() == ["Training", "test", "all"]
    assert faces.subjects.tolist() == ["ann", "", "bob"]
    assert reader_of(source) is None
    assert [origin.title for origin in origins_of(source)] == ["pictures"]
    assert framing_warning(source) is None
    assert len(listed_photos(source)[0]) == 3


def test_folders_of_splits_count_where_a_table_has_none(tmp_path):
    folder = classes(tmp_path / "raf", "1")
    (tmp_path / "l.csv").write_text("image,label\ntrain_1.png,happy\ntest_1.png,sad\n")
    assert load(Source(folder, labels_file=tmp_path / "l.csv")).split_names == ("Training", "test")


def test_codes_in_a_table_are_mapped(listed):
    table = listed / "labels.csv"
    table.write_text("filename,emotion\na/1.png,4\n4.png,5\n")
    with pytest.raises(DataError, match=r"labels\.csv, row 2: label '4' is no label of fer7 \(nor"):
        load(Source(listed / "pictures", labels_file=table))
    assert labels_of(Source(listed / "pictures", None, read_map(RAF), table)) == ["happy", "sad"]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "row 1: expected a header with picture and label"),
        ("a/1.png,happy\n", "expected a header with picture and label .* got 'a/1.png,happy'"),
        ("image,label\n", "no rows below the header"),
        ("image,label\na/1.png\n", "row 2: expected 2 columns, got 1"),
        ("image,label\n9.png,sad\n", "row 2: expected one picture '9.png' below .*, found 0"),
        ("image,label\nsame.png,sad\n", "expected one picture 'same.png' below .*, found 2"),
        ("image,label\n../x.png,sad\n", "must lie below the data set's folder"),
        ("image,label\n4.png,sad\n4.png,sad\n", "row 3: 4.png has a row already"),
        ("image,label\n4.png,bored\n", "row 2: label 'bored' is no label of fer7; expected"),
    ],
)
def test_broken_tables_of_labels_are_refused(listed, text, reason):
    for inside in "ab":
        picture(listed / "pictures" / inside / "same.png")
    (listed / "labels.csv").write_text(text)
    with pytest.raises(DataError, match=reason):
        load(Source(listed / "pictures", labels_file=listed / "labels.csv"))


def ferplus(folder: Path, *votes: str) -> Path:
    """As FER+'s own script writes it."""
    for split in ("FER2013Train", "FER2013Valid", "FER2013Test"):
        rows = []
        for at, row in enumerate(votes):
            picture(folder / split / f"fer{at:07}.png")
            rows.append(f'fer{at:07}.png,"(0, 0, 48, 48)",{row}\n')
        (folder / split / "label.csv").write_text("".join(rows))
    return folder


def test_ferplus_in_folders_is_read_by_majority(tmp_path):
    folder = ferplus(
        tmp_path / "f",
        "8,1,1,0,0,0,0,0,0,0",  # neutral
        "0,0,0,0,0,0,2,3,0,0",  # contempt
        "0,5,1,1,1,1,1,0,0,0",  # happy, when single votes are dropped
        "5,5,0,0,0,0,0,0,0,0",  # no majority
        "2,0,0,0,0,0,0,0,8,0",  # unknown
        "0,0,0,0,0,0,0,0,0,10",  # no face
        "1,1,1,1,1,1,1,1,1,1",  # nothing but single votes
    )
    faces = load(folder, labels=ferplus8)
    assert faces.split_names == ("Training", "PublicTest", "PrivateTest")
    names = [ferplus8.labels[label] for label in faces.split("Training").labels]
    assert names == ["neutral", "contempt", "happy"]
    assert reader_of(folder).name == "ferplus"
    with pytest.raises(DataError, match="3 rows of contempt have no counterpart in fer7"):
        load(folder)
    assert len(load(folder, drop_unmapped=True)) == 6


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('fer0000000.png,"(0, 0, 48, 48)",10\n', "row 1: expected picture, box and 10 votes, got"),
        ('fer0000000.png,"(0, 0, 48, 48)",x,0,0,0,0,0,0,0,0,0\n', "votes must be whole numbers"),
        ('fer9.png,"(0, 0, 48, 48)",10,0,0,0,0,0,0,0,0,0\n', "there is no picture"),
    ],
)
def test_broken_tables_of_ferplus_are_refused(tmp_path, text, reason):
    folder = ferplus(tmp_path / "f", "10,0,0,0,0,0,0,0,0,0")
    (folder / "FER2013Valid" / "label.csv").write_text(text)
    with pytest.raises(DataError, match=rf"FER2013Valid/label\.csv, row 1.*{reason}|{reason}"):
        load(folder)


def damaged(folder: Path, count: int, whole: int = 2) -> Path:
    for at in range(count + whole):
        path = picture(folder / "happy" / f"{at}.png")
        if at < count:
            path.write_bytes(path.read_bytes()[:90])
    return folder


def test_all_damaged_pictures_are_named_up_to_twenty(tmp_path):
    with pytest.raises(DataError) as caught:
        load(damaged(tmp_path / "few", 3))
    assert str(caught.value).startswith("3 of 5 pictures cannot be read: ")
    assert all(f"happy/{at}.png'" in str(caught.value) for at in range(3))
    assert str(caught.value).endswith("leave them out with --skip-damaged")
    with pytest.raises(DataError, match=r"25 of 27 .*; and 5 more\. Mend") as caught:
        load(damaged(tmp_path / "many", 25))
    assert str(caught.value).count(".png'") == 20


def test_damaged_pictures_are_left_out_counted_and_named(tmp_path, monkeypatch):
    monkeypatch.setenv("MIEN_CACHE", str(tmp_path / "cache"))
    source = Source(damaged(tmp_path / "f", 2), skip_damaged=True)
    for _ in range(2):  # read, and from the cache
        with pytest.warns(MienWarning, match=r"f: 2 damaged .* left out: happy/0.png; happy/1.png"):
            faces = load(source)
        assert faces.names.tolist() == ["happy/2.png", "happy/3.png"]
        assert faces.damaged == ("happy/0.png", "happy/1.png")
    with pytest.raises(DataError, match="2 of 4 pictures"):  # not from what is kept
        load(source.path)
    with pytest.raises(DataError, match="3 of 3 pictures"):  # nothing would be left
        load(Source(damaged(tmp_path / "all", 3, 0), skip_damaged=True))
