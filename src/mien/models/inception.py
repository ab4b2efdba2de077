"""Inception-v3 as timm builds it, with the pooling of its blocks as modules."""

from __future__ import annotations

import torch
from torch import Tensor, nn

Chain = tuple[str | tuple[str, ...], ...]
"""Names of layers run one after the other; a tuple of names is run side by side and joined."""

_BRANCHES: dict[str, tuple[Chain, ...]] = {
    "InceptionA": (
        ("branch1x1",),
        ("branch5x5_1", "branch5x5_2"),
        ("branch3x3dbl_1", "branch3x3dbl_2", "branch3x3dbl_3"),
    ),
    "InceptionB": (("branch3x3",), ("branch3x3dbl_1", "branch3x3dbl_2", "branch3x3dbl_3")),
    "InceptionC": (
        ("branch1x1",),
        ("branch7x7_1", "branch7x7_2", "branch7x7_3"),
        (
            "branch7x7dbl_1", "branch7x7dbl_2", "branch7x7dbl_3", "branch7x7dbl_4",
            "branch7x7dbl_5",
        ),
    ),
    "InceptionD": (
        ("branch3x3_1", "branch3x3_2"),
        ("branch7x7x3_1", "branch7x7x3_2", "branch7x7x3_3", "branch7x7x3_4"),
    ),
    "InceptionE": (
        ("branch1x1",),
        ("branch3x3_1", ("branch3x3_2a", "branch3x3_2b")),
        ("branch3x3dbl_1", "branch3x3dbl_2", ("branch3x3dbl_3a", "branch3x3dbl_3b")),
    ),
}  # fmt: skip
"""Branches before the pooling one (Szegedy et al., CVPR 2016, figures 5 to 7), in timm's names."""


class PooledBlock(nn.Module):
    """A block of timm's Inception-v3 with the same parameters, names and answers.

    timm's blocks call the pooling function, which nothing can replace; here it is a layer.

    Args:
        block: The block whose layers are taken over.
        branches: Its branches before the pooling one.
    """

    def __init__(self, block: nn.Module, branches: tuple[Chain, ...]) -> None:
        super().__init__()
        for name, layer in block.named_children():
            self.add_module(name, layer)
        self.branches = branches
        # Blocks whose pooling branch goes on with a convolution keep the size of the maps.
        keeps = hasattr(block, "branch_pool")
        self.pool = nn.AvgPool2d(3, 1, padding=1) if keeps else nn.MaxPool2d(3, 2)
        if not keeps:
            self.branch_pool = nn.Identity()

    def forward(self, maps: Tensor) -> Tensor:
        """All branches, joined along the channels."""
        outs = [self._run(chain, maps) for chain in self.branches]
        return torch.cat([*outs, self.branch_pool(self.pool(maps))], dim=1)

    def _run(self, chain: Chain, maps: Tensor) -> Tensor:
        for step in chain:
            if isinstance(step, str):
                maps = self.get_submodule(step)(maps)
            else:
                maps = torch.cat([self.get_submodule(name)(maps) for name in step], dim=1)
        return maps


def pooling_as_layers(trunk: nn.Module) -> None:
    """Turn the Inception blocks of timm's Inception-v3 into ``PooledBlock``, in place."""
    for name, block in list(trunk.named_children()):
        branches = _BRANCHES.get(type(block).__name__)
        if branches:
            setattr(trunk, name, PooledBlock(block, branches))
