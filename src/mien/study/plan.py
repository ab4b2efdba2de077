"""A study: a grid of trainings, read from a TOML file."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass
from importlib import resources
from itertools import product
from pathlib import Path
from typing import Any

from mien.core.errors import ConfigError, LabelError, UnknownNameError, unknown_name
from mien.core.labels import label_space
from mien.study.arm import Arm, Table, merged
from mien.study.kinds import KINDS
from mien.study.published import checked_published
from mien.train.toml import overridden, read_toml, unknown_keys

SCALES = ("smoke", "reduced", "full")
"""Generated faces, a minute; the data, CPU hours; published sizes and epochs, a GPU."""

_KEYS = ("title", "kind", "source", "question", "notes", "recipe", "grid", "data", "published")
_KEYS_OF_SCALE = ("recipe", "grid", "data", "more", "notes")

_TABLES = ("recipe", "grid", "data")
_OF_ROWS = ("labels", "folds", "fold", "fold_seed")
"""Keys of a recipe that say which rows a study draws."""


@dataclass(frozen=True)
class Study:
    """A grid of trainings and what it is compared with.

    Args:
        name: Its name.
        title: One line.
        kind: What an arm is: a name in ``kinds.KINDS``.
        source: The published system.
        question: What the runs are to answer.
        notes: In what they differ from the publication.
        arms: The trainings.
        scale: Which of ``SCALES`` they are.
        published: Figures of the publication, none beside generated faces:
            ``{"arm": {...}, figure: value}``, and ``test``, the name of the scored set it is
            compared with, where that is not the first test set.
    """

    name: str
    title: str
    kind: str
    source: str
    question: str
    notes: str
    arms: tuple[Arm, ...]
    scale: str
    published: tuple[Table, ...] = ()

    @property
    def generated(self) -> bool:
        """Whether all arms run on generated faces, so that no figure is of the data."""
        return all(arm.generated for arm in self.arms)

    def arm(self, name: str) -> Arm:
        """The arm of that name; raises ``UnknownNameError`` if there is none."""
        for arm in self.arms:
            if arm.name == name:
                return arm
        raise unknown_name("arm", name, [arm.name for arm in self.arms])


def study_names() -> tuple[str, ...]:
    """Names of the studies that come with mien."""
    return tuple(sorted(path.stem for path in _folder().glob("*.toml")))


def load_study(study: str, scale: str = "smoke", overrides: tuple[str, ...] = ()) -> Study:
    """Read a study by name or from a TOML file.

    Args:
        study: Name of a shipped study, or path of a ``.toml`` file.
        scale: One of ``SCALES``.
        overrides: ``key=value`` changes of the recipe of every arm, or of its rows (``data.KEY``).
            They win over everything the file says; a grid over that key ends.

    Raises:
        UnknownNameError: If there is no such study or scale.
        ConfigError: If the file is no study.
    """
    if scale not in SCALES:
        raise unknown_name("scale", scale, SCALES)
    path = Path(study)
    if path.suffix != ".toml":
        if study not in study_names():
            raise unknown_name("study", study, study_names())
        path = _folder() / f"{study}.toml"
    return parse_study(read_toml(path), path.stem, scale, overrides)


def parse_study(raw: Table, name: str, scale: str, overrides: tuple[str, ...] = ()) -> Study:
    """A study from nested plain values.

    ``[recipe]``, ``[grid]`` and ``[data]`` hold for every scale; ``[smoke]``, ``[reduced]`` and
    ``[full]`` may each have the three tables again, whose keys win, and ``notes``, which are added.
    The grid of a scale replaces the axes that it names; an axis with an empty list is dropped.
    ``[[reduced.more]]`` and its like are further grids of that scale alone.

    Raises:
        ConfigError: If something is missing, unknown or impossible.
    """
    _check_shape(raw, name)
    if {"model", "epochs"} & set(raw):
        raise ConfigError(f"{name} is a recipe of mien train, not a study; a study has [recipe]")
    if unknown := sorted(set(raw) - {*_KEYS, *SCALES}):
        raise ConfigError(f"study {name}: unknown key {unknown_keys(unknown, (*_KEYS, *SCALES))}")
    try:
        title, source, question = raw["title"], raw["source"], raw["question"]
    except KeyError as error:
        raise ConfigError(f"study {name} lacks {error}") from error
    kind, kinds = raw.get("kind", "networks"), KINDS.infos()
    if kind not in list(kinds):
        raise ConfigError(f"study {name}: kind must be one of {', '.join(kinds)}, got {kind!r}")
    own = raw.get(scale, {})
    for each in SCALES:
        if unknown := sorted(set(raw.get(each, {})) - set(_KEYS_OF_SCALE)):
            words = unknown_keys(unknown, _KEYS_OF_SCALE)
            raise ConfigError(f"study {name}: in [{each}] unknown key {words}")
    recipe = merged(raw.get("recipe", {}), own.get("recipe", {}))
    data = merged(raw.get("data", {}), own.get("data", {}))
    ended = {_place(override.partition("=")[0].strip()) for override in overrides}
    grids = [
        {key: axis for key, axis in each.items() if _place(key) not in ended}
        for each in _grids(raw, scale)
    ]
    cells = [cell for each in grids for cell in _cells(each, name)]
    arms = [_arm(values, recipe, data, overrides) for values in cells]
    if ended:  # two grids may differ in nothing but an axis that has ended
        arms = [arm for i, arm in enumerate(arms) if arm not in arms[:i]]
    if repeated := sorted({a.name for a in arms if sum(b.name == a.name for b in arms) > 1}):
        raise ConfigError(f"study {name}: two arms are called {', '.join(repeated)}")
    # A figure may belong to arms of another scale; what was published is not of generated faces.
    every = [
        {axis: _axis_word(value) for axis, value in cell.items()}
        for each in SCALES
        for grid in _grids(raw, each)
        for cell in _cells(grid, name)
    ]
    published = checked_published(raw.get("published", []), every, name, kinds[kind].axes)
    if len({arm.generated for arm in arms}) > 1:
        raise ConfigError(f"study {name}: either all arms have data.generated, or none")
    return Study(
        name=name,
        title=title,
        kind=kind,
        source=source,
        question=question,
        notes=f"{raw.get('notes', '')} {own.get('notes', '')}".strip(),
        arms=tuple(arms),
        scale=scale,
        published=() if arms and arms[0].generated else published,
    )


def check_study(study: Study) -> None:
    """Refuse a study whose arms cannot run, whatever the data are.

    Raises:
        ConfigError: If a key of an arm's recipe or rows is unknown, or a value impossible.
        UnknownNameError: If there is no such network, baseline, fusion or label space.
    """
    kind = KINDS.builder(study.kind)()
    for arm in study.arms:
        try:
            label_space(arm.plan.labels)
            kind.check(arm)
        except (ConfigError, LabelError, UnknownNameError) as error:
            raise type(error)(f"study {study.name}, arm {arm.name}: {error}") from error


def _check_shape(raw: Table, name: str) -> None:
    """Tables are tables, in every scale; raises ``ConfigError`` otherwise."""
    tables = {key: raw.get(key, {}) for key in (*_TABLES, *SCALES)}
    for scale in SCALES:
        own = tables[scale]
        if not isinstance(own, Mapping):
            continue
        tables |= {f"{scale}.{key}": own.get(key, {}) for key in _TABLES}
        more = own.get("more", [])
        if not isinstance(more, list) or not all(isinstance(each, Mapping) for each in more):
            raise ConfigError(f"study {name}: {scale}.more is a list, write [[{scale}.more]]")
    for key, table in tables.items():
        if not isinstance(table, Mapping):
            raise ConfigError(f"study {name}: {key} is a table, write [{key}]; got {table!r}")


def _grids(raw: Table, scale: str) -> tuple[Table, ...]:
    """The grids of a scale."""
    own = raw.get(scale, {})
    return {**raw.get("grid", {}), **own.get("grid", {})}, *own.get("more", ())


def _axis_word(value: Any) -> Any:
    """What a value of an axis is called: a table has a name, or its values in words."""
    if not isinstance(value, Mapping):
        return value
    table = dict(value)
    return str(table.pop("name", "-".join(map(str, table.values()))))


def _cells(grid: Table, name: str) -> list[dict[str, Any]]:
    axes = {key: values for key, values in grid.items() if values != []}
    for key, values in axes.items():
        if not isinstance(values, list):
            raise ConfigError(f"study {name}: grid.{key} must be a list, got {values!r}")
    return [dict(zip(axes, cell, strict=True)) for cell in product(*axes.values())]


def _arm(
    values: dict[str, Any],
    recipe: Table,
    data: Table,
    overrides: tuple[str, ...],
) -> Arm:
    """One cell of the grid; a value that is a table sets several keys and is named by ``name``."""
    whole, rows, words = dict(recipe), dict(data), list[str]()
    named: dict[str, Any] = {}
    for key, value in values.items():
        named[key] = _axis_word(value)
        if isinstance(value, Mapping):
            words.append(named[key])
            settings = {each: setting for each, setting in value.items() if each != "name"}
        else:
            words.append(_word(key, value))
            settings = {key: value}
        for path, setting in settings.items():
            changes = nested(path, setting)
            own = changes.pop("data", {})
            if not isinstance(own, Mapping):
                raise ConfigError(f"data of an axis must be a table, got {own!r}")
            rows, whole = merged(rows, own), merged(whole, changes)
    # The rows of a study are drawn before its trainings begin: folds are left out there, and labels
    # mapped.
    rows |= {key: whole.pop(key) for key in _OF_ROWS if key in whole}
    # Copies, because an override is put into nested tables, which the arms share.
    whole, rows = deepcopy(whole), deepcopy(rows)
    for override in overrides:
        key, equals, value = override.strip().partition("=")
        place = _place(key.strip())
        ours = place.startswith("data.")
        overridden(rows if ours else whole, f"{place.removeprefix('data.')}{equals}{value}")
    return Arm("-".join(words) or "only", named, whole, rows)


def _place(key: str) -> str:
    """A key of an axis or override with the table that it is in: some are of the rows."""
    return f"data.{key}" if key in _OF_ROWS else key


def _word(key: str, value: Any) -> str:
    short = key.rsplit(".", 1)[-1]
    if isinstance(value, bool):
        return short if value else f"no_{short}"
    return value.replace("/", "_") if isinstance(value, str) else f"{short}{value}"


def nested(key: str, value: Any) -> dict[str, Any]:
    """``a.b`` and a value as ``{"a": {"b": value}}``."""
    first, dot, rest = key.partition(".")
    return {first: nested(rest, value) if dot else value}


def _folder() -> Path:
    return Path(str(resources.files("mien.study"))) / "studies"
