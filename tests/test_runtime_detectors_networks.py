"""The shipped ONNX graphs: what they are made of, and that each does what its name says."""

from pathlib import Path

import numpy as np
import pytest

import mien.runtime.detectors as package
from mien.core.boxes import squared
from mien.runtime.detectors.networks import OUTPUTS, Networks
from portrait import BOX, portrait

WEIGHTS = Path(package.__file__).parent / "weights"
FACE = squared(BOX)


@pytest.fixture(scope="module")
def networks():
    return Networks(threads=1)


@pytest.mark.parametrize("name", OUTPUTS)
def test_graphs_are_plain_onnx_in_one_file(name):
    import onnx

    model = onnx.load(WEIGHTS / f"{name}.onnx", load_external_data=False)
    onnx.checker.check_model(model, full_check=True)
    assert [(o.domain, o.version) for o in model.opset_import] == [("", 18)]
    assert {node.domain for node in model.graph.node} == {""}
    assert not any(t.external_data for t in model.graph.initializer)
    assert tuple(o.name for o in model.graph.output) == OUTPUTS[name]
    licence = {p.key: p.value for p in model.metadata_props}["licence"]
    assert licence.startswith("Apache-2.0" if name == "resize" else "MIT, Copyright (c) 2019")


def test_the_files_are_two_megabytes_and_no_other():
    files = {path.name: path.stat().st_size for path in WEIGHTS.iterdir()}
    assert set(files) == {f"{name}.onnx" for name in OUTPUTS}
    assert sum(files.values()) < 2.1e6


def test_resizing_to_the_same_size_changes_nothing(networks):
    image = portrait()[100:160, 200:290]
    np.testing.assert_array_equal(networks.resize(image, (60, 90)), image)


def test_resizing_averages_without_aliasing(networks):
    stripes = np.zeros((240, 320, 3), np.uint8)
    stripes[:, ::2] = 255
    level = networks.resize(stripes, (60, 80))
    assert level.shape == (60, 80, 3)
    inner = level[:, 1:-1].astype(int)  # at the edge, the edge's own stripe goes on
    assert abs(inner - 127.5).max() <= 1


def test_the_border_repeats_the_edge(networks):
    image = portrait()[:40, :30]
    framed = networks.resize(image, (40, 30), (7, 5))
    np.testing.assert_array_equal(framed, np.pad(image, ((7, 7), (5, 5), (0, 0)), mode="edge"))


def test_pnet_sees_the_face_where_it_is(networks):
    size = (60, 60)  # the face is about 12 pixels wide
    level, probability, offsets = networks.propose(portrait(), size)
    np.testing.assert_array_equal(level, networks.resize(portrait(), size))
    assert probability.shape == (25, 25)
    assert offsets.shape == (25, 25, 4)
    assert probability.min() >= 0
    assert probability.max() <= 1
    row, column = np.unravel_index(probability.argmax(), probability.shape)
    centre = (np.array([column, row]) * 2 + 6) * 512 / 60
    assert abs(centre - (BOX[0, :2] + BOX[0, 2:]) / 2).max() < 25


def test_the_smallest_level_gives_one_window(networks):
    _, probability, _ = networks.propose(portrait(), (12, 12))
    assert probability.shape == (1, 1)


def test_rnet_and_onet_tell_the_face_from_the_rest(networks):
    boxes = np.concatenate([FACE, FACE + 150, [[0, 0, 60, 60]]]).astype(np.float32)
    refined, _ = networks.refine(portrait(), boxes)
    confirmed, _, points = networks.confirm(portrait(), boxes)
    assert refined[0] > 0.95
    assert confirmed[0] > 0.95
    assert refined[1:].max() < 0.5
    assert confirmed[1:].max() < 0.5
    left_eye, right_eye, nose, mouth_left, mouth_right = points[0]
    assert left_eye[0] < nose[0] < right_eye[0]
    assert mouth_left[0] < nose[0] < mouth_right[0]
    assert max(left_eye[1], right_eye[1]) < nose[1] < min(mouth_left[1], mouth_right[1])


@pytest.mark.parametrize("shrink", [2, 4])
def test_a_face_reads_alike_from_a_smaller_level(networks, shrink):
    image = portrait()
    small = networks.resize(image, (512 // shrink, 512 // shrink))
    _, offsets, points = networks.confirm(image, FACE)
    _, small_offsets, small_points = networks.confirm(small, FACE / np.float32(shrink))
    np.testing.assert_allclose(small_offsets, offsets, atol=0.06)
    np.testing.assert_allclose(small_points, points, atol=0.03)


def test_each_box_is_answered_for_itself(networks):
    boxes = np.concatenate([FACE, FACE + 7, FACE - 31]).astype(np.float32)
    together = networks.confirm(portrait(), boxes)
    for i in range(3):
        alone = networks.confirm(portrait(), boxes[i : i + 1])
        for a, b in zip(together, alone, strict=True):
            np.testing.assert_allclose(a[i], b[0], atol=1e-4)


def test_outside_the_picture_is_black(networks):
    image = portrait()[90:]  # cuts off the forehead
    padded = np.pad(image, ((60, 0), (0, 0), (0, 0)))
    box = (FACE - [0, 90, 0, 90]).astype(np.float32)
    inside = (box + [0, 60, 0, 60]).astype(np.float32)
    for a, b in zip(networks.confirm(image, box), networks.confirm(padded, inside), strict=True):
        # Differs only where a sample falls between the last row and the black.
        np.testing.assert_allclose(a, b, atol=0.05)
