"""Which items an analysis has, and in which order."""

import io
import os
from pathlib import Path

import numpy as np
import pytest

from mien.analyze.sources import Item, find_items
from mien.core.errors import ImageDecodeError, InputError


@pytest.fixture
def here(tmp_path, monkeypatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def touch(*names: str) -> None:
    for name in names:
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).touch()


def names(*inputs: str | Path, **options) -> list[str]:
    return [item.name for item in find_items(inputs, **options)]


def test_files_keep_the_order_given(here):
    touch("b.jpg", "a.jpg")
    assert names("b.jpg", Path("a.jpg"), "b.jpg") == ["b.jpg", "a.jpg", "b.jpg"]


def test_a_folder_gives_every_file_below_it_by_name(here):
    touch("in/b.jpg", "in/a/z.png", "in/a/deep/er/x.gif", "in/c.txt", "in/B.jpg", "in/no suffix")
    assert names("in") == [
        "in/B.jpg", "in/a/deep/er/x.gif", "in/a/z.png", "in/b.jpg", "in/c.txt", "in/no suffix",
    ]  # fmt: skip
    assert names("in/") == names("in")
    assert names(here / "in")[0] == str(here / "in" / "B.jpg")


def test_hidden_files_and_clutter_are_left_out_of_folders(here):
    touch("in/.DS_Store", "in/Thumbs.db", "in/desktop.ini", "in/.git/a.jpg", "in/__MACOSX/a.jpg")
    touch("in/a.jpg", "in/.hidden.jpg")
    assert names("in") == ["in/a.jpg"]
    assert names("in/*") == ["in/a.jpg"]
    assert names("in/**") == ["in/a.jpg"]


def test_a_hidden_file_that_is_named_is_taken(here):
    touch(".hidden.jpg", ".cache/a.jpg")
    assert names(".hidden.jpg", ".cache", ".cache/*.jpg") == [
        ".hidden.jpg", ".cache/a.jpg", ".cache/a.jpg",
    ]  # fmt: skip


def test_patterns(here):
    touch("in/b.jpg", "in/a.jpg", "in/a.png", "in/sub/c.jpg", "in/d.jpg/inside.jpg")
    assert names("in/*.jpg") == ["in/a.jpg", "in/b.jpg"]
    assert names("in/**/*.jpg") == ["in/a.jpg", "in/b.jpg", "in/d.jpg/inside.jpg", "in/sub/c.jpg"]
    assert names("in/?.png", "in/[ab].jpg") == ["in/a.png", "in/a.jpg", "in/b.jpg"]
    assert names(f"{here}/in/*.png") == [f"{here}/in/a.png"]
    os.chdir("in/sub")
    assert names("../*.png") == ["../a.png"]


def test_a_name_that_looks_like_a_pattern_is_a_name_first(here):
    touch("a[1].jpg", "a1.jpg", "what?.jpg")
    assert names("a[1].jpg", "what?.jpg") == ["a[1].jpg", "what?.jpg"]


def test_awkward_names_stay_as_they_are(here):
    odd = [
        "a b.jpg",
        "a\nb.jpg",
        "\x1b[31m.jpg",
        "=cmd.jpg",
        "-rf.jpg",
        os.fsdecode(b"caf\xe9.jpg"),
    ]
    touch(*(f"in/{name}" for name in odd))
    assert names("in") == sorted(f"in/{name}" for name in odd)


def test_links_to_files_and_folders_are_followed_and_circles_end(here):
    touch("real/a.jpg", "other/b.jpg")
    Path("in").mkdir()
    Path("in/file.jpg").symlink_to(here / "real" / "a.jpg")
    Path("in/folder").symlink_to(here / "other")
    Path("in/self").symlink_to(here / "in")
    Path("other/back").symlink_to(here / "in")
    assert names("in") == ["in/file.jpg", "in/folder/b.jpg"]


