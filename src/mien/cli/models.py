"""``mien models`` and ``mien networks``."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mien.cli import console, options

if TYPE_CHECKING:
    from mien.store.bundle import Bundle

MODEL_COLUMNS = (
    "model", "card", "labels", "parameters ", "file", "accuracy ", "int8 costs ", "measured on",
)  # fmt: skip
NETWORK_COLUMNS = (
    "network", "what", "parameters ", "MMACs ", "input ", "smallest ", "weights", "licence",
    "source",
)  # fmt: skip


def models(
    model: Annotated[
        str | None, typer.Argument(metavar="[MODEL]", help="Name or folder; shows its whole card.")
    ] = None,
    as_json: options.Json = False,
) -> None:
    """List the models that come with mien, or show the card of one.

    Example: mien models default
    """
    from mien.store.bundle import bundle_names, open_bundle

    names = bundle_names() if model is None else (model,)
    bundles = {name: open_bundle(name) for name in names}
    if console.wants_json(asked=as_json):
        for name, bundle in bundles.items():
            console.emit({"model": name, **json.loads(bundle.card.to_json())})
    elif model is not None:
        console.show(
            ("field", "value"), _flat(json.loads(bundles[model].card.to_json())), title=model
        )
    else:
        console.show(MODEL_COLUMNS, [row for name in names for row in _rows(name, bundles[name])])


def networks(as_json: options.Json = False) -> None:
    """List the networks that can be trained (needs torch).

    Example: mien networks
    """
    with console.needs("train"):
        from mien.models import models as registered

    if console.wants_json(asked=as_json):
        for info in registered().values():
            console.emit(asdict(info))
        return
    console.show(NETWORK_COLUMNS, network_rows())


def network_rows() -> Iterator[tuple[str, ...]]:
    """What is known of every registered network, for tables."""
    from mien.models import models as registered

    for info in registered().values():
        yield (
            info.name,
            info.summary,
            f"{info.parameters:,}",
            f"{info.macs / 1e6:,.1f}",
            str(info.input_size),
            str(info.smallest_input),
            info.weights.partition("/")[0],
            info.licence,
            info.source,
        )


def _rows(name: str, bundle: Bundle) -> Iterator[tuple[str, ...]]:
    """One row per file; accuracy as its card has it."""
    card = bundle.card
    for precision, file in card.files.items():
        measured = file.metrics[0] if file.metrics else {}
        keys = ("accuracy", "accuracy_lost", "n", "split")
        accuracy, lost, n, split = (measured.get(key) for key in keys)
        known = isinstance(accuracy, float)
        yield (
            name,
            card.name,
            card.labels.name,
            f"{card.parameters:,}",
            precision,
            f"{accuracy:.4f}" if known else "",
            f"{100 * lost:.2f} points" if isinstance(lost, float) else "",
            f"{n} rows of {split}" if known else "",
        )


def _flat(record: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    for key, value in record.items():
        if isinstance(value, dict) and value:
            yield from _flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value if isinstance(value, str) else json.dumps(value)
