"""Figures say what they show, and sheets with faces say that they stay here."""

from __future__ import annotations

import io
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from faces_made import made_faces
from made_explainable import SquareModel, bright_square
from mien.core.errors import InputError
from mien.core.labels import LabelSpace
from mien.explain import (
    METHODS,
    NOTICE,
    ClassMap,
    ClassMaps,
    Contradiction,
    Mistake,
    draw_classes,
    draw_explanation,
    draw_layers,
    draw_mistakes,
    draw_twins,
    explain,
    write_png,
)
from mien.explain.figures import FEWEST_FACES


def texts(figure) -> str:
    from matplotlib.text import Text

    return "\n".join(text.get_text() for text in figure.findobj(Text))


def png(figure) -> bytes:
    held = io.BytesIO()
    write_png(figure, held)
    return held.getvalue()


def images(figure) -> list[np.ndarray]:
    return [image.get_array() for axes in figure.axes for image in axes.get_images()]


def test_one_row_per_face_with_label_probability_and_scale():
    frames = np.concatenate([bright_square(), bright_square(150, seed=1)])
    found = explain(SquareModel(), frames, "occlusion", targets=np.array([0, 1]))
    figure = draw_explanation(found, source="group.jpg")
    shown = texts(figure)
    assert "Occlusion of group.jpg" in shown
    assert "model square" in shown
    assert f"angry: {found.probabilities[0, 0]:.2f}" in shown
    answer = f"(answer: angry {found.probabilities[1, 0]:.2f})"
    assert f"disgust: {found.probabilities[1, 1]:.2f}   {answer}" in shown
    assert "fall in probability when hidden" in shown
    assert "the 44 pixels that the network sees" in shown
    assert len(figure.axes) == 2 * 3  # face, map, colour bar
    np.testing.assert_array_equal(figure.axes[0].get_images()[0].get_array(), frames[0])
    with Image.open(io.BytesIO(png(figure))) as picture:
        assert picture.format == "PNG"
        assert min(picture.size) > 900


def test_a_map_covers_the_face_only_where_it_says_something():
    found = explain(SquareModel(), bright_square(), "occlusion")
    _, over, _ = draw_explanation(found).axes
    face, overlay = over.get_images()
    np.testing.assert_array_equal(face.get_array(), found.crops[0])
    opacity = overlay.get_alpha()
    assert opacity.max() == pytest.approx(0.75)
    assert opacity[found.maps[0] == 0].max() == 0
    assert overlay.get_clim() == pytest.approx((-found.maps.max(), found.maps.max()))
    assert overlay.get_cmap().name == "coolwarm"


def test_a_map_of_zeros_is_drawn():
    found = explain(SquareModel(), np.full((1, 48, 48), 128, np.uint8), "occlusion")
    assert not found.maps.any()
    assert png(draw_explanation(found)).startswith(b"\x89PNG")


def test_a_map_without_anything_says_so():
    """A picture without colours would look as if the figure had failed."""
    found = explain(SquareModel(), bright_square(), "occlusion")
    gradcam = replace(found, method=METHODS["gradcam"])
    assert "zero everywhere" not in texts(draw_explanation(gradcam))
    empty = replace(gradcam, maps=np.zeros_like(found.maps))
    assert "zero everywhere" in texts(draw_explanation(empty))


@pytest.mark.parametrize(("fall", "faint"), [(0.049, True), (-0.049, True), (0.051, False)])
def test_next_to_nothing_is_called_that(fall: float, faint: bool):
    """Half of the fall from which occlusion is drawn in full colour."""
    found = explain(SquareModel(), bright_square(), "occlusion")
    maps = np.zeros_like(found.maps)
    maps[0, 3, 4] = fall
    one = replace(found, maps=maps)
    assert one.faint(0) is faint
    assert ("next to nothing" in texts(draw_explanation(one))) is faint
    face = np.full((48, 48), 77.0, np.float32)
    nothing = np.full_like(face, np.nan)
    classes = (ClassMap("angry", 9, face, maps[0]), ClassMap("sad", 0, nothing, nothing))
    figure = draw_classes(ClassMaps("tiny", "fer.csv", METHODS["occlusion"], 44, classes))
    assert ("angry, 9 faces\nnext to nothing" in texts(figure)) is faint
    assert texts(figure).count("next to nothing") == faint


def test_names_from_outside_are_letters():
    """Dollars would start a formula, a control code would be obeyed by nobody but is shown."""
    space = LabelSpace("odd", ("$\\frac{$", "a\x1b[31m"))
    found = explain(SquareModel(space), bright_square(), "occlusion")
    figure = draw_explanation(found, source="$x_{$.jpg")
    assert "$\\frac{$" in texts(figure)
    assert png(figure).startswith(b"\x89PNG")


