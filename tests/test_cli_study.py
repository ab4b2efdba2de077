"""``mien study``: arms that run, go on, fail and leave as bundles."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest

from faces_made import made_faces, table_text
from mien.cli import run
from mien.data.readers.ferplus import VOTE_COLUMNS
from mien.runtime import Recognizer
from mien.store.bundle import load_bundle

STUDY = """
title = "Drawn rows"
source = "nobody"
question = "Does it run?"

[recipe]
model = "nano"
epochs = 1
batch_size = 16
ema_epochs = 0

[data]
labels = "agrawal5"
pool = ["Training", "PublicTest"]
tests = []
per_class = [6, 2]
shared = "nothing"

[grid]
seed = [0, 1]
"""


def table(path: Path) -> list[dict[str, str]]:
    """Rows of a CSV file."""
    return list(csv.DictReader(path.read_text(encoding="utf-8").splitlines()))


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """``fer2013.csv`` of noise, and ``drawn.toml``, a study of two arms on rows drawn from it."""
    folder = tmp_path_factory.mktemp("made")
    faces = made_faces([0, 1, 2, 3, 4, 5, 6] * 10, ["Training"] * 49 + ["PublicTest"] * 21)
    (folder / "fer2013.csv").write_text(table_text(faces), encoding="utf-8")
    (folder / "drawn.toml").write_text(STUDY, encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def line(made: Path) -> list[str]:
    """The study and its data."""
    return [str(made / "drawn.toml"), "--data", str(made / "fer2013.csv")]


@pytest.fixture(scope="module")
def ran(made: Path, line: list[str]) -> Path:
    """The folder of the first arm's run; the second has not run."""
    out = made / "runs"
    assert run(["study", "run", *line, "--out", str(out), "--arm", "seed0"]) == 0
    return out


def test_the_list_names_every_study_and_its_arms(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["study", "list", "--json"]) == 0
    found = {line["study"]: line for line in map(json.loads, capsys.readouterr().out.splitlines())}
    assert {"pooling", "fusion", "classical"} <= set(found)
    assert found["classical"]["arms"] == {"smoke": 6, "reduced": 6, "full": 6}


def test_show_tells_what_an_arm_changes(made: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["study", "show", str(made / "drawn.toml"), "--json"]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["arm"] for line in lines] == ["seed0", "seed1"]
    assert lines[1]["recipe"]["seed"] == 1
    assert lines[1]["data"]["per_class"] == [6, 2]


def test_one_arm_runs_alone_and_the_table_says_so(ran: Path) -> None:
    rows = table(ran / "table.csv")
    assert [(row["arm"], row["state"]) for row in rows] == [("seed0", "done"), ("seed1", "not run")]
    labels = table(ran / "labels.csv")
    test = [row for row in labels if row["set"] == "test"]
    assert [row["label"] for row in test] == ["angry", "anxious", "happy", "neutral", "sad"]
    assert {row["support"] for row in test} == {"2"}
    assert not (ran / "seed1").exists()


