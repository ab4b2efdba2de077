"""Whose data a source holds: told by its form or its reader, and kept when it is converted."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from collections_made import ck, ck48, jaffe, rafdb
from faces_made import made_faces, save_picture, table_text
from mien.cli import run
from mien.core.errors import DataError
from mien.core.labels import agrawal5
from mien.data import FER2013, count_warnings, load, origins_of, readers, writers
from mien.data.origin import RECORD, Origin, terms
from mien.data.writers import write_folder, write_table
from mien.export.bundle import licence_of
from mien.store.training import Training


def info(name: str) -> Origin:
    return Origin(readers()[name].title, readers()[name].terms)


def test_tables_and_folders_named_like_fer2013_are_fer2013(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text(table_text(made_faces()), encoding="utf-8")
    write_folder(made_faces(), tmp_path / "f")  # train/happy/Training_3.png
    assert origins_of(tmp_path / "x.csv") == origins_of(tmp_path / "f") == (FER2013,)
    assert terms(tmp_path / "x.csv", tmp_path / "f") == {}


def test_of_a_folder_of_ones_own_the_name_is_known(tmp_path: Path) -> None:
    save_picture(tmp_path / "mine" / "happy" / "a.png", made_faces().images[0])
    assert origins_of(tmp_path / "mine") == (Origin("mine", "not told"),)
    told = terms(tmp_path / "mine")
    assert told == {"data_set": "mine", "data_terms": "mine: not told"}
    assert "FER2013" not in licence_of(Training(told))


@pytest.mark.parametrize(
    ("name", "make", "more"),
    [
        ("ck", ck, ["--crop", "--detector", "none", "--labels", "ck8"]),
        ("jaffe", jaffe, ["--crop", "--detector", "none"]),
        ("ck48", ck48, ["--drop-unmapped"]),
        ("rafdb", rafdb, []),
    ],
)
def test_a_converted_set_keeps_its_terms(name: str, make, more: list[str], tmp_path: Path) -> None:
    source, out, again = (str(tmp_path / each) for each in ("set", "out", "again"))
    make(tmp_path / "set")
    assert run(["data", "convert", source, "--out", out, *more]) == 0
    assert origins_of(out) == (info(name),)
    labels = ["--labels", "ck8"] if name == "ck" else []
    assert run(["data", "convert", out, "--out", again, *labels]) == 0
    assert origins_of(again) == (info(name),)
    assert terms(Path(again)) == terms(Path(source))
    assert len(load(again, labels=None)) == len(load(out, labels=None)) > 0


def test_converted_pictures_are_not_called_like_fer2013s(tmp_path: Path) -> None:
    rafdb(tmp_path / "set")
    assert run(["data", "convert", str(tmp_path / "set"), "--out", str(tmp_path / "out")]) == 0
    faces = load(tmp_path / "out")
    assert set(faces.split_names) == {"Training", "test"}
    assert not any("official" in words for words in count_warnings(faces))
    (tmp_path / "x.csv").write_text(table_text(made_faces()), encoding="utf-8")
    assert run(["data", "convert", str(tmp_path / "x.csv"), "--out", str(tmp_path / "f")]) == 0
    assert any("official" in words for words in count_warnings(load(tmp_path / "f")))


def test_a_table_keeps_its_record_until_another_has_taken_its_place(tmp_path: Path) -> None:
    write_table(made_faces(), tmp_path / "x.csv", [info("rafdb")])
    with pytest.raises(DataError, match="holds labels of fer7"):
        write_table(made_faces(labels=[0], space=agrawal5), tmp_path / "x.csv", [FER2013])
    assert origins_of(tmp_path / "x.csv") == (info("rafdb"),)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(writers, "_GREYS", ())  # the writing stops at the first pixel
        with pytest.raises(IndexError):
            write_table(made_faces(), tmp_path / "x.csv", [FER2013])
    assert origins_of(tmp_path / "x.csv") == (info("rafdb"),)


def test_a_table_has_its_record_beside_it(tmp_path: Path) -> None:
    faces, table = made_faces(), tmp_path / "x.csv"
    write_table(faces, table, [info("rafdb")])
    assert origins_of(table) == (info("rafdb"),)
    assert (tmp_path / f"x.csv.{RECORD}").is_file()
    write_table(faces, table, [FER2013])  # another set takes its place
    assert origins_of(table) == (FER2013,)
    assert [path.name for path in tmp_path.iterdir()] == ["x.csv"]


@pytest.mark.parametrize("text", ["{", "[]", json.dumps({"data_sets": [{"title": "x"}]})])
def test_a_damaged_record_is_refused(text: str, tmp_path: Path) -> None:
    write_folder(made_faces(), tmp_path / "f", [FER2013])
    (tmp_path / "f" / RECORD).write_text(text, encoding="utf-8")
    with pytest.raises(DataError, match=r"data_set.json is damaged .*Convert them again"):
        origins_of(tmp_path / "f")
