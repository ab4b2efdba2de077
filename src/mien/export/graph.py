"""From a network to the bytes of a bundle's graph, and from fp32 to int8."""

from __future__ import annotations

import logging
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from mien.core.alignment import identity_affines
from mien.core.errors import ExportError
from mien.models import ExpressionNet, FaceCrop
from mien.runtime.packing import cut, pack
from mien.runtime.session import load_onnxruntime
from mien.store.card import OUTPUTS
from mien.store.saturation import LARGEST, largest_pair_sum

OPSET = 18  # GridSample came with 16, antialiased Resize (the detector's) with 18
CALIBRATION_BATCH = 32


class BundleGraph(nn.Module):
    """Crop and network as one graph: picture region and affines in, named outputs out."""

    def __init__(self, network: ExpressionNet) -> None:
        super().__init__()
        self.crop = FaceCrop()
        self.network = network

    def forward(self, image: Tensor, affine: Tensor) -> tuple[Tensor, ...]:
        """The network's outputs, those it does not have left out, in the order of ``OUTPUTS``."""
        answers = self.network(self.crop(image, affine))
        return tuple(answer for answer in answers if answer is not None)


def output_names(network: ExpressionNet) -> tuple[str, ...]:
    """Names of the graph's outputs, in order."""
    absent = {"votes"} if network.vote_head is None else set[str]()
    if network.neck is not None:
        absent.add("activation")
    return tuple(name for name in OUTPUTS if name not in absent)


def to_onnx(network: ExpressionNet) -> bytes:
    """Export crop and network, weights inside, without traces of this machine.

    Args:
        network: Any network of ``mien.models``; it is put into evaluation mode.
    """
    graph = BundleGraph(network).eval()
    image = torch.zeros(64, 80, 3, dtype=torch.uint8)
    affine = torch.from_numpy(identity_affines(2))
    sizes = {"image": {0: "H", 1: "W"}, "affine": {0: "N"}}
    dims = {
        name: {
            axis: torch.export.Dim(dim, min=1 if dim == "N" else 2) for axis, dim in axes.items()
        }
        for name, axes in sizes.items()
    }
    with _quiet():
        program = torch.onnx.export(
            graph,
            (image, affine),
            dynamo=True,
            external_data=False,
            opset_version=OPSET,
            input_names=list(sizes),
            output_names=list(output_names(network)),
            dynamic_shapes=dims,
            verbose=False,
        )
    if program is None:  # torch's signature allows it for other modes
        raise RuntimeError("torch.onnx.export returned no program")
    return _stripped(program.model_proto)


@contextmanager
def _quiet() -> Iterator[None]:
    """Silence notes of the exporter (torchvision, deprecations) and of the quantiser.

    The quantiser logs through the root logger and so installs a handler there, which is undone.
    """
    handlers, disabled = logging.root.handlers[:], logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(disabled)
        logging.root.handlers[:] = handlers


def _stripped(model: onnx.ModelProto) -> bytes:
    """Drop source lines, class names and value shapes: paths of this machine, and size."""
    model.doc_string = ""
    model.producer_name = "mien"
    model.producer_version = ""
    del model.metadata_props[:]
    del model.graph.metadata_props[:]
    model.graph.doc_string = ""
    del model.graph.value_info[:]
    for part in (*model.graph.node, *model.graph.input, *model.graph.output):
        part.doc_string = ""
        del part.metadata_props[:]
    for tensor in model.graph.initializer:
        del tensor.metadata_props[:]
    onnx.checker.check_model(model, full_check=True)
    return model.SerializeToString(deterministic=True)


class _Crops:
    """Calibration crops for ONNX Runtime's quantiser, in batches."""

    def __init__(self, crops: NDArray[np.uint8]) -> None:
        self.batches = iter(range(0, len(crops), CALIBRATION_BATCH))
        self.crops = crops

    def get_next(self) -> dict[str, NDArray[np.generic]] | None:
        """The next batch as graph inputs, None at the end (the quantiser's protocol)."""
        start = next(self.batches, None)
        if start is None:
            return None
        crops = self.crops[start : start + CALIBRATION_BATCH]
        affine = identity_affines(1)[0]
        canvases, _ = pack([cut(np.repeat(c[..., None], 3, axis=2), affine) for c in crops])
        return {"image": canvases[0].image, "affine": canvases[0].affines}


def to_int8(model: bytes, crops: NDArray[np.uint8]) -> bytes:
    """Quantise the convolutions of the trunk (QDQ, U8 activations, S8 weights, per channel).

    Weights stay within +-64, so that CPUs without VNNI answer as the others do (decision 0012).
    The value range of an activation is the mean of its ranges over batches of 32 crops: half the
    divergence from fp32 that the range over all of them has, since rare values do not widen it.

    The crop, the coordinates and the two heads stay in float: the heads cost nothing, and so
    ``activation`` still averages to ``logits``. A shortcut's pooling and 1x1 convolution stay in
    float too: ONNX Runtime's integer pooling costs more than they do.

    Args:
        model: The fp32 graph.
        crops: ``(N, 48, 48)`` uint8 crops of Training, from which value ranges are taken.

    Raises:
        ExportError: If a sum of two products could leave 16 bits all the same.
    """
    load_onnxruntime()  # its telemetry is settled before any part of it is imported
    from onnxruntime.quantization import CalibrationMethod, QuantFormat, QuantType, quantize_static

    nodes = onnx.load_from_string(model).graph.node
    pooled = {name for node in nodes if node.op_type == "AveragePool" for name in node.output}
    trunk = [node.name for node in nodes if _in_trunk(node) and node.input[0] not in pooled]
    with tempfile.TemporaryDirectory() as folder, _quiet():
        source, target = Path(folder) / "fp32.onnx", Path(folder) / "int8.onnx"
        source.write_bytes(model)
        quantize_static(
            source,
            target,
            _Crops(crops),  # type: ignore[arg-type] - a reader by protocol, not by inheritance
            quant_format=QuantFormat.QDQ,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            per_channel=True,
            reduce_range=True,  # weights within +-64
            nodes_to_quantize=trunk,
            calibrate_method=CalibrationMethod.MinMax,
            extra_options={"CalibMovingAverage": True},
        )
        quantised = _stripped(onnx.load(target))
    check_sums(quantised)
    return quantised


def check_sums(model: bytes) -> None:
    """Refuse an int8 graph that CPUs without VNNI would answer otherwise than the others.

    Raises:
        ExportError: If a sum of two neighbouring products can leave 16 bits.
    """
    largest = largest_pair_sum(model)
    if largest > LARGEST:
        raise ExportError(
            f"a sum of two int8 products can reach {largest:,}, CPUs without VNNI hold "
            f"{LARGEST:,}: they would answer worse; quantise from the fp32 graph again, with "
            "weights within +-64"
        )


def _in_trunk(node: onnx.NodeProto) -> bool:
    return node.op_type == "Conv" and node.output[0] not in OUTPUTS
