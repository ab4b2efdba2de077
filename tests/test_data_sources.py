"""One door: which reader, which space, which cache."""

from __future__ import annotations

import gzip
import os
import zipfile

import numpy as np
import pytest

from faces_made import made_faces, same_rows, save_picture, table_text
from mien.core.errors import DataError, LabelError
from mien.core.labels import LabelSpace, agrawal5, ck7, fer7, ferplus8, four
from mien.data import sources
from mien.data.readers.ferplus import VOTE_COLUMNS
from mien.data.sources import load


@pytest.fixture(autouse=True)
def own_cache(tmp_path_factory, monkeypatch):
    folder = tmp_path_factory.mktemp("cache")
    monkeypatch.setenv("MIEN_CACHE", str(folder))
    return folder


@pytest.fixture
def reads(monkeypatch):
    """Names of the readers that ran."""
    ran = []
    for name in ("load_fer2013", "read_photos"):
        reader = getattr(sources, name)

        def counted(*args, reader=reader, name=name, **options):
            ran.append(name)
            return reader(*args, **options)

        monkeypatch.setattr(sources, name, counted)
    return ran


def table(path, faces=None):
    text = table_text(made_faces() if faces is None else faces)
    path.write_bytes(gzip.compress(text.encode()) if path.suffix == ".gz" else text.encode())
    return path


def folder(path, *labels):
    for level, label in enumerate(labels):
        save_picture(path / label / "1.png", np.full((48, 48), level, np.uint8))
    return path


def test_tables_and_folders_are_told_apart(tmp_path, reads):
    with zipfile.ZipFile(tmp_path / "f.zip", "w") as archive:
        archive.writestr("fer2013.csv", table_text(made_faces()))
    for source in (
        table(tmp_path / "f.csv"),
        str(table(tmp_path / "f.csv.gz")),
        tmp_path / "f.zip",
    ):
        assert same_rows(load(source), made_faces())
    assert load(folder(tmp_path / "f", "sad", "happy")).labels.tolist() == [3, 4]
    assert reads == ["load_fer2013"] * 3 + ["read_photos"]


def test_the_second_load_is_kept_under_the_content(tmp_path, reads, own_cache):
    first = load(table(tmp_path / "f.csv"))
    moved = load((tmp_path / "f.csv").rename(tmp_path / "g.csv"))
    assert reads == ["load_fer2013"]
    assert same_rows(first, moved)
    assert (first.source, moved.source) == ("f.csv", "g.csv")
    assert moved.names.tolist() == [f"row {i}" for i in range(2, 9)]
    assert len(list((own_cache / "faces").iterdir())) == 1


def test_a_changed_table_is_read_anew(tmp_path, reads):
    load(table(tmp_path / "f.csv"))
    assert same_rows(load(table(tmp_path / "f.csv", made_faces(seed=1))), made_faces(seed=1))
    assert len(reads) == 2


def test_a_changed_picture_is_read_anew_whatever_its_size_and_date(tmp_path, reads):
    path = folder(tmp_path / "f", "sad") / "sad" / "1.bmp"
    (path.with_suffix(".png")).unlink()
    for level in (1, 2):
        save_picture(path, np.full((48, 48), level, np.uint8))
        os.utime(path, ns=(0, 0))
        assert load(tmp_path / "f").images[0, 0, 0] == level
    assert load(tmp_path / "f").source == "f"
    assert len(reads) == 2


def test_subjects_are_part_of_the_key(tmp_path):
    source = folder(tmp_path / "f", "sad")
    assert load(source).subjects is None
    for who in ("ann", "bob"):
        (source / "subjects.csv").write_text(f"picture,subject\nsad/1.png,{who}\n")
        assert load(source).subjects.tolist() == [who]


def test_settings_that_change_the_arrays_are_part_of_the_key(tmp_path, reads):
    source = folder(tmp_path / "f", "sad", "happy")
    assert load(source).images.shape == (2, 48, 48)
    assert load(source, side=24).images.shape == (2, 24, 24)
    assert load(source, labels=four).labels.tolist() == [1, 2]
    assert load(source, labels=four).space == four
    assert len(reads) == 3


