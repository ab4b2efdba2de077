"""The row format: what goes in comes out, and nothing else is accepted."""

import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from made_readings import readings
from mien.core.errors import ImageDecodeError, InputError
from mien.core.faces import Faces
from mien.core.labels import LabelSpace, fer7, four
from mien.core.rows import (
    SCHEMA,
    decode_row,
    encode_row,
    error_row,
    frame_row,
    is_error,
    parse_row,
)
from mien.core.scores import Scores
from mien.core.smoothing import LEAD, Smoothed

ANY_TEXT = st.text(st.characters(codec=None, exclude_categories=()), max_size=30)
WHERE = {"source": "a.jpg", "model": "base", "width": 640, "height": 480}


def one_face(**changes):
    """A valid row of one face, with changed keys of that face."""
    row = frame_row(
        Faces(boxes=[[1, 2, 30, 40]], scores=[0.9]),
        Scores(np.array([[0.1, 0.7, 0.1, 0.1]], np.float32), four),
        **WHERE,
    )
    row["faces"][0].update(changes)
    return row


class TestFrameRow:
    @given(readings(), ANY_TEXT, st.one_of(st.none(), st.floats(0, 1e6)))
    def test_what_goes_in_comes_out(self, made, source, time_s):
        row = replace(made, frame=7, time_s=time_s).to_row(source)
        assert parse_row(row) == row
        line = encode_row(row)
        assert decode_row(line) == row
        assert decode_row(line.encode("utf-8").decode("utf-8")) == row
        assert not set(line) & set("\n\r\x1b\x7f\x9b\u2028\u202e")
        assert len(row["faces"]) == len(made.faces)
        decisive = made.scores if made.smoothed is None else made.smoothed.scores
        for i, face in enumerate(row["faces"]):
            assert np.allclose(face["box"], made.faces.boxes[i], atol=0.0051 + 1e-3)
            assert face["label"] == (made.smoothed.labels if made.smoothed else decisive.top)[i]
            assert face["uncertain"] == decisive.uncertain[i]
            assert (face["landmarks"] is None) == (not made.faces.has_landmarks[i])
            assert face["track"] == (made.faces.tracks[i] if made.faces.tracks[i] >= 0 else None)
            values = list(face["probabilities"].values())
            assert abs(sum(values) - 1) < 1e-9
            assert np.allclose(values, made.scores.probabilities[i], atol=2e-6)
            shown = face["smoothed"] or face["probabilities"]
            assert shown[face["label"]] >= max(shown.values()) - (LEAD if made.smoothed else 0)

    def test_the_documented_shape(self):
        row = frame_row(
            Faces(
                boxes=[[10.123, 20, 110.456, 140]],
                scores=[0.99812],
                landmarks=np.arange(10, dtype=float).reshape(1, 5, 2),
                tracks=[3],
            ),
            Scores(np.array([[0.25, 0.5, 0.125, 0.125]], np.float32), four, threshold=0.6),
            source="clip.mp4", model="base", width=1280, height=720, frame=42, time_s=1.4014,
        )  # fmt: skip
        assert encode_row(row) == (
            '{"schema": "mien.row/1", "model": "base", "source": "clip.mp4", "frame": 42, '
            '"time_s": 1.4014, "width": 1280, "height": 720, "faces": [{"box": [10.12, 20.0, '
            '110.46, 140.0], "score": 0.9981, "landmarks": [[0.0, 1.0], [2.0, 3.0], [4.0, 5.0], '
            '[6.0, 7.0], [8.0, 9.0]], "track": 3, "detected": true, '
            '"probabilities": {"angry": 0.25, "happy": 0.5, "sad": 0.125, "neutral": 0.125}, '
            '"smoothed": null, "label": "happy", "uncertain": true}]}'
        )

    def test_no_face_never_gets_an_expression(self):
        row = frame_row(Faces.empty(), Scores(np.zeros((0, 7), np.float32), fer7), **WHERE)
        assert row["faces"] == []
        assert row["time_s"] is None
        assert row["frame"] == 0

    def test_smoothed_decides_label_and_uncertainty(self):
        smooth = Scores(np.array([[0.2, 0.26, 0.34, 0.2]], np.float32), four, threshold=0.5)
        row = frame_row(
            Faces(boxes=[[0, 0, 9, 9]], scores=[1]),
            Scores(np.array([[0.7, 0.1, 0.1, 0.1]], np.float32), four, threshold=0.5),
            smoothed=Smoothed(smooth, ("happy",)),
            **WHERE,
        )
        face = row["faces"][0]
        assert (face["label"], face["uncertain"]) == ("happy", True)
        assert face["probabilities"]["angry"] == 0.7
        assert face["smoothed"]["sad"] == 0.34

    def test_a_label_may_lag_behind_the_smoothed_probabilities_but_not_far(self):
        smooth = {"angry": 0.1, "happy": 0.35, "sad": 0.44, "neutral": 0.11}
        assert parse_row(one_face(smoothed=smooth))["faces"][0]["label"] == "happy"
        with pytest.raises(InputError, match=r"most probable label, or within 0\.1 of it"):
            parse_row(one_face(smoothed={**smooth, "happy": 0.29, "sad": 0.5}))

    def test_many_labels_still_sum_to_one(self):
        space = LabelSpace("many", tuple(f"label {i}" for i in range(300)))
        scores = Scores(np.full((1, 300), 1 / 300, np.float32), space)
        row = frame_row(Faces(boxes=[[0, 0, 1, 1]], scores=[1]), scores, **WHERE)
        assert abs(sum(row["faces"][0]["probabilities"].values()) - 1) < 1e-9

    def test_columns_that_disagree_are_refused(self):
        faces = Faces(boxes=[[0, 0, 9, 9]], scores=[1])
        raw = Scores(np.full((1, 4), 0.25, np.float32), four)
        with pytest.raises(InputError, match="expected scores of 1 faces, got 0"):
            frame_row(faces, raw[[]], **WHERE)
        with pytest.raises(InputError, match="expected smoothed of 1 faces, got 0"):
            frame_row(faces, raw, smoothed=Smoothed(raw[[]], ()), **WHERE)
        other = Scores(np.full((1, 7), 1 / 7, np.float32), fer7)
        with pytest.raises(InputError, match="same labels"):
            frame_row(faces, raw, smoothed=Smoothed(other, other.top), **WHERE)

    @pytest.mark.parametrize(
        "wrong", [{"width": 0}, {"frame": -1}, {"time_s": float("nan")}, {"time_s": float("inf")}]
    )
    def test_impossible_numbers_are_refused(self, wrong):
        with pytest.raises(InputError, match="row"):
            frame_row(
                Faces.empty(), Scores(np.zeros((0, 7), np.float32), fer7), **{**WHERE, **wrong}
            )


