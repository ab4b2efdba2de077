"""One runner for all who need a graph's outputs, and one way to halve."""

from __future__ import annotations

import numpy as np
import pytest

from made_pictures import scene
from mien.core.alignment import identity_affines
from mien.core.crop import halved
from mien.core.errors import BundleError, InputError
from mien.export import ExportReport
from mien.runtime.graph import BATCH, Graph
from mien.runtime.packing import reduced


@pytest.fixture(scope="module")
def graph(made: ExportReport) -> Graph:
    return Graph(made.bundle.model(), threads=1)


def crops(n: int, side: int = 48) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (n, side, side), np.uint8)


def test_outputs_come_in_the_order_asked_for(graph: Graph) -> None:
    maps, logits = graph.answers(crops(BATCH + 3), ("activation", "logits"))
    assert logits.shape == (BATCH + 3, 7)
    assert maps.shape[:2] == (BATCH + 3, 7)
    np.testing.assert_allclose(maps.mean(axis=(2, 3)), logits, atol=1e-4)
    np.testing.assert_allclose(graph.answers(crops(BATCH + 3)[-1:])[0], logits[-1:], atol=1e-4)


def test_no_crops_no_answers(graph: Graph) -> None:
    logits, maps = graph.answers(crops(0), ("logits", "activation"))
    assert logits.shape == (0, 7)
    assert maps.shape[:2] == (0, 7)


@pytest.mark.parametrize(
    ("given", "affines", "message"),
    [
        (crops(2).astype(float), None, "crops must be uint8"),
        (crops(2)[:, :40], None, "crops must be uint8"),
        (crops(2)[:, :0, :0], None, "1 pixel wide"),
        (crops(2), identity_affines(1), r"affines must be \(2, 2, 3\)"),
    ],
)
def test_what_is_no_crop_is_refused(graph, given, affines, message) -> None:
    with pytest.raises(InputError, match=message):
        graph.answers(given, affines=affines)


def test_what_is_no_model_is_refused() -> None:
    with pytest.raises(BundleError, match="refuses the model"):
        Graph(b"no model")


@pytest.mark.parametrize("size", [(480, 640), (801, 1203)])
def test_numpy_halves_as_the_graph_does(graph: Graph, size: tuple[int, int]) -> None:
    noise = np.random.default_rng(1).integers(0, 256, (*size, 3), np.uint8)
    for picture in (scene(*size), noise):
        assert abs(halved(picture).astype(int) - graph._halved(picture)).max() <= 1
        affine = np.array([[300.0, 40, 390], [-40, 300, 250]])
        (ours, at), (theirs, there) = (
            reduced(picture, affine),
            reduced(picture, affine, graph._halved),
        )
        assert np.array_equal(at, there)
        assert abs(ours.astype(int) - theirs).max() <= 1
