"""Photos in class folders are not taken for crops without a word."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from collections_made import ck, jaffe
from mien.core.errors import DataError, ImageDecodeError
from mien.data import Source, framing_warning
from mien.store.images import image_size


def folder_of(root: Path, *sizes: tuple[int, int]) -> Path:
    (root / "happy").mkdir(parents=True)
    (root / "sad").mkdir()
    for at, size in enumerate(sizes):
        Image.new("L", size, 90).save(root / ("happy", "sad")[at % 2] / f"{at}.png")
    return root


@pytest.mark.parametrize("size", [(48, 48), (96, 96), (48, 46)])
def test_crops_are_left_in_peace(tmp_path: Path, size: tuple[int, int]) -> None:
    assert framing_warning(folder_of(tmp_path / "in", size, size, (900, 700))) is None


@pytest.mark.parametrize("size", [(640, 480), (300, 300), (60, 48)])
def test_photos_are_told(tmp_path: Path, size: tuple[int, int]) -> None:
    found = framing_warning(folder_of(tmp_path / "in", size, size, (48, 48)))
    assert found is not None
    assert f"about {size[0]} x {size[1]} pixels" in found
    assert "--crop" in found
    assert "--end-to-end" in found


def test_damaged_pictures_and_tables_are_no_matter_here(tmp_path: Path) -> None:
    folder = folder_of(tmp_path / "in", (640, 480))
    (folder / "sad" / "x.png").write_bytes(b"broken")
    assert framing_warning(folder) is not None
    (folder / "happy" / "0.png").write_bytes(b"")
    assert framing_warning(folder) is None
    (tmp_path / "table.csv").write_text("emotion,pixels,Usage\n")
    assert framing_warning(tmp_path / "table.csv") is None
    (tmp_path / "other").mkdir()
    with pytest.raises(DataError):
        framing_warning(tmp_path / "other")


def test_names_of_folders_do_not_matter_here(tmp_path: Path) -> None:
    """Whatever label space the rows are mapped into afterwards."""
    folder = folder_of(tmp_path / "in", (640, 480))
    (folder / "disgust").mkdir()
    assert framing_warning(folder) is not None


def test_a_named_reader_is_believed(tmp_path: Path) -> None:
    both = jaffe(ck(tmp_path / "in"))
    with pytest.raises(DataError, match="several data sets"):
        framing_warning(both)
    assert framing_warning(Source(both, "jaffe")) is None


def test_a_size_is_that_of_the_upright_picture(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (40, 20)).save(tmp_path / "a.jpg", exif=exif)
    assert image_size(tmp_path / "a.jpg") == (20, 40)
    Image.new("RGB", (40, 20)).save(tmp_path / "b.png")
    assert image_size(tmp_path / "b.png") == (40, 20)
    (tmp_path / "c.png").write_bytes(b"hello")
    with pytest.raises(ImageDecodeError, match="not a JPEG"):
        image_size(tmp_path / "c.png")
    with pytest.raises(ImageDecodeError, match="megapixels"):
        image_size(tmp_path / "b.png", max_pixels=100)
