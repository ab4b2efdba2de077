"""The report stands alone, tells what the figures tell, and escapes what comes from outside."""

from __future__ import annotations

import base64
import io
import json
import math
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from faces_made import table_text
from fake_recognizer import FakeRecognizer, made_faces
from made_answers import answers
from mien import metrics
from mien.cli import options, run
from mien.core.errors import install_line
from mien.core.labels import LabelSpace, fer7
from mien.core.scores import softmax
from mien.evaluate import Clean, EndToEnd, Evaluation, SplitGuard, Subset, evaluate, write_report
from mien.evaluate.charts import confusion_chart, reliability_chart, risk_chart, roc_chart
from mien.evaluate.report import FIGURES, PAGE
from mien.evaluate.result import figures


def case(n: int = 300, *, space: LabelSpace = fer7, missed: list[int] | None = None, **changes):
    logits, y = answers(n, classes=len(space), skill=1.8, sharpness=1.8)
    p = softmax(logits)
    lost = None if missed is None else np.array(missed, dtype=np.int64)
    found = figures(p, y, space, threshold=0.6, missed=lost)
    given = {
        "bundle": "tiny", "precision": "fp32", "labels": space, "figures": found,
        "clean": Clean(280, 0.66), "latency_ms": 1.5, "protocol": {"views": "one"},
        "data": SplitGuard("fer.csv", "PublicTest", {}, "ab" * 32),
        "warnings": ("quoted with care",), "probabilities": p, "truth": y,
    }  # fmt: skip
    return Evaluation(**{**given, **changes})


def texts(figure) -> str:
    from matplotlib.text import Text

    return "\n".join(text.get_text() for text in figure.findobj(Text))


def test_the_page_stands_alone(tmp_path: Path):
    result = case()
    write_report(result, tmp_path)
    assert {f.name for f in tmp_path.iterdir()} == {PAGE, *(f"{name}.png" for name in FIGURES)}
    page = (tmp_path / PAGE).read_text(encoding="utf-8")
    embedded = re.findall(r'src="data:image/png;base64,([^"]+)"', page)
    assert [base64.b64decode(one) for one in embedded] == [
        (tmp_path / f"{name}.png").read_bytes() for name in FIGURES
    ]
    assert not re.search(r'(src|href)="(?!data:)', page)
    for one in embedded:
        with Image.open(io.BytesIO(base64.b64decode(one))) as picture:
            assert min(picture.size) > 300


def test_the_page_tells_figures_protocol_and_warnings(tmp_path: Path):
    result = case()
    write_report(result, tmp_path)
    page = (tmp_path / PAGE).read_text(encoding="utf-8")
    f = result.figures
    assert f"{f.accuracy:.4f}, 95 % interval {f.ci95[0]:.4f} to {f.ci95[1]:.4f}" in page
    assert "0.6600, 280 rows without a twin" in page
    happy = f.per_class["happy"]
    cells = [f"{v:.4f}" for v in (happy.precision, happy.recall, happy.f1, happy.auc)]
    row = "".join(f'<td class="number">{cell}</td>' for cell in [*cells, str(happy.support)])
    assert f"<td>happy</td>{row}" in page
    assert "<td>views</td><td>one</td>" in page
    assert '<p class="warning">quoted with care</p>' in page
    assert "ab" * 32 in page


def test_names_from_outside_are_escaped(tmp_path: Path):
    space = LabelSpace("odd", ("<b>$x_{$</b>", "a&b", "plain"))
    guard = SplitGuard('"><script>alert(1)</script>\x1b', "s<p>", {}, "00")
    write_report(case(space=space, data=guard, bundle="<i>"), tmp_path)
    page = (tmp_path / PAGE).read_text(encoding="utf-8")
    assert "<script" not in page
    assert "&quot;&gt;&lt;script&gt;" in page
    assert "\x1b" not in page
    assert "<td>&lt;b&gt;$x_{$&lt;/b&gt;</td>" in page
    assert "<i>" not in page


def test_every_label_has_its_roc_curve_and_area():
    result = case()
    figure = roc_chart(result)
    *curves, diagonal = figure.axes[0].get_lines()
    assert diagonal.get_xydata().tolist() == [[0, 0], [1, 1]]
    assert len(curves) == 7
    for line, scores in zip(curves, result.figures.per_class.values(), strict=True):
        x, y = line.get_xydata().T
        assert np.trapezoid(y, x) == pytest.approx(scores.auc)
        assert line.get_label().endswith(f"{scores.auc:.3f}")
    assert len({(line.get_color(), line.get_linestyle()) for line in curves}) == 7


def test_many_labels_stay_apart():
    space = LabelSpace("many", tuple(f"label {i}" for i in range(20)))
    *curves, _ = roc_chart(case(space=space)).axes[0].get_lines()
    assert len({(line.get_color(), line.get_linestyle()) for line in curves}) == 20


def test_a_label_without_rows_has_no_curve():
    result = case()
    result.truth[result.truth == 1] = 0
    *curves, _ = roc_chart(result).axes[0].get_lines()
    names = [name for i, name in enumerate(result.figures.per_class) if i != 1]
    assert [line.get_label().split("  ")[0] for line in curves] == names
    assert [line.get_label().split("  ")[1] for line in curves] == [
        f"{result.figures.per_class[name].auc:.3f}" for name in names
    ]


def test_confusion_has_counts_and_shares():
    result = case()
    figure = confusion_chart(result)
    shown = texts(figure)
    counts = result.figures.confusion
    share = counts[3, 3] / counts[3].sum()
    assert f"{counts[3, 3]}\n{share:.0%}" in shown
    np.testing.assert_allclose(
        figure.axes[0].get_images()[0].get_array(), counts / counts.sum(axis=1, keepdims=True)
    )


