"""Results of a study are kept in the repository and laid back (tools/keep_results.py)."""

import json
from pathlib import Path
from types import ModuleType

import pytest

from tool_made import tool_module


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
    runs, kept = tmp_path / "runs" / "pooling", tmp_path / "docs" / "pooling"
    done = arm(runs, "max", "done")
    arm(runs, "min", "failed")
    (runs / "table.md").write_text("# Pooling\n")
    assert tool.keep(runs, kept) == ["max"]
    assert sorted(p.name for p in kept.parent.rglob("*") if p.is_file()) == [
        "max.json",
        "pooling.md",
    ]
    assert (kept.parent / "pooling.md").read_text() == "# Pooling\n"
    elsewhere = tmp_path / "new" / "pooling"
    assert tool.lay_back(kept, elsewhere) == ["max"]
    assert (elsewhere / "max" / "result.json").read_text() == done.read_text()


def test_a_result_that_is_there_is_not_replaced(tool: ModuleType, tmp_path: Path) -> None:
    runs, kept = tmp_path / "runs", tmp_path / "kept"
    done = arm(runs, "max", "done")
    tool.keep(runs, kept)
    done.write_text("newer")
    assert tool.lay_back(kept, runs) == []
    assert done.read_text() == "newer"
