"""The door to torchvision and timm: open here, and no more than an import where all is well."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from mien.core.errors import MissingExtraError, install_line
from mien.models import torchvision_import

HEALTHY = "models = 'healthy'\n"


@pytest.fixture
def stand_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Puts a package called torchvision before the real one, for one test."""
    real = {n: m for n, m in sys.modules.items() if n.partition(".")[0] == "torchvision"}

    def place(code: str) -> None:
        package = tmp_path / "torchvision"
        package.mkdir()
        (package / "__init__.py").write_text(code)
        (package / "extension.py").write_text("")
        for name in real:
            del sys.modules[name]
        monkeypatch.syspath_prepend(tmp_path)

    yield place
    for name in [n for n in sys.modules if n.partition(".")[0] == "torchvision"]:
        del sys.modules[name]
    sys.modules.update(real)


@pytest.fixture
def declared(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    calls: list[str] = []
    monkeypatch.setattr(torchvision_import, "_declare_operators", lambda: calls.append("declared"))
    return calls


def test_both_import_here() -> None:
    assert "resnet50" in torchvision_import.import_timm().list_models()
    assert torchvision_import.import_torchvision().models.googlenet.__name__ == "googlenet"


def test_a_healthy_torchvision_is_only_imported(stand_in, declared) -> None:
    stand_in(HEALTHY)
    assert torchvision_import.import_torchvision().models == "healthy"
    assert torchvision_import.import_torchvision() is sys.modules["torchvision"]
    assert declared == []


def test_missing_operators_are_declared_once_and_nothing_half_imported_stays(
    stand_in, monkeypatch
) -> None:
    left_behind: list[bool] = []

    def declare() -> None:
        left_behind.append("torchvision.extension" in sys.modules)
        sys.modules["operators_of_a_test"] = torchvision_import

    monkeypatch.setattr(torchvision_import, "_declare_operators", declare)
    stand_in(
        "import sys, torchvision.extension\n"
        "if 'operators_of_a_test' not in sys.modules:\n"
        "    raise RuntimeError('operator torchvision::nms does not exist')\n" + HEALTHY
    )
    try:
        assert torchvision_import.import_torchvision().models == "healthy"
        torchvision_import.import_torchvision()
    finally:
        sys.modules.pop("operators_of_a_test", None)
    assert left_behind == [False]


def test_any_other_failure_is_not_hidden(stand_in, declared) -> None:
    stand_in("raise RuntimeError('the disk is on fire')\n")
    with pytest.raises(RuntimeError, match="on fire"):
        torchvision_import.import_torchvision()
    assert declared == []


@pytest.mark.parametrize("name", ["torchvision", "timm"])
def test_a_missing_module_names_the_extra(name: str, monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(MissingExtraError, match=re.escape(install_line("train"))):
        torchvision_import.import_timm()


def test_registering_the_zoo_imports_none_of_it() -> None:
    code = (
        "import sys, mien.models as m\n"
        "assert 'resnet50' in m.models()\n"
        "print(sorted({'timm', 'torchvision', 'safetensors'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
