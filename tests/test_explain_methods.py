"""Methods by name, what they refuse, and that a bundle is explained without torch."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from made_bundle import made_network
from made_explainable import SquareModel, bright_square, inside
from mien.core.errors import InputError, UnknownNameError
from mien.explain import METHODS, explain, probabilities, relative
from mien.explain.interface import Explainable
from mien.explain.network import network_model

FRAMES = np.random.default_rng(0).integers(0, 256, (2, 48, 48)).astype(np.uint8)


@pytest.fixture(scope="module")
def network() -> Explainable:
    return network_model(made_network(), "made")


@pytest.mark.parametrize("method", METHODS)
def test_every_method_explains_a_network(method: str, network: Explainable):
    found = explain(network, FRAMES, method)
    assert found.maps.shape == FRAMES.shape
    assert found.maps.dtype == np.float32
    assert found.targets.tolist() == found.probabilities.argmax(axis=1).tolist()
    assert (found.model, found.input_size, len(found)) == ("made", 44, 2)
    assert found.maps.any()
    assert METHODS[method].signed or found.maps.min() >= 0
    other = explain(network, FRAMES, method, targets=(found.targets + 1) % 7)
    assert not np.allclose(found.maps, other.maps)


def test_parts_of_the_activation_add_up_to_the_logit(network: Explainable):
    """A map over 44 x 44 pixels shows each of 36 cells 44 * 44 / 36 times."""
    found = explain(network, FRAMES, "activation")
    logits = network.logits(FRAMES)[[0, 1], found.targets]
    np.testing.assert_allclose(
        found.maps.sum(axis=(1, 2)) * 36 / 44**2, logits, rtol=0.02, atol=0.02
    )


def test_occlusion_and_a_label_of_choice():
    found = explain(SquareModel(), bright_square(), "occlusion")
    assert found.targets.tolist() == [0]
    assert inside(found.maps) > 0.6
    other = explain(SquareModel(), bright_square(), "occlusion", targets=np.array([1]))
    assert other.maps.min() < 0


def test_probabilities_are_calibrated():
    model = SquareModel()
    model.temperature = 4.0
    frames = bright_square()
    z = model.logits(frames)[0].astype(np.float64) / 4
    expected = np.exp(z) / np.exp(z).sum()
    np.testing.assert_allclose(probabilities(model, frames)[0], expected, rtol=1e-6)


@pytest.mark.parametrize("method", [n for n, m in METHODS.items() if m.needs_network])
def test_a_bundle_has_no_gradients(method: str):
    with pytest.raises(
        InputError, match=f"{method} looks into the network, and square is a bundle"
    ):
        explain(SquareModel(), bright_square(), method)


@pytest.mark.parametrize("targets", [[7], [-1], [0, 1], [[0]]])
def test_targets_are_labels(targets: list[int]):
    with pytest.raises(InputError, match="1 targets from 0 to 6"):
        explain(SquareModel(), bright_square(), "occlusion", targets=np.array(targets))


def test_refuses_no_face_and_unknown_methods():
    with pytest.raises(InputError, match="one face or more"):
        explain(SquareModel(), FRAMES[:0], "occlusion")
    with pytest.raises(UnknownNameError, match="did you mean 'gradcam'"):
        explain(SquareModel(), FRAMES, "grad-cam")
    with pytest.raises(InputError, match="no class activation maps"):
        explain(SquareModel(), FRAMES, "activation")


def test_one_outlier_does_not_hide_a_map():
    plain = np.linspace(0, 1, 48 * 48).reshape(48, 48)
    outlier, sparse = plain.copy(), np.zeros((48, 48))
    outlier[0, 0], sparse[3, 4] = 50, 7
    maps = np.stack([plain, outlier, sparse, np.zeros((48, 48))]).astype(np.float32)
    found = relative(maps)
    np.testing.assert_allclose(found[0], (plain / 0.99).clip(0, 1), rtol=1e-3)
    np.testing.assert_allclose(found[1, 1:], found[0, 1:], rtol=1e-2)
    assert found[1, 0, 0] == 1
    assert (found[2].max(), found[2].sum()) == (1, 1)
    assert not found[3].any()


def test_the_package_loads_no_torch():
    code = "import sys; sys.modules['torch'] = None; import mien.explain as e; print(e.NOTICE[:3], "
    code += "'matplotlib' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout.strip()) == (0, "FOR False"), done.stderr
