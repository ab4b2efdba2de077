"""Annotated pictures, drawn with Pillow alone: frames, labels, and faces made unrecognisable."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from mien.core.rows import Row
from mien.core.text import printable

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageDraw import ImageDraw
    from PIL.ImageFont import FreeTypeFont, ImageFont

Colour = tuple[int, int, int]
Box = tuple[int, int, int, int]

# Okabe and Ito, "Color universal design" (2008): distinct under all common colour deficiencies.
_ORANGE, _SKY, _GREEN, _YELLOW = (230, 159, 0), (86, 180, 233), (0, 158, 115), (240, 228, 66)
_BLUE, _VERMILION, _PURPLE, _GREY = (0, 114, 178), (213, 94, 0), (204, 121, 167), (200, 200, 200)
_PALETTE: tuple[Colour, ...] = (_ORANGE, _SKY, _GREEN, _YELLOW, _BLUE, _VERMILION, _PURPLE)
_COLOURS: dict[str, Colour] = {
    "angry": _VERMILION,
    "anxious": _PURPLE,
    "contempt": _ORANGE,
    "disgust": _GREEN,
    "fear": _PURPLE,
    "happy": _YELLOW,
    "neutral": _GREY,
    "sad": _BLUE,
    "surprise": _SKY,
}
_LEGIBLE = 11  # points below which words are left out rather than letters made smaller
_INK: Colour = (18, 18, 18)
_PAPER: Colour = (255, 255, 255)

_GROWTH = 0.2  # of the box on each side: hair and jaw lie outside a detector's box
_CELLS = 6  # blocks across a blurred region, that is about four across the face


def annotated(image: NDArray[np.uint8], row: Row, *, blur_faces: bool = False) -> Image:
    """A picture with the faces of its row framed and labelled.

    An answer that is uncertain has a dashed frame, a question mark and the word "uncertain".

    Args:
        image: ``(H, W, 3)`` uint8 RGB; it is not changed.
        row: A frame row whose boxes are in pixels of ``image``.
        blur_faces: Make the faces unrecognisable first.
    """
    from PIL import Image as Pillow
    from PIL import ImageDraw

    if blur_faces:
        image = blurred(image, [face["box"] for face in row["faces"]])
    picture = Pillow.fromarray(image)
    draw = ImageDraw.Draw(picture)
    line = max(2, round(max(picture.size) / 300))
    # Large faces first, so that the frames of small ones stay visible inside them.
    faces = sorted(row["faces"], key=lambda face: -_area(face["box"]))
    boxes = [_inside(face["box"], picture.size) for face in faces]
    for face, box in zip(faces, boxes, strict=True):
        _draw_frame(draw, box, line, _colour(face["label"]), dashed=face["uncertain"])
    tags: list[Box] = []
    for face, box in zip(faces, boxes, strict=True):
        tags.append(_draw_tag(draw, picture.size, face, box, line, tags))
    return picture


def blurred(image: NDArray[np.uint8], boxes: Sequence[Sequence[float]]) -> NDArray[np.uint8]:
    """A copy in which every box, grown by a fifth on each side, is a few blocks of colour.

    This is help, not a guarantee: faces that were not found stay as they are.

    Args:
        image: ``(H, W, 3)`` uint8 RGB.
        boxes: x1 y1 x2 y2 in pixels, each.
    """
    from PIL import Image as Pillow

    result = image.copy()
    height, width = image.shape[:2]
    for x1, y1, x2, y2 in boxes:
        grow_x, grow_y = _GROWTH * (x2 - x1), _GROWTH * (y2 - y1)
        left, right = max(0, int(x1 - grow_x)), min(width, int(np.ceil(x2 + grow_x)) + 1)
        top, bottom = max(0, int(y1 - grow_y)), min(height, int(np.ceil(y2 + grow_y)) + 1)
        if right <= left or bottom <= top:
            continue
        region = Pillow.fromarray(result[top:bottom, left:right])
        size = (min(_CELLS, region.width), min(_CELLS, region.height))
        blocks = region.resize(size, Pillow.Resampling.BOX)
        result[top:bottom, left:right] = np.asarray(
            blocks.resize(region.size, Pillow.Resampling.NEAREST)
        )
    return result


def _area(box: Sequence[float]) -> float:
    return (box[2] - box[0]) * (box[3] - box[1])


def _inside(box: Sequence[float], size: tuple[int, int]) -> Box:
    """The visible part of a box, in whole pixels, at least one."""
    width, height = size
    x1, y1 = (min(max(0, round(v)), end - 1) for v, end in zip(box[:2], size, strict=True))
    return x1, y1, min(max(x1, round(box[2])), width - 1), min(max(y1, round(box[3])), height - 1)


def _colour(label: str) -> Colour:
    return _COLOURS.get(label, _PALETTE[zlib.crc32(label.encode()) % len(_PALETTE)])


def _text_colour(background: Colour) -> Colour:
    """Ink or paper, whichever has the higher contrast (WCAG 2.2, relative luminance)."""

    def luminance(colour: Colour) -> float:
        linear = [v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in
                  (channel / 255 for channel in colour)]  # fmt: skip
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    behind = luminance(background) + 0.05
    on_paper = (luminance(_PAPER) + 0.05) / behind
    return _PAPER if on_paper > behind / (luminance(_INK) + 0.05) else _INK


def _draw_frame(draw: ImageDraw, box: Box, line: int, colour: Colour, *, dashed: bool) -> None:
    """A frame whose casing contrasts with it, so that it shows on any background."""
    casing, behind = _casing(line), _text_colour(colour)
    bars = list(_bars(box, line, dashed=dashed))
    for x1, y1, x2, y2 in bars:
        draw.rectangle((x1 - casing, y1 - casing, x2 + casing, y2 + casing), fill=behind)
    for bar in bars:
        draw.rectangle(bar, fill=colour)


def _casing(line: int) -> int:
    return max(1, line // 3)


def _bars(box: Box, line: int, *, dashed: bool) -> Iterator[Box]:
    """Filled bars that make up a frame of ``line`` pixels inside ``box``."""
    x1, y1, x2, y2 = box
    thick = min(line, x2 - x1 + 1, y2 - y1 + 1) - 1
    for start, end in _dashes(x1, x2, line, dashed=dashed):
        yield start, y1, end, y1 + thick
        yield start, y2 - thick, end, y2
    for start, end in _dashes(y1, y2, line, dashed=dashed):
        yield x1, start, x1 + thick, end
        yield x2 - thick, start, x2, end


def _dashes(start: int, end: int, line: int, *, dashed: bool) -> Iterator[tuple[int, int]]:
    """Stretches from ``start`` to ``end``; dashes begin and end at the corners."""
    count = (end - start) // (10 * line) if dashed else 0
    edges = np.linspace(start, end, 2 * count + 2).round().astype(int).tolist()
    yield from zip(edges[::2], edges[1::2], strict=True)


def _draw_tag(
    draw: ImageDraw, size: tuple[int, int], face: Row, box: Box, line: int, others: list[Box]
) -> Box:
    """Write label and percentage where there is room, always inside the picture."""
    colour = _colour(face["label"])
    text, font, ink = _fitted(draw, size, face, box)
    width, height = ink[2] - ink[0], ink[3] - ink[1]
    pad_x, pad_y = _padding(height)
    spot = _spot(size, (width + 2 * pad_x, height + 2 * pad_y), box, line, others)
    background = _INK if face["uncertain"] else colour
    draw.rounded_rectangle(
        spot,
        radius=pad_y,
        fill=background,
        outline=colour if face["uncertain"] else _text_colour(colour),
        width=max(1, line // 3),
    )
    at = (spot[0] + pad_x - ink[0], spot[1] + pad_y - ink[1])
    draw.text(at, text, font=font, fill=_text_colour(background))
    return spot


def _wordings(face: Row) -> tuple[str, ...]:
    """What a tag says, from the longest to the shortest form."""
    shown = face["smoothed"] or face["probabilities"]
    percent = f"{min(99, round(100 * shown[face['label']]))} %"  # no model is ever certain
    label = printable(face["label"])
    if face["uncertain"]:
        return f"{label}? {percent} \u00b7 uncertain", f"{label}? {percent}", f"{label}?"
    return f"{label} {percent}", label


def _padding(height: int) -> tuple[int, int]:
    return max(3, round(0.45 * height)), max(2, round(0.3 * height))


def _fitted(
    draw: ImageDraw, size: tuple[int, int], face: Row, box: Box
) -> tuple[str, FreeTypeFont | ImageFont, Box]:
    """The longest wording that fits at a legible size, its font, and the extent of its ink."""
    wanted = np.clip(0.13 * (box[2] - box[0]), max(size) / 80, max(size) / 30)
    wordings = _wordings(face)
    for text in wordings:
        for points in _sizes(wanted, _LEGIBLE):
            font, ink = _measured(draw, text, points)
            if _fits(ink, size[0]):
                return text, font, ink
    font, ink = _measured(draw, wordings[-1], points := _LEGIBLE)
    while not _fits(ink, size[0]) and points > 1:
        font, ink = _measured(draw, wordings[-1], points := points - 1)
    return wordings[-1], font, ink


def _measured(draw: ImageDraw, text: str, points: int) -> tuple[FreeTypeFont | ImageFont, Box]:
    """Pillow's own font and the extent of the ink of ``text`` in it."""
    from PIL import ImageFont

    font: Any = ImageFont.load_default(points)
    left, _, right, _ = draw.textbbox((0, 0), text, font=font)
    # The height of a fixed sample keeps all tags alike, whatever letters they hold.
    _, top, _, bottom = draw.textbbox((0, 0), "Ag?%", font=font)
    return font, (int(left), int(top), int(np.ceil(right)), int(np.ceil(bottom)))


