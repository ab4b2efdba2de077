"""``mien data info`` and ``mien data convert``."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from collections_made import affectnet, affectnet_csv, ck, ck48, expw, jaffe
from faces_made import made_faces, same_rows, table_text
from mien.cli import console, run
from mien.core.labels import four
from mien.data import FaceSet, load, readers
from mien.data.writers import write_folder
from mien.runtime import detectors

LABELS = [0, 1, 2, 3, 4, 5, 6]


@pytest.fixture
def faces() -> FaceSet:
    """Two of each label in Training, one in PublicTest; the first row has a twin in each."""
    made = made_faces(LABELS * 3, ["Training"] * 14 + ["PublicTest"] * 7)
    images = made.images.copy()
    images[7] = images[14] = images[0]  # the same label
    images[1] = images[0]  # another label
    return made_faces(LABELS * 3, made.splits.tolist(), images=images)


@pytest.fixture
def table(faces: FaceSet, tmp_path: Path) -> Path:
    path = tmp_path / "fer2013.csv"
    path.write_text(table_text(faces), encoding="utf-8")
    return path


def on_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(console, "on_terminal", lambda _stream: True)
    monkeypatch.setenv("COLUMNS", "200")


def test_info_in_a_pipe_is_one_json_line(
    table: Path, faces: FaceSet, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["data", "info", str(table)]) == 0
    out, err = capsys.readouterr()
    (line,) = out.splitlines()
    found = json.loads(line)
    assert found["rows"] == 21
    assert found["sha256"] == faces.sha256
    assert [split["name"] for split in found["splits"]] == ["Training", "PublicTest"]
    assert found["splits"][0]["counts"]["happy"] == 2
    assert (found["twin_groups"], found["conflicting_groups"]) == (1, 1)
    assert found["class_weights"]["Training"]["angry"] == 1
    assert found["held_out_rows"] == 1
    assert "mien: warning: Training differs from the official" in err


def test_info_on_a_terminal_is_a_table(
    table: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    on_terminal(monkeypatch)
    assert run(["data", "info", str(table)]) == 0
    out, err = capsys.readouterr()
    assert "fer2013.csv: 21 faces of 48 x 48 pixels" in out
    assert "PublicTest" in out
    assert "{" not in out
    assert "held-out tenth of Training: 1 rows" in err


def test_info_lists_twins(table: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["data", "info", str(table), "--twins", "--json"]) == 0
    (line,) = capsys.readouterr().out.splitlines()
    group = json.loads(line)
    assert group["names"] == ["row 2", "row 3", "row 9", "row 16"]
    assert group["labels"] == ["angry", "disgust", "angry", "angry"]
    assert group["conflicting"] is True


def test_info_lists_twins_on_a_terminal(
    table: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    on_terminal(monkeypatch)
    assert run(["data", "info", str(table), "--twins"]) == 0
    assert "Training row 3: disgust" in capsys.readouterr().out


def test_info_maps_labels(table: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["data", "info", str(table), "--labels", "four"]) == 0
    assert json.loads(capsys.readouterr().out)["labels"] == list(four.labels)


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["nothing-here.csv"], 1, "no file or folder"),
        ([".", "--labels", "fuor"], 2, "did you mean 'four'?"),
    ],
)
def test_info_refuses(
    arguments: list[str], code: int, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["data", "info", *arguments]) == code
    out, err = capsys.readouterr()
    assert out == ""
    assert words in err


def test_damaged_row_is_named(table: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = table.read_text(encoding="utf-8")
    table.write_text(text.replace("\n4,", "\n9,", 1), encoding="utf-8")
    assert run(["data", "info", str(table)]) == 1
    assert "fer2013.csv, row 6: emotion must be 0 to 6" in capsys.readouterr().err


def test_hostile_names_are_shown_not_obeyed(
    faces: FaceSet,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    path = tmp_path / "\x1b[31m[bold]x.csv"
    path.write_text(table_text(faces), encoding="utf-8")
    on_terminal(monkeypatch)
    assert run(["data", "info", str(path)]) == 0
    out, err = capsys.readouterr()
    assert "\\x1b[31m[bold]x.csv: 21 faces" in out
    assert "\x1b[31m" not in out + err


def test_convert_to_a_folder_and_back(table: Path, faces: FaceSet, tmp_path: Path) -> None:
    assert run(["data", "convert", str(table), "--out", str(tmp_path / "folder")]) == 0
    assert (
        run(["data", "convert", str(tmp_path / "folder"), "--out", str(tmp_path / "again.csv")])
        == 0
    )
    assert same_rows(load(tmp_path / "again.csv"), faces)


@pytest.mark.parametrize(
    ("options", "rows"),
    [
        (["--split", "PublicTest"], 7),
        (["--split", "PublicTest", "--split", "Training"], 21),
        (["--drop-duplicates"], 18),
        (["--drop-conflicts"], 17),
        (["--split", "Training", "--per-class", "1"], 7),
        (["--split", "Training", "--undersample", "--seed", "3"], 14),
        (["--drop-duplicates", "--undersample"], 7),
    ],
)
def test_convert_writes_a_part(
    options: list[str],
    rows: int,
    table: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    out = tmp_path / "part.csv.gz"
    assert run(["data", "convert", str(table), "--out", str(out), *options]) == 0
    assert len(load(out)) == rows
    stdout, err = capsys.readouterr()
    assert stdout == ""
    assert f"{rows} rows written to" in err


@pytest.mark.parametrize(
    ("options", "code", "words"),
    [
        (["--split", "Validation"], 1, "it has: Training, PublicTest"),
        (["--per-class", "9"], 1, "ask for 1 to"),
        (["--per-class", "0"], 2, "per-class"),
        (["--per-class", "1", "--undersample"], 2, "not both"),
        (["--labels", "four"], 1, "write a folder instead"),
    ],
)
def test_convert_refuses_and_writes_nothing(
    options: list[str],
    code: int,
    words: str,
    table: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    out = tmp_path / "part.csv"
    assert run(["data", "convert", str(table), "--out", str(out), *options]) == code
    assert words in capsys.readouterr().err
    assert not out.exists()


def test_convert_does_not_fill_a_used_folder(
    table: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "mine.txt").touch()
    assert run(["data", "convert", str(table), "--out", str(tmp_path / "folder")]) == 1
    assert "is not empty" in capsys.readouterr().err


def test_info_knows_the_reader_and_the_people(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["data", "info", str(jaffe(tmp_path / "set"))]) == 0
    out, err = capsys.readouterr()
    found = json.loads(out)
    assert (found["rows"], found["subjects"]) == (4, 3)
    assert (found["reader"]["name"], found["reader"]["space"]) == ("jaffe", "fer7")
    assert "non-commercial" in found["reader"]["terms"]
    assert "jaffe holds photos" in err
    assert "convert SRC --out OUT --crop" in err


def test_info_of_a_table_has_no_reader(table: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["data", "info", str(table)]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["reader"], found["subjects"]) == (None, None)


def test_info_tells_terms_and_people_on_a_terminal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    on_terminal(monkeypatch)
    source = str(ck48(tmp_path / "set"))
    assert run(["data", "info", source, "--reader", "ck48", "--labels", "ck7"]) == 0
    out, err = capsys.readouterr()
    assert "set: 4 faces of 48 x 48 pixels" in out
    assert "Terms: non-commercial research" in err
    assert "people: 2" in err


@pytest.mark.parametrize(
    ("options", "code", "words"),
    [
        ([], 1, "1 rows of contempt have no counterpart in fer7"),
        (["--drop-unmapped"], 0, "people: 2"),
        (["--labels", "ck7"], 0, "people: 2"),
        (["--reader", "ck48x"], 2, "did you mean 'ck48'"),
        (["--reader", "jaffe"], 1, "expected KA.AN1.39.tiff and so on"),
    ],
)
def test_labels_without_a_counterpart_are_an_explicit_choice(
    options: list[str],
    code: int,
    words: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    on_terminal(monkeypatch)
    assert run(["data", "info", str(ck48(tmp_path / "set")), *options]) == code
    assert words in capsys.readouterr().err


def test_several_layouts_are_listed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["data", "info", str(ck(jaffe(tmp_path)))]) == 1
    assert "looks like several data sets: ck (" in capsys.readouterr().err


def test_readers_are_listed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["data", "readers", "--json"]) == 0
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [row["name"] for row in rows] == list(readers())
    on_terminal(monkeypatch)
    assert run(["data", "readers"]) == 0
    assert "EmoLabel" in "".join(capsys.readouterr().out.split())


def test_photos_are_converted_with_a_detector_only(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source, out = str(ck(tmp_path / "set")), str(tmp_path / "out")
    assert run(["data", "convert", source, "--out", out]) == 1
    assert "--crop" in capsys.readouterr().err
    line = ["data", "convert", source, "--out", out, "--crop", "--detector", "none", "--labels"]
    assert run([*line, "fer7"]) == 1
    assert "3 rows of contempt have no counterpart" in capsys.readouterr().err
    assert run([*line, "ferplus8"]) == 0
    assert "8 rows written" in capsys.readouterr().err
    faces = load(tmp_path / "out", labels=None)
    assert (faces.space.name, faces.counts[0], faces.counts[7]) == ("ferplus8", 2, 3)
    assert sorted(set(faces.subjects)) == ["S005", "S010"]


@pytest.mark.parametrize("space", ["agrawal5", "four"])
def test_folders_are_read_in_other_label_spaces_too(
    space: str, faces: FaceSet, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_folder(faces, tmp_path / "set")
    assert run(["data", "info", str(tmp_path / "set"), "--labels", space]) == 0
    assert json.loads(capsys.readouterr().out)["rows"] < len(faces)
    line = [
        "data",
        "convert",
        str(tmp_path / "set"),
        "--out",
        str(tmp_path / "out"),
        "--labels",
        space,
    ]
    assert run(line) == 0


def test_a_named_reader_is_used_where_several_fit(tmp_path: Path) -> None:
    affectnet_csv(affectnet(tmp_path / "set"))
    line = ["data", "convert", str(tmp_path / "set"), "--out", str(tmp_path / "out"), "--labels"]
    assert run([*line, "affectnet8", "--reader", "affectnet"]) == 0


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (["--labels", "fer7"], "rows of contempt have no counterpart"),
        (["--labels", "ck8", "--split", "test"], "no rows of split 'test'; it has: all"),
        (["--labels", "ferplus8"], "table holds labels of fer7"),
        (["--drop-unmapped"], "challenge's table knows"),
    ],
)
def test_what_cannot_be_converted_is_told_before_any_face_is_looked_for(
    more: list[str],
    words: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    kind = type(detectors.build_detector("none"))
    monkeypatch.setattr(kind, "detect", lambda *_: pytest.fail("a face was looked for"))
    line = ["data", "convert", str(ck(tmp_path / "set")), "--out", str(tmp_path / "out.csv")]
    assert run([*line, "--crop", "--detector", "none", *more]) == 1
    assert words in " ".join(capsys.readouterr().err.split())


def test_a_folder_in_use_is_told_before_any_face_is_looked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    kind = type(detectors.build_detector("none"))
    monkeypatch.setattr(kind, "detect", lambda *_: pytest.fail("a face was looked for"))
    source = str(jaffe(tmp_path / "set"))
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "thesis.txt").touch()
    for out, words in (("out", "is not empty"), ("no/out", "no folder")):
        line = [
            "data",
            "convert",
            source,
            "--out",
            str(tmp_path / out),
            "--crop",
            "--detector",
            "none",
        ]
        assert run(line) == 1
        assert words in capsys.readouterr().err


def test_damaged_photos_are_named_and_the_others_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = jaffe(tmp_path / "set")
    next(source.glob("*.tiff")).write_bytes(b"broken")
    line = [
        "data",
        "convert",
        str(source),
        "--out",
        str(tmp_path / "out"),
        "--crop",
        "--detector",
        "none",
    ]
    assert run(line) == 1
    err = capsys.readouterr().err
    assert "is damaged" in err
    assert "3 rows written" in err
    assert len(load(tmp_path / "out")) == 3


def test_photos_without_a_face_are_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    # Noise of 12 pixels holds no face that the default detector finds.
    source = str(jaffe(tmp_path / "set"))
    assert run(["data", "convert", source, "--out", str(tmp_path / "out"), "--crop"]) == 1
    assert "no face was found in 4 pictures" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_annotated_boxes_need_no_detector(tmp_path: Path) -> None:
    assert (
        run(["data", "convert", str(expw(tmp_path / "set")), "--out", str(tmp_path / "out")]) == 0
    )
    assert load(tmp_path / "out").counts.tolist() == [1, 0, 0, 1, 0, 0, 1]
