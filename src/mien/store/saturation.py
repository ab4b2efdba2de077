"""Whether an int8 graph answers alike on every CPU, proved from the graph alone.

CPUs without VNNI multiply unsigned 8-bit activations by signed 8-bit weights in pairs and add the
two products in 16 bits (``vpmaddubsw``); a sum beyond 32,767 saturates. ONNX Runtime's kernels do
so on x86-64. Weights of +-127 saturate there and lost three points of accuracy (docs/results.md).
Which weights become neighbours depends on the kernel, so the bound here takes the two of one
output channel that are worst together: 255 x (w1 + w2). Weights within +-64 can never pass it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from math import prod

import numpy as np
from numpy.typing import NDArray

from mien.store.onnx_wire import fields, text, varint

LARGEST = 32_767
"""Largest sum that 16 bits hold."""

_UINT8, _INT8 = 2, 3  # TensorProto.DataType
_ACTIVATION = 255  # largest unsigned 8-bit value
# Operator -> place of the weights and of the activations' zero point among its inputs.
_INTEGER = {
    "ConvInteger": (1, 2),
    "MatMulInteger": (1, 2),
    "QLinearConv": (3, 2),
    "QLinearMatMul": (3, 2),
}
_FLOAT = {"Conv", "ConvTranspose", "Gemm", "MatMul"}  # computed in integers between Q/DQ nodes
_BY_CHANNEL = {"Conv", "ConvInteger", "QLinearConv"}  # weights (output channels, ...)


@dataclass(frozen=True)
class _Node:
    operator: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]

    def input(self, place: int) -> str:
        return self.inputs[place] if place < len(self.inputs) else ""


@dataclass(frozen=True)
class _Tensor:
    kind: int
    values: NDArray[np.int16] | None  # None where they are not in the file


@dataclass
class _Graph:
    nodes: list[_Node] = field(default_factory=list[_Node])
    tensors: dict[str, _Tensor] = field(default_factory=dict[str, _Tensor])


def largest_pair_sum(model: bytes) -> int:
    """Largest absolute sum of two products that may be added in 16 bits; 0 without int8 weights.

    Args:
        model: The bytes of an ONNX file. Weights that are quantised when it is loaded count as
            full-range.

    Raises:
        BundleError: If the bytes are no ONNX file.
    """
    if b"QuantizeLinear" not in model and b"Integer" not in model and b"QLinear" not in model:
        return 0
    graph = _read(model)
    dequantised = {
        name: node
        for node in graph.nodes
        for name in node.outputs
        if node.operator == "DequantizeLinear"
    }
    sums = [0]
    for node in graph.nodes:
        if node.operator in _INTEGER:
            weights, zero_point = (node.input(place) for place in _INTEGER[node.operator])
        elif node.operator in _FLOAT and {node.input(0), node.input(1)} <= dequantised.keys():
            zero_point = dequantised[node.input(0)].input(2)
            weights = dequantised[node.input(1)].input(0)
        else:
            continue
        signed = zero_point in graph.tensors and graph.tensors[zero_point].kind == _INT8
        if not signed:  # 128 x 127 x 2 fits into 16 bits
            found = graph.tensors.get(weights)
            pair = _worst_pair(found, per_channel=node.operator in _BY_CHANNEL)
            sums.append(_ACTIVATION * pair)
    return max(sums)


@lru_cache(maxsize=1)
def saturates(model: bytes) -> bool:
    """Whether a CPU without VNNI may answer otherwise than one with it.

    A model is asked for twice, when it is read from its bundle and when its session is opened; the
    proof (28 ms for the shipped one) is kept until another model is asked for.
    """
    return largest_pair_sum(model) > LARGEST


def _worst_pair(weights: _Tensor | None, *, per_channel: bool) -> int:
    """Largest absolute sum of two weights of one output channel; activations may be zero."""
    if weights is None or weights.values is None:
        return 2 * 128  # not known before it is loaded
    if weights.kind == _UINT8:
        return 0  # two unsigned operands are widened first, in every kernel
    rows = weights.values.reshape(weights.values.shape[0] if per_channel else 1, -1)
    signs = (np.maximum(rows, 0), np.maximum(-rows, 0))
    last = max(0, rows.shape[1] - 2)
    return max(int(np.partition(each, last, axis=1)[:, last:].sum(axis=1).max()) for each in signs)


def _read(model: bytes) -> _Graph:
    graph = _Graph()
    for number, value in fields(memoryview(model)):
        if number != 7 or isinstance(value, int):  # ModelProto.graph
            continue
        for part, content in fields(value):
            if isinstance(content, int):
                continue
            if part == 1:  # GraphProto.node
                graph.nodes.append(_node(content))
            elif part == 5:  # GraphProto.initializer
                name, tensor = _tensor(content)
                if tensor.kind in (_UINT8, _INT8):
                    graph.tensors[name] = tensor
    return graph


def _node(message: memoryview) -> _Node:
    operator = ""
    inputs: list[str] = []
    outputs: list[str] = []
    for number, value in fields(message):
        if number == 1:
            inputs.append(text(value))
        elif number == 2:
            outputs.append(text(value))
        elif number == 4:
            operator = text(value)
    return _Node(operator, tuple(inputs), tuple(outputs))


def _tensor(message: memoryview) -> tuple[str, _Tensor]:
    kind, name, raw = 0, "", b""
    shape: list[int] = []
    numbers: list[int] = []
    for number, value in fields(message):
        if number == 1:
            shape += _packed(value)
        elif number == 2 and isinstance(value, int):
            kind = value
        elif number == 5:  # int32_data, where raw_data is not used
            numbers += _packed(value)
        elif number == 8:
            name = text(value)
        elif number == 9 and not isinstance(value, int):
            raw = bytes(value)
    data = raw or bytes(each & 0xFF for each in numbers)
    values = None
    if kind in (_UINT8, _INT8) and len(data) == prod(shape):
        integers = np.frombuffer(data, np.uint8 if kind == _UINT8 else np.int8)
        values = integers.astype(np.int16).reshape(shape)
    return name, _Tensor(kind, values)


def _packed(value: int | memoryview) -> list[int]:
    if isinstance(value, int):
        return [value]
    numbers, at = list[int](), 0
    while at < len(value):
        number, at = varint(value, at)
        numbers.append(number)
    return numbers
