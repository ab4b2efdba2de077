"""Registries: a name once, unknown names with the near ones."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from mien.core.errors import ConfigError, UnknownNameError
from mien.core.registry import Registry


@dataclass(frozen=True)
class Info:
    name: str


@pytest.fixture
def registry() -> Registry:
    made: Registry = Registry("fruit")
    for name in ("pear", "apple"):
        made.register(Info(name))(lambda name=name: name.upper())
    return made


def test_entries_are_found_by_name(registry: Registry) -> None:
    assert registry.builder("pear")() == "PEAR"
    assert registry.infos() == {"apple": Info("apple"), "pear": Info("pear")}
    assert list(registry.infos()) == ["apple", "pear"]


def test_a_name_is_filed_once(registry: Registry) -> None:
    with pytest.raises(ConfigError, match="the fruit name 'pear' is already registered"):
        registry.register(Info("pear"))(lambda: None)
    assert registry.builder("pear")() == "PEAR"


def test_an_unknown_name_lists_near_ones(registry: Registry) -> None:
    with pytest.raises(UnknownNameError, match="unknown fruit 'aple'; did you mean 'apple'"):
        registry.builder("aple")
