"""Sums of int8 products that 16 bits cannot hold are found in the graph alone."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from mien.core.errors import BundleError, ExportError, MienWarning
from mien.runtime import Recognizer
from mien.runtime.session import open_session, run
from mien.store import saturation
from mien.store.bundle import load_bundle, open_bundle
from mien.store.saturation import LARGEST, largest_pair_sum, saturates

WEIGHTS = np.zeros((4, 3, 3, 3), np.int8)
"""Four channels whose worst pairs are all 128."""
WEIGHTS[:, 0, 0, 0] = WEIGHTS[:, 2, 2, 2] = 64


def graph(
    weights: np.ndarray,
    *,
    operator: str = "Conv",
    activation: int = TensorProto.UINT8,
    raw: bool = True,
) -> bytes:
    """One convolution or matrix product between Q/DQ nodes."""
    kind = np.uint8 if activation == TensorProto.UINT8 else np.int8
    tensors = [numpy_helper.from_array(np.float32(0.1), "scale")]
    tensors.append(numpy_helper.from_array(np.array(0, kind), "zero"))
    if raw:
        tensors.append(numpy_helper.from_array(weights, "weights"))
    else:
        kept = helper.make_tensor("weights", TensorProto.INT8, weights.shape, weights.ravel())
        tensors.append(kept)
    nodes = [
        helper.make_node("QuantizeLinear", ["x", "scale", "zero"], ["q"]),
        helper.make_node("DequantizeLinear", ["q", "scale", "zero"], ["dq"]),
        helper.make_node("DequantizeLinear", ["weights", "scale"], ["w"]),
        helper.make_node(operator, ["dq", "w"], ["y"]),
    ]
    shapes = [None] * (4 if operator == "Conv" else 2)
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, shapes) for name in "xy"]
    made = helper.make_graph(nodes, "made", ends[:1], ends[1:], tensors)
    return helper.make_model(
        made, opset_imports=[helper.make_opsetid("", 18)], ir_version=10
    ).SerializeToString()


@pytest.mark.parametrize("raw", [True, False], ids=["raw", "numbers"])
def test_the_worst_pair_of_one_channel_counts(raw: bool) -> None:
    assert largest_pair_sum(graph(WEIGHTS, raw=raw)) == 255 * 128 == 32_640
    worse = WEIGHTS.copy()
    worse[3, 1, 1, 1] = 65
    assert largest_pair_sum(graph(worse, raw=raw)) == 255 * 129
    assert largest_pair_sum(graph(-worse, raw=raw)) == 255 * 129
    assert not saturates(graph(WEIGHTS, raw=raw))
    assert saturates(graph(worse, raw=raw))


def test_weights_of_two_channels_are_never_neighbours() -> None:
    apart = np.zeros((2, 1, 3, 3), np.int8)
    apart[:, 0, 1, 1] = 127, -127
    assert largest_pair_sum(graph(apart)) == 255 * 127 <= LARGEST


def test_of_a_matrix_product_any_two_weights_count() -> None:
    assert largest_pair_sum(graph(np.int8([[100, 3], [4, 50]]), operator="MatMul")) == 255 * 150


def test_opposite_signs_do_not_add_up() -> None:
    assert largest_pair_sum(graph(np.int8([[120, -120]]), operator="MatMul")) == 255 * 120


def test_signed_activations_cannot_saturate() -> None:
    full = np.full((1, 1, 3, 3), 127, np.int8)
    assert saturates(graph(full))
    assert largest_pair_sum(graph(full, activation=TensorProto.INT8)) == 0


@pytest.mark.parametrize("operator", ["QLinearConv", "ConvInteger"])
def test_integer_operators_count_too(operator: str) -> None:
    full = numpy_helper.from_array(np.full((1, 1, 3, 3), 127, np.int8), "weights")
    inputs = {
        "QLinearConv": ["x", "s", "zero", "weights", "s", "wz", "s", "zero"],
        "ConvInteger": ["x", "weights", "zero"],
    }[operator]
    made = helper.make_graph(
        [helper.make_node(operator, inputs, ["y"])],
        "made",
        [],
        [],
        [full, numpy_helper.from_array(np.uint8(0), "zero")],
    )
    assert largest_pair_sum(helper.make_model(made).SerializeToString()) == 255 * 254


def test_weights_that_are_quantised_when_loaded_are_not_proved() -> None:
    model = onnx.load_from_string(graph(WEIGHTS))
    kept = model.graph.initializer[2]
    kept.CopyFrom(numpy_helper.from_array(np.zeros(WEIGHTS.shape, np.float32), "floats"))
    quantise = helper.make_node("QuantizeLinear", ["floats", "scale"], ["weights"])
    model.graph.node.insert(0, quantise)
    assert saturates(model.SerializeToString())


def test_floats_have_no_sums() -> None:
    assert largest_pair_sum(open_bundle("default").model("fp32")) == 0


def test_damage_is_an_error() -> None:
    with pytest.raises(BundleError, match="cut off"):
        largest_pair_sum(graph(WEIGHTS)[:-20])


def full_range(model: bytes) -> bytes:
    """The same graph as older versions wrote it: int8 weights up to +-127."""
    found = onnx.load_from_string(model)
    scales = {node.input[0]: node.input[1] for node in found.graph.node if len(node.input) > 1}
    tensors = {tensor.name: tensor for tensor in found.graph.initializer}
    for tensor in found.graph.initializer:
        values = numpy_helper.to_array(tensor)
        if values.dtype == np.int8 and values.ndim == 4:
            scale = tensors[scales[tensor.name]]
            halved = (numpy_helper.to_array(scale) * np.float32(64 / 127)).astype(np.float32)
            scale.CopyFrom(numpy_helper.from_array(halved, scale.name))
            wide = np.round(values * (127 / 64)).clip(-127, 127).astype(np.int8)
            tensor.CopyFrom(numpy_helper.from_array(wide, tensor.name))
    return found.SerializeToString()


@pytest.fixture(scope="module")
def old(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shipped bundle with int8 weights of the full range."""
    shipped = open_bundle("default")
    folder = tmp_path_factory.mktemp("old") / "bundle"
    shutil.copytree(shipped.path, folder)
    data = full_range(shipped.model("int8"))
    (folder / "model.int8.onnx").write_bytes(data)
    card = (folder / "card.json").read_text(encoding="utf-8")
    card = card.replace(shipped.card.files["int8"].sha256, hashlib.sha256(data).hexdigest())
    (folder / "card.json").write_text(card, encoding="utf-8")
    return folder


