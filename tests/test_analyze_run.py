"""The run: every good picture is answered, every bad one is a row with the reason."""

import gc
import io
import json
import os
import threading
from pathlib import Path

import numpy as np
import pytest

from made_pictures import bomb_png, encoded
from made_recognizer import MadeRecognizer
from mien.analyze import Item, JsonLinesSink, OverlaySink, Summary, analyze, find_items, rows_to
from mien.core.labels import fer7
from mien.core.rows import decode_row, is_error


def coloured(colour: tuple[int, int, int] = (200, 30, 30), file_format: str = "PNG") -> bytes:
    noise = np.random.default_rng(0).integers(0, 20, (90, 120, 3), dtype=np.uint8)
    return encoded(noise + np.array(colour, np.uint8), file_format)


class Collector:
    """A sink that keeps what it is given, and raises when told to."""

    def __init__(self, *raise_at: str) -> None:
        self.rows: list[dict] = []
        self.had_image: list[bool] = []
        self.raise_at = raise_at

    def write(self, row, image) -> None:
        if row["source"] in self.raise_at:
            raise OSError(28, "No space left on device")
        self.rows.append(row)
        self.had_image.append(image is not None)


@pytest.fixture
def bad_folder(tmp_path, monkeypatch) -> Path:
    """The folder of the issue: good pictures among everything that goes wrong."""
    monkeypatch.chdir(tmp_path)
    folder = Path("in")
    folder.mkdir()
    good = coloured()
    for name in ("good.png", "a b.png", "new\nline.png", "\x1b[31mred.png", "=cmd.png"):
        (folder / name).write_bytes(good)
    (folder / "faceless.jpg").write_bytes(coloured((20, 20, 200), "JPEG"))
    (folder / os.fsdecode(b"caf\xe9.png")).write_bytes(good)
    (folder / "misnamed.txt").write_bytes(good)
    (folder / "empty.jpg").touch()
    (folder / "truncated.jpg").write_bytes(coloured(file_format="JPEG")[:1500])
    (folder / "truncated.png").write_bytes(good[: len(good) // 2])
    (folder / "notes.jpg").write_text("not a picture\n" * 50)
    (folder / "huge.png").write_bytes(bomb_png())
    (folder / "photo.heic").write_bytes(b"\0\0\0\x18ftypheic\0\0\0\0heicmif1" + bytes(99))
    (folder / "dangling.jpg").symlink_to("nowhere.jpg")
    (folder / "folder.jpg").mkdir()
    (folder / "closed.png").write_bytes(good)
    (folder / "closed.png").chmod(0)
    os.mkfifo(folder / "pipe.jpg")
    return folder


REASONS = {
    "in/empty.jpg": "empty (0 bytes)",
    "in/truncated.jpg": "damaged or cut off",
    "in/truncated.png": "damaged or cut off",
    "in/notes.jpg": "not a JPEG, PNG",
    "in/huge.png": "900.0 megapixels",
    "in/photo.heic": "convert it to JPEG",
    "in/dangling.jpg": "No such file",
    "in/folder.jpg": "this is an empty folder",
    "in/pipe.jpg": "a pipe, socket or device",
}


@pytest.mark.timeout(60)
def test_the_folder_with_bad_files(bad_folder, tmp_path):
    # Root reads what is closed to others.
    reasons = REASONS | ({} if os.geteuid() == 0 else {"in/closed.png": "cannot be opened"})
    outputs = [tmp_path / "rows.jsonl", tmp_path / "rows.csv", tmp_path / "drawn"]
    seen = []
    with rows_to(outputs[0], "jsonl", fer7) as lines, rows_to(outputs[1], "csv", fer7) as table:
        summary = analyze(
            find_items(["in"], exclude=outputs),
            MadeRecognizer(),
            [lines, table, OverlaySink(outputs[2])],
            on_row=lambda row, error: seen.append((row["source"], error)),
        )
    text = outputs[0].read_bytes().decode("utf-8")
    rows = [decode_row(line) for line in text.splitlines()]
    bad = {row["source"]: row["error"] for row in rows if is_error(row)}
    good = {row["source"]: row["faces"] for row in rows if not is_error(row)}
    assert bad.keys() == reasons.keys()
    for source, reason in reasons.items():
        assert reason in bad[source]["message"]
        assert bad[source]["type"] == "ImageDecodeError"
    assert good.pop("in/faceless.jpg") == []
    assert len(good) == len(rows) - len(bad) - 1
    assert {"in/a b.png", "in/new\nline.png", "in/\x1b[31mred.png", "in/=cmd.png"} < good.keys()
    assert {"in/caf\\udce9.png", "in/misnamed.txt", "in/good.png"} < good.keys()
    assert all(len(faces) == 1 and faces[0]["label"] == "happy" for faces in good.values())
    assert summary == Summary(done=len(good) + 1, failed=len(bad), faces=len(good))
    assert [source for source, _ in seen] == [row["source"] for row in rows]
    assert sum(error is not None for _, error in seen) == len(bad)
    # Safe to show and to open: no control codes, one line per record, nothing that runs.
    for output in (text, outputs[1].read_text(encoding="utf-8")):
        assert not set(output) & {"\x1b", "\r", "\x9b", "\x7f"}
        assert all(line.isprintable() for line in output.split("\n"))
    assert len(list(outputs[2].iterdir())) == len(good) + 1


def test_rows_come_in_input_order_and_match_their_pictures(tmp_path):
    for i in range(6):
        (tmp_path / f"{i}.png").write_bytes(coloured((200, 30, 30) if i % 2 else (20, 20, 200)))
    sink = Collector()
    inputs = [tmp_path / f"{i}.png" for i in (3, 0, 5, 1, 4, 2)]
    summary = analyze(find_items(inputs), MadeRecognizer(), [sink])
    assert [row["source"] for row in sink.rows] == [str(path) for path in inputs]
    assert [len(row["faces"]) for row in sink.rows] == [1, 0, 1, 1, 0, 0]
    assert all(row["frame"] == 0 and row["time_s"] is None for row in sink.rows)
    assert summary == Summary(done=6, failed=0, faces=3)


def test_stdin_to_a_stream():
    stream = io.StringIO()
    items = find_items(["-"], stdin=io.BytesIO(coloured()))
    analyze(items, MadeRecognizer(), [JsonLinesSink(stream)])
    row = json.loads(stream.getvalue())
    assert (row["source"], row["width"], row["height"], row["model"]) == ("stdin", 120, 90, "made")


@pytest.mark.timeout(30)
def test_a_sink_that_raises_ends_only_that_item_for_that_sink(tmp_path):
    for name in "abc":
        (tmp_path / name).write_bytes(coloured())
    raising, other = Collector(str(tmp_path / "b")), Collector()
    seen = []
    summary = analyze(
        find_items([tmp_path]),
        MadeRecognizer(),
        [raising, other],
        on_row=lambda row, error: seen.append(error),
    )
    assert [Path(row["source"]).name for row in raising.rows] == ["a", "c"]
    assert [Path(row["source"]).name for row in other.rows] == ["a", "b", "c"]
    assert summary == Summary(done=2, failed=1, faces=3)
    assert [type(error) for error in seen] == [type(None), OSError, type(None)]


def test_nobody_listens_any_more(tmp_path):
    (tmp_path / "a").write_bytes(coloured())

    class Closed:
        def write(self, row, image):
            raise BrokenPipeError

    (tmp_path / "b").write_bytes(coloured())
    recognizer = MadeRecognizer()
    assert analyze(find_items([tmp_path]), recognizer, [Closed()]) == Summary(done=1, faces=1)
    assert len(recognizer.shapes) == 1, "nobody waits for the second"
    other = Collector()
    summary = analyze(find_items([tmp_path]), MadeRecognizer(), [Closed(), other])
    assert summary == Summary(done=2, faces=2)
    assert len(other.rows) == 2


@pytest.mark.parametrize("error", [MemoryError(), RuntimeError("graph"), OSError("disk")])
def test_a_recogniser_that_raises_ends_only_that_item(tmp_path, error):
    for name in "abc":
        (tmp_path / name).write_bytes(coloured())
    sink = Collector()

    class Raising(MadeRecognizer):
        def read(self, image):
            if len(self.shapes) == 1:
                self.shapes.append(())
                raise error
            return super().read(image)

    summary = analyze(find_items([tmp_path]), Raising(), [sink])
    assert [is_error(row) for row in sink.rows] == [False, True, False]
    assert sink.rows[1]["error"] == {
        "type": type(error).__name__,
        "message": str(error) or "MemoryError",
    }
    assert sink.had_image == [True, False, True]
    assert summary.failed == 1


def test_an_interruption_is_passed_on(tmp_path):
    (tmp_path / "a").write_bytes(coloured())

    class Interrupted(MadeRecognizer):
        def read(self, image):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        analyze(find_items([tmp_path]), Interrupted(), [Collector()])


def test_the_limit_on_pixels(tmp_path):
    (tmp_path / "a").write_bytes(coloured())
    sink = Collector()
    analyze(find_items([tmp_path]), MadeRecognizer(), [sink], max_pixels=100)
    assert "megapixels" in sink.rows[0]["error"]["message"]


def test_one_picture_is_in_memory_at_a_time():
    """Also after a failure, whose traceback would hold the picture."""
    alive, most = set(), []

    class Counted(np.ndarray):
        def __del__(self):
            alive.discard(id(self))

    class CountedItem:
        name = "x"
        is_video = False

        def image(self, max_pixels):
            image = np.zeros((4, 4, 3), np.uint8).view(Counted)
            alive.add(id(image))
            most.append(len(alive))
            return image

    class Failing(MadeRecognizer):
        def read(self, image):
            raise RuntimeError("no")

    gc.disable()
    try:
        for recognizer, sinks in (
            (MadeRecognizer(), []),
            (Failing(), []),
            (MadeRecognizer(), [Collector("x")]),
        ):
            analyze([CountedItem() for _ in range(4)], recognizer, sinks)
    finally:
        gc.enable()
    assert max(most) == 1


def test_a_run_starts_no_threads(tmp_path):
    (tmp_path / "a").write_bytes(coloured())
    before = threading.active_count()
    analyze(find_items([tmp_path]), MadeRecognizer(), [])
    assert threading.active_count() == before


def test_items_that_could_not_be_found_are_rows_too():
    sink = Collector()
    summary = analyze(
        [Item("gone.jpg", FileNotFoundError("no such file"))], MadeRecognizer(), [sink]
    )
    assert sink.rows[0]["error"] == {"type": "FileNotFoundError", "message": "no such file"}
    assert summary == Summary(done=0, failed=1, faces=0)
