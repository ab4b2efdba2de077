"""Torch networks: the registry, what registers in it, and the crop that goes into every bundle."""

# Each of these registers its networks.
from mien.models import nasnet as _nasnet
from mien.models import published as _published
from mien.models import resnet48 as _house
from mien.models import thesis as _thesis
from mien.models import zoo as _zoo
from mien.models.crop import FaceCrop
from mien.models.joint import JointNet, joint_from
from mien.models.network import ExpressionNet, Outputs
from mien.models.options import NetworkOptions
from mien.models.pooling import replace_pooling
from mien.models.registry import (
    ModelInfo,
    Origin,
    build,
    count_macs,
    count_parameters,
    models,
    register,
)

__all__ = [
    "ExpressionNet",
    "FaceCrop",
    "JointNet",
    "ModelInfo",
    "NetworkOptions",
    "Origin",
    "Outputs",
    "build",
    "count_macs",
    "count_parameters",
    "joint_from",
    "models",
    "register",
    "replace_pooling",
]

del _house, _nasnet, _published, _thesis, _zoo
