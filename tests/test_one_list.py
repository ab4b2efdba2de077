"""Names that several layers need stand in one place: splits, suffixes of pictures, clutter."""

import re
from pathlib import Path

from PIL import Image

from mien.core import splits
from mien.store.images import CLUTTER, FORMATS, PICTURE_SUFFIXES, is_clutter

HOUSE = Path(__file__).parent.parent / "src" / "mien"


def written_in(*words):
    """Files that hold one of the words as a literal of its own."""
    literal = re.compile("|".join(f'"{re.escape(word)}"' for word in words))
    return {
        file.relative_to(HOUSE).as_posix()
        for file in HOUSE.rglob("*.py")
        if literal.search(file.read_text(encoding="utf-8"))
    }


def test_the_splits_of_the_challenge_are_written_once_below_the_command_line():
    found = written_in(*splits.FER2013_SPLITS)
    assert {name for name in found if not name.startswith("cli/")} == {"core/splits.py"}


def test_pictures_have_the_suffixes_of_the_formats_that_are_read_and_no_others():
    Image.init()
    formats = Image.registered_extensions()
    assert {formats[suffix] for suffix in PICTURE_SUFFIXES} == {*FORMATS, "AVIF"}
    assert set(PICTURE_SUFFIXES) == {
        ".png", ".jpg", ".jpeg", ".bmp", ".gif", ".tif", ".tiff", ".webp", ".pgm", ".ppm",
        ".avif",
    }  # fmt: skip


def test_suffixes_and_clutter_are_listed_once():
    assert written_in(".tiff") == {"store/images.py"}
    assert written_in(*CLUTTER) == {"store/images.py"}


def test_clutter_is_hidden_or_left_by_a_file_manager():
    clutter = (".git", ".DS_Store", "Thumbs.db", "desktop.ini", "Desktop.ini", "__MACOSX")
    assert all(map(is_clutter, clutter))
    assert not any(map(is_clutter, ("a.jpg", "thumbs", "macosx", "happy")))