def _fits(ink: Box, width: int) -> bool:
    return ink[2] - ink[0] + 2 * _padding(ink[3] - ink[1])[0] < width


def _sizes(largest: float, least: int) -> list[int]:
    """Font sizes to try, from the one wanted down, in steps of about a tenth."""
    sizes = [max(least, round(largest))]
    while sizes[-1] > least:
        sizes.append(max(least, min(sizes[-1] - 1, round(0.9 * sizes[-1]))))
    return sizes


def _spot(
    size: tuple[int, int], tag: tuple[int, int], box: Box, line: int, others: list[Box]
) -> Box:
    """Above the face, else below it, else inside its frame: the first place that is free."""
    x1, y1, x2, y2 = box
    casing = _casing(line)
    last = (max(0, size[0] - 1 - tag[0]), max(0, size[1] - 1 - tag[1]))
    left, right = min(max(0, x1 - casing), last[0]), min(max(0, x2 + casing - tag[0]), last[0])
    inner = line + 2 * casing
    tops = (y1 - casing - tag[1], y2 + casing, y1 + inner, y2 - inner - tag[1])
    spots = [(x, y, x + tag[0], y + tag[1]) for y in tops for x in (left, right)]
    fitting = [spot for spot in spots if spot[1] >= 0 and spot[3] < size[1]]
    free = [spot for spot in fitting if not any(_overlap(spot, other) for other in others)]
    if free or fitting:
        return (free or fitting)[0]
    top = min(max(0, y1), last[1])
    return left, top, left + tag[0], top + tag[1]


def _overlap(one: Box, other: Box) -> bool:
    return one[0] <= other[2] and other[0] <= one[2] and one[1] <= other[3] and other[1] <= one[3]
