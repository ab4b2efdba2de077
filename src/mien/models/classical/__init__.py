"""Classical baselines: hand-made features and fitted machines that export like networks."""

from mien.models.classical.contours import PARTS, Contours
from mien.models.classical.features import (
    Gabor,
    Hog,
    Lbp,
    Pixels,
    build_feature,
    feature_names,
)
from mien.models.classical.machines import (
    GaussianKernel,
    NearestOfClass,
    Scaling,
    linear,
    machine,
    principal,
)
from mien.models.classical.network import ClassicalNet

__all__ = [
    "PARTS",
    "ClassicalNet",
    "Contours",
    "Gabor",
    "GaussianKernel",
    "Hog",
    "Lbp",
    "NearestOfClass",
    "Pixels",
    "Scaling",
    "build_feature",
    "feature_names",
    "linear",
    "machine",
    "principal",
]
