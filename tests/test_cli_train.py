"""``mien train``: recipe in, run folder out."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from collections_made import ck48, jaffe, noise
from faces_made import made_faces, table_text
from made_bundle import made_bundle
from mien.cli import console, run
from mien.core.errors import install_line
from mien.data.origin import terms
from mien.train import load_run
from mien.train.teachers import WEIGHT


@pytest.fixture
def line(tmp_path: Path) -> list[str]:
    """A command line that trains on 28 rows of noise for two epochs."""
    faces = made_faces([0, 1, 2, 3, 4, 5, 6] * 5, ["Training"] * 28 + ["PublicTest"] * 7)
    (tmp_path / "fer2013.csv").write_text(table_text(faces), encoding="utf-8")
    recipe = (
        'model = "nano"\nepochs = 2\nbatch_size = 14\nvotes_weight = 0\nprecision = "32-true"\n'
    )
    (tmp_path / "recipe.toml").write_text(recipe, encoding="utf-8")
    data, out = str(tmp_path / "fer2013.csv"), str(tmp_path / "run")
    return ["train", str(tmp_path / "recipe.toml"), "--data", data, "--out", out]


def test_words_go_to_stderr_and_the_last_epoch_to_stdout(
    line: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run([*line, "--json"]) == 0
    out, err = capsys.readouterr()
    assert out.count("\n") == 1
    record = json.loads(out)
    assert record["epoch"] == 2
    assert record["run"] == str(tmp_path / "run")
    assert "epoch 1/2" in err
    assert "PublicTest" in err
    assert f"the run is in {tmp_path / 'run'}" in err
    assert any((tmp_path / "run").iterdir())


def test_a_pipe_gets_json_and_a_terminal_words(
    line: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run([*line, "--set", "held_out=0.25"]) == 0
    out, err = capsys.readouterr()
    assert json.loads(out)["epoch"] == 2
    assert "held out 0." in err
    assert "PublicTest" not in err
    monkeypatch.setattr(console, "on_terminal", lambda stream: stream is sys.stdout)
    assert run([*line, "--set", "held_out=0.25", "--resume"]) == 0
    out, err = capsys.readouterr()
    assert out == ""
    assert "the run is in" in err


def test_a_run_is_continued_only_when_asked(
    line: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run([*line, "--set", "model=nano"]) == 0
    capsys.readouterr()
    assert run(line) == 1
    assert "--resume" in capsys.readouterr().err
    assert run([*line, "--resume", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["epoch"] == 2


@pytest.mark.parametrize(
    ("extra", "code", "words"),
    [
        (["--set", "epoch=3"], 1, "unknown configuration key epoch"),
        (["--set", "epochs=0"], 1, "epochs must be 1 or more"),
        (["--set", "votes_weight=0.4"], 1, "--votes FILE"),
        (["--set", "model=nanno"], 2, "did you mean 'nano'?"),
    ],
)
def test_refuses_and_says_why(
    extra: list[str], code: int, words: str, line: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run([*line, *extra]) == code
    out, err = capsys.readouterr()
    assert out == ""
    assert words in err


def test_a_student_begins_with_a_bundle_and_learns_from_others(
    line: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    teacher = tmp_path / "teacher"
    made_bundle(teacher, int8=False)
    student = ["distill", *line[1:], "--teacher", str(teacher), "--teacher", "default"]
    more = ["--start", str(teacher), "--set", "distillation.views=1"]
    assert run([*student, *more, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["epoch"] == 2
    record = load_run(tmp_path / "run").training.record
    assert [each["name"] for each in record["teachers"]] == ["made", "small"]
    assert record["start"]["name"] == "made"
    assert record["config"]["distillation"]["weight"] == WEIGHT
    assert run(["distill", *line[1:]]) == 2
    assert "--teacher" in capsys.readouterr().err
    assert run([*line[:-1], str(tmp_path / "other"), "--start", "default"]) == 1
    assert "small is not the network of the recipe" in capsys.readouterr().err


def test_the_terms_of_every_data_set_are_told(tmp_path: Path) -> None:
    table = tmp_path / "fer2013.csv"
    table.touch()
    ck = ck48(tmp_path / "CK+48")
    assert terms(table) == terms(table, table) == {}
    alone = terms(ck)
    assert alone["data_set"].startswith("CK+48: peak frames")
    assert alone["data_terms"].startswith("CK+48: ")
    assert terms(ck, ck) == alone
    # FER2013 was trained on too, in whatever order: what holds of it must go on being said.
    assert terms(ck, table) == terms(table, ck) == {"data_terms": alone["data_terms"]}


def test_auxiliary_sets_are_trained_on_and_told(
    line: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    aux = ["--aux", str(ck48(tmp_path / "CK+48"))]
    assert run([*line, *aux, "--set", "epochs=1"]) == 0
    assert "auxiliary CK+48: 3 rows; left out: 1 contempt without a label here" in (
        capsys.readouterr().err
    )
    from mien.train import load_run

    provenance = load_run(tmp_path / "run").provenance
    assert "data_set" not in provenance  # the main one is FER2013's table
    assert provenance["data_terms"].startswith("CK+48")
    assert "non-commercial" in provenance["data_terms"]
    data = load_run(tmp_path / "run").data
    assert data["source"] == "fer2013.csv + CK+48"
    assert data["rows"] == 31
    # Exporting is given the data alone, and must know the Training rows again.
    (tmp_path / "alone").mkdir()
    alone = [*line[:-1], str(tmp_path / "alone" / "run"), "--set", "epochs=1"]
    assert run(alone) == 0
    other = load_run(tmp_path / "alone" / "run").data
    assert other["training_sha256"] == data["training_sha256"]
    assert other["rows_sha256"] != data["rows_sha256"]
    capsys.readouterr()
    assert run([*line, *aux, "--aux", str(jaffe(tmp_path / "JAFFE"))]) == 1
    assert "JAFFE' holds photos" in capsys.readouterr().err


def test_cuda_that_is_not_there_is_an_error(
    line: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    assert run([*line, "--device", "cuda"]) == 1
    assert "mien: error: CUDA was asked for" in capsys.readouterr().err


def test_without_torch_the_install_line_is_shown(
    line: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in [n for n in sys.modules if n.startswith("mien.train")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "torch", None)
    assert run(line) == 1
    assert install_line("train") in capsys.readouterr().err


def test_only_the_first_process_speaks(
    line: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("RANK", "1")
    assert run([*line, "--json"]) == 0
    out, _ = capsys.readouterr()
    assert out == ""


def test_votes_of_other_images_are_refused_before_the_first_step(
    line: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    names = ["neutral", "happiness", "surprise", "sadness", "anger", "disgust", "fear"]
    votes_of = [4, 5, 6, 1, 3, 2, 0]  # of each label of FER2013, the column of FER+
    columns = [*names, "contempt", "unknown", "NF"]

    def votes(shift: int) -> str:
        rows = ["Usage,Image name," + ",".join(columns)]
        for i in range(35 * 8):
            counts = [0] * 10
            counts[votes_of[(i + shift) % 7]] = 10
            usage = "Training" if i < 28 * 8 else "PublicTest"
            rows.append(f"{usage},fer{i:07}.png," + ",".join(map(str, counts)))
        return "\n".join(rows) + "\n"

    labels = [0, 1, 2, 3, 4, 5, 6] * 40
    faces = made_faces(labels, ["Training"] * 224 + ["PublicTest"] * 56)
    (tmp_path / "fer2013.csv").write_text(table_text(faces), encoding="utf-8")
    with_votes = [*line, "--votes", str(tmp_path / "votes.csv"), "--set", "votes_weight=0.4"]
    (tmp_path / "votes.csv").write_text(votes(shift=1), encoding="utf-8")
    assert run(with_votes) == 1
    err = capsys.readouterr().err
    assert "agree with only" in err
    assert "--set votes_weight=0" in err
    assert not (tmp_path / "run").exists()
    (tmp_path / "votes.csv").write_text(votes(shift=0), encoding="utf-8")
    assert run([*with_votes, "--set", "epochs=1"]) == 0


def test_a_fold_by_person_of_a_published_layout(
    line: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """CK+48 has no splits: one fold of its people is watched, and the bundle is scored on it."""
    for who in range(6):
        for number, label in enumerate(("anger", "happy", "sadness", "surprise")):
            for frame in range(2):
                name = f"S{who:03}_{number:03}_0000000{frame}"
                noise(tmp_path / "ck48" / label / f"{name}.png", 48)
    line[line.index("--data") + 1] = str(tmp_path / "ck48")
    assert run([*line, "--set", "folds=3", "--set", "fold=1", "--json"]) == 0
    out, err = capsys.readouterr()
    assert json.loads(out)["watch_accuracy"] is not None
    assert "fold 1 of 3" in err
    bundle = ["--data", str(tmp_path / "ck48"), "--out", str(tmp_path / "bundle"), "--no-int8"]
    exported = ["export", str(tmp_path / "run"), *bundle, "--json"]
    assert run(exported) == 1
    assert "it has: " in capsys.readouterr().err
    assert run([*exported, "--calibration-split", "fold"]) == 0
    assert json.loads(capsys.readouterr().out)["metrics"]["fp32"]["n"] == 16
    assert run([*line, "--resume", "--set", "folds=3", "--set", "fold=2"]) == 1
    assert "another fold" in capsys.readouterr().err
