"""Views are affines: mirrored and moved crops of the same frame, averaged as probabilities."""

from __future__ import annotations

import numpy as np
import pytest

from fake_recognizer import Calibration, FakeRecognizer, made_faces, sampled
from mien.core.errors import InputError, UnknownNameError
from mien.core.scores import softmax
from mien.evaluate import VIEWS, log_probabilities, view_affines
from mien.evaluate.views import BATCH

CROP = np.random.default_rng(0).integers(0, 256, (48, 48)).astype(np.uint8)


def seen_by_the_network(views: str) -> list[np.ndarray]:
    affines = view_affines(views)
    return list(sampled(np.repeat(CROP[None], len(affines), axis=0), affines)[:, 2:-2, 2:-2])


class Sided(FakeRecognizer):
    """Answers by which half of the frame is brighter, so that mirroring matters."""

    def crop_logits(self, frames, affines=None):
        seen = frames if affines is None else sampled(frames, affines)
        halves = seen[:, :, :24].mean(axis=(1, 2)), seen[:, :, 24:].mean(axis=(1, 2))
        return np.stack([*halves, *[np.zeros(len(seen))] * 5], axis=1).astype(np.float32) / 50


def test_one_view_is_the_frame_itself():
    assert view_affines("one").tolist() == [[[24, 0, 23.5], [0, 24, 23.5]]]
    assert view_affines("one").dtype == np.float32


def test_flip_adds_the_mirror_image():
    plain, mirrored = seen_by_the_network("flip")
    np.testing.assert_array_equal(plain, CROP[2:-2, 2:-2])
    np.testing.assert_array_equal(mirrored, CROP[2:-2, 2:-2][:, ::-1])


def test_ten_crops_are_centre_and_corners_with_their_mirror_images():
    offsets = [(2, 2), (0, 0), (0, 4), (4, 0), (4, 4)]
    crops = [CROP[y : y + 44, x : x + 44] for y, x in offsets]
    expected = crops + [crop[:, ::-1] for crop in crops]
    found = seen_by_the_network("tencrop")
    assert len(found) == 10
    assert {v.tobytes() for v in found} == {np.ascontiguousarray(v).tobytes() for v in expected}


def test_an_unknown_name_is_refused():
    assert VIEWS == ("one", "flip", "tencrop")
    with pytest.raises(UnknownNameError, match="did you mean 'tencrop'"):
        view_affines("ten-crop")


def test_one_view_is_the_softmax_at_the_cards_temperature():
    recognizer = FakeRecognizer(calibration=Calibration(temperature=2.5))
    images = made_faces([0, 3, 6]).images
    expected = softmax(recognizer.crop_logits(images), 2.5)
    np.testing.assert_allclose(np.exp(log_probabilities(recognizer, images)), expected)


@pytest.mark.parametrize("views", ["flip", "tencrop"])
def test_views_are_averaged_as_probabilities(views):
    recognizer = Sided(calibration=Calibration(temperature=0.7))
    images = np.random.default_rng(1).integers(0, 256, (5, 48, 48)).astype(np.uint8)
    each = [
        softmax(recognizer.crop_logits(images, np.repeat(a[None], 5, axis=0)), 0.7)
        for a in view_affines(views)
    ]
    found = np.exp(log_probabilities(recognizer, images, views))
    np.testing.assert_allclose(found, np.mean(each, axis=0), rtol=1e-6)
    np.testing.assert_allclose(found.sum(axis=1), 1)


@pytest.mark.parametrize("views", ["flip", "tencrop"])
def test_a_frame_and_its_mirror_image_get_one_answer(views):
    images = np.random.default_rng(2).integers(0, 256, (4, 48, 48)).astype(np.uint8)
    mirrored = np.ascontiguousarray(images[:, :, ::-1])
    one, other = (log_probabilities(Sided(), i, views) for i in (images, mirrored))
    np.testing.assert_allclose(one, other, rtol=1e-6)
    assert not np.allclose(*(log_probabilities(Sided(), i) for i in (images, mirrored)))


def test_very_unlikely_labels_keep_finite_logs():
    recognizer = FakeRecognizer(width=0.01)
    found = log_probabilities(recognizer, made_faces([0, 6]).images, "flip")
    assert np.isfinite(found).all()
    assert found.min() < -1000


def test_rows_go_in_batches_and_are_counted():
    recognizer, seen = FakeRecognizer(), []
    faces = made_faces(np.arange(BATCH + 3) % 7)
    found = log_probabilities(recognizer, faces.images, "flip", lambda *at: seen.append(at))
    assert recognizer.calls == [BATCH, BATCH, 3, 3]
    assert seen == [(BATCH, BATCH + 3), (BATCH + 3, BATCH + 3)]
    assert found.argmax(axis=1).tolist() == faces.labels.tolist()


@pytest.mark.parametrize(
    "frames", [np.zeros((2, 48, 48)), np.zeros((48, 48), np.uint8), np.zeros((1, 44, 44), np.uint8)]
)
def test_other_frames_are_refused(frames):
    with pytest.raises(InputError, match="end to end"):
        log_probabilities(FakeRecognizer(), frames)


@pytest.mark.parametrize("logits", [np.zeros((2, 6)), np.zeros((1, 7)), np.full((2, 7), np.nan)])
def test_damaged_logits_are_refused(logits):
    with pytest.raises(InputError, match=r"fake must give finite logits of shape \(2, 7\)"):
        log_probabilities(FakeRecognizer(failure=logits), made_faces([1, 2]).images)
