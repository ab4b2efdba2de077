"""Rows as a table: the columns of the CSV output, whoever makes the frame."""

from __future__ import annotations

import io
import sys
from types import SimpleNamespace

import pytest

import mien
from made_recognizer import made_row
from mien.analyze import CsvSink, JsonLinesSink
from mien.analyze.sinks import rows_to
from mien.core.errors import MissingExtraError
from mien.core.labels import fer7
from mien.core.rows import error_row

ROWS = [
    made_row([[1, 2, 30, 40], [5, 5, 9, 9]], [("happy", 0.9), ("sad", 0.4)]),
    made_row([], [], source="nobody.jpg"),
    error_row("broken.jpg", ValueError("cut off")),
]


@pytest.fixture
def pandas(monkeypatch: pytest.MonkeyPatch) -> None:
    """As much of pandas as a table needs."""
    made = SimpleNamespace(
        DataFrame=lambda data, columns: SimpleNamespace(data=data, columns=columns)
    )
    monkeypatch.setitem(sys.modules, "pandas", made)


def header(row_labels=fer7) -> list[str]:
    stream = io.StringIO()
    CsvSink(stream, row_labels)
    return stream.getvalue().strip().split(",")


@pytest.mark.usefixtures("pandas")
def test_one_line_per_face_in_the_columns_of_the_csv() -> None:
    found = mien.table(iter(ROWS))
    assert found.columns == header()
    assert [each.get("face") for each in found.data] == [0, 1, None, None]
    assert [each.get("label") for each in found.data] == ["happy", "sad", None, None]
    assert found.data[0]["p_happy"] == 0.9
    assert found.data[3]["error_message"] == "cut off"


@pytest.mark.usefixtures("pandas")
def test_labels_have_columns_without_a_face_too() -> None:
    assert mien.table(ROWS[1:], labels=fer7).columns == header()
    assert "p_happy" not in mien.table(ROWS[1:]).columns
    assert mien.table([]).data == []


def test_without_pandas_the_install_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(MissingExtraError, match=r"-m pip install pandas$"):
        mien.table(ROWS)


def test_rows_come_back_from_an_array(tmp_path) -> None:
    path = tmp_path / "rows.json"
    for rows in (ROWS, []):
        with rows_to(path, "json", fer7) as sink:
            for row in rows:
                sink.write(row, None)
        assert list(mien.read_rows(path)) == rows
    path.write_text(path.read_text(encoding="utf-8").rstrip()[:-1], encoding="utf-8")
    with pytest.raises(mien.MienError, match="no whole array"):
        list(mien.read_rows(path))
    path.write_text("", encoding="utf-8")
    assert list(mien.read_rows(path)) == []


def test_rows_come_back_from_a_file(tmp_path) -> None:
    path = tmp_path / "rows.jsonl"
    with path.open("w", encoding="utf-8") as file:
        sink = JsonLinesSink(file)
        for row in ROWS:
            sink.write(row)
    assert list(mien.read_rows(path)) == ROWS
    path.write_text("{}\n", encoding="utf-8")
    with pytest.raises(mien.MienError, match="schema"):
        list(mien.read_rows(str(path)))
