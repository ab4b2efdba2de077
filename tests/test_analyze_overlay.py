"""Annotated pictures: what is drawn where, and what can no longer be seen."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from made_recognizer import made_row
from mien.analyze import overlay
from mien.analyze.overlay import annotated, blurred
from mien.core.labels import fer7


def plain(width: int = 320, height: int = 240) -> np.ndarray:
    return np.full((height, width, 3), 90, np.uint8)


def drawn(*args, **options) -> np.ndarray:
    return np.asarray(annotated(*args, **options))


def has(picture: np.ndarray, colour: tuple[int, int, int]) -> np.ndarray:
    return (picture == colour).all(axis=-1)


def test_a_faceless_picture_is_unchanged():
    assert np.array_equal(drawn(plain(), made_row([], [])), plain())


def test_the_picture_given_is_not_changed():
    image = plain()
    drawn(image, made_row([[100, 80, 200, 180]], [("happy", 0.9)]), blur_faces=True)
    assert np.array_equal(image, plain())


def test_the_frame_lies_on_the_box_in_the_colour_of_the_label():
    picture = drawn(plain(), made_row([[100, 80, 200, 180]], [("happy", 0.9)]))
    yellow = has(picture, overlay._COLOURS["happy"])
    assert yellow[80, 100:201].all()
    assert yellow[180, 100:201].all()
    assert yellow[80:181, 100].all()
    assert yellow[80:181, 200].all()
    assert not yellow[90:170, 110:190].any()


def test_an_uncertain_answer_has_a_dashed_frame_and_another_tag():
    row = made_row([[100, 80, 200, 180]], [("happy", 0.4)])
    picture = drawn(plain(), row)
    top = has(picture, overlay._COLOURS["happy"])[80, 100:201]
    assert top[0]
    assert top[-1]
    assert 0.3 < top.mean() < 0.8
    assert overlay._wordings(row["faces"][0])[0] == "happy? 40 % · uncertain"
    assert has(picture, overlay._INK).sum() > 300  # dark tag with light letters


def test_nothing_is_shown_as_certain_beyond_99_percent():
    face = made_row([[0, 0, 9, 9]], [("sad", 1.0)])["faces"][0]
    assert overlay._wordings(face) == ("sad 99 %", "sad")


def test_smoothed_values_are_shown_where_there_are_some():
    face = made_row([[0, 0, 9, 9]], [("sad", 0.9)])["faces"][0]
    face["smoothed"] = {**face["probabilities"], "sad": 0.7}
    assert overlay._wordings(face)[0] == "sad 70 %"


@settings(max_examples=40)
@given(
    st.integers(8, 500),
    st.integers(8, 500),
    st.lists(st.tuples(*[st.floats(-300, 800)] * 4), min_size=1, max_size=6),
    st.floats(0.2, 1),
    st.booleans(),
)
def test_any_boxes_on_any_picture(width, height, corners, top, blur):
    boxes = [[min(a, c), min(b, d), max(a, c), max(b, d)] for a, b, c, d in corners]
    row = made_row(boxes, [("surprise", top)] * len(boxes), (width, height))
    picture = annotated(plain(width, height), row, blur_faces=blur)
    assert picture.size == (width, height)


@settings(max_examples=60)
@given(st.integers(60, 800), st.integers(40, 800), st.data())
def test_every_tag_lies_inside_the_picture(width, height, data):
    from PIL import Image, ImageDraw

    x1, x2 = sorted(data.draw(st.tuples(st.integers(0, width - 1), st.integers(0, width - 1))))
    y1, y2 = sorted(data.draw(st.tuples(st.integers(0, height - 1), st.integers(0, height - 1))))
    face = made_row([[x1, y1, x2, y2]], [(data.draw(st.sampled_from(fer7.labels)), 0.3)])["faces"][
        0
    ]
    draw = ImageDraw.Draw(Image.new("RGB", (width, height)))
    tag = overlay._draw_tag(draw, (width, height), face, (x1, y1, x2, y2), 2, [])
    assert 0 <= tag[0] < tag[2] < width
    assert 0 <= tag[1] < tag[3] < height


def test_tags_of_neighbours_do_not_cover_one_another():
    boxes = [[40, 100, 80, 140], [85, 102, 125, 142], [130, 100, 170, 140]]
    size, line, tags = (320, 240), 2, []
    from PIL import Image, ImageDraw

    draw = ImageDraw.Draw(Image.new("RGB", size))
    for face in made_row(boxes, [("surprise", 0.9)] * 3)["faces"]:
        box = overlay._inside(face["box"], size)
        tags.append(overlay._draw_tag(draw, size, face, box, line, tags))
    for i, one in enumerate(tags):
        assert not any(overlay._overlap(one, other) for other in tags[i + 1 :])


def test_a_label_from_outside_cannot_break_the_line():
    row = made_row([[100, 80, 200, 180]], [("happy", 0.9)])
    face = row["faces"][0]
    face["label"] = "ha\nppy\x1b[31m"
    face["probabilities"] = {face["label"]: 0.9, "b": 0.1}
    assert overlay._wordings(face)[0] == "ha\\nppy\\x1b[31m 90 %"
    assert drawn(plain(), row).shape == (240, 320, 3)


@pytest.mark.parametrize("background", [*overlay._COLOURS.values(), overlay._INK])
def test_text_contrasts_with_its_background(background):
    def luminance(colour):
        c = np.array(colour) / 255
        return np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4) @ [
            0.2126,
            0.7152,
            0.0722,
        ]

    light, dark = sorted((luminance(background), luminance(overlay._text_colour(background))))[::-1]
    assert (light + 0.05) / (dark + 0.05) >= 4.5  # WCAG 2.2, 1.4.3


class TestBlurred:
    def test_a_face_becomes_a_few_blocks_beyond_its_box(self):
        image = np.random.default_rng(0).integers(0, 256, (240, 320, 3), dtype=np.uint8)
        result = blurred(image, [[100, 80, 200, 180]])
        changed = (result != image).any(axis=-1)
        ys, xs = np.where(changed)
        assert (ys.min(), ys.max(), xs.min(), xs.max()) == (60, 200, 80, 220)
        assert len(np.unique(result[60:201, 80:221].reshape(-1, 3), axis=0)) <= 36

    def test_no_detail_is_left(self):
        """A pattern of one-pixel stripes is gone: every block is its mean."""
        image = np.zeros((240, 320, 3), np.uint8)
        image[:, ::2] = 200
        result = blurred(image, [[100, 80, 200, 180]])[60:201, 80:221].astype(int)
        assert abs(result - 100).max() < 12

    @pytest.mark.parametrize(
        "box", [[-50, -50, -20, -20], [400, 10, 500, 50], [-10, -10, 400, 300], [5, 5, 5, 5]]
    )
    def test_boxes_at_and_beyond_the_edge(self, box):
        assert blurred(plain(), [box]).shape == (240, 320, 3)

    def test_it_is_done_before_drawing(self):
        image = np.random.default_rng(0).integers(0, 256, (240, 320, 3), dtype=np.uint8)
        row = made_row([[100, 80, 200, 180]], [("happy", 0.9)])
        inside = drawn(image, row, blur_faces=True)[100:160, 120:180]
        assert len(np.unique(inside.reshape(-1, 3), axis=0)) <= 16