def test_a_dangling_link_is_an_item_that_raises(here):
    Path("gone.jpg").symlink_to("nowhere")
    (item,) = find_items(["gone.jpg"])
    with pytest.raises(ImageDecodeError, match="No such file"):
        item.image()


def test_deep_folders(here):
    deep = "/".join(["d"] * 300)
    for _ in range(300):
        Path("d").mkdir()
        os.chdir("d")
    touch("a.jpg")
    os.chdir(here)
    assert names("d") == [f"{deep}/a.jpg"]


def test_a_folder_that_cannot_be_listed_is_an_item_that_raises(here, monkeypatch):
    touch("in/a.jpg", "in/closed/b.jpg", "in/d.jpg")
    scandir = os.scandir

    def refuse(path):
        if str(path).endswith("closed"):
            raise PermissionError(13, "Permission denied", path)
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)
    items = list(find_items(["in"]))
    assert [item.name for item in items] == ["in/a.jpg", "in/closed", "in/d.jpg"]
    with pytest.raises(PermissionError):
        items[1].image()


def test_an_empty_folder_with_the_name_of_a_picture_is_reported(here):
    touch("in/a.jpg")
    Path("in/x.jpg").mkdir()
    Path("in/empty").mkdir()
    items = list(find_items(["in"]))
    assert [item.name for item in items] == ["in/a.jpg", "in/x.jpg"]
    with pytest.raises(ImageDecodeError, match="this is an empty folder"):
        items[1].image()


def test_outputs_of_the_run_are_no_inputs(here):
    touch("in/a.jpg", "in/rows.jsonl", "in/rows.jsonl.part", "in/drawn/a.jpg")
    outputs = [Path("in/rows.jsonl"), here / "in" / "drawn"]
    assert names("in", exclude=outputs) == ["in/a.jpg"]
    assert names("in/*", exclude=outputs) == ["in/a.jpg"]


def test_a_circular_link_beside_outputs(here):
    touch("in/a.jpg")
    Path("in/loop").symlink_to("loop")
    assert names("in", exclude=[Path("in/rows.jsonl")]) == ["in/a.jpg", "in/loop"]


def test_stdin_is_one_picture(here):
    (item,) = find_items(["-"], stdin=io.BytesIO(b"P5 2 1 255\n\x00\xff"))
    assert item.name == "stdin"
    assert item.image().tolist() == [[[0, 0, 0], [255, 255, 255]]]


class TestNothing:
    @pytest.mark.parametrize(
        ("inputs", "reason"),
        [
            ([], "no input was given"),
            (["gone.jpg"], "gone.jpg: no such file or folder"),
            (["*.jpg"], "no file matches the pattern"),
            (["a**b"], "no file matches the pattern"),
            (["empty"], "the folder holds no files"),
            (["-"], "stdin is not connected"),
            (["gone.jpg", "empty"], "gone.jpg: no such file or folder; empty: the folder"),
        ],
    )
    def test_nothing_at_all_is_said_at_once(self, here, inputs, reason):
        Path("empty").mkdir()
        with pytest.raises(InputError, match=reason.replace("*", r"\*")):
            find_items(inputs)

    def test_beside_something_it_is_an_item_that_raises(self, here):
        touch("a.jpg")
        items = list(find_items(["gone.jpg", "a.jpg", "*.png"]))
        assert [item.name for item in items] == ["gone.jpg", "a.jpg", "*.png"]
        for item in (items[0], items[2]):
            with pytest.raises(FileNotFoundError):
                item.image()


def test_the_limit_on_pixels_is_passed_on(here):
    np.testing.assert_equal(
        Item("a", io.BytesIO(b"P5 2 1 255\n\x00\xff")).image(2).shape, (1, 2, 3)
    )
    with pytest.raises(ImageDecodeError, match="megapixels"):
        Item("a", io.BytesIO(b"P5 2 1 255\n\x00\xff")).image(1)
