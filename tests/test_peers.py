"""Peers in one run (benchmarks/peers): lines of runners, figures, tables; nothing is installed."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from numpy.typing import NDArray

from mien import metrics
from mien.core.errors import DataError, ImageDecodeError
from mien.core.labels import fer7

ROOT = Path(__file__).parents[1]
RUNNERS = ROOT / "benchmarks" / "peers" / "runners"
EVEN = dict.fromkeys(fer7.labels, 0.5)

RUNNER = f"""
import sys
sys.path.insert(0, {str(RUNNERS)!r})
from pipe import serve
def make():
    print("a banner that libraries like to print")
    def answer(image):
        if image[0, 0, 0] == 13:
            raise ValueError("thirteen")
        small = {{name: float(k == 0) for k, name in enumerate({fer7.labels!r})}}
        large = {{name: float(k == image[0, 0, 0]) for k, name in enumerate({fer7.labels!r})}}
        return [] if image[0, 0, 0] == 99 else [(small, (0, 0, 1, 1)), (large, (0, 0, 9, 9))]
    return answer
serve("numpy", make)
"""


@pytest.fixture
def peers(monkeypatch: pytest.MonkeyPatch) -> Iterator[SimpleNamespace]:
    """The modules of ``benchmarks/peers``."""
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    from peers import answers, figures, install, known, picture

    yield SimpleNamespace(
        answers=answers, figures=figures, install=install, known=known, picture=picture
    )
    for name in [name for name in sys.modules if name.partition(".")[0] == "peers"]:
        del sys.modules[name]


def line(**values: object) -> str:
    whole = {"faces": 1, "probabilities": EVEN, "ms": 2.5, "cpu_ms": 2.0, **values}
    return json.dumps(whole)


def flat(value: int) -> NDArray[np.uint8]:
    return np.full((3, 2, 3), value, np.uint8)


def test_values_of_a_line_become_shares_in_the_order_of_the_labels(peers: SimpleNamespace) -> None:
    values = dict.fromkeys(reversed(fer7.labels), 0.5) | {"happy": 1.0}
    found = peers.answers.parse_answer(line(probabilities=values))
    assert found.probabilities == pytest.approx([0.125] * 3 + [0.25] + [0.125] * 3)
    assert (found.faces, found.ms, found.cpu_ms, found.error) == (1, 2.5, 2.0, None)


def test_no_face_and_an_error_are_answers(peers: SimpleNamespace) -> None:
    empty = peers.answers.parse_answer(line(faces=0, probabilities=None))
    assert (empty.probabilities, empty.faces, empty.ms) == (None, 0, 2.5)
    failed = peers.answers.parse_answer('{"error": "KeyError: 3"}')
    assert (failed.probabilities, failed.ms, failed.error) == (None, None, "KeyError: 3")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Welcome to a library",
        "[]",
        line(probabilities={"happy": 1.0}),
        line(probabilities=EVEN | {"contempt": 0.5}),
        line(probabilities=EVEN | {"happy": -0.1}),
        line(probabilities=EVEN | {"happy": float("nan")}),
        line(probabilities=dict.fromkeys(fer7.labels, 0.0)),
        line(ms=None),
    ],
)
def test_other_lines_are_refused(peers: SimpleNamespace, text: str) -> None:
    with pytest.raises(DataError, match="expected a runner's line"):
        peers.answers.parse_answer(text)


@pytest.fixture
def runner(tmp_path: Path) -> tuple[str, Path]:
    """A runner that answers with the label whose index is the picture's first value."""
    path = tmp_path / "runner.py"
    path.write_text(RUNNER)
    return sys.executable, path


def test_a_runner_is_asked_over_a_pipe_and_continued(
    peers: SimpleNamespace, runner: tuple[str, Path], tmp_path: Path
) -> None:
    def damaged() -> NDArray[np.uint8]:
        raise ImageDecodeError("a half picture")

    kept = tmp_path / "answers" / "made.jsonl"
    pictures = [partial(flat, 2), partial(flat, 99), damaged, partial(flat, 13), partial(flat, 5)]
    measure = partial(peers.answers.measure, runner, tmp_path)
    measure(pictures[:2], kept, "key", {})
    with kept.open("a") as file:
        file.write('{"faces": 1, "proba')  # a kill
    measure(pictures, kept, "key", {})
    found = peers.answers.read_answers(kept, 5)
    assert found.version == np.__version__
    tops = [a.probabilities and int(np.argmax(a.probabilities)) for a in found.answers]
    assert tops == [2, None, None, None, 5]
    assert [a.faces for a in found.answers] == [2, 0, 0, 0, 2]
    errors = [a.error for a in found.answers]
    assert errors == [None, None, "a half picture", "ValueError: thirteen", None]
    assert [line.startswith('{"key"') for line in kept.read_text().splitlines()].count(True) == 2

    measure(pictures[4:], kept, "another key", {})
    assert len(peers.answers.read_answers(kept, 1).answers) == 1


