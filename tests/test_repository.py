"""What holds for the repository as a whole: contracts, pins, what an import costs."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tomllib
from importlib.util import find_spec
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import mien

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
LEARNING = ("torch", "torchvision", "timm", "lightning_fabric", "onnx", "onnxscript")
HEAVY = (*LEARNING, "PIL", "cv2", "onnxruntime", "rich", "sklearn", "skimage", "matplotlib")
USING_HALF = (
    "core", "metrics", "store", "data", "runtime", "analyze", "server", "evaluate", "benchmark",
    "cli",
)  # fmt: skip


def loaded_after(code: str, *, hidden: tuple[str, ...] = ()) -> set[str]:
    """Top-level modules that ``code`` leaves loaded; ``hidden`` ones cannot be imported."""
    program = (
        "import sys\n"
        f"sys.modules.update(dict.fromkeys({hidden!r}))\n"  # None makes an import fail
        f"{code}\n"
        "import json\n"
        "print(json.dumps([n.partition('.')[0] for n, m in sys.modules.items() if m is not None]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return set(json.loads(done.stdout.splitlines()[-1]))


def modules_of(package: str) -> list[str]:
    files = sorted((ROOT / "src" / "mien" / package).rglob("*.py"))
    names = (".".join(file.relative_to(ROOT / "src").with_suffix("").parts) for file in files)
    return [name.removesuffix(".__init__") for name in names]


def test_public_names_are_these() -> None:
    assert mien.__all__ == [
        "Detector", "DetectorOptions", "Face", "Faces", "LabelSpace", "MienError", "Reading",
        "Recognizer", "Scores", "Stream", "load_bundle", "read_image", "read_rows", "table",
        "video",
    ]  # fmt: skip
    assert all(getattr(mien, name) is not None for name in mien.__all__)
    assert set(mien.__all__) <= set(dir(mien))


def test_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'recogniser'"):
        _ = mien.recogniser


def test_import_is_light() -> None:
    assert not loaded_after("import mien") & set(HEAVY)


def test_command_line_is_light() -> None:
    assert not loaded_after("import mien.cli") & set(HEAVY)


@pytest.mark.parametrize("package", USING_HALF)
def test_every_module_of_the_using_half_imports_without_torch(package: str) -> None:
    assert all(find_spec(name) for name in ("torch", "onnx")), "install mien[train] to test this"
    names = modules_of(package)
    assert names
    assert not loaded_after(f"import {', '.join(names)}", hidden=LEARNING) & set(LEARNING)


def test_importing_core_loads_numpy_and_nothing_else() -> None:
    found = loaded_after(f"import {', '.join(modules_of('core') + modules_of('metrics'))}")
    assert not found & {*HEAVY, "typer"}
    assert "numpy" in found


def test_import_contracts_hold() -> None:
    lint = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run(
        [lint, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout
    assert "0 broken" in done.stdout


def test_layers_cover_every_package() -> None:
    (layers,) = (c for c in PROJECT["tool"]["importlinter"]["contracts"] if c["type"] == "layers")
    assert layers["exhaustive"] is True
    named = set(re.findall(r"\w+", " ".join(layers["layers"])))
    assert {path.parent.name for path in (ROOT / "src/mien").glob("*/__init__.py")} <= named


def test_every_using_package_but_the_command_line_is_under_contract() -> None:
    contracts = PROJECT["tool"]["importlinter"]["contracts"]
    (torch_free,) = (c for c in contracts if "torch" in c.get("forbidden_modules", ()))
    assert torch_free["source_modules"] == [f"mien.{name}" for name in USING_HALF if name != "cli"]


def test_examples_in_the_using_half_are_run() -> None:
    paths = PROJECT["tool"]["pytest"]["ini_options"]["testpaths"]
    assert set(paths) == {"tests", *(f"src/mien/{name}" for name in USING_HALF)}
    home = ROOT / "src" / "mien"
    files = [file.relative_to(home) for file in home.rglob("*.py")]
    with_examples = {f.parts[0] for f in files if ">>>" in (home / f).read_text(encoding="utf-8")}
    assert with_examples <= set(USING_HALF)


def pins() -> dict[str, str]:
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    rows = [line for line in lines if not line.startswith("#")]
    assert all(re.fullmatch(r"[A-Za-z0-9._-]+==[0-9][0-9a-z.]*", row) for row in rows), rows
    return {canonicalize_name(name): version for name, version in (r.split("==") for r in rows)}


def test_constraints_pin_everything_that_is_declared() -> None:
    declared = [*PROJECT["project"]["dependencies"]]
    declared += [
        line for lines in PROJECT["project"]["optional-dependencies"].values() for line in lines
    ]
    pinned = pins()
    for requirement in map(Requirement, declared):
        version = pinned.get(canonicalize_name(requirement.name))
        assert version is not None, f"{requirement.name} has no line in constraints.txt"
        assert requirement.specifier.contains(version), f"{requirement} excludes {version}"


def test_core_requirements_have_no_learning_half() -> None:
    names = {canonicalize_name(Requirement(r).name) for r in PROJECT["project"]["dependencies"]}
    assert names == {"numpy", "onnxruntime", "pillow", "rich", "simplejpeg", "typer"}


def test_changelog_has_this_version() -> None:
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert re.search(rf"^## \[{re.escape(mien.__version__)}\]", text, re.MULTILINE)


def test_ci_calls_targets_that_exist() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    lines = (ROOT / ".ci/run").read_text("utf-8").splitlines()
    called = {
        target for line in lines if (found := re.search(r"\brun ([a-z -]+)$", line))
        for target in found[1].split()
    }  # fmt: skip
    assert called == {
        "test", "web", "page", "lowest", "slow", "real", "coverage", "site", "browser",
        "wheel-check",
    }  # fmt: skip
    assert called | {"demo"} <= targets


def project_files() -> list[Path]:
    folders = ("src", "tests", "tools", "configs", "docs", "benchmarks", ".ci")
    files = [f for folder in folders for f in (ROOT / folder).rglob("*") if f.is_file()]
    files += [
        ROOT / "Makefile",
        *ROOT.glob("constraints*.txt"),
        *ROOT.glob("*.md"),
        *ROOT.glob("*.toml"),
    ]
    return [f for f in files if "__pycache__" not in f.parts]


def test_no_file_names_one_machine_or_a_registry() -> None:
    telling = re.compile(
        rb"(/work|/root|/home/\w+|/Users/\w+|/opt/\w+)/|index-url|find-links|/simple\b"
    )
    mine = Path(__file__).name
    text = [f for f in project_files() if f.suffix not in {".onnx", ".npz", ".jpg", ".png"}]
    found = [
        str(f.relative_to(ROOT)) for f in text if f.name != mine and telling.search(f.read_bytes())
    ]
    assert found == []


def test_source_files_are_short() -> None:
    lines = {
        f: len(f.read_text(encoding="utf-8").splitlines()) for f in (ROOT / "src").rglob("*.py")
    }
    assert {f.name: n for f, n in lines.items() if n > 400} == {}


def test_reading_a_picture_leaves_nothing_behind(tmp_path: Path) -> None:
    """ONNX Runtime keeps an identifier and events in the user's cache folder unless told not to."""
    kept = {"CI", "ORT_DISABLE_TELEMETRY"}
    environment = {
        name: value
        for name, value in os.environ.items()
        if name not in kept and not name.startswith("XDG_")
    } | {"HOME": str(tmp_path)}
    line = [sys.executable, "-m", "mien", "analyze", str(ROOT / "assets" / "portrait.jpg")]
    subprocess.run([*line, "--json"], env=environment, check=True, capture_output=True)
    assert list(tmp_path.rglob("*")) == []
