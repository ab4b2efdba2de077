"""torchvision beside a torch without CUDA, where its own library cannot be loaded.

A torchvision built for CUDA then has no operators and fails when it is imported. Two are declared
here, ``nms`` with a body, since MTCNN calls it; nothing is done where torchvision works.
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path


def mend() -> None:
    """Declare the operators, if they are missing."""
    import torch

    spec = find_spec("torchvision")
    assert spec is not None
    assert spec.origin is not None
    try:
        for library in Path(spec.origin).parent.glob("_C*.so"):
            torch.ops.load_library(str(library))
    except OSError:
        _declare()


def _declare() -> None:
    import torch

    def nms(boxes: torch.Tensor, scores: torch.Tensor, threshold: float) -> torch.Tensor:
        rest = scores.argsort(descending=True)
        kept: list[torch.Tensor] = []
        areas = (boxes[:, 2:] - boxes[:, :2]).prod(dim=1)
        while len(rest):
            best, rest = rest[0], rest[1:]
            kept.append(best)
            low = torch.maximum(boxes[best, :2], boxes[rest, :2])
            high = torch.minimum(boxes[best, 2:], boxes[rest, 2:])
            shared = (high - low).clamp(min=0).prod(dim=1)
            rest = rest[shared / (areas[best] + areas[rest] - shared) <= threshold]
        return torch.stack(kept) if kept else scores.new_zeros(0, dtype=torch.int64)

    for name in ("nms", "qnms"):
        signature = "(Tensor dets, Tensor scores, float threshold) -> Tensor"
        torch.library.define(f"torchvision::{name}", signature)
    torch.library.impl("torchvision::nms", "CPU", nms)

    from torchvision import extension

    extension._has_ops = lambda: True  # noqa: SLF001 - what torchvision asks before it calls nms
