"""The Haar cascade: its constants are those of OpenCV's file, its scores order finds."""

from pathlib import Path
from xml.etree import ElementTree

import cv2
import numpy as np
import pytest

from mien.core.boxes import iou
from mien.runtime.detectors import DetectorOptions, build_detector
from mien.runtime.detectors.haar import CASCADE, LAST_STAGE, LAST_STAGE_BEST
from portrait import BOX, group_of_four, portrait


@pytest.fixture(scope="module")
def haar():
    return build_detector("haar")


def test_the_scale_of_the_score_is_that_of_the_last_stage():
    path = Path(cv2.__file__).parent / "data" / CASCADE
    stages = ElementTree.parse(path).getroot().find("cascade").find("stages").findall("_")
    trees = stages[-1].find("weakClassifiers").findall("_")
    best = sum(max(map(float, tree.find("leafValues").text.split())) for tree in trees)
    assert len(stages) == 20
    assert float(stages[-1].find("stageThreshold").text) == pytest.approx(LAST_STAGE)
    assert best == pytest.approx(LAST_STAGE_BEST)


def test_the_portrait_has_one_face(haar):
    faces = haar.detect(portrait())
    assert len(faces) == 1
    assert iou(faces.boxes, BOX)[0, 0] > 0.6
    assert 0.15 < faces.scores[0] < 0.5
    assert np.isnan(faces.landmarks).all()


def test_a_group_is_found(haar):
    image, boxes = group_of_four()
    faces = haar.detect(image)
    assert (iou(boxes, faces.boxes).max(axis=1) > 0.5).all()


def test_a_lower_threshold_finds_no_less():
    image, _ = group_of_four()
    counts = [
        len(build_detector("haar", DetectorOptions(threshold=t)).detect(image))
        for t in (0.0, 0.15, 0.25, 0.4)
    ]
    assert counts == sorted(counts, reverse=True)
    assert counts[-1] == 0