def test_missed_photos_are_a_column_of_their_own():
    missed = {name: int(name == "happy") * 3 for name in fer7.labels}
    end = EndToEnd(no_face=2, unreadable=1, found=Subset(300, 0.6), missed_per_class=missed)
    figure = confusion_chart(case(missed=[3, 3, 3], end_to_end=end))
    assert "no answer" in texts(figure)
    shares = figure.axes[0].get_images()[0].get_array()
    assert shares.shape == (7, 8)
    assert shares[3, 7] > 0
    assert shares[:, 7].sum() == shares[3, 7]
    np.testing.assert_allclose(shares.sum(axis=1), 1)


def test_reliability_is_of_the_calibrated_probabilities():
    result = case()
    flat = softmax(np.log(result.probabilities), 3)
    bins = metrics.reliability(flat, result.truth)
    panel, counts = reliability_chart(case(calibrated=flat)).axes
    (points,) = [line for line in panel.get_lines() if line.get_marker() == "o"]
    np.testing.assert_allclose(points.get_xdata(), bins.confidence[bins.count > 0])
    np.testing.assert_allclose(points.get_ydata(), bins.accuracy[bins.count > 0])
    assert [bar.get_height() for bar in counts.patches] == bins.count.tolist()


def test_risk_is_drawn_with_the_threshold_of_the_card():
    result = case()
    curve, point = risk_chart(result).axes[0].get_lines()
    expected = metrics.risk_coverage(result.probabilities, result.truth)
    np.testing.assert_array_equal(curve.get_xdata(), expected.coverage)
    np.testing.assert_array_equal(curve.get_ydata(), expected.risk)
    chosen = result.figures.abstention
    assert point.get_xydata().tolist() == [[chosen.coverage, chosen.risk]]


def test_nothing_but_missed_photos_is_reported_too(tmp_path: Path):
    nothing = figures(
        np.zeros((0, 7)), np.zeros(0, int), fer7, threshold=0.6, missed=np.array([1, 1])
    )
    missed = {name: 2 * (name == "disgust") for name in fer7.labels}
    end = EndToEnd(no_face=2, unreadable=0, found=Subset(0, None), missed_per_class=missed)
    result = case(
        figures=nothing, probabilities=np.zeros((0, 7)), truth=np.zeros(0, int),
        clean=Clean(), end_to_end=end, latency_ms=math.nan,
    )  # fmt: skip
    write_report(result, tmp_path)
    page = (tmp_path / PAGE).read_text(encoding="utf-8")
    assert "nan" not in re.sub(r'src="[^"]+"', "", page)
    assert "<td>no face, unreadable</td><td>2, 0: wrong</td>" in page


def test_an_evaluation_keeps_what_its_calibration_figures_are_of():
    labels = np.arange(140) % 7
    faces = made_faces(labels, shown=np.where(np.arange(140) % 10 == 0, 3, labels))
    result = evaluate(FakeRecognizer(), faces)
    assert result.calibrated is not None
    assert metrics.ece(result.calibrated, result.truth) == result.figures.ece
    assert metrics.ece(result.probabilities, result.truth) != result.figures.ece
    few = evaluate(FakeRecognizer(), made_faces(labels[:14]))
    assert few.calibrated is None
    assert metrics.ece(few.probabilities, few.truth) == few.figures.ece


@pytest.fixture
def line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    monkeypatch.setattr(options, "recognizer", lambda *_, **__: FakeRecognizer())
    faces = made_faces(list(range(7)) * 4, shown=[0, 1, 2, 3, 4, 5, 0] * 4)
    (tmp_path / "fer.csv").write_text(table_text(faces), encoding="utf-8")
    return ["evaluate", "fake", "--data", str(tmp_path / "fer.csv")]


def test_command_line_writes_the_report_beside_its_answer(
    line: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    assert run([*line, "--report", str(tmp_path / "out"), "--min-accuracy", "0.9"]) == 3
    out, err = capsys.readouterr()
    assert json.loads(out)["n"] == 28
    assert f"report written to {tmp_path / 'out'}" in err
    assert "fake fp32 on PublicTest of fer.csv" in (tmp_path / "out" / PAGE).read_text("utf-8")
    assert not (tmp_path / "out.part").exists()


@pytest.mark.parametrize(
    ("make", "words"), [("full", "is not empty"), ("file", "is a file"), ("none", "no folder")]
)
def test_a_folder_that_cannot_be_written_ends_it_before_the_measuring(
    make: str,
    words: str,
    line: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
):
    out = tmp_path / "out"
    if make == "full":
        out.mkdir()
        (out / "mine.txt").write_text("kept")
    elif make == "file":
        out.write_text("kept")
    else:
        out = out / "below"
    monkeypatch.setattr(FakeRecognizer, "crop_logits", None)  # would fail if it were called
    assert run([*line, "--report", str(out)]) == 1
    assert words in capsys.readouterr().err
    assert make != "full" or [f.name for f in out.iterdir()] == ["mine.txt"]


def test_a_failed_evaluation_leaves_no_report(
    line: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    assert run([*line, "--split", "PrivateTest", "--report", str(tmp_path / "out")]) == 1
    assert "it has: PublicTest" in capsys.readouterr().err
    assert [f.name for f in tmp_path.iterdir()] == ["fer.csv"]


def test_without_matplotlib_the_install_line_is_told(
    line: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
):
    import sys

    monkeypatch.setitem(sys.modules, "matplotlib", None)
    assert run([*line, "--report", str(tmp_path / "out")]) == 1
    assert install_line("eval") in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