class TestErrorRow:
    def test_type_and_message(self):
        row = error_row("broken.jpg", ImageDecodeError("cut off"))
        assert is_error(row)
        assert row == {
            "schema": SCHEMA,
            "source": "broken.jpg",
            "error": {"type": "ImageDecodeError", "message": "cut off"},
        }
        assert parse_row(row) is row

    def test_an_error_without_a_message_gives_its_type(self):
        assert error_row("a", MemoryError())["error"]["message"] == "MemoryError"

    @given(ANY_TEXT, ANY_TEXT)
    def test_any_text_survives_as_utf8_json(self, source, message):
        line = encode_row(error_row(source, ValueError(message)))
        strict = json.loads(line.encode("utf-8"))
        assert decode_row(line) == strict
        strict["source"].encode("utf-8")

    def test_bytes_that_are_not_utf8_are_shown(self):
        row = error_row(b"caf\xe9.jpg".decode("utf-8", "surrogateescape"), ValueError("x"))
        assert row["source"] == "caf\\udce9.jpg"

    def test_a_surrogate_under_any_key_cannot_break_the_output(self):
        line = encode_row({**error_row("a", ValueError("x")), "id": "\udce9"})
        assert json.loads(line.encode("utf-8"))["id"] == "\\udce9"


class TestEncode:
    def test_what_a_terminal_obeys_is_escaped_and_comes_back(self):
        name = "a\x1b[31m\x9b2J\x7f\u202egpj.exe\u2028\u2066.jpg"
        line = encode_row(error_row(name, ValueError("x")))
        assert line.isprintable()
        assert decode_row(line)["source"] == name

    def test_other_scripts_stay_readable(self):
        assert '"Zoë 山田 😀.jpg"' in encode_row(error_row("Zoë 山田 😀.jpg", ValueError("x")))

    @pytest.mark.parametrize("value", [float("nan"), float("inf"), {1, 2}, np.float32(1)])
    def test_what_json_cannot_hold_is_refused(self, value):
        with pytest.raises(InputError, match="JSON values only"):
            encode_row({"schema": SCHEMA, "extra": value})


