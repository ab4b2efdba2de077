"""Averages, mistakes and contradictions of a model whose reasons are known."""

from __future__ import annotations

import numpy as np
import pytest

from faces_made import made_faces
from made_explainable import SQUARE, SquareModel, bright_square, inside
from mien.core.errors import InputError, UnknownNameError
from mien.core.labels import ferplus8
from mien.explain import average_maps, confident_mistakes, contradictory_twins


def faces(labels: list[int], levels: list[int], splits: list[str] | None = None):
    """Rows whose square is as bright as ``levels``; equal levels are byte-identical."""
    noise = np.random.default_rng(3).integers(-5, 6, (48, 48))
    images = np.repeat(120 + noise[None], len(levels), axis=0)
    images[:, *SQUARE] = np.array(levels)[:, None, None]
    return made_faces(labels, splits, images=images.astype(np.uint8))


def test_averages_are_of_the_rows_answered_rightly():
    rows = faces([0, 0, 1, 0, 2], [200, 220, 40, 60, 210])  # the fourth and fifth are wrong
    found = average_maps(SquareModel(), rows, "occlusion")
    assert [one.count for one in found.classes] == [2, 1, 0, 0, 0, 0, 0]
    bright, dark, none = found.classes[:3]
    assert bright.label == "angry"
    np.testing.assert_array_equal(bright.face, rows.images[:2].mean(axis=0))
    np.testing.assert_array_equal(dark.face, rows.images[2])
    assert inside(bright.map[None]) > 0.6
    assert bright.map.max() > 0
    assert np.isnan(none.map).all()
    assert np.isnan(none.face).all()
    assert (found.model, found.source, found.method.name) == (
        "square",
        "made (Training)",
        "occlusion",
    )


def test_labels_are_thinned_evenly():
    levels = list(range(150, 250))
    rows = faces([0] * 100, levels)
    (bright, *_) = average_maps(SquareModel(), rows, "occlusion", per_class=3).classes
    assert bright.count == 3
    expected = rows.images[[0, 50, 99]].mean(axis=0, dtype=np.float32)  # 49.5 rounds to even
    np.testing.assert_array_equal(bright.face, expected)


def test_an_average_of_one_face_is_its_own_map():
    from made_bundle import made_network
    from mien.explain import explain, relative
    from mien.explain.network import network_model

    model = network_model(made_network(), "made")
    frame = bright_square()
    answer = int(model.logits(frame).argmax())
    found = average_maps(model, made_faces([answer], images=frame), "gradcam").classes[answer]
    whole = explain(model, frame, "gradcam").maps
    np.testing.assert_allclose(found.map, relative(whole)[0], rtol=1e-5)


def test_the_surest_mistakes_come_first():
    rows = faces([0, 1, 0, 1, 2], [200, 250, 100, 190, 30])
    found = confident_mistakes(SquareModel(), rows)
    assert [(m.row, m.truth, m.answer) for m in found] == [
        (1, "disgust", "angry"), (4, "fear", "disgust"), (3, "disgust", "angry"),
        (2, "angry", "disgust"),
    ]  # fmt: skip
    sure = [m.probability for m in found]
    assert sure == sorted(sure, reverse=True)
    assert confident_mistakes(SquareModel(), rows, count=2) == found[:2]
    assert confident_mistakes(SquareModel(), rows[:1]) == []


def test_twins_with_the_most_labels_come_first():
    levels = [10, 10, 20, 20, 20, 30, 30, 30, 40, 40, 250]
    labels = [0, 1, 3, 3, 4, 0, 1, 2, 5, 5, 6]
    splits = ["Training", "PublicTest"] + ["Training"] * 9
    found = contradictory_twins(SquareModel(), faces(labels, levels, splits))
    assert [one.rows for one in found] == [(5, 6, 7), (2, 3, 4), (0, 1)]
    assert found[0].labels == ("angry", "disgust", "fear")
    assert found[2].splits == ("Training", "PublicTest")
    assert found[0].answer == "disgust"
    assert 0 < found[0].probability <= 1
    assert contradictory_twins(SquareModel(), faces([0, 1], [1, 2])) == []


def test_refusals():
    rows = faces([0], [1])
    with pytest.raises(InputError, match="count must be 1"):
        confident_mistakes(SquareModel(), rows, count=0)
    with pytest.raises(InputError, match="per_class must be 1"):
        average_maps(SquareModel(), rows, "occlusion", per_class=0)
    with pytest.raises(UnknownNameError, match="method"):
        average_maps(SquareModel(), rows, "layers")
    with pytest.raises(InputError, match="labelled in ferplus8"):
        contradictory_twins(SquareModel(ferplus8), rows)
