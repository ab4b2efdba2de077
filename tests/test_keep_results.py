"""Results of a study are kept in the repository and laid back (tools/keep_results.py)."""

import json
from pathlib import Path
from types import ModuleType

import pytest

from mien.study import ArmResult, load_study
from mien.study.run import settings_digest
from tool_made import tool_module

KEPT = Path(__file__).parents[1] / "results" / "studies"


@pytest.fixture(scope="module")
def tool() -> ModuleType:
    """The script as a module."""
    return tool_module("keep_results")


def arm(runs: Path, name: str, state: str) -> Path:
    """A result of an arm, with something else beside it."""
    path = runs / name / "result.json"
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps({"arm": name, "state": state}))
    path.with_name("last.ckpt").write_bytes(b"weights")
    return path


def test_finished_arms_and_tables_are_kept_and_laid_back(tool: ModuleType, tmp_path: Path) -> None:
    runs, kept = tmp_path / "runs" / "pooling", tmp_path / "results" / "pooling"
    pages = tmp_path / "docs"
    done = arm(runs, "max", "done")
    arm(runs, "min", "failed")
    (runs / "table.md").write_text("# Pooling\n")
    assert tool.keep(runs, kept, pages) == ["max"]
    assert [path.name for path in kept.iterdir()] == ["max.json"]
    assert [path.name for path in pages.iterdir()] == ["pooling.md"]
    assert (pages / "pooling.md").read_text() == "# Pooling\n"
    elsewhere = tmp_path / "new" / "pooling"
    assert tool.lay_back(kept, elsewhere) == ["max"]
    assert (elsewhere / "max" / "result.json").read_text() == done.read_text()


def test_a_result_that_is_there_is_not_replaced(tool: ModuleType, tmp_path: Path) -> None:
    runs, kept = tmp_path / "runs", tmp_path / "kept"
    done = arm(runs, "max", "done")
    tool.keep(runs, kept, tmp_path / "docs")
    done.write_text("newer")
    assert tool.lay_back(kept, runs) == []
    assert done.read_text() == "newer"


@pytest.mark.parametrize("path", sorted(KEPT.glob("*/*.json")), ids=lambda path: path.stem)
def test_what_is_kept_is_read_and_written_alike(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    result = ArmResult.from_json(json.loads(text))
    assert (result.arm, result.state) == (path.stem, "done")
    assert json.dumps(result.to_json(), indent=1, allow_nan=False) == text


@pytest.mark.parametrize("folder", sorted(KEPT.iterdir()), ids=lambda path: path.name)
def test_kept_results_are_of_arms_as_they_are_now(folder: Path) -> None:
    arms = {arm.name: arm for arm in load_study(folder.name, "reduced").arms}
    for path in folder.glob("*.json"):
        kept = json.loads(path.read_text(encoding="utf-8"))
        assert kept["settings"] == settings_digest(arms[path.stem])
