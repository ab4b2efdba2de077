"""Registries: one frozen record and one builder per name, filed by a decorator."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, Protocol, TypeVar

from mien.core.errors import ConfigError, unknown_name


class Record(Protocol):
    """What is known of an entry before it is built."""

    @property
    def name(self) -> str:
        """Registry name."""
        ...


InfoT = TypeVar("InfoT", bound=Record)
BuilderT = TypeVar("BuilderT", bound=Callable[..., object])


class Registry(Generic[InfoT, BuilderT]):
    """Entries of one kind.

    Args:
        kind: What the entries are, for messages.

    >>> from types import SimpleNamespace as Info
    >>> animals = Registry("animal")
    >>> @animals.register(Info(name="cat"))
    ... def cat():
    ...     return "meow"
    >>> animals.builder("cat")()
    'meow'
    """

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self._entries: dict[str, tuple[InfoT, BuilderT]] = {}

    def register(self, info: InfoT) -> Callable[[BuilderT], BuilderT]:
        """Decorator: file a builder under ``info.name``.

        Raises:
            ConfigError: If the name is taken.
        """

        def file_under_name(builder: BuilderT) -> BuilderT:
            if info.name in self._entries:
                raise ConfigError(f"the {self.kind} name {info.name!r} is already registered")
            self._entries[info.name] = (info, builder)
            return builder

        return file_under_name

    def infos(self) -> dict[str, InfoT]:
        """The records by name, sorted."""
        return {name: info for name, (info, _) in sorted(self._entries.items())}

    def builder(self, name: str) -> BuilderT:
        """The builder filed under ``name``.

        Raises:
            UnknownNameError: If there is none; the nearest names are listed.
        """
        if name not in self._entries:
            raise unknown_name(self.kind, name, self._entries)
        return self._entries[name][1]
