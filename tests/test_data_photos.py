"""From listed photos to faces: which face a label is about, and what is left out."""

from __future__ import annotations

import numpy as np
import pytest

from faces_made import save_picture
from made_pictures import scene
from mien.core.alignment import box_affines, face_affines
from mien.core.crop import cropped
from mien.core.errors import DataError
from mien.core.faces import Faces
from mien.core.labels import fer7
from mien.data.crops.photos import crop_photos, read_photos
from mien.data.readers.listing import Photo

LARGE, SMALL = [10.0, 10.0, 60.0, 60.0], [70.0, 5.0, 95.0, 30.0]
EYES = np.array([[[25, 30], [45, 31], [35, 40], [27, 50], [44, 50]]], np.float32)


class Finder:
    """Finds what it was told, and counts how often it is asked."""

    def __init__(self, *boxes: list[float], landmarks: np.ndarray | None = None) -> None:
        self.faces = Faces(boxes, [0.9] * len(boxes), landmarks) if boxes else Faces.empty()
        self.calls = 0

    def __call__(self, image: np.ndarray) -> Faces:
        self.calls += 1
        return self.faces


@pytest.fixture
def picture(tmp_path):
    return save_picture(tmp_path / "a.png", scene(80, 100))


def test_the_largest_face_is_taken_with_its_landmarks(picture):
    landmarks = np.concatenate([np.full((1, 5, 2), np.nan), EYES]).astype(np.float32)
    find = Finder(SMALL, LARGE, landmarks=landmarks)
    faces, missed, _ = crop_photos([Photo(picture, 3, "all", "who")], picture.parent, fer7, find)
    assert missed == ()
    expected = cropped(scene(80, 100), face_affines(find.faces[1])[0])
    assert np.array_equal(faces.images[0], expected)
    assert (faces.labels.tolist(), faces.subjects.tolist()) == ([3], ["who"])
    assert faces.names.tolist() == ["a.png"]


def test_damaged_pictures_are_told_and_the_others_cut(picture, tmp_path):
    (tmp_path / "b.png").write_bytes(b"broken")
    listed = [Photo(tmp_path / "b.png", 0, "all"), Photo(picture, 1, "all")]
    counted = []
    faces, missed, damaged = crop_photos(
        listed, tmp_path, fer7, Finder(LARGE), lambda *done: counted.append(done)
    )
    assert (faces.labels.tolist(), missed) == ([1], ())
    assert list(damaged) == ["b.png"]
    assert counted == [(1, 2), (2, 2)]


def test_a_box_chooses_the_face_that_overlaps_it(picture):
    near, nobody = (68.0, 4.0, 96.0, 32.0), (0.0, 60.0, 15.0, 75.0)
    find, counted = Finder(LARGE, SMALL), []
    listed = [Photo(picture, 0, "all", "", near, "0"), Photo(picture, 1, "all", "", nobody, "1")]
    faces, missed, _ = crop_photos(
        listed, picture.parent, fer7, find, lambda *done: counted.append(done)
    )
    assert missed == ()
    image = scene(80, 100)
    assert np.array_equal(faces.images[0], cropped(image, box_affines([SMALL])[0]))
    assert np.array_equal(faces.images[1], cropped(image, box_affines([nobody])[0]))
    assert faces.names.tolist() == ["a.png#0", "a.png#1"]
    assert find.calls == 1
    assert counted == [(1, 2), (2, 2)]


def test_photos_without_a_face_are_left_out_and_told(picture, tmp_path):
    other = save_picture(tmp_path / "b.png", scene(10, 10))
    listed = [Photo(other, 1, "all"), Photo(picture, 2, "all")]

    def find(image: np.ndarray) -> Faces:
        return Finder(LARGE).faces if len(image) > 20 else Faces.empty()

    faces, missed, _ = crop_photos(listed, tmp_path, fer7, find)
    assert (faces.labels.tolist(), missed) == ([2], ("b.png",))
    with pytest.raises(DataError, match="no face was found in 2 pictures"):
        crop_photos(listed, tmp_path, fer7, Finder())


def test_an_annotated_box_is_read_without_a_detector(picture):
    listed = [Photo(picture, 0, "all", "", (10.0, 10.0, 60.0, 60.0)), Photo(picture, 1, "all")]
    faces = read_photos(listed, picture.parent, fer7, 48)
    assert np.array_equal(faces.images[0], cropped(scene(80, 100), box_affines([LARGE])[0]))
    assert not np.array_equal(faces.images[0], faces.images[1])
    assert faces.subjects is None


def test_damaged_pictures_are_named(tmp_path):
    (tmp_path / "x.png").write_bytes(b"\x89PNG")
    with pytest.raises(DataError, match=r"x\.png'"):
        crop_photos([Photo(tmp_path / "x.png", 0, "all")], tmp_path, fer7, Finder(LARGE))
