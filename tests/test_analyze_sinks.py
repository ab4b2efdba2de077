"""Where rows go: lines, tables and pictures, whole or not at all."""

import csv
import io
import json
from pathlib import Path

import numpy as np
import pytest

from faces_made import save_picture
from made_recognizer import made_row
from mien.analyze.sinks import CsvSink, JsonLinesSink, OverlaySink, rows_to, safe_name
from mien.core.errors import InputError
from mien.core.labels import fer7, four
from mien.core.rows import decode_row, error_row
from mien.store.images import read_image

BOX = [100, 80, 200, 180]


def picture(width: int = 320, height: int = 240) -> np.ndarray:
    return np.full((height, width, 3), 90, np.uint8)


def happy(source: str = "a.jpg"):
    return made_row([BOX], [("happy", 0.9)], source=source)


class TestJsonLines:
    def test_one_line_per_row(self):
        stream = io.StringIO()
        sink = JsonLinesSink(stream)
        rows = [happy(), error_row("a\nb", ValueError("x\ny")), made_row([], [])]
        for row in rows:
            sink.write(row, None)
        lines = stream.getvalue().splitlines()
        assert [decode_row(line) for line in lines] == rows
        assert stream.getvalue().endswith("\n")


class TestCsv:
    def test_faces_faceless_frames_and_errors_share_the_columns(self):
        stream = io.StringIO()
        sink = CsvSink(stream, fer7)
        sink.write(made_row([BOX, BOX], [("happy", 0.9), ("sad", 0.4)], source="=cmd.jpg"), None)
        sink.write(made_row([], [], source="b\n.jpg"), None)
        sink.write(error_row("c.jpg", ValueError("@reason")), None)
        rows = list(csv.DictReader(io.StringIO(stream.getvalue())))
        assert [row["source"] for row in rows] == ["'=cmd.jpg", "'=cmd.jpg", "b\\n.jpg", "c.jpg"]
        assert [row["face"] for row in rows] == ["0", "1", "", ""]
        assert [row["label"] for row in rows] == ["happy", "sad", "", ""]
        assert [row["uncertain"] for row in rows] == ["false", "true", "", ""]
        assert rows[0]["p_happy"] == "0.9"
        assert rows[0]["track"] == rows[0]["nose_x"] == rows[0]["smoothed_happy"] == ""
        assert rows[3]["error_type"] == "ValueError"
        assert rows[3]["error_message"] == "'@reason"
        assert len(stream.getvalue().splitlines()) == 5

    def test_a_run_without_rows_still_has_its_header(self):
        stream = io.StringIO()
        CsvSink(stream, four)
        assert stream.getvalue().startswith("schema,model,source,frame")

    def test_rows_of_another_model_are_refused(self):
        with pytest.raises(InputError, match="p_disgust"):
            CsvSink(io.StringIO(), four).write(happy(), None)


class TestRowsTo:
    @pytest.mark.parametrize("row_format", ["jsonl", "json", "csv"])
    def test_a_file_appears_when_all_is_written(self, tmp_path, row_format):
        target = tmp_path / "rows"
        with rows_to(target, row_format, fer7) as sink:
            sink.write(happy("Zoë.jpg"), None)
            assert not target.exists()
        text = target.read_text(encoding="utf-8")
        assert "Zoë.jpg" in text
        assert b"\r" not in target.read_bytes()
        if row_format == "jsonl":
            assert json.loads(text)["source"] == "Zoë.jpg"

    @pytest.mark.parametrize("n", [0, 1, 3])
    def test_a_json_file_is_one_document(self, tmp_path, n):
        with rows_to(tmp_path / "rows.json", "json", fer7) as sink:
            for k in range(n):
                sink.write(happy(f"{k}.jpg"), None)
        found = json.loads((tmp_path / "rows.json").read_text(encoding="utf-8"))
        assert [row["source"] for row in found] == [f"{k}.jpg" for k in range(n)]

    def test_a_failure_leaves_no_file(self, tmp_path):
        with pytest.raises(KeyboardInterrupt), rows_to(tmp_path / "rows", "jsonl", fer7) as sink:  # noqa: PT012 - the block is the point
            sink.write(happy(), None)
            raise KeyboardInterrupt
        assert list(tmp_path.iterdir()) == []

    def test_a_stream_stays_open(self):
        stream = io.StringIO()
        with rows_to(stream, "jsonl", fer7) as sink:
            sink.write(happy(), None)
        assert stream.getvalue().count("\n") == 1


