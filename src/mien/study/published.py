"""Published figures in a study's file: they are read after the first arm, so checked before it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from mien.core.errors import ConfigError
from mien.train.reading import unknown_keys

_OF_FUSIONS = ("network",)
"""Axes that no grid names: a fusion has rows of several networks."""


def checked_published(raw: Mapping[str, Any], name: str) -> tuple[Mapping[str, Any], ...]:
    """The ``[[published]]`` entries of a study.

    A figure may belong to arms of one scale alone, so axes and values of every scale count.

    Args:
        raw: The whole file.
        name: What the study is called.

    Raises:
        ConfigError: If an entry lacks something, is about an axis or value that no grid has, or its
            figure is no number and has none in it.
    """
    entries = raw.get("published", [])
    if not isinstance(entries, list):
        raise ConfigError(f"study {name}: published is a list of tables, write [[published]]")
    known = _values(raw)
    for entry in entries:
        if not isinstance(entry, Mapping) or not isinstance(entry.get("arm"), Mapping):
            raise ConfigError(
                f"study {name}: each [[published]] needs arm = {{ AXIS = VALUE }}, got {entry!r}"
            )
        unknown = sorted(set(entry) - {"arm", "figure", "test"})
        where = f"study {name}: [[published]] of {dict(entry['arm'])}"
        if unknown or "figure" not in entry:
            what = f"has unknown {', '.join(unknown)}" if unknown else "lacks its figure"
            raise ConfigError(f"{where} {what}")
        _check_figure(entry["figure"], where)
        _check_arm(entry["arm"], known, where)
    return tuple(entries)


def _check_figure(figure: Any, where: str) -> None:
    number = isinstance(figure, (int, float)) and not isinstance(figure, bool)
    if not number and not (isinstance(figure, str) and re.search(r"\d", figure)):
        raise ConfigError(
            f"{where}: figure must be a number, in percent, or words with one, got {figure!r}"
        )


def _check_arm(arm: Mapping[str, Any], known: Mapping[str, list[Any]], where: str) -> None:
    axes = (*known, *_OF_FUSIONS)
    if unknown := [axis for axis in arm if axis not in axes]:
        raise ConfigError(f"{where}: no grid has the axis {unknown_keys(unknown, axes)}")
    for axis, value in arm.items():
        if axis in _OF_FUSIONS:
            continue
        for each in value if isinstance(value, list) else [value]:
            if each not in known[axis]:
                raise ConfigError(
                    f"{where}: no grid has {axis} = {each!r}; it has "
                    f"{', '.join(map(repr, known[axis]))}"
                )


def _values(raw: Mapping[str, Any]) -> dict[str, list[Any]]:
    """Values of every axis in the grids of all scales, tables by their names."""
    found: dict[str, list[Any]] = {}
    for grid in _grids(raw):
        for axis, values in grid.items():
            for value in values if isinstance(values, list) else []:
                table = dict(value) if isinstance(value, Mapping) else {}
                word = str(table.pop("name", "-".join(map(str, table.values()))))
                told = word if isinstance(value, Mapping) else value
                if told not in found.setdefault(axis, []):
                    found[axis].append(told)
    return found


def _grids(raw: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for part in (raw, *(raw.get(key, {}) for key in ("smoke", "reduced", "full"))):
        grids = [part.get("grid", {}), *part.get("more", [])]
        yield from (grid for grid in grids if isinstance(grid, Mapping))
