"""What all tests share: property tests are judged by answers, never by the clock."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from starlette.testclient import TestClient

    from mien.export import ExportReport
    from mien.store.samples import SampleStore

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


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SampleStore]:
    """An empty store of samples, in the folder ``samples`` of the test."""
    from made_stores import opened

    with opened(tmp_path) as made:
        yield made


@pytest.fixture
def client(store: SampleStore) -> Iterator[TestClient]:
    """A client of a server that collects into ``store``; tests of other servers make their own."""
    from made_server import client_of, recognizer
    from mien.server import create_app

    with client_of(create_app(recognizer(), samples=store)) as made:
        yield made


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A certificate for localhost and its key, made once for all tests."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("needs openssl")
    folder = tmp_path_factory.mktemp("tls")
    cert, key = folder / "mien.crt", folder / "mien.key"
    subprocess.run(
        [
            openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-keyout", key,
            "-out", cert, "-subj", "/CN=mien", "-addext", "subjectAltName=DNS:localhost",
        ],
        check=True, capture_output=True,
    )  # fmt: skip
    return cert, key
