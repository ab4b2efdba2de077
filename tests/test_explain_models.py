"""A bundle and its network explain alike, whatever the outputs of the graph."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from torch import nn

from made_bundle import made_network
from mien.core.alignment import face_affines
from mien.core.errors import InputError
from mien.core.faces import Faces
from mien.core.labels import fer7
from mien.explain import bundle_model, explain, face_crops, probabilities
from mien.explain.interface import Explainable
from mien.explain.network import network_model
from mien.export import ExportReport
from mien.models import ExpressionNet, NetworkOptions, build
from mien.runtime import Recognizer
from portrait import BOX, LANDMARKS, portrait

FRAMES = np.random.default_rng(0).integers(0, 256, (70, 48, 48)).astype(np.uint8)


@pytest.fixture(scope="module")
def recognizer(made: ExportReport) -> Recognizer:
    return Recognizer(made.bundle, detector="none", threads=1)


@pytest.fixture(scope="module")
def bundle(recognizer: Recognizer) -> Explainable:
    return bundle_model(recognizer)


@pytest.fixture(scope="module")
def network() -> Explainable:
    return network_model(made_network(), "made")


def test_bundle_and_network_say_the_same_of_themselves(bundle, network, recognizer):
    assert (bundle.name, bundle.labels) == (network.name, network.labels)
    assert bundle.geometry == network.geometry
    assert bundle.temperature == recognizer.calibration.temperature
    assert network.temperature is None  # fitted at export only
    assert bundle.network is None


def test_class_maps_of_the_graph_are_the_networks(bundle, network):
    """70 frames: more than a batch, and regions that are packed in another order."""
    found = bundle.class_maps(FRAMES)
    assert found.shape == (70, 7, 6, 6)
    np.testing.assert_allclose(found, network.class_maps(FRAMES), atol=1e-3)
    np.testing.assert_allclose(found.mean(axis=(2, 3)), bundle.logits(FRAMES), atol=1e-3)


def test_logits_and_maps_agree(bundle, network):
    np.testing.assert_allclose(bundle.logits(FRAMES), network.logits(FRAMES), atol=1e-3)
    one, other = (explain(m, FRAMES[:1], "activation").maps for m in (bundle, network))
    np.testing.assert_allclose(one, other, atol=1e-3)


def test_int8_is_explained_too(made: ExportReport):
    model = bundle_model(Recognizer(made.bundle, precision="int8", detector="none", threads=1))
    found = model.class_maps(FRAMES[:2])
    np.testing.assert_allclose(found.mean(axis=(2, 3)), model.logits(FRAMES[:2]), atol=1e-3)


def test_no_frames(bundle, network):
    for model in (bundle, network):
        assert model.logits(FRAMES[:0]).shape == (0, 7)
        with pytest.raises(InputError, match="got none"):
            model.class_maps(FRAMES[:0])


def test_without_activation_another_method_is_named(recognizer, monkeypatch):
    card = replace(recognizer.card, outputs=("logits", "features"))
    monkeypatch.setattr(Recognizer, "card", card)
    with pytest.raises(InputError, match="outputs are logits, features: use another method"):
        bundle_model(recognizer).class_maps(FRAMES[:1])
    necked = ExpressionNet(
        nn.Conv2d(1, 2, 3), width=2, labels=fer7, votes=False, input_size=44, dropout=0.0,
        neck=nn.Sequential(nn.AdaptiveMaxPool2d(1), nn.Flatten()),
    )  # fmt: skip
    with pytest.raises(InputError, match="use another method, such as gradcam"):
        network_model(necked, "necked").class_maps(FRAMES[:1])


def test_large_pictures_are_answered_a_few_at_a_time():
    network = build("nano", options=NetworkOptions(input_size=128)).eval()
    seen: list[int] = []
    network.register_forward_hook(lambda _net, given, _out: seen.append(len(given[0])))
    found = network_model(network, "large").logits(FRAMES)
    assert seen == [16] * 4 + [6]
    assert found.shape == (70, 7)


def test_a_network_is_put_into_evaluation_mode():
    network = made_network().train()
    assert not network_model(network, "made").network.training


@pytest.mark.parametrize("scale", [1, 6])
def test_the_frame_of_a_photo_is_answered_as_the_photo(scale: int):
    """At scale 6 a frame pixel covers 15 picture pixels, so that the picture is halved twice."""
    picture = np.repeat(np.repeat(portrait(), scale, axis=0), scale, axis=1)
    faces = Faces(BOX * scale, [1.0], LANDMARKS[None] * scale)
    recognizer = Recognizer("default", detector="none", threads=1)
    model = bundle_model(recognizer)
    affines = face_affines(faces, model.geometry.box_scale, model.geometry.template)
    frames = face_crops(picture, affines, model.geometry.samples)
    expected = recognizer.read_faces([picture], [faces])[0].scores.probabilities
    assert expected[0].argmax() == model.labels.index("happy")
    np.testing.assert_allclose(probabilities(model, frames), expected, atol=0.01)
