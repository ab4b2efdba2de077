"""How a registered network is changed before it is trained."""

from __future__ import annotations

from dataclasses import dataclass

from mien.core.errors import ConfigError

POOLINGS = ("as_built", "none", "max", "avg", "min")


@dataclass(frozen=True)
class NetworkOptions:
    """Choices that every registered network takes.

    Args:
        input_size: Side in pixels of what the trunk sees: up to 48 that part of the frame's centre
            (32 cuts, it does not shrink), above it the whole frame, resampled; 0 = the entry's own.
        channels: 1 = grey, 3 = grey repeated as RGB, 0 = the entry's own.
        pooling: Every existing pooling layer becomes this one (Agrawal et al., IJCA 184, 2022):
            ``none`` (the first value of each window), ``max``, ``avg`` or ``min``; ``as_built`` =
            as the network has it.
        hidden: Widths of dense layers put between pooling and heads, each with ReLU and dropout.
        pretrained: ``timm`` = the entry's published weights through timm's own download (of
            googlenet: torchvision's), or a local safetensors file; "" = fresh weights.
        freeze_to: Name of a module of the trunk: its parameters and those of all modules before it
            are not trained; "" = train everything.

    Raises:
        ConfigError: If a value is out of range.
    """

    input_size: int = 0
    channels: int = 0
    pooling: str = "as_built"
    hidden: tuple[int, ...] = ()
    pretrained: str = ""
    freeze_to: str = ""

    def __post_init__(self) -> None:
        if self.input_size < 0:
            raise ConfigError(f"network.input_size must be 0 or more, got {self.input_size}")
        if self.channels not in (0, 1, 3):
            raise ConfigError(f"network.channels must be 0, 1 or 3, got {self.channels}")
        if self.pooling not in POOLINGS:
            raise ConfigError(
                f"network.pooling must be one of {', '.join(POOLINGS)}, got {self.pooling!r}"
            )
        if any(width < 1 for width in self.hidden):
            raise ConfigError(f"network.hidden must be widths above 0, got {list(self.hidden)}")
