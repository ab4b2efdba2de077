"""Torch networks: the registry, the house family, and the crop that goes into every bundle."""

from mien.models import house as _house  # registers the house family
from mien.models.crop import FaceCrop
from mien.models.network import ExpressionNet, Outputs
from mien.models.registry import ModelInfo, build, count_macs, count_parameters, models, register

__all__ = [
    "ExpressionNet",
    "FaceCrop",
    "ModelInfo",
    "Outputs",
    "build",
    "count_macs",
    "count_parameters",
    "models",
    "register",
]

del _house
