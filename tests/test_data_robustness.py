"""Degraded crops: what is done to them, and what the table says of a model."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fake_recognizer import FakeRecognizer, some_faces
from mien.core.alignment import identity_affines
from mien.core.errors import InputError
from mien.data.robustness import _CHANGES, _GEOMETRY
from mien.evaluate import evaluate, robustness, write_report

COARSE = np.random.default_rng(0).integers(40, 216, (20, 17, 17), np.uint8)
CROPS = np.stack([np.asarray(Image.fromarray(c).resize((48, 48), 3)) for c in COARSE])


def change(kind: str, strength: str):
    (found,) = (c for k, s, c in _CHANGES if (k, s) == (kind, strength))
    return found


def affine(kind: str, strength: str) -> np.ndarray:
    (found,) = (a for k, s, a in _GEOMETRY if (k, s) == (kind, strength))
    return found


@pytest.mark.parametrize(("kind", "strength"), [(k, s) for k, s, _ in _CHANGES])
def test_every_change_gives_crops_the_same_each_time(kind: str, strength: str) -> None:
    degrade = change(kind, strength)
    before = CROPS.copy()
    first, again = degrade(CROPS), degrade(CROPS)
    assert first.shape == CROPS.shape
    assert first.dtype == np.uint8
    assert np.array_equal(first, again)
    assert np.array_equal(CROPS, before)
    assert not np.array_equal(first, CROPS)


@pytest.mark.parametrize("sd", [5, 10, 20])
def test_noise_has_its_deviation(sd: int) -> None:
    grey = np.full((50, 48, 48), 128, np.uint8)
    assert change("noise", f"sd {sd}")(grey).std() == pytest.approx(sd, rel=0.02)


def test_stronger_means_further_from_the_crop() -> None:
    for kinds in (("noise",), ("JPEG",), ("blur",), ("reduced and back",)):
        distances = [
            abs(c(CROPS) - CROPS.astype(float)).mean() for k, _, c in _CHANGES if k in kinds
        ]
        assert distances == sorted(distances)
        assert distances[0] > 0


def test_blur_keeps_a_flat_crop_and_spreads_a_dot() -> None:
    flat = np.full((1, 48, 48), 77, np.uint8)
    assert np.array_equal(change("blur", "sd 1.5 pixels")(flat), flat)
    dot = np.zeros((1, 48, 48), np.uint8)
    dot[0, 24, 24] = 255
    spread = change("blur", "sd 1 pixels")(dot)[0].astype(float)
    assert spread[24, 24] == pytest.approx(255 * 0.159, abs=2)
    assert np.array_equal(spread, spread.T)


def test_covers_and_light_lie_where_they_are_said_to() -> None:
    mask = change("lower face covered", "rows 29 to 47")(CROPS) == CROPS
    assert mask[:, :29].all()
    band = change("eyes covered", "rows 13 to 22")(CROPS)
    assert (band[:, 13:23] == 128).all()
    lit = change("side light", "to 0.3")(np.full((1, 48, 48), 200, np.uint8))
    assert (lit[0, :, 0], lit[0, :, -1]) == (pytest.approx(200), pytest.approx(60))


def test_geometry_is_of_the_crop() -> None:
    upright = identity_affines(1)[0]
    np.testing.assert_allclose(affine("crop scale", "1.2")[:, :2], 1.2 * upright[:, :2])
    turned = affine("rotation", "+20 degrees")
    np.testing.assert_allclose(np.linalg.det(turned[:, :2]), 24**2, rtol=1e-5)
    np.testing.assert_allclose(turned[:, 2], upright[:, 2])
    assert affine("shift", "-5 pixels")[0, 2] == upright[0, 2] - 5


def test_the_table_counts_points_lost_against_the_untouched() -> None:
    recognizer, faces = FakeRecognizer(), some_faces(70, 7)
    seen: list[tuple[int, int]] = []
    found = robustness(
        recognizer.crop_logits, faces.images, faces.labels, lambda *at: seen.append(at)
    )
    first = found[0]
    assert (first.kind, first.lost, first.n) == ("untouched", 0.0, 70)
    assert first.accuracy == pytest.approx(0.9)
    assert len(found) == 1 + len(_CHANGES) + len(_GEOMETRY)
    for each in found:
        assert each.lost == pytest.approx(first.accuracy - each.accuracy)
    dark = next(each for each in found if each.kind == "dark")
    assert dark.accuracy < 0.3  # the fake answers by brightness
    assert seen[-1] == (70 * len(found), 70 * len(found))


def test_crops_of_another_size_are_refused() -> None:
    with pytest.raises(InputError, match="48"):
        robustness(
            FakeRecognizer().crop_logits, np.zeros((2, 40, 40), np.uint8), np.zeros(2, np.int64)
        )


def test_an_evaluation_holds_it_only_if_asked(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    faces = some_faces(70, 7)
    assert "robustness" not in evaluate(FakeRecognizer(), faces).as_dict()
    result = evaluate(FakeRecognizer(), faces, degraded=True)
    listed = json.loads(json.dumps(result.as_dict()))["robustness"]
    assert listed[0] == {
        "kind": "untouched", "strength": "", "accuracy": result.accuracy, "lost": 0.0, "n": 70,
    }  # fmt: skip
    write_report(result, tmp_path)
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "Degraded crops" in page
    assert "quality 60" in page
    assert (tmp_path / "robustness.png").stat().st_size > 5000
