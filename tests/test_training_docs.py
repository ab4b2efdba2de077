"""The generated pages on recipes and networks say what the code has."""

from __future__ import annotations

import re
import tomllib
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import pytest

from mien.core.labels import fer7
from mien.study import parse_study
from mien.study.kinds.fusion import Stages
from mien.study.kinds.kind import train_config
from mien.study.samples import drawn
from mien.study.smoke import generated_faces
from mien.train import config_from_dict
from tool_made import tool_module

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def tool() -> ModuleType:
    """The script that writes them."""
    return tool_module("make_training_docs")


@pytest.mark.parametrize("name", ["recipe.md", "networks.md"])
def test_pages_are_current(tool: ModuleType, name: str) -> None:
    assert (ROOT / "docs" / name).read_text(encoding="utf-8") == tool.PAGES[name](), "make docs"


def test_a_field_without_words_would_be_noticed(tool: ModuleType) -> None:
    class Bare:
        """Nothing is said of its fields."""

    with pytest.raises(ValueError, match="Bare documents no arguments"):
        tool.arguments(Bare)


@pytest.mark.parametrize(("scale", "arms"), [("smoke", 12), ("reduced", 13), ("full", 12)])
def test_the_study_on_the_page_is_one(scale: str, arms: int) -> None:
    page = (ROOT / "docs" / "studies.md").read_text(encoding="utf-8")
    (text,) = re.findall(r"## One of your own\n\n```toml\n(.*?)```", page, re.DOTALL)
    study = parse_study(tomllib.loads(text), "mine", scale)
    assert len(study.arms) == arms
    for arm in study.arms:
        assert train_config(arm.recipe, "fer7")
        drawn(generated_faces(1, ("Training",), fer7), replace(arm.plan, generated=2))


def test_the_fusion_on_the_page_is_one() -> None:
    page = (ROOT / "docs" / "studies.md").read_text(encoding="utf-8")
    (text,) = re.findall(r"```toml\n(kind = \"fusion\".*?)```", page, re.DOTALL)
    words = {"title": "t", "source": "s", "question": "q"}
    (arm,) = parse_study({**words, **tomllib.loads(text)}, "mine", "full").arms
    stages = Stages.of(arm)
    assert list(stages.configs) == ["resnet18", "vgg16", "head", "tuning"]
    assert arm.recipe["fusion"] in stages.fusions


def test_the_recipe_on_the_page_is_one(tool: ModuleType) -> None:
    (text,) = re.findall(r"```toml\n(.*?)```", tool.recipe_page(), re.DOTALL)
    config = config_from_dict(tomllib.loads(text))
    assert config.network.hidden == (4096, 1024)
    assert config.network.freeze_to == "layer3"
