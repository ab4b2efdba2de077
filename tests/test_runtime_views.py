"""Several views of a face: their mean, with a calibration of its own."""

from __future__ import annotations

import copy
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from made_bundle import made_bundle, made_splits
from made_pictures import scene
from mien.core.alignment import face_affines, mirrored
from mien.core.errors import BundleError, UnknownNameError
from mien.core.faces import Faces
from mien.core.scores import averaged, softmax
from mien.evaluate import log_probabilities
from mien.runtime import Recognizer
from mien.store.bundle import Bundle, load_bundle
from mien.store.card import FLIP, Averaged, Calibration, parse_card

FACES = Faces([[20, 30, 100, 110], [130, 40, 190, 100], [5, 5, 60, 60]], [0.9, 0.8, 0.7])


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    folder = tmp_path_factory.mktemp("views") / "bundle"
    made_bundle(folder, int8=False)
    made = load_bundle(folder)
    file = made.card.files["fp32"]
    flip = Averaged(Calibration(1.7, 0.35, 0.2), file.views[FLIP].metrics)
    files = {"fp32": replace(file, views={FLIP: flip})}
    return Bundle(made.path, replace(made.card, files=files))


def opened(bundle: Bundle, views: str = "one") -> Recognizer:
    return Recognizer(bundle, detector="none", views=views, threads=1)


def picture() -> np.ndarray:
    return np.random.default_rng(4).integers(0, 256, (160, 240, 3), np.uint8)


def test_flip_is_the_mean_of_a_crop_and_its_mirror_image(bundle: Bundle) -> None:
    image, one = picture(), opened(bundle)
    affines = face_affines(FACES, bundle.card.geometry.box_scale)
    both = [
        one.graph.run([one.graph.region(image, affine) for affine in part])[0]
        for part in (affines, mirrored(affines))
    ]
    assert abs(both[0] - both[1]).max() > 0.01
    mean = np.log((softmax(both[0], one.calibration.temperature)
                   + softmax(both[1], one.calibration.temperature)) / 2)  # fmt: skip
    (reading,) = opened(bundle, FLIP).read_faces([image], [FACES])
    np.testing.assert_allclose(reading.scores.probabilities, softmax(mean, 1.7), atol=1e-6)
    assert reading.scores.threshold == 0.35


def test_a_picture_and_its_mirror_image_are_answered_alike(bundle: Bundle) -> None:
    image = picture()
    boxes = FACES.boxes.copy()
    boxes[:, [0, 2]] = image.shape[1] - boxes[:, [2, 0]]
    turned = Faces(boxes, FACES.scores)
    reader = opened(bundle, FLIP)
    one, other = reader.read_faces([image, np.ascontiguousarray(image[:, ::-1])], [FACES, turned])
    np.testing.assert_allclose(one.scores.probabilities, other.scores.probabilities, atol=1e-4)


def test_no_face_is_no_answer(bundle: Bundle) -> None:
    (reading,) = opened(bundle, FLIP).read_faces([scene()], [Faces.empty()])
    assert len(reading) == 0


def test_evaluation_answers_as_the_recogniser_does(bundle: Bundle) -> None:
    crops = made_splits().images[:9]
    found = np.exp(log_probabilities(opened(bundle), crops, FLIP))
    reader = opened(bundle, FLIP)
    readings = reader.read_all([np.repeat(crop[..., None], 3, axis=2) for crop in crops])
    expected = np.concatenate([reading.scores.probabilities for reading in readings])
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_a_copy_looks_at_the_same_views(bundle: Bundle) -> None:
    copied = copy.copy(opened(bundle, FLIP))
    assert copied.views == FLIP
    assert copied.calibration.temperature == 1.7


def test_bundles_without_its_calibration_and_other_views_are_refused(bundle: Bundle) -> None:
    files = {"fp32": replace(bundle.card.files["fp32"], views={})}
    old = Bundle(bundle.path, replace(bundle.card, files=files))
    with pytest.raises(BundleError, match="mien quantise made --data SRC --out NEW"):
        opened(old, FLIP)
    assert '"views"' not in old.card.to_json()
    with pytest.raises(UnknownNameError, match="flip"):
        opened(bundle, "flop")


def test_an_impossible_calibration_of_views_is_refused(bundle: Bundle) -> None:
    text = bundle.card.to_json()
    assert parse_card(text).files == bundle.card.files
    with pytest.raises(BundleError, match="impossible calibration of fp32, flip"):
        parse_card(text.replace("1.7", "-1.7"))


def test_export_fits_flip_by_its_own_answers(tmp_path: Path) -> None:
    made_bundle(tmp_path / "b", int8=False)
    bundle = load_bundle(tmp_path / "b")
    file, rows = bundle.card.files["fp32"], made_splits().split("PublicTest")
    flip = file.views[FLIP]
    assert flip.calibration.temperature != file.calibration.temperature
    assert flip.metrics[0]["protocol"].startswith("crop and mirror image")
    reader = Recognizer(bundle, detector="none")
    logits = [reader.crop_logits(images) for images in (rows.images, rows.images[:, :, ::-1])]
    mean = averaged(logits, file.calibration.temperature)
    right = (mean.argmax(axis=1) == rows.labels).mean()
    assert flip.metrics[0]["accuracy"] == pytest.approx(right)
