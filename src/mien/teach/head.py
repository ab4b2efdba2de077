"""The linear head of a bundle: read from its graph, fitted to samples, and put back.

Everything before ``features`` stays as it is, bit by bit.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from onnx import helper, numpy_helper

from mien.core.errors import BundleError, DataError
from mien.models.batches import torch_threads

_STEPS = 500
_FLAT = 1e-9  # slope of the loss at which a step changes no digit that is kept


@dataclass(frozen=True, eq=False)
class Head:
    """``logits = features @ weight.T + bias``.

    Args:
        weight: ``(K, D)`` float64.
        bias: ``(K,)`` float64.
    """

    weight: NDArray[np.float64]
    bias: NDArray[np.float64]

    def logits(self, features: NDArray[np.floating]) -> NDArray[np.float64]:
        """``(N, D)`` features to ``(N, K)`` logits."""
        return np.asarray(features, np.float64) @ self.weight.T + self.bias


def fit_head(
    features: NDArray[np.floating],
    labels: NDArray[np.int64],
    start: Head,
    *,
    temperature: float,
    strength: float,
) -> Head:
    """Multinomial logistic regression that is drawn towards an existing head.

    Minimises the mean negative log-likelihood of ``softmax(logits / temperature)`` plus
    ``strength`` / 2 times the squared distance from ``start``: the bias, and the weight times the
    features' root mean square length, so that a strength means the same for every network. The
    loss is strictly convex, so the answer does not depend on the way there.

    Args:
        features: ``(N, D)``.
        labels: ``(N,)`` from 0 to K - 1.
        start: The head to begin from and to stay near.
        temperature: At which the probabilities are to be right.
        strength: Above 0; large keeps the head, small trusts the samples.

    Raises:
        DataError: If the features are all zero or not finite.

    Source: Chelba and Acero, EMNLP 2004 (the prior's mean is the model before); Li, Grandvalet
    and Davoine, ICML 2018 ("L2-SP").
    """
    length = float(np.sqrt((np.asarray(features, np.float64) ** 2).sum(axis=1).mean()))
    if not (np.isfinite(length) and length > 0):
        raise DataError("the model gives no usable features for these samples; delete odd ones")
    given = torch.from_numpy(np.asarray(features, np.float64) / length)
    before = torch.from_numpy(start.logits(features))
    truth = torch.from_numpy(labels)
    weight = torch.zeros(start.weight.shape, dtype=torch.float64, requires_grad=True)
    bias = torch.zeros(start.bias.shape, dtype=torch.float64, requires_grad=True)
    solver = torch.optim.LBFGS(
        [weight, bias],
        max_iter=_STEPS,
        tolerance_grad=_FLAT,
        tolerance_change=0,
        line_search_fn="strong_wolfe",
    )

    def loss() -> torch.Tensor:
        solver.zero_grad()
        logits = (before + given @ weight.T + bias) / temperature
        distance = (weight**2).sum() + (bias**2).sum()
        value = torch.nn.functional.cross_entropy(logits, truth) + strength / 2 * distance
        value.backward()
        return value

    with torch_threads(1):  # products this small wait for threads longer than they compute
        solver.step(loss)
    return Head(start.weight + weight.detach().numpy() / length, start.bias + bias.detach().numpy())


def read_head(model: bytes) -> Head:
    """The head of a bundle's graph.

    Raises:
        BundleError: If the graph has no linear head over an output ``features``.
    """
    return _Graph(model).head


def with_head(model: bytes, head: Head) -> bytes:
    """The graph with another head, in ``logits`` and, where it has them, in its activation maps.

    Raises:
        BundleError: If the graph has no linear head, or one of another shape.
    """
    return _Graph(model).replaced(head)


class _Graph:
    """A bundle's graph and the nodes of its head."""

    def __init__(self, model: bytes) -> None:
        self.model = onnx.load_from_string(model)
        graph = self.model.graph
        self._constants = {tensor.name: tensor for tensor in graph.initializer}
        made = {name: node for node in graph.node for name in node.output}
        outputs = {output.name for output in graph.output}
        if not {"features", "logits"} <= outputs or not self._is_linear(made["logits"]):
            raise BundleError(
                "this model has no linear head over an output 'features', so it cannot be fitted; "
                "take one exported by mien export (ensembles have none)"
            )
        self._linear = made["logits"]
        self._maps = made["activation"] if "activation" in outputs else None
        self.head = Head(*(self._value(name) for name in self._linear.input[1:]))
        if self._maps is not None and not self._is_of_head(self._maps):
            raise BundleError(
                "the activation maps of this model are not those of its head; export it again"
            )

    def replaced(self, head: Head) -> bytes:
        """Bytes of the graph with ``head``."""
        shapes = [(each.weight.shape, each.bias.shape) for each in (self.head, head)]
        if shapes[0] != shapes[1]:
            raise BundleError(f"the head of this model has shape {shapes[0]}, got {shapes[1]}")
        weight, bias = head.weight.astype(np.float32), head.bias.astype(np.float32)
        self._rewire(self._linear, {"fitted.weight": weight, "fitted.bias": bias})
        if self._maps is not None:
            maps = {"fitted.maps": weight[:, :, None, None], "fitted.bias": bias}
            self._rewire(self._maps, maps)
        onnx.checker.check_model(self.model, full_check=True)
        return self.model.SerializeToString(deterministic=True)

    def _is_linear(self, node: onnx.NodeProto) -> bool:
        defaults = {"alpha": 1.0, "beta": 1.0, "transA": 0, "transB": 0}
        given = {a.name: helper.get_attribute_value(a) for a in node.attribute}
        return (
            node.op_type == "Gemm"
            and node.input[0] == "features"
            and self._has_constants(node)
            and defaults | given == defaults | {"transB": 1}
        )

    def _is_of_head(self, node: onnx.NodeProto) -> bool:
        return (
            node.op_type == "Conv"
            and self._has_constants(node)
            and np.array_equal(self._value(node.input[1])[:, :, 0, 0], self.head.weight)
            and np.array_equal(self._value(node.input[2]), self.head.bias)
        )

    def _has_constants(self, node: onnx.NodeProto) -> bool:
        """Whether its second and third input, all that there are, are constants."""
        return len(node.input) == 3 and set(node.input[1:]) <= set(self._constants)

    def _value(self, name: str) -> NDArray[np.float64]:
        return numpy_helper.to_array(self._constants[name]).astype(np.float64)

    def _rewire(self, node: onnx.NodeProto, values: dict[str, NDArray[np.float32]]) -> None:
        """Give a node constants of its own; those that nobody reads any more go."""
        graph = self.model.graph
        node.input[1:] = list(values)
        read = {name for each in graph.node for name in each.input} - set(values)
        kept = [tensor for tensor in graph.initializer if tensor.name in read]
        ours = [numpy_helper.from_array(value, name) for name, value in values.items()]
        del graph.initializer[:]
        graph.initializer.extend([*kept, *ours])
