"""Published figures in a study's file: they are read after the first arm, so checked before it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from mien.core.errors import ConfigError
from mien.study.arm import Table
from mien.train.toml import unknown_keys


def checked_published(
    entries: Any, cells: Sequence[Table], name: str, axes: Sequence[str]
) -> tuple[Table, ...]:
    """The ``[[published]]`` entries of a study.

    Args:
        entries: What the file has.
        cells: The values of every arm of every scale.
        name: What the study is called.
        axes: What the lines of an arm differ in besides, whatever the grids name.

    Raises:
        ConfigError: If an entry lacks something, belongs to no arm of any scale, or its figure is
            no number and has none in it.
    """
    if not isinstance(entries, list):
        raise ConfigError(f"study {name}: published is a list of tables, write [[published]]")
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
        if not isinstance(entry.get("test", ""), str):
            raise ConfigError(f"{where}: test is the name of a scored set, got {entry['test']!r}")
        arm = {axis: value for axis, value in entry["arm"].items() if axis not in axes}
        _check_arm(arm, cells, where)
    return tuple(entries)


def belongs(arm: Table, values: Table) -> bool:
    """Whether a row's values have every one that is wanted, or one of several wanted ones."""
    return all(
        values.get(axis) in wanted if isinstance(wanted, list) else values.get(axis) == wanted
        for axis, wanted in arm.items()
    )


def _check_figure(figure: Any, where: str) -> None:
    number_or_words = isinstance(figure, (str, int, float)) and not isinstance(figure, bool)
    if not number_or_words or not re.search(r"\d", str(figure)):  # inf and nan have no digit
        raise ConfigError(
            f"{where}: figure must be a number, in percent, or words with one, got {figure!r}"
        )


def _check_arm(arm: Table, cells: Sequence[Table], where: str) -> None:
    axes = list(dict.fromkeys(axis for cell in cells for axis in cell))
    if unknown := [axis for axis in arm if axis not in axes]:
        raise ConfigError(f"{where}: no grid has the axis {unknown_keys(unknown, axes)}")
    for axis, value in arm.items():
        known = [cell[axis] for cell in cells if axis in cell]
        for each in value if isinstance(value, list) else [value]:
            if each not in known:
                words = ", ".join(dict.fromkeys(map(repr, known)))
                raise ConfigError(f"{where}: no grid has {axis} = {each!r}; there is {words}")
    if not any(belongs(arm, cell) for cell in cells):
        raise ConfigError(f"{where}: no arm of any scale has these values together")
