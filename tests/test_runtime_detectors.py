"""The registry, and the contract that every registered detector keeps."""

import subprocess
import sys
import types

import numpy as np
import pytest

from mien.core.boxes import iou
from mien.core.errors import ConfigError, InputError, MissingExtraError, UnknownNameError
from mien.runtime.detectors import DetectorInfo, DetectorOptions, build_detector, detectors
from mien.runtime.detectors.registry import register
from portrait import BOX, portrait

SEARCHING = sorted(set(detectors()) - {"none"})


@pytest.fixture(scope="module", params=sorted(detectors()))
def built(request):
    return request.param, build_detector(request.param)


def test_the_built_in_detectors_are_registered():
    assert {"mtcnn", "haar", "none"} <= set(detectors())
    assert all(info.name == name for name, info in detectors().items())


def test_faces_have_boxes_in_the_picture_and_falling_scores(built):
    name, detector = built
    image = portrait()
    faces = detector.detect(image)
    assert len(faces) == 1
    assert (faces.boxes >= 0).all()
    assert (faces.boxes <= [512, 512, 512, 512]).all()
    assert (np.diff(faces.scores) <= 0).all()
    assert (faces.tracks == -1).all()
    assert faces.detected.all()
    assert faces.has_landmarks.all() == detectors()[name].landmarks
    assert (faces.scores >= detectors()[name].threshold).all()


def test_the_same_pixels_give_the_same_faces(built):
    _, detector = built
    image = portrait()
    first = detector.detect(image)
    again = detector.detect(np.asfortranarray(image))
    np.testing.assert_array_equal(first.boxes, again.boxes)
    np.testing.assert_array_equal(first.landmarks, again.landmarks)
    backwards = np.ascontiguousarray(image[:, ::-1])[:, ::-1]
    np.testing.assert_array_equal(detector.detect(backwards).boxes, first.boxes)


@pytest.mark.parametrize(
    "size",
    [(0, 0), (0, 50), (50, 0), (1, 1), (1, 3000), (3000, 1), (7, 5000), (13, 13), (20, 9000)],
)
def test_pictures_too_small_or_too_long_hold_no_face(built, size):
    name, detector = built
    faces = detector.detect(np.full((*size, 3), 127, np.uint8))
    assert len(faces) == (name == "none" and min(size) > 0)


@pytest.mark.parametrize(
    "wrong",
    [
        np.zeros((40, 40), np.uint8),
        np.zeros((40, 40, 4), np.uint8),
        np.zeros((40, 40, 1), np.uint8),
        np.zeros((3, 40, 40), np.uint8),
        np.zeros((1, 40, 40, 3), np.uint8),
        np.zeros((40, 40, 3), np.float32),
        np.zeros((40, 40, 3), np.int64),
        [[[0, 0, 0]]],
        None,
    ],
)
def test_anything_but_uint8_rgb_is_refused(built, wrong):
    _, detector = built
    with pytest.raises(InputError, match="uint8"):
        detector.detect(wrong)


@pytest.mark.parametrize("name", SEARCHING)
def test_larger_pictures_are_searched_smaller_but_answered_in_their_own_pixels(name):
    image = portrait().repeat(3, axis=0).repeat(3, axis=1)[:1531, :1520]
    full = build_detector(name, DetectorOptions(long_side=2000)).detect(image)
    less = build_detector(name, DetectorOptions(long_side=600)).detect(image)
    assert len(full) == len(less) == 1
    assert iou(full.boxes, 3 * BOX)[0, 0] > 0.6
    assert iou(full.boxes, less.boxes)[0, 0] > 0.85


@pytest.mark.parametrize("name", SEARCHING)
def test_options_limit_what_is_found(name):
    two = np.concatenate([portrait(), portrait()], axis=1)
    assert len(build_detector(name).detect(two)) == 2
    assert len(build_detector(name, DetectorOptions(max_faces=1)).detect(two)) == 1
    assert not len(build_detector(name, DetectorOptions(threshold=1)).detect(two))
    assert not len(build_detector(name, DetectorOptions(min_face=400)).detect(two))


def test_none_takes_the_picture_for_the_face():
    faces = build_detector("none").detect(np.zeros((48, 36, 3), np.uint8))
    assert faces.boxes.tolist() == [[0, 0, 36, 48]]
    assert faces.scores.tolist() == [1]
    assert not faces.has_landmarks.any()


def test_an_unknown_name_lists_the_near_ones():
    with pytest.raises(UnknownNameError, match="did you mean 'mtcnn'"):
        build_detector("mtcn")


def test_a_name_is_registered_once():
    info = DetectorInfo("mtcnn", "", "", 0.5, landmarks=False, extra=None, licence="MIT")
    before = detectors()
    with pytest.raises(ConfigError, match="already registered"):
        register(info)(lambda options: build_detector("none", options))
    assert detectors() == before


@pytest.mark.parametrize(
    "wrong",
    [
        {"min_face": 0},
        {"min_face": float("nan")},
        {"threshold": 1.1},
        {"threshold": float("nan")},
        {"max_faces": 0},
        {"long_side": 10},
        {"threads": 0},
    ],
)
def test_impossible_options_are_refused(wrong):
    with pytest.raises(ConfigError, match=next(iter(wrong))):
        DetectorOptions(**wrong)


def test_a_typo_in_the_options_is_a_type_error():
    with pytest.raises(TypeError):
        DetectorOptions(minimum_face=40)


@pytest.mark.parametrize("module", [None, types.SimpleNamespace()])
def test_haar_without_opencv_or_with_version_5_says_what_to_install(monkeypatch, module):
    monkeypatch.setitem(sys.modules, "cv2", module)
    with pytest.raises(MissingExtraError, match=r"pip install .*\[haar\]"):
        build_detector("haar")


def test_importing_the_detectors_loads_no_runtime():
    heavy = "{'onnxruntime', 'cv2', 'PIL'}"
    code = f"import sys, mien.runtime.detectors; sys.exit(' '.join({heavy} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stderr.strip() == ""
