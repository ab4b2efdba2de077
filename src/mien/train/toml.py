"""Plain nested values into frozen dataclasses, with every mistake named by its key."""

from __future__ import annotations

import dataclasses
import tomllib
import types
import typing
from collections.abc import Collection, Iterable
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from mien.core.errors import ConfigError


def read_toml(path: Path) -> dict[str, Any]:
    """The tables of a TOML file.

    Raises:
        ConfigError: If there is no such file, or it is no TOML.
    """
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ConfigError(f"no file {str(path)!r}; check the path") from error
    except OSError as error:
        raise ConfigError(f"{path} cannot be read ({error.strerror})") from error
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(f"{path}: cannot be read as TOML ({error})") from error


def unknown_keys(keys: Iterable[str], known: Collection[str], prefix: str = "") -> str:
    """Which keys are unknown, in words, with the nearest and all that are known."""
    listed = list(keys)
    near = [name for key in listed for name in get_close_matches(str(key), known, n=1)]
    meant = f" (did you mean {', '.join(prefix + name for name in near)}?)" if near else ""
    return f"{', '.join(prefix + key for key in listed)}{meant}; known: {', '.join(sorted(known))}"


def built(cls: Any, values: dict[str, Any], prefix: str = "") -> Any:
    """An instance of the dataclass ``cls``; unspecified keys keep their defaults.

    Raises:
        ConfigError: On an unknown key, a value of the wrong type, or one out of range.
    """
    hints = typing.get_type_hints(cls)
    unknown = [key for key in values if key not in hints]
    if unknown:
        raise ConfigError(f"unknown configuration key {unknown_keys(unknown, hints, prefix)}")
    return cls(**{k: _value(v, hints[k], f"{prefix}{k}") for k, v in values.items()})


def overridden(values: dict[str, Any], override: str) -> None:
    """Put ``a.b=value`` into nested ``values``, in place; the value is TOML or a bare word.

    Raises:
        ConfigError: If it has no equals sign, or goes into something that is no table.
    """
    key, equals, text = override.partition("=")
    if not equals or not key.strip():
        raise ConfigError(f"expected key=value, got {override!r}")
    try:
        value = tomllib.loads(f"v = {text}")["v"]
    except tomllib.TOMLDecodeError:
        value = text  # a bare word is text: model=nano
    *parents, last = key.strip().split(".")
    for parent in parents:
        values = values.setdefault(parent, {})
        if not isinstance(values, dict):
            raise ConfigError(f"{override!r}: {parent} is a value, not a table of settings")
    values[last] = value


def _value(value: Any, hint: Any, key: str) -> Any:
    if dataclasses.is_dataclass(hint):
        if not isinstance(value, dict):
            raise ConfigError(f"{key} is a table of settings, got {value!r}")
        return built(hint, value, f"{key}.")
    origin = typing.get_origin(hint)
    if origin in (types.UnionType, typing.Union):
        return _value(value, _alternative(value, typing.get_args(hint), key), key)
    if origin is tuple:
        return _tuple(value, typing.get_args(hint), key)
    if hint is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    wanted = hint if isinstance(hint, type) else types.NoneType
    if not isinstance(value, wanted) or (isinstance(value, bool) and wanted is not bool):
        raise ConfigError(f"{key} must be {wanted.__name__}, got {value!r}")
    return value


def _tuple(value: Any, parts: tuple[Any, ...], key: str) -> tuple[Any, ...]:
    if parts[-1] is Ellipsis and isinstance(value, (list, tuple)):
        parts = (parts[0],) * len(value)
    if not isinstance(value, (list, tuple)) or len(value) != len(parts):
        how_many = "" if parts[-1] is Ellipsis else f"{len(parts)} "
        raise ConfigError(f"{key} must be a list of {how_many}values, got {value!r}")
    return tuple(_value(v, part, key) for v, part in zip(value, parts, strict=True))


def _alternative(value: Any, hints: tuple[Any, ...], key: str) -> Any:
    """The member of a union that has the type of ``value``."""
    kinds = {hint: typing.get_origin(hint) or hint for hint in hints}
    given = tuple if isinstance(value, list) else type(value)
    for hint, kind in kinds.items():
        if kind is given:
            return hint
    names = " or ".join("list" if kind is tuple else kind.__name__ for kind in kinds.values())
    raise ConfigError(f"{key} must be {names}, got {value!r}")