def test_the_shipped_bundle_is_alike_on_every_cpu_and_says_so() -> None:
    bundle = open_bundle("default")
    largest = largest_pair_sum(bundle.model("int8"))
    assert 255 * 64 < largest <= LARGEST
    assert bundle.card.files["int8"].metrics[0]["largest_pair_sum"] == largest


def test_a_bundle_that_is_opened_is_proved_once(monkeypatch: pytest.MonkeyPatch) -> None:
    proved: list[int] = []

    def counted(model: bytes) -> int:
        proved.append(len(model))
        return largest_pair_sum(model)

    monkeypatch.setattr(saturation, "largest_pair_sum", counted)
    saturates.cache_clear()
    Recognizer("default", precision="int8", detector="none")
    assert proved == [(open_bundle("default").path / "model.int8.onnx").stat().st_size]


def test_weights_of_the_full_range_are_refused_by_export(old: Path) -> None:
    pytest.importorskip("torch")
    from mien.export.graph import check_sums

    with pytest.raises(ExportError, match="weights within"):
        check_sums((old / "model.int8.onnx").read_bytes())


def test_an_old_bundle_warns_and_still_answers_as_fp32_does(old: Path) -> None:
    # On a CPU without VNNI this fails where the sums saturate; elsewhere it cannot.
    with pytest.warns(MienWarning, match="without VNNI.*mien quantise"):
        quantised = Recognizer(load_bundle(old), precision="int8", detector="none", threads=1)
    exact = Recognizer("default", detector="none", threads=1)
    crops = np.random.default_rng(0).integers(0, 256, (8, 6, 6), np.uint8)
    crops = crops.repeat(8, axis=1).repeat(8, axis=2)
    np.testing.assert_allclose(quantised.crop_logits(crops), exact.crop_logits(crops), atol=0.4)


def test_a_session_of_full_range_weights_adds_exactly() -> None:
    full = np.full((1, 8, 3, 3), 127, np.int8)
    session = open_session(graph(full), threads=1)
    image = np.full((1, 8, 8, 8), 25.5, np.float32)
    (answer,) = run(session, ["y"], {"x": image})
    np.testing.assert_allclose(answer, 8 * 9 * 25.5 * 12.7, rtol=1e-5)
