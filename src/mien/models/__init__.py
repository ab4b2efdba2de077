"""Torch networks: the registry, what registers in it, and the crop that goes into every bundle."""

from mien.models import nasnet, published, rahman2021, resnet48, zoo
from mien.models.crop import FaceCrop
from mien.models.factory import Origin, build
from mien.models.joint import JointNet, joint_from
from mien.models.network import ExpressionNet, Outputs, count_macs, count_parameters
from mien.models.options import NetworkOptions
from mien.models.pooling import replace_pooling
from mien.models.registry import models

_BUILT_IN = (nasnet, published, rahman2021, resnet48, zoo)  # imported so that they are registered

__all__ = [
    "ExpressionNet",
    "FaceCrop",
    "JointNet",
    "NetworkOptions",
    "Origin",
    "Outputs",
    "build",
    "count_macs",
    "count_parameters",
    "joint_from",
    "models",
    "replace_pooling",
]