def test_fewer_answers_than_pictures_are_refused(peers: SimpleNamespace, tmp_path: Path) -> None:
    kept = tmp_path / "made.jsonl"
    with pytest.raises(DataError, match="got none"):
        peers.answers.read_answers(kept, 1)
    head = json.dumps({"key": "k", "version": "1", "load": 0.5})
    kept.write_text(f"{head}\n{line()}\n{line()}\n")
    assert len(peers.answers.read_answers(kept, 2).answers) == 2
    assert len(peers.answers.read_answers(kept, 1).answers) == 1
    with pytest.raises(DataError, match="expected 3 answers, got 2"):
        peers.answers.read_answers(kept, 3)


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("raise SystemExit('no such package')", "no such package"),
        ("print('{\"version\": \"1\"}')", "ended before"),
        ("import sys; print('{\"version\": \"1\"}'); sys.stdout.flush(); sys.stdin.buffer.read(26)"
         f"; print({line()!r}); print('one more')", "expected one line a picture"),
    ],
)  # fmt: skip
def test_runners_with_another_number_of_lines_are_refused(
    peers: SimpleNamespace, tmp_path: Path, code: str, message: str
) -> None:
    path = tmp_path / "runner.py"
    path.write_text(code)
    command = (sys.executable, path)
    with pytest.raises(DataError, match=message):
        peers.answers.measure(command, tmp_path, [partial(flat, 1)], tmp_path / "a.jsonl", "k", {})


def made_answers(peers: SimpleNamespace) -> tuple[list[object], NDArray[np.int64]]:
    """Sixty answers of which one is missing and one failed; some labels were given 0."""
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 7, 60)
    rows = rng.dirichlet(np.ones(7), 60)
    rows[np.arange(40), labels[:40]] += 1
    rows[50, labels[50]] = 0
    rows /= rows.sum(axis=1, keepdims=True)
    answer = peers.answers.Answer
    answers = [answer(tuple(row), 1, float(k), k / 2) for k, row in enumerate(rows)]
    answers[3] = answer(None, 0, 1000.0, 1.0)
    answers[4] = answer(None, error="ValueError: thirteen")
    return answers, labels


def test_figures_are_those_of_the_metrics(peers: SimpleNamespace) -> None:
    answers, labels = made_answers(peers)
    found = peers.figures.figures(answers, labels.tolist())
    given = [k for k, answer in enumerate(answers) if answer.probabilities is not None]
    p, y = np.array([answers[k].probabilities for k in given]), labels[given]
    right = int((p.argmax(axis=1) == y).sum())
    assert (found["n"], found["right"], found["missed"], found["failed"]) == (60, right, 1, 1)
    assert found["accuracy"] == right / 60
    assert tuple(found["ci95"]) == metrics.wilson_interval(right, 60)
    assert found["answered"]["accuracy"] == right / 58
    assert found["ece"] == metrics.ece(p, y)
    assert found["aurc"] == metrics.aurc(p, y)
    assert found["clipped"] == 1
    assert metrics.nll(p, y) == np.inf
    raised = np.maximum(p, 1e-6)
    assert found["nll"] == pytest.approx(metrics.nll(raised / raised.sum(axis=1, keepdims=True), y))
    assert found["ms"] == np.median([a.ms for a in answers if a.ms is not None])


def test_twins_are_left_out_of_the_second_accuracy(peers: SimpleNamespace) -> None:
    answers, labels = made_answers(peers)
    twins = np.arange(60) < 20
    kept = peers.answers.Kept("1.0", 0.5, tuple(answers))
    found = peers.figures.of_crops(kept, labels, twins)
    clean = peers.figures.figures(answers[20:], labels[20:].tolist())
    assert found["n"] == 60
    assert found["clean"]["n"] == 40
    assert found["clean"]["accuracy"] == clean["accuracy"]


def made_results(peers: SimpleNamespace, load: float) -> dict[str, object]:
    answers, labels = made_answers(peers)
    kept = peers.answers.Kept("1.0", load, tuple(answers))
    crops = peers.figures.of_crops(kept, labels, np.zeros(60, bool))
    sizes = {"bytes": {"weights": 3_600_000, "installed": 123_000_000}}
    others = {
        "fer": {**crops, **sizes},
        "mien": {**crops, "accuracy": 0.9, "ci95": [0.8, 0.95], **sizes},
    }
    photos = {"fer": {**peers.figures.of_photos(kept, labels), **sizes}}
    return {
        "machine": {"cpu": "A CPU", "cores": 2, "threads": 1},
        "crops": {"data": "FER2013 PublicTest", "n": 60, "peers": others},
        "photos": {"data": "photos", "n": 60, "peers": photos},
    }


