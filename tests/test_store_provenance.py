"""What a record says of the code that made it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import mien
from mien.store.provenance import provenance


def test_version_and_commit_are_recorded() -> None:
    found = provenance()
    assert found["mien"] == mien.__version__
    assert set(found) <= {"mien", "commit"}
    assert re.fullmatch(r"[0-9a-f]{40}(-dirty)?", found.get("commit", "0" * 40))


def test_an_installed_package_has_no_commit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mien, "__file__", str(tmp_path / "a" / "b" / "__init__.py"))
    assert provenance() == {"mien": mien.__version__}