class TestParse:
    def test_unknown_keys_are_kept(self):
        assert parse_row({**one_face(), "id": 7, "dropped": 2})["id"] == 7

    @pytest.mark.parametrize(
        ("line", "message"),
        [
            ("", "one JSON object"),
            ("{", "one JSON object"),
            ("[" * 100_000, "one JSON object"),
            ('{"time_s": NaN}', "NaN is not a JSON number"),
            ("[]", "row must be an object"),
            ("{}", "schema 'mien.row/1', got None"),
            ('{"schema": "mien.row/2"}', "got 'mien.row/2'"),
        ],
    )
    def test_lines_that_are_no_rows(self, line, message):
        with pytest.raises(InputError, match=message):
            decode_row(line)

    @pytest.mark.parametrize(
        ("key", "value"),
        [
            ("source", 3), ("model", None), ("frame", 1.5), ("frame", True), ("frame", -1),
            ("width", 0), ("height", "480"), ("time_s", "now"), ("time_s", float("nan")),
            ("time_s", 10**400), ("faces", None), ("faces", {}), ("faces", [3]),
        ],
    )  # fmt: skip
    def test_wrong_frame_keys_are_named(self, key, value):
        with pytest.raises(InputError, match=rf"row\.{key}"):
            parse_row({**one_face(), key: value})

    def test_missing_frame_keys_are_named(self):
        for key in ("source", "model", "frame", "width", "height", "time_s", "faces"):
            row = one_face()
            del row[key]
            with pytest.raises(InputError, match=rf"row\.{key}"):
                parse_row(row)

    @pytest.mark.parametrize(
        "error", [None, "text", {"type": "E"}, {"message": "m"}, {"type": 1, "message": ""}]
    )
    def test_wrong_errors(self, error):
        with pytest.raises(InputError, match=r"row\.error"):
            parse_row({"schema": SCHEMA, "source": "a", "error": error})

    @pytest.mark.parametrize(
        ("key", "value"),
        [
            ("box", None), ("box", [1, 2, 3]), ("box", [5, 2, 3, 4]), ("box", [1, 5, 3, 4]),
            ("box", [1, 2, 3, float("nan")]), ("box", [1, 2, 3, True]), ("score", 1.5),
            ("score", None),
            ("landmarks", [[1, 2]]), ("landmarks", [[1]] * 5), ("landmarks", 3), ("track", -1),
            ("track", 1.5), ("detected", 1), ("uncertain", None), ("probabilities", None),
            ("probabilities", {"happy": 1.0}), ("probabilities", {"a": 0.5, "b": 0.4}),
            ("probabilities", {"a": -0.5, "b": 1.5}), ("probabilities", {"a": "x", "b": 1}),
            ("smoothed", {"a": 0.5, "b": 0.5}), ("smoothed", 3), ("label", "sad"),
            ("label", "bored"), ("label", None),
        ],
    )  # fmt: skip
    def test_wrong_face_keys_are_named(self, key, value):
        with pytest.raises(InputError, match=rf"row\.faces\[0\]\.{key}"):
            parse_row(one_face(**{key: value}))

    def test_faces_of_one_frame_have_the_same_labels(self):
        row = one_face()
        row["faces"].append({**row["faces"][0], "probabilities": {"a": 1, "b": 0}, "label": "a"})
        with pytest.raises(InputError, match="other labels"):
            parse_row(row)

    @given(
        st.recursive(
            st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text()),
            lambda inner: st.one_of(st.lists(inner), st.dictionaries(st.text(), inner)),
        ),
        st.sampled_from(["faces", "box", "landmarks", "probabilities", "time_s", "label", "error"]),
    )
    def test_any_value_is_accepted_or_refused_by_our_error(self, value, key):
        row = (
            one_face(**{key: value})
            if key in one_face()["faces"][0]
            else {**one_face(), key: value}
        )
        for candidate in (row, value):
            try:
                parse_row(candidate)
            except InputError:
                continue