class TestOverlaySink:
    @pytest.mark.parametrize("suffix", [".png", ".jpg", ".JPEG", ".webp"])
    def test_one_picture_into_one_file(self, tmp_path, suffix):
        target = tmp_path / f"drawn{suffix}"
        OverlaySink(target).write(happy(), picture())
        drawn = read_image(target)
        assert drawn.shape == (240, 320, 3)
        assert abs(drawn[80, 150].astype(int) - (240, 228, 66)).max() < 60
        assert [path.name for path in tmp_path.iterdir()] == [target.name]

    def test_a_second_picture_does_not_fit_into_one_file(self, tmp_path):
        sink = OverlaySink(tmp_path / "drawn.png")
        sink.write(happy(), picture())
        with pytest.raises(InputError, match="give a folder"):
            sink.write(happy("b.jpg"), picture())

    def test_a_folder_keeps_the_names_and_nothing_is_overwritten(self, tmp_path):
        sink = OverlaySink(tmp_path / "drawn")
        for source in (
            "x/a.jpg",
            "y/a.jpg",
            "y/A.jpg",
            "z/a.png",
            "a-2.jpg",
            "scan.tiff",
            "scan.png",
        ):
            sink.write(happy(source), picture())
        assert sorted(path.name for path in (tmp_path / "drawn").iterdir()) == [
            "A-3.jpg", "a-2-2.jpg", "a-2.jpg", "a.jpg", "a.png", "scan-2.png", "scan.png",
        ]  # fmt: skip

    def test_rows_without_a_picture_are_passed_over(self, tmp_path):
        sink = OverlaySink(tmp_path / "drawn")
        sink.write(error_row("a.jpg", ValueError("x")), None)
        sink.write(happy(), None)
        assert list((tmp_path / "drawn").iterdir()) == []

    def test_faces_are_blurred_when_asked(self, tmp_path):
        noise = np.random.default_rng(0).integers(0, 256, (240, 320, 3), dtype=np.uint8)
        OverlaySink(tmp_path / "drawn.png", blur_faces=True).write(happy(), noise)
        inside = read_image(tmp_path / "drawn.png")[100:160, 120:180]
        assert len(np.unique(inside.reshape(-1, 3), axis=0)) <= 16

    def test_nothing_in_a_folder_is_overwritten(self, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)
        for name in ("a/x.png", "b/x.png", "b/x-2.png", "b/unrelated.png"):
            Path(name).parent.mkdir(exist_ok=True)
            Path(name).write_bytes(b"kept")
        Path("b/link.png").symlink_to("gone.png")
        sink = OverlaySink(Path("b"))
        for source in ("a/x.png", "b/x.png", "c/unrelated.png", "c/link.png"):
            sink.write(happy(source), picture())
        kept = ["link.png", "unrelated.png", "x-2.png", "x.png"]
        drawn = ["link-2.png", "unrelated-2.png", "x-3.png", "x-4.png"]
        assert sorted(path.name for path in Path("b").iterdir()) == sorted([*kept, *drawn])
        assert {Path("b", name).read_bytes() for name in kept[1:]} == {b"kept"}
        assert all(read_image(Path("b", name)).shape == (240, 320, 3) for name in drawn)

    def test_a_second_run_into_a_folder_keeps_the_first(self, tmp_path):
        for width in (320, 300):
            OverlaySink(tmp_path / "drawn").write(happy(), picture(width))
        assert read_image(tmp_path / "drawn" / "a.jpg").shape == (240, 320, 3)
        assert read_image(tmp_path / "drawn" / "a-2.jpg").shape == (240, 300, 3)

    def test_one_file_that_is_no_input_is_replaced(self, tmp_path):
        save_picture(tmp_path / "in" / "a.png", picture())
        for width in (320, 300):
            sink = OverlaySink(tmp_path / "drawn.png", inputs=[tmp_path / "in", "-"])
            sink.write(happy(), picture(width))
        assert read_image(tmp_path / "drawn.png").shape == (240, 300, 3)

    @pytest.mark.parametrize("given", ["b.png", "./b.png", "link.png", "*.png", ".", "{here}"])
    def test_one_file_that_is_an_input_is_refused(self, tmp_path, monkeypatch, given):
        monkeypatch.chdir(tmp_path)
        save_picture(tmp_path / "b.png", picture())
        Path("link.png").symlink_to("b.png")
        before = Path("b.png").read_bytes()
        with pytest.raises(InputError, match=r"b\.png is among the inputs and would be lost"):
            OverlaySink(Path("b.png"), inputs=["gone.png", given.format(here=tmp_path)])
        assert Path("b.png").read_bytes() == before

    def test_inputs_that_are_not_there_refuse_nothing(self, tmp_path):
        target = tmp_path / "drawn.png"
        target.touch()
        OverlaySink(target, inputs=["gone.png", "no*.png", "-"]).write(happy(), picture())
        OverlaySink(target, inputs=["-"]).write(happy(), picture(300))
        assert read_image(target).shape == (240, 300, 3)

    def test_the_original_of_a_row_is_refused_too(self, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)
        save_picture(tmp_path / "a.png", picture())
        before = Path("a.png").read_bytes()
        with pytest.raises(InputError, match="among the inputs"):
            OverlaySink(Path("a.png")).write(happy(str(tmp_path / "a.png")), picture())
        assert Path("a.png").read_bytes() == before

    def test_a_target_that_cannot_be_made_is_said_at_once(self, tmp_path):
        (tmp_path / "file").touch()
        for target, message in (
            (tmp_path / "missing" / "drawn", "no folder"),
            (tmp_path / "missing" / "drawn.png", "no folder"),
            (tmp_path / "file", "is a file; give a folder"),
            (tmp_path / "out.gif", "overlays are JPEG, PNG or WebP"),
        ):
            with pytest.raises(InputError, match=message):
                OverlaySink(target)

    def test_long_names_fit_in_bytes(self, tmp_path):
        name = "\u5199" * 83 + ".jpg"  # 253 bytes, the most that file systems take is 255
        for number in range(2):
            OverlaySink(tmp_path / "drawn").write(happy(f"{number}/{name}"), picture())
        assert sorted(path.name for path in (tmp_path / "drawn").iterdir()) == [
            "\u5199" * 66 + "-2.jpg",
            "\u5199" * 66 + ".jpg",
        ]

    @pytest.mark.parametrize(
        ("source", "name"),
        [
            ("a\nb.jpg", "a_nb.jpg"),
            ("\x1b[31m.jpg", "_x1b[31m.jpg"),
            ("=cmd.jpg", "_=cmd.jpg"),
            ("-rf.jpg", "_-rf.jpg"),
            ("...jpg", "_.jpg"),
            ("CON.jpg", "_CON.jpg"),
            ('a<b>:"|?*.jpg', "a_b______.jpg"),
            ("stdin", "stdin.png"),
            ("山田 😀.jpg", "山田 😀.jpg"),
            ("x" * 300 + ".jpg", "x" * 200 + ".jpg"),
        ],
    )
    def test_awkward_names(self, tmp_path, source, name):
        assert "".join(safe_name(source)) == name
        OverlaySink(tmp_path / "drawn").write(happy(source), picture())
        assert [path.name for path in (tmp_path / "drawn").iterdir()] == [name]
