"""The floors of pyproject.toml are the versions that ``make lowest`` installs."""

from __future__ import annotations

import tomllib
from pathlib import Path

from packaging.requirements import Requirement
from packaging.version import Version

ROOT = Path(__file__).parents[1]
EXTRAS = ("haar", "camera", "video", "serve")


def pinned(file: str) -> dict[str, Version]:
    lines = (ROOT / file).read_text(encoding="utf-8").splitlines()
    pairs = [line.split("==") for line in lines if not line.startswith("#")]
    return {name: Version(version) for name, version in pairs}


def test_floors_are_the_versions_that_are_tested() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    asked = [*project["dependencies"]]
    for extra in EXTRAS:
        asked += project["optional-dependencies"][extra]
    floors = {
        each.name: Version(one.version)
        for each in map(Requirement, asked)
        for one in each.specifier
        if one.operator in {">=", "=="}
    }
    assert floors == pinned("constraints-lowest.txt")


def test_no_floor_is_above_the_version_that_is_used() -> None:
    used = pinned("constraints.txt")
    for name, floor in pinned("constraints-lowest.txt").items():
        assert floor <= used[name], name
