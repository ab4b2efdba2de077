"""What all tests share: property tests are judged by answers, never by the clock."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

if TYPE_CHECKING:
    from mien.export import ExportReport

# Tests neither read nor fill the user's cache of data sets; those of the cache name a folder.
os.environ["MIEN_CACHE"] = "off"

settings.register_profile("mien", deadline=None)
settings.load_profile("mien")


@pytest.fixture(autouse=True)
def same_draws() -> None:
    """Each test draws its weights and pictures from one seed: a red test is red again."""
    if torch := sys.modules.get("torch"):
        torch.random.manual_seed(0)


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> ExportReport:
    """A bundle of an untrained network, exported once for all tests."""
    from made_bundle import made_bundle

    return made_bundle(tmp_path_factory.mktemp("bundle") / "made")
