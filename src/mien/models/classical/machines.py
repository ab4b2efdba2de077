"""Fitted scikit-learn estimators as torch modules: projections, kernels, neighbours, heads.

Estimators answer in float64 and one row format each; as modules they are matrix products in
float32 that follow a feature module into one graph. The tests hold each against its estimator.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor, nn

from mien.core.errors import DataError


class Scaling(nn.Module):
    """Take a mean off and multiply, each dimension by its own factor.

    Args:
        mean: ``(D,)``.
        factor: ``(D,)``.
    """

    def __init__(self, mean: ArrayLike, factor: ArrayLike) -> None:
        super().__init__()
        self.mean = nn.Parameter(_tensor(mean))
        self.factor = nn.Parameter(_tensor(factor))

    def forward(self, rows: Tensor) -> Tensor:
        """``(N, D)`` to ``(N, D)``."""
        return (rows - self.mean) * self.factor


class GaussianKernel(nn.Module):
    """Similarities ``exp(-gamma * squared distance)`` to fixed rows.

    Args:
        rows: ``(M, D)``.
        gamma: Width parameter.
    """

    def __init__(self, rows: ArrayLike, gamma: float) -> None:
        super().__init__()
        points = np.asarray(rows, dtype=np.float64)
        self.gamma = gamma
        self.products = linear(2 * gamma * points, -gamma * (points**2).sum(axis=1))

    def forward(self, rows: Tensor) -> Tensor:
        """``(N, D)`` to ``(N, M)``, 0 to 1."""
        own = self.gamma * (rows**2).sum(dim=1, keepdim=True)
        # Rounding may leave a row a little nearer to itself than 0.
        return (self.products(rows) - own).clamp(max=0).exp()


class NearestOfClass(nn.Module):
    """Squared distance to the nearest kept row of each class, negative.

    The largest is the class of the nearest neighbour (1-NN). Squared, since that is a matrix
    product, and the logarithm of the largest Gaussian window of a class (Parzen, 1962) except
    its width, which is what the temperature of a bundle fits.

    Args:
        rows: ``(M, D)``.
        labels: ``(M,)`` class of each row.
        classes: Number of classes.

    Raises:
        DataError: If a class has no row.
    """

    def __init__(self, rows: ArrayLike, labels: NDArray[np.int64], classes: int) -> None:
        super().__init__()
        counts = np.bincount(labels, minlength=classes)
        if (counts == 0).any():
            empty = ", ".join(str(i) for i in np.flatnonzero(counts == 0))
            raise DataError(f"nearest neighbours need a row of every class, none of: {empty}")
        points = np.asarray(rows, dtype=np.float64)[np.argsort(labels, kind="stable")]
        ends = np.cumsum(counts).tolist()
        self.spans = list(zip([0, *ends[:-1]], ends, strict=True))
        self.products = linear(2 * points, -(points**2).sum(axis=1))

    def forward(self, rows: Tensor) -> Tensor:
        """``(N, D)`` to ``(N, classes)``, 0 or less."""
        nearness = self.products(rows)
        nearest = [nearness[:, begin:end].amax(dim=1) for begin, end in self.spans]
        own = (rows**2).sum(dim=1, keepdim=True)
        return (torch.stack(nearest, dim=1) - own).clamp(max=0)


def linear(weight: ArrayLike, bias: ArrayLike) -> nn.Linear:
    """A linear layer of ``weight`` ``(out, in)`` and ``bias`` ``(out,)``."""
    kernel, offset = _tensor(weight), _tensor(bias)
    layer = nn.Linear(kernel.shape[1], kernel.shape[0])
    layer.weight, layer.bias = nn.Parameter(kernel), nn.Parameter(offset)
    return layer


def principal(pca: Any, factor: float = 1.0) -> nn.Linear:
    """The transform of a fitted ``sklearn.decomposition.PCA`` (not whitened), times ``factor``."""
    return linear(factor * pca.components_, -factor * (pca.components_ @ pca.mean_))


def machine(svm: Any, nystroem: Any | None = None) -> tuple[nn.Module, nn.Linear]:
    """A fitted linear SVM as what comes before the head, and the head.

    With a kernel map (Williams and Seeger, NIPS 2000) the SVM is linear in K(x, landmarks) times
    a square matrix; the matrix is multiplied into the head, so a graph holds the landmarks only.

    Args:
        svm: ``sklearn.svm.LinearSVC`` of three classes or more, one against the rest.
        nystroem: The ``sklearn.kernel_approximation.Nystroem`` with ``kernel="rbf"`` that its
            rows came through, or None.
    """
    if nystroem is None:
        return nn.Identity(), linear(svm.coef_, svm.intercept_)
    before = GaussianKernel(nystroem.components_, nystroem.gamma)
    return before, linear(svm.coef_ @ nystroem.normalization_, svm.intercept_)


def _tensor(values: ArrayLike) -> Tensor:
    return torch.from_numpy(np.array(values, dtype=np.float32))
