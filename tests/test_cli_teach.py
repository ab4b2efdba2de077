"""``mien teach``, and ``mien serve --collect`` before it."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from made_samples import contains_crop, made_samples, stored
from mien.cli import console, run
from mien.core.errors import install_line
from mien.export import ExportReport
from mien.runtime import Recognizer
from mien.store.bundle import load_bundle
from mien.store.samples import SampleStore
from mien.teach.samples import held_out_sessions


@pytest.fixture
def line(made: ExportReport, tmp_path: Path) -> list[str]:
    """A command line that fits the made bundle to four sessions."""
    stored(tmp_path / "samples", made_samples(4))
    data, out = str(tmp_path / "samples"), str(tmp_path / "ann")
    return ["teach", str(made.bundle.path), "--data", data, "--out", out]


def test_a_pipe_gets_one_json_line_and_stderr_the_words(
    line: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(line) == 0
    out, err = capsys.readouterr()
    assert out.count("\n") == 1
    told = json.loads(out)
    assert told["bundle"] == str(tmp_path / "ann")
    assert set(told["before"]) == set(told["after"]) == {"fp32", "int8"}
    assert told["after"]["fp32"]["right"] > told["before"]["fp32"]["right"]
    assert told["sessions"] == {"fitted": 3, "held_out": 1}
    assert told["worse"] == []
    assert load_bundle(tmp_path / "ann").card.name == "ann"
    assert "warning: no sample of disgust, fear, surprise was fitted to" in err
    assert "deleting samples later does not change this bundle" in err
    assert f"written to {tmp_path / 'ann'}" in err


def test_a_terminal_gets_a_table(
    line: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(console, "on_terminal", lambda stream: stream is sys.stdout)
    assert run(line) == 0
    out, _ = capsys.readouterr()
    assert "accuracy on 1 held-out session(s); fitted to 3" in out
    cells = out.split()
    assert {"before", "after", "fp32", "int8", "16"} <= set(cells)


def test_the_bundle_can_be_used(line: list[str], tmp_path: Path) -> None:
    assert run(line) == 0
    samples = made_samples(4)
    answers = Recognizer(tmp_path / "ann", detector="none").crop_logits(samples.images)
    assert (answers.argmax(axis=1) == samples.labels).mean() > 0.9


def test_no_crop_and_no_id_leaves_the_store(line: list[str], tmp_path: Path) -> None:
    assert run(line) == 0
    with SampleStore(tmp_path / "samples") as store:
        samples, frames = store.everything()
    held = b"".join(path.read_bytes() for path in (tmp_path / "ann").iterdir())
    names = {s.session for s in samples} | {s.id for s in samples} | {str(tmp_path), "samples/"}
    assert not any(name.encode() in held for name in names)
    assert not any(contains_crop(tmp_path / "ann", frame) for frame in frames[::7])
    assert contains_crop(tmp_path / "samples", frames[0])


def misled(made: ExportReport, folder: Path) -> None:
    """A store whose held-out session is labelled as the bundle answers, the others otherwise.

    Which session is held out follows from the ids, which are drawn: each is read back first.
    """
    samples = made_samples(4)
    sessions = stored(folder, samples)
    answers = Recognizer(made.bundle, detector="none").crop_logits(samples.images).argmax(axis=1)
    subjects = np.repeat(sessions, len(samples) // 4)
    _, held, _ = held_out_sessions(replace(samples, subjects=subjects), 0)
    out = np.isin(subjects, np.asarray(held.subjects))
    labels = np.where(out, answers, (samples.labels + 1) % 7)
    with SampleStore(folder) as store:
        kept, _ = store.everything()
        for sample, label in zip(kept, labels, strict=True):
            name = samples.space.labels[label]
            store._db.execute("UPDATE samples SET label = ? WHERE id = ?", (name, sample.id))


def test_worse_is_told_loudly_and_written_only_when_asked(
    made: ExportReport, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    misled(made, tmp_path / "samples")
    data, out = str(tmp_path / "samples"), tmp_path / "worse"
    line = ["teach", str(made.bundle.path), "--data", data, "--out", str(out)]
    assert run(line) == 1
    told, err = capsys.readouterr()
    assert "ANSWERS WORSE" in err
    assert "nothing was written" in err
    assert "--allow-worse" in err
    assert json.loads(told)["bundle"] is None
    assert "fp32" in json.loads(told)["worse"]
    assert not out.exists()
    assert run([*line, "--allow-worse"]) == 0
    told, err = capsys.readouterr()
    assert "ANSWERS WORSE" in err
    assert "nothing was written" not in err
    assert json.loads(told)["bundle"] == str(out)
    assert load_bundle(out).card.name == "worse"


@pytest.mark.parametrize("extra", ["recipe.toml", "--resume", "--votes=v.csv", "--device=cuda"])
def test_what_belongs_to_a_recipe_is_wrong_usage(extra: str) -> None:
    assert run(["teach", "small", "--data", "d", "--out", "o", extra]) == 2


def test_a_training_needs_a_recipe(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["train", "--data", "d", "--out", "o"]) == 2
    assert "RECIPE.toml" in capsys.readouterr().err


def test_what_cannot_be_fitted_is_one_line(
    line: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def told(changes: dict[str, str]) -> tuple[int, str]:
        code = run([changes.get(word, word) for word in line])
        return code, capsys.readouterr().err

    bundle, samples, out = line[1], line[3], line[5]
    code, err = told({bundle: "smal"})
    assert code == 2
    assert "did you mean 'small'" in err
    code, err = told({samples: str(tmp_path / "none")})
    assert (code, "cannot be used" in err) == (1, True)
    Path(samples).chmod(0o755)
    code, err = told({})
    assert (code, "chmod 700 samples" in err) == (1, True)
    Path(samples).chmod(0o700)
    with SampleStore(Path(samples)) as store:
        first, *others = [s.id for s in store.sessions()]
        for session in others:
            store.delete_session(session)
        code, err = told({})
        assert (code, "two sessions or more" in err) == (1, True)
        store.add(first, "1", "contempt", made_samples(1).images[0])
        code, err = told({})
        assert (code, "labelled contempt, which fer7 has not" in err) == (1, True)
        store.delete_all()
    code, err = told({})
    assert (code, "holds no samples" in err) == (1, True)
    assert not Path(out).exists()


def test_without_torch_the_install_line_is_shown(
    line: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in [n for n in sys.modules if n.startswith("mien.teach")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "torch", None)
    assert run(line) == 1
    assert install_line("train") in capsys.readouterr().err


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, object]]:
    """What ``mien serve`` would serve; nothing listens, and it ends at once."""
    calls: list[dict[str, object]] = []

    def serve(app: object, sock: object, settings: object, **options: object) -> None:
        paths = {route.path for route in app.routes}  # type: ignore[attr-defined]
        calls.append({"paths": paths, "settings": settings})
        options["on_start"]()  # type: ignore[operator]

    monkeypatch.setattr("mien.server.listen.serve", serve)
    monkeypatch.setattr("mien.server.events.start_logging", lambda _: None)
    monkeypatch.setattr(console, "on_terminal", lambda _: True)
    return calls


def test_serve_collects_only_when_told(
    served: list[dict[str, object]], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "new"
    line = ["serve", "--port", "0", "--detector", "none"]
    assert run(line) == 0
    assert "kept" not in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []
    assert run([*line, "--collect", str(folder), "--limit", "max_samples=7"]) == 0
    err = capsys.readouterr().err
    assert "whoever may use this server may see and delete them" in err
    assert str(folder) not in err
    assert folder.stat().st_mode & 0o777 == 0o700
    assert [path.name for path in folder.iterdir()] == ["samples.sqlite3"]
    without, with_samples = (call["paths"] for call in served)
    routes = {"/v1/samples", "/v1/samples/{sample}", "/v1/sessions"}
    assert with_samples - without == routes  # type: ignore[operator]
    assert served[1]["settings"].sample_limits.max_samples == 7  # type: ignore[attr-defined]


@pytest.mark.parametrize("extra", [[], ["--insecure"]])
def test_faces_are_not_kept_where_everybody_may_look(
    served: list[dict[str, object]],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    extra: list[str],
) -> None:
    folder = tmp_path / "new"
    assert run(["serve", "--host", "0.0.0.0", "--collect", str(folder), *extra]) == 2
    assert "--token-file" in capsys.readouterr().err
    assert served == []
    assert not folder.exists()


def test_serve_refuses_a_folder_that_others_can_enter(
    served: list[dict[str, object]], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tmp_path.chmod(0o755)
    assert run(["serve", "--port", "0", "--collect", str(tmp_path)]) == 1
    err = capsys.readouterr().err
    assert f"chmod 700 {tmp_path.name}" in err
    assert served == []
    assert os.listdir(tmp_path) == []  # noqa: PTH208