def test_a_figure_has_the_same_bytes_each_time():
    found = explain(SquareModel(), bright_square(), "occlusion")
    first = png(draw_explanation(found))
    assert first == png(draw_explanation(found))
    assert b"atplotlib" not in first


def test_few_faces_are_not_shown_as_their_mean():
    face, values = np.full((48, 48), 77.0, np.float32), np.ones((48, 48), np.float32)
    nothing = np.full((48, 48), np.nan, np.float32)
    classes = (
        ClassMap("angry", FEWEST_FACES, face, values),
        ClassMap("happy", FEWEST_FACES - 1, face, values / 2),
        ClassMap("sad", 0, nothing, nothing),
    )
    figure = draw_classes(ClassMaps("tiny", "fer.csv", METHODS["gradcam"], 44, classes))
    many, few, none, *_ = figure.axes
    assert (many.get_images()[0].get_array() == 77).all()
    assert (few.get_images()[0].get_array() == 160).all()
    assert len(few.get_lines()) == 1
    assert not many.get_lines()
    assert not none.get_images()
    assert many.get_images()[1].get_clim() == few.get_images()[1].get_clim() == (0, 1)
    assert f"happy, {FEWEST_FACES - 1} faces" in texts(figure)
    assert "crosses: eyes and mouth" in texts(figure)
    whole = draw_classes(ClassMaps("tiny", "fer.csv", METHODS["gradcam"], 44, classes[::2]))
    assert "crosses" not in texts(whole)
    assert png(figure).startswith(b"\x89PNG")


def test_sheets_with_faces_are_for_local_use_only():
    faces = made_faces([0, 1, 2, 3, 4, 5, 6, 0])
    mistakes = [Mistake(row, "angry", "sad", 0.9 - row / 100) for row in range(8)]
    figure = draw_mistakes(faces, mistakes, model="tiny")
    assert NOTICE in texts(figure)
    assert "do not publish" in NOTICE
    assert "label angry\nsad 0.83" in texts(figure)
    for shown, image in zip(images(figure), faces.images, strict=True):
        np.testing.assert_array_equal(shown, image)
    twins = [Contradiction((2, 3, 4), ("fear", "sad", "sad"), ("Training",) * 3, "sad", 0.5)]
    figure = draw_twins(faces, twins, model="tiny")
    assert NOTICE in texts(figure)
    assert "2 x sad, 1 x fear\nanswer sad 0.50" in texts(figure)
    many = Contradiction(tuple(range(7)), tuple(faces.space.labels), ("all",) * 7, "sad", 0.5)
    lines = texts(draw_twins(faces, [many], model="tiny")).split("\n")
    assert "1 x angry, 1 x disgust, 1" in lines
    assert png(figure).startswith(b"\x89PNG")


@pytest.mark.parametrize("draw", [draw_mistakes, draw_twins])
def test_an_empty_sheet_is_refused(draw):
    with pytest.raises(InputError, match="nothing of this kind"):
        draw(made_faces([0]), [], model="tiny")


def test_layers_are_lines_of_tiles():
    from mien.explain.gradients import ConvMaps

    rng = np.random.default_rng(0)
    layers = [
        ConvMaps(f"trunk.{i}", rng.normal(size=(3 + i % 9, 11, 7)).astype(np.float32))
        for i in range(40)
    ]
    layers.append(ConvMaps("flat", np.zeros((1, 1, 1), np.float32)))
    figure = draw_layers(layers, bright_square()[0], model="tiny", answer="sad 0.91")
    assert png(figure).startswith(b"\x89PNG")  # which fills the labels of the lines
    shown = texts(figure)
    assert "Maps of the 41 convolutions of tiny, answer sad 0.91" in shown
    assert all(f"trunk.{i}\n{3 + i % 9} of 11 x 7" in shown for i in range(40))
    face, first, second = images(figure)
    np.testing.assert_array_equal(face, bright_square()[0])
    assert (first.shape[0] + second.shape[0]) / 51 == 41
    of_most = layers[8].maps[layers[8].maps.std(axis=(1, 2)).argmax()]
    third = np.ma.filled(first.astype(float), np.nan)[8 * 51 : 8 * 51 + 48, 51 : 51 + 48]
    assert third[0, 0] == pytest.approx((of_most[0, 0] - of_most.min()) / np.ptp(of_most))
    assert third[47, 47] == pytest.approx((of_most[-1, -1] - of_most.min()) / np.ptp(of_most))
    tiles = np.ma.filled(first.astype(float), np.nan)
    assert np.nanmin(tiles) == 0
    assert np.nanmax(tiles) == 1
    assert np.isnan(tiles[:48, 51 * 4 : 51 * 4 + 48]).all()  # three maps and their mean, no more
