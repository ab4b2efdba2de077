"""A picture or labelled faces become a figure and its record, without the command line."""

from __future__ import annotations

import io

import numpy as np
import pytest

from faces_made import made_faces
from made_explainable import SquareModel
from mien.core.errors import InputError, UnknownNameError
from mien.core.faces import Faces
from mien.explain import NOTICE, explain_layers, explain_picture, explain_rows, write_png
from mien.runtime.detectors import build_detector

IMAGE = np.random.default_rng(0).integers(0, 256, (60, 50, 3)).astype(np.uint8)
WHOLE = build_detector("none")


class Nobody:
    def detect(self, _image: np.ndarray) -> Faces:
        return Faces.empty()


def test_a_picture_has_a_figure_and_a_face_in_its_record() -> None:
    found = explain_picture(SquareModel(), IMAGE, WHOLE, source="a.png")
    (face,) = found.record["faces"]
    assert (found.record["method"], face["box"]) == ("occlusion", [0, 0, 50, 60])
    assert 0 < face["probability"] <= 1
    written = io.BytesIO()
    write_png(found.figure, written)
    assert written.getvalue().startswith(b"\x89PNG")


def test_a_label_of_choice_is_explained_for_every_face() -> None:
    found = explain_picture(SquareModel(), IMAGE, WHOLE, label="sad")
    assert [face["label"] for face in found.record["faces"]] == ["sad"]
    with pytest.raises(UnknownNameError, match="did you mean 'sad'"):
        explain_picture(SquareModel(), IMAGE, WHOLE, label="sadd")


def test_what_cannot_be_explained_is_refused() -> None:
    with pytest.raises(InputError, match=r"no face found in a\.png; .*--detector none"):
        explain_picture(SquareModel(), IMAGE, Nobody(), source="a.png")
    with pytest.raises(InputError, match="square is a bundle"):
        explain_layers(SquareModel(), IMAGE, WHOLE)
    with pytest.raises(UnknownNameError, match="unknown method"):
        explain_picture(SquareModel(), IMAGE, WHOLE, method="lime")


@pytest.mark.parametrize("sheet", ["mistakes", "twins", "classes"])
def test_only_sheets_of_faces_are_for_local_use(sheet: str) -> None:
    rows = made_faces([0, 1, 2, 3, 4, 5, 6] * 2)
    rows.images[8] = rows.images[3]
    found = explain_rows(SquareModel(), rows, sheet, count=2)
    assert found.note == ("" if sheet == "classes" else NOTICE)
    if sheet == "classes":
        assert list(found.record["counts"])[3] == "happy"
    else:
        assert found.record == {"shown": 2 if sheet == "mistakes" else 1}