def test_tables_have_the_best_first_and_say_what_each_saw(peers: SimpleNamespace) -> None:
    text = peers.figures.tables(made_results(peers, 0.4))
    rows = [row for row in text.splitlines() if row.startswith(("| **mien**", "| fer 1.0"))]
    assert [row.split("|")[1].strip() for row in rows] == ["**mien**", "fer 1.0", "fer 1.0"]
    assert "| 90.0 (" in rows[0]
    assert rows[0].endswith("| 3.60 | 123 |")
    assert "(1 clipped)" in rows[1]
    assert [cell.strip() for cell in rows[2].split("|")[4:6]] == ["1", "1"]
    assert "60 crops of FER2013 PublicTest" in text
    assert "stopped by Public + Private" in text
    assert "human" not in text  # it was not measured
    assert "under load" not in text
    assert max(len(row) for row in text.splitlines() if not row.startswith("|")) <= 100
    assert {row.count("|") for row in text.splitlines() if row.startswith("|")} == {10, 7}


def test_times_under_load_are_marked(peers: SimpleNamespace) -> None:
    text = " ".join(peers.figures.tables(made_results(peers, 11.2)).split())
    assert "times under load**: 11 on 2 cores" in text


def test_tables_are_placed_between_their_markers(peers: SimpleNamespace) -> None:
    begin, end = peers.figures.BEGIN, peers.figures.END
    page = f"# Page\n\n{begin}\nold\n{end}\n\nmore\n"
    once = peers.figures.placed(page, "new")
    assert once == f"# Page\n\n{begin}\n\nnew\n\n{end}\n\nmore\n"
    assert peers.figures.placed(once, "new") == once
    with pytest.raises(ValueError, match="put them back"):
        peers.figures.placed("# Page\n", "new")
    peers.figures.placed((ROOT / "docs" / "comparison.md").read_text(), "new")


def test_the_figure_is_drawn_alike_each_time(peers: SimpleNamespace, tmp_path: Path) -> None:
    crops = made_results(peers, 0.4)["crops"]
    for name in ("a.svg", "b.svg"):
        peers.picture.draw(crops, tmp_path / name)
    assert (tmp_path / "a.svg").read_bytes() == (tmp_path / "b.svg").read_bytes()


def test_every_peer_has_a_runner_and_exact_pins(peers: SimpleNamespace) -> None:
    for peer in peers.known.PEERS:
        assert (RUNNERS / peer.runner).exists(), peer.name
        text = peer.pins.read_text()
        assert "://" not in text, peer.name
        if peer.in_node:
            versions = list(json.loads(text)["dependencies"].values())
            assert all(each[0].isdigit() for each in versions), peer.name
        elif not peer.ours:
            pins, alone = peers.install.pinned(text)
            assert all(pin.count("==") == 1 for pin in (*pins, *alone)), peer.name
    assert not list((RUNNERS.parent / "pins").glob("*lock*"))


def test_pins_that_are_installed_alone_are_marked(peers: SimpleNamespace) -> None:
    text = "# words\n\nnumpy==2.4.6\nfer==25.10.3  # alone\n"
    assert peers.install.pinned(text) == (["numpy==2.4.6"], ["fer==25.10.3"])


def test_a_half_made_environment_is_made_from_the_start(
    peers: SimpleNamespace, tmp_path: Path
) -> None:
    human = next(peer for peer in peers.known.PEERS if peer.name == "human")
    calls: list[tuple[str, ...]] = []

    def run(command: tuple[str, ...], folder: Path) -> None:
        calls.append(command)
        assert [path.name for path in folder.iterdir()] == ["package.json"]
        weights = folder / "node_modules" / human.weights
        weights.parent.mkdir(parents=True)
        weights.write_bytes(b"12345")

    home = tmp_path / "human"
    home.mkdir()
    (home / "half").write_text("made")
    assert peers.install.installed(human, home) is None
    for _ in range(2):
        peers.install.install(human, home, run)
    assert [command[:3] for command in calls] == [("npm", "install", "--no-package-lock")]
    assert peers.install.installed(human, home) == {"installed": 5, "weights": 5}


def test_the_script_tells_its_steps() -> None:
    script = ROOT / "benchmarks" / "peers" / "run.py"
    done = subprocess.run(
        [sys.executable, script, "measure"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert "known: install, crops, photos, table" in done.stderr
