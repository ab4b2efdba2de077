"""The shared options open the real recogniser: the built-in model and the detectors."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from mien.cli import run
from mien.core.errors import install_line

PORTRAIT = str(Path(__file__).parent.parent / "assets" / "portrait.jpg")


@pytest.mark.parametrize("precision", ["fp32", "int8"])
def test_portrait_with_the_defaults(precision: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["analyze", PORTRAIT, "--precision", precision]) == 0
    (face,) = json.loads(capsys.readouterr().out)["faces"]
    assert face["label"] == "happy"


def test_smallest_face_is_passed_on(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["analyze", PORTRAIT, "--min-face", "400"]) == 0
    assert json.loads(capsys.readouterr().out)["faces"] == []


@pytest.mark.parametrize(
    ("extra", "words"),
    [
        (["--detector", "mtcn"], "did you mean 'mtcnn'?"),
        (["--model", "defualt"], "did you mean 'default'?"),
    ],
)
def test_unknown_names_end_before_the_first_picture(
    extra: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["analyze", PORTRAIT, *extra]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert words in err


def test_missing_extra_names_its_install_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "cv2", None)
    assert run(["analyze", PORTRAIT, "--detector", "haar"]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert install_line("haar") in err