def test_what_is_done_is_not_run_again(
    ran: Path, line: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = (ran / "seed0" / "result.json").read_bytes()
    assert run(["study", "run", *line, "--out", str(ran), "--arm", "seed0", "--json"]) == 0
    out, err = capsys.readouterr()
    assert "epoch" not in err
    first, second = map(json.loads, out.splitlines())
    assert first["scores"]["test"]["n"] == 10
    assert second["state"] == "not run"
    assert (ran / "seed0" / "result.json").read_bytes() == before


def test_an_arm_that_fails_is_told_and_can_be_tried_again(
    made: Path, line: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    more = ["--out", str(tmp_path), "--set", "data.per_class=[99, 2]", "--arm", "seed0"]
    assert run(["study", "run", *line, *more]) == 1
    assert "[1/2] seed0 failed: DataError" in capsys.readouterr().err
    assert "failed" in (tmp_path / "table.md").read_text(encoding="utf-8")
    assert run(["study", "run", *line, *more]) == 1
    assert "seed0 ..." not in capsys.readouterr().err
    assert run(["study", "run", *line, *more, "--retry"]) == 1
    assert "seed0 ..." in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["run", "pooling", "--scale", "reduced"], "pooling at scale reduced needs --data SRC"),
        (["run", "transfer", "--scale", "reduced", "--data", "x.csv"], "give --votes FERPLUS.csv"),
        (["run", "pool"], "pooling"),
        (["run", "classical", "--arm", "hog"], "unknown arm 'hog'"),
        (["run", "pooling", "--set", "epochs"], "expected KEY=VALUE, got 'epochs'"),
        (["run", "pooling", "--set", "model=nanno"], "did you mean 'nano'?"),
    ],
)
def test_what_is_missing_is_told_before_anything_runs(
    words: list[str], reason: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["study", *words, "--out", str(tmp_path / "out")]) == 2
    assert reason in " ".join(capsys.readouterr().err.split())
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("command", ["show", "run", "export"])
def test_a_study_that_cannot_run_is_refused_by_every_command(
    command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bad = tmp_path / "bad.toml"
    bad.write_text(STUDY.replace("epochs = 1", "epoch = 1"), encoding="utf-8")
    out = ["--out", str(tmp_path / "out")]
    more = {"show": [], "run": out, "export": ["--arm", "seed0", "--runs", str(tmp_path), *out]}
    assert run(["study", command, str(bad), *more[command]]) == 1
    printed, err = capsys.readouterr()
    assert printed == ""
    assert "unknown configuration key epoch (did you mean epochs?)" in err
    assert not (tmp_path / "out").exists()


def test_an_arm_on_drawn_rows_becomes_a_bundle(
    made: Path, ran: Path, line: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    name, *data = line
    out = tmp_path / "mine"
    where = ["--runs", str(ran), "--out", str(out), "--no-int8", "--json"]
    assert run(["study", "export", name, "--arm", "seed0", *data, *where]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["largest_difference"] < 1e-4
    card = load_bundle(out).card
    assert card.name == "mine"
    assert card.labels.name == "agrawal5"
    assert card.files["fp32"].metrics[0]["split"] == "test"
    answers = Recognizer(str(out), detector="none").read(np.zeros((64, 64, 3), np.uint8))
    assert answers.scores.probabilities.shape == (1, 5)


def test_an_arm_that_is_not_done_is_not_exported(
    ran: Path, line: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    name, *data = line
    where = ["--runs", str(ran), "--out", str(tmp_path / "mine")]
    assert run(["study", "export", name, "--arm", "seed1", *data, *where]) == 1
    assert "--arm seed1" in capsys.readouterr().err
    assert run(["study", "export", name, "--arm", "seed7", *data, *where]) == 2
    assert "unknown arm 'seed7'" in capsys.readouterr().err
    assert run(["study", "export", name, "--arm", "seed0", *data, *where, "--network", "nano"]) == 1
    assert "only arms of a fusion" in capsys.readouterr().err
    assert not (tmp_path / "mine").exists()


def test_other_data_than_the_arms_are_refused(
    made: Path, ran: Path, line: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    faces = made_faces([0, 1, 2, 3, 4, 5, 6] * 10, ["Training"] * 70, seed=5)
    (tmp_path / "other.csv").write_text(
        table_text(faces).replace("Training", "PublicTest", 21), encoding="utf-8"
    )
    where = [
        "--data",
        str(tmp_path / "other.csv"),
        "--runs",
        str(ran),
        "--out",
        str(tmp_path / "b"),
    ]
    assert run(["study", "export", line[0], "--arm", "seed0", *where]) == 1
    assert "was run with other rows" in " ".join(capsys.readouterr().err.split())


IN_FERPLUS = ("anger", "disgust", "fear", "happiness", "sadness", "surprise", "neutral")
TRANSFER = """
title = "Transfer"
kind = "transfer"
source = "nobody"
question = "Are the votes of these images?"
[recipe]
model = "nano"
epochs = 1
batch_size = 16
ema_epochs = 0
first = { epochs = 1 }
"""


def votes_text(labels: np.ndarray, splits: list[str]) -> str:
    """A FER+ table in which all ten raters chose FER2013's label of each row."""
    of_fer7 = [VOTE_COLUMNS.index(name) for name in IN_FERPLUS]
    rows = [
        ",".join([usage, "x.png", *("10" if at == of_fer7[label] else "0" for at in range(10))])
        for label, usage in zip(labels, splits, strict=True)
    ]
    return "\n".join([",".join(["Usage", "Image name", *VOTE_COLUMNS]), *rows]) + "\n"


def test_votes_of_other_images_are_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    labels, splits = np.arange(420) % 7, ["Training"] * 210 + ["PublicTest"] * 210
    table = table_text(made_faces(labels.tolist(), splits))
    (tmp_path / "fer2013.csv").write_text(table, encoding="utf-8")
    (tmp_path / "t.toml").write_text(TRANSFER, encoding="utf-8")
    line = ["study", "run", str(tmp_path / "t.toml"), "--data", str(tmp_path / "fer2013.csv")]
    for name, of in (("right", labels), ("wrong", np.roll(labels, 1))):
        (tmp_path / f"{name}.csv").write_text(votes_text(of, splits), encoding="utf-8")
    wrong, right = (["--votes", str(tmp_path / f"{name}.csv")] for name in ("wrong", "right"))
    assert run([*line, *wrong, "--scale", "full", "--out", str(tmp_path / "a")]) == 1
    assert "do both files list the images in the same order" in capsys.readouterr().err
    assert not (tmp_path / "a").exists()
    assert run([*line, *right, "--scale", "full", "--out", str(tmp_path / "b")]) == 0
    told = json.loads((tmp_path / "b" / "only" / "result.json").read_text(encoding="utf-8"))
    assert "FER+ votes" in told["data"]
