"""The registry of networks: ``@network`` files a builder and what is known of its network."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from mien.core.registry import Registry
from mien.models.network import ExpressionNet
from mien.models.spec import NetworkSpec

RECORDS = Path(__file__).with_name("records.json")
"""Parameters and multiply-accumulates by name, written by ``tools/make_network_records.py``."""

Builder = Callable[[NetworkSpec], ExpressionNet]


@dataclass(frozen=True)
class ModelInfo:
    """What is known of a registered network before it is built.

    Args:
        name: Registry name.
        summary: One line for tables.
        source: Paper or file the architecture is from.
        parameters: Parameters as registered, with seven labels and the vote head.
        macs: Multiply-accumulates of convolutions and linear layers, one face, as registered.
        input_size: Side in pixels of what the network sees: up to 48 that part of the frame's
            centre, above it the whole frame, resampled.
        licence: Licence of the architecture's code.
        smallest_input: Smallest side it takes.
        channels: Channels its trunk takes unless told otherwise.
        weights: Library with its published weights, ``timm`` or ``torchvision``, and ``/NAME``
            where they have another name there; "" = there are none.
    """

    name: str
    summary: str
    source: str
    parameters: int
    macs: int
    input_size: int
    licence: str
    smallest_input: int
    channels: int
    weights: str


_NETWORKS: Registry[ModelInfo, Builder] = Registry("network")
models = _NETWORKS.infos
builder_of = _NETWORKS.builder
_MEASURED: dict[str, dict[str, int]] = (
    json.loads(RECORDS.read_text(encoding="utf-8")) if RECORDS.exists() else {}
)
_UNMEASURED = {"parameters": 0, "macs": 0}  # of a new network; the contract test finds it


def network(
    name: str,
    summary: str,
    source: str,
    *,
    input_size: int = 48,
    smallest_input: int = 32,
    channels: int = 1,
    weights: str = "",
    licence: str = "Apache-2.0",
) -> Callable[[Builder], Builder]:
    """Decorator: file a builder. A builder of several networks is decorated once for each.

    The arguments are those of ``ModelInfo``; its figures come from ``RECORDS``. Five halvings, as
    in most published networks, leave one position of 32 pixels.

    Raises:
        ConfigError: If the name is taken.
    """
    return _NETWORKS.register(
        ModelInfo(
            name=name,
            summary=summary,
            source=source,
            input_size=input_size,
            licence=licence,
            smallest_input=smallest_input,
            channels=channels,
            weights=weights,
            **_MEASURED.get(name, _UNMEASURED),
        )
    )
