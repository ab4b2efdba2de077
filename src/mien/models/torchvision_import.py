"""The one door to torchvision and timm.

A torchvision built for CUDA, which is what package indexes offer, cannot be imported beside a CPU
torch: its compiled operators do not load, and it then describes two of them, ``nms`` and ``qnms``,
without asking whether they are there. Declaring the two beforehand lets the import finish; calling
them stays an error, and no network of mien does.
"""

from __future__ import annotations

from contextlib import suppress
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType

import torch
from torch.library import Library

from mien.core.errors import MissingExtraError, missing_extra


def import_torchvision() -> ModuleType:
    """The module ``torchvision``.

    Raises:
        MissingExtraError: If it is not installed, or does not fit the installed torch.
    """
    found = find_spec("torchvision")
    if found is None or found.origin is None:
        raise missing_extra("train", "torchvision")
    _declare_missing_operators(Path(found.origin).parent)
    try:
        return import_module("torchvision")
    except (ImportError, RuntimeError) as error:
        raise MissingExtraError(
            f"torchvision does not fit torch {torch.__version__} ({error}): reinstall "
            "torchvision, the release that belongs to this torch"
        ) from error


@cache
def _declare_missing_operators(package: Path) -> Library | None:
    """None where they are there; else a declaration, which lasts as long as it is cached."""
    for compiled in package.glob("_C.*"):
        with suppress(OSError):
            torch.ops.load_library(compiled)
    if hasattr(torch.ops.torchvision, "nms"):
        return None
    library = Library("torchvision", "FRAGMENT")
    for name in ("nms", "qnms"):
        library.define(f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    return library


def import_timm() -> ModuleType:
    """The module ``timm``, which itself needs torchvision.

    Raises:
        MissingExtraError: If one of the two is not installed, or torchvision does not fit torch.
    """
    import_torchvision()
    if find_spec("timm") is None:
        raise missing_extra("train", "timm")
    return import_module("timm")
