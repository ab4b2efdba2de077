"""A study: a grid of trainings, read from a TOML file."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from importlib import resources
from itertools import product
from pathlib import Path
from typing import Any

from mien.core.errors import ConfigError, unknown_name
from mien.data.folds import FOLD
from mien.data.sampling import TEST
from mien.study.published import checked_published
from mien.train.options import check_folds
from mien.train.toml import overridden, read_toml, unknown_keys

SCALES = ("smoke", "reduced", "full")
"""Generated faces, a minute; the data, CPU hours; published sizes and epochs, a GPU."""

KINDS = ("networks", "classical", "fusion", "transfer")

_KEYS = ("title", "kind", "source", "question", "notes", "recipe", "grid", "data", "published")
_KEYS_OF_SCALE = ("recipe", "grid", "data", "more", "notes")

_TABLES = ("recipe", "grid", "data")
_OF_ROWS = ("labels", "folds", "fold", "fold_seed")
"""Keys of a recipe that say which rows a study draws."""


@dataclass(frozen=True)
class DataPlan:
    """Which rows a study trains on and which it scores.

    Args:
        labels: Label space; the data are mapped into it. In a recipe or on an axis it may be called
            ``labels``, as in a training's own.
        pool: Splits that training rows are taken from.
        tests: Splits that are scored as they are; they are not in the pool.
        train_share: Fraction of the pool to train on, the rest being the test set ``test``;
            0 = no such test set.
        per_class: Rows of each label (training, test) that are drawn from the pool; () = none.
        shared: What training and the drawn test set may have in common: ``nothing``, not even a
            picture that is there twice; ``pictures``; or ``rows`` (``data.sampling``).
        balanced_tests: Whether every test set is scored once more, with as many rows of each label
            as its rarest has.
        seed: Which rows are drawn.
        folds: Split the pool into that many folds, nobody and no pixels being in two, and score the
            one that is left out as the test set ``fold``; 0 = no folds. In a recipe or on an axis
            they may be called ``folds``, ``fold`` and ``fold_seed``, as in a training's own.
        fold: Which one is left out, from 0.
        fold_seed: Which rows are in which fold.
        rows: Training rows of each label at most; 0 = all.
        generated: Rows per label of generated faces in place of the data, in every split; 0 = none.
        views: Views of a test row: ``none``, ``flip`` or ``tencrop``; training rows have one.
    """

    labels: str = "fer7"
    pool: tuple[str, ...] = ("Training",)
    tests: tuple[str, ...] = ("PublicTest",)
    train_share: float = 0.0
    per_class: tuple[int, ...] = ()
    shared: str = "nothing"
    balanced_tests: bool = False
    seed: int = 0
    folds: int = 0
    fold: int = 0
    fold_seed: int = 0
    rows: int = 0
    generated: int = 0
    views: str = "none"

    def __post_init__(self) -> None:
        if not 0 <= self.train_share < 1:
            raise ConfigError(f"data.train_share must lie in [0, 1), got {self.train_share}")
        if len(self.per_class) not in (0, 2):
            raise ConfigError(
                f"data.per_class is two numbers, training and test, got {list(self.per_class)}"
            )
        if self.train_share and self.per_class:
            raise ConfigError("data.train_share and data.per_class exclude one another")
        allowed = ("nothing", "pictures", "rows") if self.per_class else ("nothing", "pictures")
        if self.shared not in allowed:
            raise ConfigError(
                f"data.shared must be one of {', '.join(allowed)} here, got {self.shared!r}"
            )
        if self.views not in ("none", "flip", "tencrop"):
            raise ConfigError(f"data.views must be none, flip or tencrop, got {self.views!r}")
        self._check_tests()

    def _check_tests(self) -> None:
        check_folds(self.folds, self.fold, "data.")
        if self.folds and (self.train_share or self.per_class):
            raise ConfigError("data.folds excludes data.train_share and data.per_class")
        drawn = TEST if self.train_share or self.per_class else FOLD if self.folds else None
        if taken := sorted({"train", drawn} & set(self.tests)):
            raise ConfigError(
                f"data.tests may not name {', '.join(taken)} here: that is what this study calls "
                "rows of its own; rename the split"
            )
        if both := sorted(set(self.pool) & set(self.tests)):
            raise ConfigError(f"data.pool and data.tests share {', '.join(both)}")
        if not (self.tests or self.train_share or self.per_class or self.folds):
            raise ConfigError(
                "a study needs data.tests, data.train_share, data.per_class or data.folds"
            )
        for name in ("rows", "generated", "seed", "fold_seed"):
            if getattr(self, name) < 0:
                raise ConfigError(f"data.{name} must be 0 or more, got {getattr(self, name)}")


@dataclass(frozen=True)
class Arm:
    """One training of a study.

    Args:
        name: Its values in short, unique in the study; also the name of its folder.
        values: What distinguishes it: keys of the recipe and their values.
        recipe: The whole recipe, as nested values.
        data: The rows.
    """

    name: str
    values: Mapping[str, Any]
    recipe: Mapping[str, Any]
    data: Mapping[str, Any]


@dataclass(frozen=True)
class Study:
    """A grid of trainings and what it is compared with.

    Args:
        name: Its name.
        title: One line.
        kind: What an arm is, one of ``KINDS``.
        source: The published system.
        question: What the runs shall answer.
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
    published: tuple[Mapping[str, Any], ...] = field(default=())

    @property
    def generated(self) -> bool:
        """Whether all arms run on generated faces, so that no figure is of the data."""
        return all(arm.data.get("generated") for arm in self.arms)

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


