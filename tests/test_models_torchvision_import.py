"""The door to torchvision and timm: open here, and what it says where it stays shut."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from mien.core.errors import MissingExtraError, install_line
from mien.models import torchvision_import


@pytest.fixture
def stand_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Puts a package called torchvision before the real one, for one test."""
    real = {n: m for n, m in sys.modules.items() if n.partition(".")[0] == "torchvision"}

    def place(code: str) -> None:
        package = tmp_path / "torchvision"
        package.mkdir()
        (package / "__init__.py").write_text(code)
        for name in real:
            del sys.modules[name]
        monkeypatch.syspath_prepend(tmp_path)

    yield place
    for name in [n for n in sys.modules if n.partition(".")[0] == "torchvision"]:
        del sys.modules[name]
    sys.modules.update(real)


def test_both_import_here() -> None:
    assert "resnet50" in torchvision_import.import_timm().list_models()
    assert torchvision_import.import_torchvision().models.googlenet.__name__ == "googlenet"


def test_a_torchvision_that_imports_is_imported_once(stand_in) -> None:
    stand_in("models = 'healthy'\n")
    assert torchvision_import.import_torchvision().models == "healthy"
    assert torchvision_import.import_torchvision() is sys.modules["torchvision"]


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("raise RuntimeError('operator torchvision::roi_align does not exist')", "roi_align"),
        ("import no_such_module_anywhere", "no_such_module_anywhere"),
    ],
)
def test_one_that_does_not_fit_torch_should_be_reinstalled(
    code: str, reason: str, stand_in
) -> None:
    stand_in(code)
    message = rf"does not fit torch {re.escape(torch.__version__)} .*{reason}.*: reinstall torch"
    with pytest.raises(MissingExtraError, match=message):
        torchvision_import.import_timm()


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
