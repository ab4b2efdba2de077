"""What people read: pictures line by line, a video in one line per face."""

from __future__ import annotations

from made_recognizer import made_row
from mien.analyze import SummarySink
from mien.core.rows import error_row


def test_pictures_keep_their_order_and_say_what_is_wrong() -> None:
    sink = SummarySink()
    sink.write(made_row([[1, 2, 30, 40]], [("happy", 0.9)], source="a.jpg"), None)
    sink.write(made_row([], [], source="nobody.jpg"), None)
    sink.write(error_row("broken.jpg", ValueError("cut off")), None)
    first, second, third = sink.lines()
    assert first == ("a.jpg", "happy", "0.90", "1 2 30 40")
    assert second == ("nobody.jpg", "no face", "", "")
    assert third == ("broken.jpg", "error: cut off", "", "")


def test_a_face_of_a_video_is_one_line_of_shares() -> None:
    sink = SummarySink()
    for time_s, label in ((0.0, "happy"), (0.5, "happy"), (1.0, "happy"), (1.5, "sad")):
        row = made_row([[1, 2, 30, 40]], [(label, 0.8)], source="clip.mp4")
        row["time_s"] = time_s
        row["faces"][0] |= {"track": 7, "smoothed": None, "uncertain": False}
        sink.write(row)
    assert sink.lines() == [("clip.mp4 face 7", "happy 75%, sad 25%", "0.80", "0.0 to 1.5 s")]
