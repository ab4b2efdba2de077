"""``mien explain``: bundles and runs, pictures and data, and what is refused before any work."""

from __future__ import annotations

import io
import itertools
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from faces_made import made_faces, save_picture, table_text
from mien.cli import console, run
from mien.core.faces import Faces
from mien.core.labels import fer7
from mien.explain import NOTICE
from mien.explain.methods import Method
from mien.export import ExportReport
from mien.models import Origin, build
from mien.models.joint import JointNet
from mien.models.options import NetworkOptions
from mien.runtime import detectors
from mien.train import config_from_dict, train

LABELS = [0, 1, 2, 3, 4, 5, 6]


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a run of one epoch on noise."""
    folder = tmp_path_factory.mktemp("trained")
    faces = made_faces(LABELS * 2)
    (folder / "fer2013.csv").write_text(table_text(faces), encoding="utf-8")
    recipe = 'model = "nano"\nepochs = 1\nbatch_size = 14\nvotes_weight = 0\nwatch = ""\n'
    (folder / "recipe.toml").write_text(recipe, encoding="utf-8")
    line = ["--data", str(folder / "fer2013.csv"), "--out", str(folder / "run")]
    assert run(["train", str(folder / "recipe.toml"), *line]) == 0
    return folder / "run"


@pytest.fixture(scope="module")
def bundle(made: ExportReport) -> str:
    return str(made.bundle.path)


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    noise = np.random.default_rng(0).integers(0, 256, (60, 50, 3)).astype(np.uint8)
    return save_picture(tmp_path / "face.png", noise)


@pytest.fixture
def table(tmp_path: Path) -> Path:
    faces = made_faces(LABELS * 2, ["Training"] * 7 + ["PublicTest"] * 7)
    faces.images[8] = faces.images[3]  # twins across the splits: happy and disgust
    path = tmp_path / "fer2013.csv"
    path.write_text(table_text(faces), encoding="utf-8")
    return path


class Answer:
    """Runs a command line and keeps what it said."""

    def __init__(self, capsys: pytest.CaptureFixture[str], out: Path) -> None:
        self.capsys, self.out = capsys, out
        self.err = ""

    def __call__(self, *line: str, code: int = 0) -> dict[str, Any]:
        self.capsys.readouterr()
        assert run(["explain", *line, "--out", str(self.out)]) == code, self.capsys.readouterr()
        printed, self.err = self.capsys.readouterr()
        if code:
            assert printed == ""
            assert not self.out.exists()
            return {}
        with Image.open(self.out) as figure:
            assert figure.format == "PNG"
            assert min(figure.size) > 300
        assert f"written to {self.out}" in self.err
        return json.loads(printed)


@pytest.fixture
def explained(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Answer:
    return Answer(capsys, tmp_path / "figure.png")


@pytest.mark.parametrize("method", [None, "occlusion", "activation"])
def test_a_bundle_is_explained(method: str | None, bundle: str, picture: Path, explained: Answer):
    extra = [] if method is None else ["--method", method]
    found = explained("picture", bundle, str(picture), "--detector", "none", *extra)
    assert found["model"] == "made"
    assert found["method"] == (method or "occlusion")
    assert found["calibrated"] is True
    (face,) = found["faces"]
    assert face["box"] == [0, 0, 50, 60]
    assert face["label"] in {"angry", "disgust", "fear", "happy", "sad", "surprise", "neutral"}
    assert 1 / 7 < face["probability"] < 1


@pytest.mark.parametrize("method", ["gradcam", "saliency", "smoothgrad", "occlusion", "activation"])
def test_a_run_is_explained(method: str, trained: Path, picture: Path, explained: Answer):
    found = explained(
        "picture", str(trained), str(picture), "--detector", "none", "--method", method
    )
    assert (found["model"], found["method"], len(found["faces"])) == ("nano (run)", method, 1)
    assert found["calibrated"] is False


def test_layers_of_a_run(trained: Path, picture: Path, explained: Answer):
    found = explained("layers", str(trained), str(picture), "--detector", "none")
    assert found["layers"]["trunk.0"] == [16, 44, 44]
    assert len(found["layers"]) > 8
    assert len(found["faces"]) == 1


def test_a_label_of_choice_and_several_faces(
    bundle: str, picture: Path, explained: Answer, monkeypatch: pytest.MonkeyPatch
):
    boxes = np.array([[0, 0, 30, 30], [10, 20, 50, 60.0]])
    kind = type(detectors.build_detector("none"))
    monkeypatch.setattr(kind, "detect", lambda *_: Faces(boxes, np.ones(2)))
    line = ["picture", bundle, str(picture), "--detector", "none", "--method", "activation"]
    found = explained(*line, "--label", "sad")
    assert [face["box"] for face in found["faces"]] == boxes.tolist()
    assert [face["label"] for face in found["faces"]] == ["sad", "sad"]


def test_mistakes_are_for_local_use_only(bundle: str, table: Path, explained: Answer):
    found = explained("data", bundle, "--data", str(table), "--what", "mistakes", "--count", "3")
    assert (found["what"], found["split"], found["shown"]) == ("mistakes", "PublicTest", 3)
    assert NOTICE in explained.err


def test_twins_are_looked_for_in_all_splits(bundle: str, table: Path, explained: Answer):
    found = explained("data", bundle, "--data", str(table), "--what", "twins")
    assert (found["split"], found["shown"]) == ("all", 1)
    assert NOTICE in explained.err


def test_classes_of_a_run(trained: Path, table: Path, explained: Answer):
    line = ["--data", str(table), "--what", "classes", "--split", "all", "--method", "gradcam"]
    found = explained("data", str(trained), *line)
    assert found["method"] == "gradcam"
    assert list(found["counts"])[3] == "happy"
    assert NOTICE not in explained.err


def test_data_without_twins_is_told(bundle: str, tmp_path: Path, explained: Answer):
    path = tmp_path / "fer2013.csv"
    path.write_text(table_text(made_faces([0, 1])), encoding="utf-8")
    explained("data", bundle, "--data", str(path), "--what", "twins", code=1)
    assert "nothing of this kind is in the data" in explained.err


@pytest.mark.parametrize("method", ["gradcam", "saliency", "smoothgrad", "layers"])
def test_a_bundle_where_a_run_is_needed(method: str, bundle: str, picture: Path, explained: Answer):
    how = ["layers"] if method == "layers" else ["picture", "--method", method]
    explained(*how, bundle, str(picture), "--detector", "none", code=1)
    assert f"{method} looks into the network, and made is a bundle" in explained.err
    assert "use occlusion or activation" in explained.err


def test_where_nothing_can_be_seen_another_method_is_named(
    bundle: str, picture: Path, explained: Answer, monkeypatch: pytest.MonkeyPatch
):
    line = ["picture", bundle, str(picture), "--detector", "none"]
    for method, faint in itertools.product(("occlusion", "activation"), (True, False)):
        monkeypatch.setattr(Method, "is_faint", lambda *_, faint=faint: faint)
        label = explained(*line, "--method", method)["faces"][0]["label"]
        assert ("--method activation" in explained.err) is (faint and method == "occlusion")
    monkeypatch.setattr(Method, "is_faint", lambda *_: True)
    other = "sad" if label == "happy" else "happy"
    explained(*line, "--label", other)  # nothing is said of the answer
    assert "--method activation" not in explained.err


def test_no_face_is_told(bundle: str, tmp_path: Path, explained: Answer):
    grey = save_picture(tmp_path / "grey.png", np.full((80, 80, 3), 90, np.uint8))
    explained("picture", bundle, str(grey), code=1)
    assert "no face found in" in explained.err
    assert "--detector none" in explained.err


def test_a_folder_that_is_neither_bundle_nor_run(tmp_path: Path, picture: Path, explained: Answer):
    explained("picture", str(tmp_path), str(picture), code=1)
    assert "holds neither a run of mien train (last.ckpt) nor a bundle" in explained.err


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (["picture", "fake", "IMAGE"], "unknown model 'fake'"),
        (["picture", "./fake", "IMAGE"], "no folder './fake'; check the path"),
        (["picture", "default", "none.jpg"], "no file or folder 'none.jpg'"),
        (["data", "default", "--data", "none.csv", "--what", "twins"], "folder 'none.csv'"),
        (["picture", "default", "IMAGE", "--label", "hapy"], "did you mean 'happy'?"),
        (["picture", "default"], "Missing argument 'PICTURE'"),
        (["picture", "default", "IMAGE", "--split", "Training"], "--split"),
        (["picture", "default", "IMAGE", "--what", "twins"], "--what"),
        (["data", "default", "--what", "twins"], "--data"),
        (["data", "default", "--data", "TABLE"], "--what"),
        (["data", "default", "--data", "TABLE", "--what", "twins", "--label", "sad"], "--label"),
        (
            ["data", "default", "--data", "TABLE", "--what", "mistakes", "--method", "gradcam"],
            "--method: only for --what classes, not for mistakes",
        ),
        (
            ["data", "default", "--data", "TABLE", "--what", "classes", "--method", "layers"],
            "layers",
        ),
        (["picture", "RUN", "IMAGE", "--precision", "int8"], "is for bundles"),
        (["layers", "RUN", "IMAGE", "--label", "sad"], "--label"),
        (["picture", "default", "IMAGE", "--method", "lime"], "lime"),
        (["data", "default", "--data", "TABLE", "--what", "twins", "--min-face", "9"], "min-face"),
        (["data", "RUN", "--data", "TABLE", "--what", "twins", "--detector", "haar"], "detector"),
    ],
)
def test_wrong_usage(
    line: list[str], words: str, trained: Path, picture: Path, table: Path, explained: Answer
):
    given = {"IMAGE": str(picture), "TABLE": str(table), "RUN": str(trained)}
    explained(*(given.get(word, word) for word in line), code=2)
    assert words in explained.err


@pytest.mark.parametrize("of", ["IMAGE", "TABLE", "FOLDER"])
def test_what_is_read_is_not_written_over(
    of: str, bundle: str, table: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    folder = tmp_path / "faces" / "PublicTest" / "happy"
    folder.mkdir(parents=True)
    source = {"IMAGE": tmp_path / "face.png", "TABLE": table.rename(tmp_path / "table")}
    for path in (folder / "a.png", source["IMAGE"]):
        save_picture(path, np.random.default_rng(0).integers(0, 256, (48, 48, 3)).astype(np.uint8))
    out = source.get(of, folder / "a.png")
    before = out.read_bytes()
    line = {
        "IMAGE": ["picture", bundle, str(out), "--detector", "none"],
        "TABLE": ["data", bundle, "--data", str(out), "--what", "twins"],
        "FOLDER": ["data", bundle, "--data", str(tmp_path / "faces"), "--what", "mistakes"],
    }[of]
    assert run(["explain", *line, "--out", str(out)]) == 2
    assert "is read here and would be lost" in " ".join(capsys.readouterr().err.split())
    assert out.read_bytes() == before


def test_a_picture_from_stdin_becomes_a_figure_on_stdout(
    bundle: str, picture: Path, tmp_path: Path
):
    command = [sys.executable, "-m", "mien", "explain", "picture", bundle, "-", "--out", "-"]
    more = ["--detector", "none", "--method", "activation", "--json"]
    with picture.open("rb") as given:
        done = subprocess.run(
            [*command, *more], stdin=given, capture_output=True, cwd=tmp_path, check=True
        )
    with Image.open(io.BytesIO(done.stdout)) as figure:
        assert figure.format == "PNG"
    assert done.stdout.endswith(b"IEND\xaeB`\x82")  # and no record behind it
    assert b"written to stdout" in done.stderr
    assert not (tmp_path / "-").exists()


def test_threads_hold_for_the_network_of_a_run(
    trained: Path, picture: Path, explained: Answer, monkeypatch: pytest.MonkeyPatch
):
    seen: list[int] = []
    forward = torch.nn.Conv2d.forward

    def noting(self: torch.nn.Conv2d, given: torch.Tensor) -> torch.Tensor:
        seen.append(torch.get_num_threads())
        return forward(self, given)

    monkeypatch.setattr(torch.nn.Conv2d, "forward", noting)
    before = torch.get_num_threads()
    line = ["picture", str(trained), str(picture), "--detector", "none", "--method", "gradcam"]
    explained(*line, "--threads", str(before + 1))
    assert set(seen) == {before + 1}
    assert torch.get_num_threads() == before


def test_a_joint_run_is_called_by_what_it_is(tmp_path: Path, picture: Path, explained: Answer):
    members = [build("nano", labels=fer7, votes=False, dropout=0.0) for _ in range(2)]
    config = config_from_dict({"epochs": 1, "batch_size": 14, "votes_weight": 0, "watch": ""})
    origins = [Origin("nano", 0.0, NetworkOptions())] * 2
    joint = JointNet(members, origins=origins)
    train(made_faces(LABELS * 2), config, tmp_path / "joint", network=joint)
    found = explained("picture", str(tmp_path / "joint"), str(picture), "--detector", "none")
    assert found["model"] == "joint (joint)"


def test_out_is_needed(picture: Path, capsys: pytest.CaptureFixture[str]):
    assert run(["explain", "picture", "default", str(picture)]) == 2
    assert "--out" in capsys.readouterr().err


def test_a_wrong_path_is_told_before_the_work(
    bundle: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    (tmp_path / "here").mkdir()
    unreadable = tmp_path / "unreadable.png"
    unreadable.write_text("no picture", encoding="utf-8")
    for out, words in (
        (tmp_path / "no" / "a.png", "no folder"),
        (tmp_path / "here", "is a folder"),
    ):
        line = ["picture", bundle, str(unreadable), "--out", str(out)]
        assert run(["explain", *line]) == 1
        assert words in capsys.readouterr().err


def test_a_label_the_model_does_not_know(bundle: str, picture: Path, explained: Answer):
    explained("picture", bundle, str(picture), "--detector", "none", "--label", "glee", code=2)
    assert "unknown label 'glee'" in explained.err


def test_a_terminal_gets_words_only(
    bundle: str,
    picture: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
):
    monkeypatch.setattr(console, "on_terminal", lambda _stream: True)
    line = ["picture", bundle, str(picture), "--detector", "none", "--method", "activation"]
    assert run(["explain", *line, "--out", str(tmp_path / "a.png")]) == 0
    out, err = capsys.readouterr()
    assert out == ""
    assert "written to" in err
