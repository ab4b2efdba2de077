"""Several bundle graphs as one: the weighted mean of their probabilities (DESIGN 4)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import onnx
from onnx import helper, numpy_helper

from mien.core.errors import ExportError

_SHARED = ("image", "affine")
_CLASSES = 1  # axis of the labels in logits (N, K)


def merge_graphs(
    models: Sequence[bytes], temperatures: Sequence[float], weights: Sequence[float]
) -> bytes:
    """One graph whose ``logits`` are log(sum of weight x softmax(logits / temperature)).

    Nodes that several members compute alike, the crop first of all, are computed once.

    Args:
        models: Graphs of bundles with one label space, the first output being ``logits``.
        temperatures: The members' own.
        weights: The members' shares, above 0; they are divided by their sum.

    Raises:
        ExportError: If the lengths differ, a weight is not above 0, or the graphs are of different
            opsets.
    """
    if not len(models) == len(temperatures) == len(weights):
        raise ExportError(
            f"{len(models)} graphs, {len(temperatures)} temperatures and {len(weights)} weights; "
            "give one of each per member"
        )
    shares = np.asarray(weights, dtype=np.float64)
    if not len(shares) or not np.isfinite(shares).all() or (shares <= 0).any():
        raise ExportError(f"weights must be finite and above 0, got {list(weights)}")
    members = [onnx.load_from_string(model) for model in models]
    opsets = {tuple(sorted((o.domain, o.version) for o in m.opset_import)) for m in members}
    if len(opsets) > 1:
        raise ExportError(
            f"the members' graphs are of different opsets {sorted(opsets)}; export them again with "
            "one version of mien"
        )
    merged = _Merged()
    answers = [merged.add(member.graph, f"m{i}/") for i, member in enumerate(members)]
    merged.mix(answers, temperatures, shares / shares.sum())
    classes = members[0].graph.output[0].type.tensor_type.shape.dim[_CLASSES].dim_value
    graph = helper.make_graph(
        merged.nodes,
        "ensemble",
        [value for value in members[0].graph.input if value.name in _SHARED],
        [helper.make_tensor_value_info("logits", onnx.TensorProto.FLOAT, ["N", classes])],
        list(merged.constants.values()),
    )
    model = helper.make_model(
        graph, opset_imports=members[0].opset_import, ir_version=members[0].ir_version
    )
    return model.SerializeToString(deterministic=True)


class _Merged:
    """Nodes and constants of the graph that is being built."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.constants: dict[bytes, onnx.TensorProto] = {}
        self._known: dict[bytes, list[str]] = {}

    def add(self, graph: onnx.GraphProto, prefix: str) -> str:
        """Take a member's nodes up to its logits; the name its logits have here."""
        names = {"": "", **{name: name for name in _SHARED}}
        for tensor in graph.initializer:
            names[tensor.name] = self._constant(tensor, prefix + tensor.name)
        for node in _needed(graph, graph.output[0].name):
            self._node(node, names, prefix)
        return names[graph.output[0].name]

    def _constant(self, tensor: onnx.TensorProto, name: str) -> str:
        value = numpy_helper.to_array(tensor)
        key = repr((tensor.data_type, value.shape)).encode() + value.tobytes()
        if key not in self.constants:
            self.constants[key] = numpy_helper.from_array(value, name)
        return self.constants[key].name

    def _node(self, node: onnx.NodeProto, names: dict[str, str], prefix: str) -> None:
        ours = onnx.NodeProto()
        ours.CopyFrom(node)
        ours.name = ""
        ours.input[:] = [names[name] for name in node.input]
        ours.output[:] = [""] * len(node.output)
        outputs = self._known.get(key := ours.SerializeToString(deterministic=True))
        if outputs is None:
            outputs = self._known[key] = [name and prefix + name for name in node.output]
            ours.name = node.name and prefix + node.name
            ours.output[:] = outputs
            self.nodes.append(ours)
        names.update(zip(node.output, outputs, strict=True))

    def mix(
        self, answers: Sequence[str], temperatures: Sequence[float], shares: np.ndarray
    ) -> None:
        """The weighted mean, in logarithms so that a probability of zero stays finite."""
        axis = self._constant(numpy_helper.from_array(np.array([0], np.int64)), "mix/axis")
        parts: list[str] = []
        for i, answer in enumerate(answers):
            scale = np.array(1 / temperatures[i], np.float32)
            scale_name = self._constant(numpy_helper.from_array(scale), f"mix/scale{i}")
            share = np.array(np.log(shares[i]), np.float32)
            share_name = self._constant(numpy_helper.from_array(share), f"mix/share{i}")
            steps = [f"mix/{step}{i}" for step in ("scaled", "log", "shared", "row")]
            self.nodes += [
                helper.make_node("Mul", [answer, scale_name], steps[:1]),
                helper.make_node("LogSoftmax", steps[:1], steps[1:2], axis=_CLASSES),
                helper.make_node("Add", [steps[1], share_name], steps[2:3]),
                helper.make_node("Unsqueeze", [steps[2], axis], steps[3:]),
            ]
            parts.append(steps[3])
        self.nodes += [
            helper.make_node("Concat", parts, ["mix/all"], axis=0),
            helper.make_node("ReduceLogSumExp", ["mix/all", axis], ["logits"], keepdims=0),
        ]


def _needed(graph: onnx.GraphProto, output: str) -> list[onnx.NodeProto]:
    """The nodes that ``output`` depends on, in the graph's order."""
    wanted, kept = {output}, list[onnx.NodeProto]()
    for node in reversed(graph.node):
        if wanted.intersection(node.output):
            wanted.update(node.input)
            kept.append(node)
    return kept[::-1]