def parse_study(
    raw: Mapping[str, Any], name: str, scale: str, overrides: tuple[str, ...] = ()
) -> Study:
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
    kind = raw.get("kind", "networks")
    if kind not in KINDS:
        raise ConfigError(f"study {name}: kind must be one of {', '.join(KINDS)}, got {kind!r}")
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
        {axis: _told(value) for axis, value in cell.items()}
        for each in SCALES
        for grid in _grids(raw, each)
        for cell in _cells(grid, name)
    ]
    published = checked_published(raw.get("published", []), every, name, kind)
    if len({bool(arm.data.get("generated")) for arm in arms}) > 1:
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
        published=() if arms and arms[0].data.get("generated") else published,
    )


def _check_shape(raw: Mapping[str, Any], name: str) -> None:
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


def _grids(raw: Mapping[str, Any], scale: str) -> tuple[Mapping[str, Any], ...]:
    """The grids of a scale."""
    own = raw.get(scale, {})
    return {**raw.get("grid", {}), **own.get("grid", {})}, *own.get("more", ())


def _told(value: Any) -> Any:
    """What a value of an axis is called: a table has a name, or its values in words."""
    if not isinstance(value, Mapping):
        return value
    table = dict(value)
    return str(table.pop("name", "-".join(map(str, table.values()))))


def _cells(grid: Mapping[str, Any], name: str) -> list[dict[str, Any]]:
    axes = {key: values for key, values in grid.items() if values != []}
    for key, values in axes.items():
        if not isinstance(values, list):
            raise ConfigError(f"study {name}: grid.{key} must be a list, got {values!r}")
    return [dict(zip(axes, cell, strict=True)) for cell in product(*axes.values())]


def _arm(
    values: dict[str, Any],
    recipe: Mapping[str, Any],
    data: Mapping[str, Any],
    overrides: tuple[str, ...],
) -> Arm:
    """One cell of the grid; a value that is a table sets several keys and is named by ``name``."""
    whole, rows, words = dict(recipe), dict(data), list[str]()
    named: dict[str, Any] = {}
    for key, value in values.items():
        named[key] = _told(value)
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


def merged(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """``base`` with the keys of ``over``, tables within tables likewise."""
    out = dict(base)
    for key, value in over.items():
        old = out.get(key)
        if isinstance(old, Mapping) and isinstance(value, Mapping):
            out[key] = merged(old, value)
        else:
            out[key] = value
    return out


def _folder() -> Path:
    return Path(str(resources.files("mien.study"))) / "studies"