def test_a_cache_folder_may_be_named_or_off(tmp_path, monkeypatch, own_cache):
    source = table(tmp_path / "f.csv")
    load(source, cache=tmp_path / "mine")
    assert len(list((tmp_path / "mine" / "faces").iterdir())) == 1
    monkeypatch.setenv("MIEN_CACHE", "off")
    assert same_rows(load(source), made_faces())
    assert len(load(folder(tmp_path / "f", "sad"))) == 1
    assert not (own_cache / "faces").exists()


def test_tables_are_mapped_into_the_space_asked_for(tmp_path):
    mapped = load(table(tmp_path / "f.csv"), labels=agrawal5)
    assert mapped.space == agrawal5
    assert len(mapped) == 6
    with pytest.raises(LabelError, match="no mapping from fer7 to ck7"):
        load(tmp_path / "f.csv", labels=ck7)


def test_folders_of_fer2013_classes_are_mapped(tmp_path):
    source = folder(tmp_path / "f", *fer7.labels)
    mapped = load(source, labels=agrawal5)
    names = [agrawal5.labels[label] for label in mapped.labels]
    assert sorted(names) == ["angry", "anxious", "anxious", "happy", "neutral", "sad"]


def test_folders_of_the_space_itself_are_read_as_they_are(tmp_path):
    assert load(folder(tmp_path / "a", "anxious"), labels=agrawal5).labels.tolist() == [1]
    own = LabelSpace("own", ("yes", "no"))
    assert load(folder(tmp_path / "o", "no", "yes"), labels=own).space == own
    eight = load(folder(tmp_path / "e", *ferplus8.labels), labels=ferplus8)
    assert len(eight) == 8


@pytest.mark.parametrize("space", [fer7, agrawal5, LabelSpace("own", ("yes", "no"))])
def test_unknown_classes_are_refused_never_dropped(tmp_path, space):
    reason = "1 rows of contempt have no counterpart in"
    if space.name == "own":
        reason = "'contempt' is no label of"
    with pytest.raises(DataError, match=f"{reason} {space.name}"):
        load(folder(tmp_path / "f", "contempt", "sad"), labels=space)
    with pytest.raises(DataError, match=f"'bored' is no label of {space.name}"):
        load(folder(tmp_path / "g", "bored"), labels=space)


def test_unknown_classes_are_dropped_when_asked_for(tmp_path):
    mixed = folder(tmp_path / "f", "contempt", "sad", "happy")
    faces = load(mixed, labels=fer7, drop_unmapped=True)
    assert (faces.space, sorted(faces.labels.tolist())) == (fer7, [3, 4])
    assert len(load(mixed, labels=ferplus8)) == 3


def test_votes_are_joined_before_mapping(tmp_path):
    rows = [f"Training,{i},0,0,0,0,0,0,0,0,0" for i in range(7)]
    (tmp_path / "v.csv").write_text("\n".join([f"Usage,{','.join(VOTE_COLUMNS)}", *rows]))
    faces = load(table(tmp_path / "f.csv"), votes=tmp_path / "v.csv", labels=four)
    assert faces.votes[:, 0].tolist() == [0, 3, 4, 6]
    assert load(tmp_path / "f.csv").votes is None


def test_votes_of_a_folder_are_refused(tmp_path):
    with pytest.raises(DataError, match=r"votes are joined by row order.*give the table"):
        load(folder(tmp_path / "f", "sad"), votes=tmp_path / "v.csv")


def test_another_side_of_a_table_is_refused(tmp_path):
    with pytest.raises(DataError, match=r"'f\.csv' is a table: side must be 48, got 64"):
        load(table(tmp_path / "f.csv"), side=64)


def test_a_missing_source_is_named(tmp_path):
    with pytest.raises(DataError, match=r"no file or folder .*nowhere"):
        load(tmp_path / "nowhere")


def test_a_bad_row_is_refused_through_this_door_too(tmp_path):
    path = table(tmp_path / "f.csv")
    path.write_text(path.read_text().replace("\n3,", "\n9,"))
    with pytest.raises(DataError, match=r"f\.csv, row 5: emotion must be 0 to 6, got '9'"):
        load(path)
