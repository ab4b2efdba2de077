"""The cache: hits, misses, damage, privacy."""

from __future__ import annotations

import os
import zipfile
from pathlib import Path

import numpy as np
import pytest

from faces_made import made_faces, same_rows
from mien.core.errors import DataError
from mien.core.labels import agrawal5
from mien.data import cache
from mien.data.cache import cached, default_folder, source_key


class Reader:
    """Counts how often the source is read."""

    def __init__(self, faces=None):
        self.faces = made_faces() if faces is None else faces
        self.reads = 0

    def __call__(self):
        self.reads += 1
        return self.faces


def kept(folder: Path) -> list[Path]:
    return sorted((folder / "faces").iterdir())


def named(faces):
    return type(faces)(
        faces.images, faces.labels, faces.splits, faces.space, faces.source,
        names=np.array([f"a\n{i}\udcff" for i in range(len(faces))]),
    )  # fmt: skip


def test_the_second_read_comes_from_the_cache(tmp_path):
    reader = Reader(named(made_faces([4, 0], ["x", "Training"], space=agrawal5, side=5)))
    first = cached(lambda: "key", reader, tmp_path)
    second = cached(lambda: "key", reader, tmp_path)
    assert reader.reads == 1
    assert same_rows(first, second)
    assert second.names.tolist() == first.names.tolist()
    assert (second.source, second.images.dtype, second.labels.dtype) == ("made", np.uint8, np.int64)


def test_names_may_be_absent(tmp_path):
    reader = Reader()
    cached(lambda: "key", reader, tmp_path)
    assert cached(lambda: "key", reader, tmp_path).names is None
    assert reader.reads == 1


def test_another_key_is_read_anew(tmp_path):
    reader = Reader()
    cached(lambda: "one", reader, tmp_path)
    cached(lambda: "two", reader, tmp_path)
    assert reader.reads == 2


def test_a_source_that_changes_while_it_is_read_is_not_kept(tmp_path):
    keys = iter(["before", "after"])
    cached(lambda: next(keys), Reader(), tmp_path)
    assert not (tmp_path / "faces").exists()


def empty(path: Path) -> None:
    path.write_bytes(b"")


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-100])


def altered(path: Path) -> None:
    raw = bytearray(path.read_bytes())
    raw[5000] ^= 1
    path.write_bytes(raw)


def words(path: Path) -> None:
    path.write_text("not a cache file")


def one_array(path: Path) -> None:
    with path.open("wb") as file:
        np.save(file, np.zeros(3))


def other_columns(path: Path) -> None:
    np.savez(path, x=np.zeros(3))


def objects(path: Path) -> None:
    with zipfile.ZipFile(path) as archive:
        about = archive.read("about.npy")
    np.savez(path, images=np.array([object()]))
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("about.npy", about)


def disagreeing(path: Path) -> None:
    with np.load(path) as file:
        columns = dict(file)
    np.savez(path, **{**columns, "labels": columns["labels"][:2]})


def in_place_of_a_file(path: Path) -> None:
    path.unlink()
    path.mkdir()


DAMAGE = [empty, cut, altered, words, one_array, other_columns, objects, disagreeing]


@pytest.mark.parametrize("damage", DAMAGE)
def test_damaged_files_are_ignored_and_rewritten(tmp_path, damage):
    reader = Reader()
    cached(lambda: "key", reader, tmp_path)
    damage(kept(tmp_path)[0])
    again = cached(lambda: "key", reader, tmp_path)
    assert reader.reads == 2
    assert same_rows(again, reader.faces)
    cached(lambda: "key", reader, tmp_path)
    assert reader.reads == 2, "the damaged file was not rewritten"


def test_what_cannot_be_replaced_does_not_fail_the_read(tmp_path):
    reader = Reader()
    cached(lambda: "key", reader, tmp_path)
    in_place_of_a_file(kept(tmp_path)[0])
    assert same_rows(cached(lambda: "key", reader, tmp_path), reader.faces)
    assert len(kept(tmp_path)) == 1, "a part was left behind"


def test_an_unwritable_cache_does_not_fail_the_read(tmp_path):
    (tmp_path / "file").write_text("in the way")
    reader = Reader()
    assert same_rows(cached(lambda: "key", reader, tmp_path / "file"), reader.faces)
    assert (tmp_path / "file").read_text() == "in the way"


def test_a_full_disk_does_not_fail_the_read_and_leaves_nothing(tmp_path, monkeypatch):
    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(cache.np, "savez", full)
    assert len(cached(lambda: "key", Reader(), tmp_path)) == 7
    assert kept(tmp_path) == []


@pytest.mark.skipif(os.name == "nt", reason="POSIX permissions")
def test_faces_are_for_their_owner_only(tmp_path):
    cached(lambda: "key", Reader(), tmp_path / "new")
    assert (tmp_path / "new" / "faces").stat().st_mode & 0o777 == 0o700
    assert [path.stat().st_mode & 0o777 for path in kept(tmp_path / "new")] == [0o600]


@pytest.mark.skipif(os.name == "nt", reason="POSIX permissions")
def test_a_wider_folder_is_narrowed(tmp_path):
    (tmp_path / "faces").mkdir(mode=0o755)
    cached(lambda: "key", Reader(), tmp_path)
    assert (tmp_path / "faces").stat().st_mode & 0o777 == 0o700


def test_keys_depend_on_content_names_settings_and_reader(tmp_path, monkeypatch):
    one, two = tmp_path / "one", tmp_path / "two"
    one.write_bytes(b"1")
    two.write_bytes(b"2")
    key = source_key(["table"], {"x": one})
    different = {
        key,
        source_key(["table"], {"x": two}),
        source_key(["table"], {"y": one}),
        source_key(["folder"], {"x": one}),
        source_key(["table"], {"x": one, "y": one}),
    }
    assert len(different) == 5
    assert source_key(["table"], {"x": one.rename(tmp_path / "moved")}) == key
    monkeypatch.setattr(cache, "READER_VERSION", cache.READER_VERSION + 1)
    assert source_key(["table"], {"x": tmp_path / "moved"}) not in different


def test_an_unreadable_source_is_named(tmp_path):
    with pytest.raises(DataError, match="gone' cannot be read"):
        source_key([], {"x": tmp_path / "gone"})


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({"MIEN_CACHE": "here", "XDG_CACHE_HOME": "/xdg"}, Path("here")),
        ({"MIEN_CACHE": "off", "XDG_CACHE_HOME": "/xdg"}, None),
        ({"MIEN_CACHE": "OFF"}, None),
        ({"XDG_CACHE_HOME": str(Path("/xdg").resolve())}, Path("/xdg").resolve() / "mien"),
        ({"MIEN_CACHE": "", "XDG_CACHE_HOME": "relative"}, Path.home() / ".cache" / "mien"),
        ({}, Path.home() / ".cache" / "mien"),
    ],
)
def test_where_the_cache_lies(environment, expected):
    assert default_folder(environment) == expected


def test_without_a_home_there_is_no_cache(monkeypatch):
    def homeless():
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(Path, "home", homeless)
    assert default_folder({}) is None
