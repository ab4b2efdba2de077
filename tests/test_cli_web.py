"""``mien web export``."""

from __future__ import annotations

from pathlib import Path

import pytest

from mien.cli import run
from mien.store import page

BUILT = {"index.html": b"<!doctype html>", "assets/a.js": b"1"}


@pytest.fixture
def built(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page, "built_page", lambda: BUILT)


@pytest.mark.usefixtures("built")
def test_page_is_written_with_models_and_detector(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["web", "export", "--out", str(tmp_path / "page")]) == 0
    out, err = capsys.readouterr()
    assert out == ""
    assert "11 files" in err
    written = {p.relative_to(tmp_path / "page").as_posix() for p in tmp_path.rglob("*.*")}
    assert {"index.html", "assets/a.js", "models.json"} <= written
    assert len([path for path in written if path.endswith(".onnx")]) == 7


@pytest.mark.usefixtures("built")
def test_only_a_page_is_replaced(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "page"
    assert run(["web", "export", "--out", str(folder)]) == 0
    (folder / "index.html").write_bytes(b"old")
    assert run(["web", "export", "--out", str(folder)]) == 1
    assert (folder / "index.html").read_bytes() == b"old"
    assert run(["web", "export", "--out", str(folder), "--replace"]) == 0
    assert (folder / "index.html").read_bytes() == BUILT["index.html"]
    (folder / "models.json").rename(tmp_path / "kept")
    capsys.readouterr()
    assert run(["web", "export", "--out", str(folder), "--replace"]) == 1
    assert "is no exported page, it has no models.json" in capsys.readouterr().err
    assert (folder / "assets" / "a.js").exists()


@pytest.mark.usefixtures("built")
def test_unknown_model_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["web", "export", "--out", str(tmp_path / "page"), "--model", "smal"]) == 2
    assert "small" in capsys.readouterr().err
    assert not (tmp_path / "page").exists()


def test_without_the_page_nothing_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(page, "_package", lambda: tmp_path)
    assert run(["web", "export", "--out", str(tmp_path / "page")]) == 1
    assert "make page" in capsys.readouterr().err
    assert not (tmp_path / "page").exists()
