"""The one door to torchvision and timm.

A torchvision built for CUDA cannot be imported beside a CPU torch: its compiled operators do not
load, and one of its modules then describes two of them, ``nms`` and ``qnms``, without asking
whether they are there. Declaring the two lets the import finish; calling them, or any other
compiled operator of torchvision (``roi_align``, image decoding), stays an error, and no network
of mien does. Where torchvision is healthy nothing is declared.
"""

from __future__ import annotations

import importlib
import sys
from types import ModuleType

from torch.library import Library

from mien.core.errors import missing_extra

_UNLOADED = "operator torchvision::nms does not exist"
_DECLARED: list[Library] = []  # a declaration lasts as long as its library object


def import_torchvision() -> ModuleType:
    """The module ``torchvision``, also where its compiled operators do not fit this torch.

    Raises:
        MissingExtraError: If it is not installed.
    """
    try:
        return _imported("torchvision")
    except RuntimeError as error:
        if _UNLOADED not in str(error):
            raise
    # A failed import leaves the submodules that worked behind; they must see the declarations.
    for name in [n for n in sys.modules if n.partition(".")[0] == "torchvision"]:
        del sys.modules[name]
    _declare_operators()
    return _imported("torchvision")


def import_timm() -> ModuleType:
    """The module ``timm``, which itself needs torchvision.

    Raises:
        MissingExtraError: If one of the two is not installed.
    """
    import_torchvision()
    return _imported("timm")


def _imported(name: str) -> ModuleType:
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name != name:
            raise
        raise missing_extra("train", name) from error


def _declare_operators() -> None:
    library = Library("torchvision", "FRAGMENT")
    for name in ("nms", "qnms"):
        library.define(f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    _DECLARED.append(library)
