"""The public-domain portrait in ``assets/``, and what a person reads off it."""

from functools import cache
from pathlib import Path

import numpy as np
from PIL import Image

PATH = Path(__file__).parents[1] / "assets" / "portrait.jpg"

# Read off a fourfold enlargement by eye.
BOX = np.array([[180.0, 66.0, 267.0, 176.0]])  # hairline to chin, cheek to cheek
LANDMARKS = np.array([[204.2, 101], [247, 103.2], [226, 127.5], [202.8, 140], [245, 141]])


@cache
def portrait() -> np.ndarray:
    """``(512, 512, 3)`` uint8, not to be written to."""
    pixels = np.asarray(Image.open(PATH).convert("RGB"))
    pixels.flags.writeable = False
    return pixels


def resized(image: np.ndarray, width: int, height: int) -> np.ndarray:
    return np.asarray(Image.fromarray(image).resize((width, height), Image.Resampling.LANCZOS))


def group_of_four() -> tuple[np.ndarray, np.ndarray]:
    """The face at four sizes and places on a 640 x 480 picture, and its four boxes."""
    rows = np.linspace(60, 150, 480)[:, None, None]
    canvas = np.broadcast_to(rows + [0, 10, 20], (480, 640, 3)).astype(np.uint8, order="C")
    head = portrait()[20:235, 120:330]  # 215 x 210
    boxes = []
    for x, y, scale in ((20, 30, 1.4), (360, 20, 1.0), (350, 270, 0.8), (540, 300, 0.45)):
        small = resized(head, round(210 * scale), round(215 * scale))
        canvas[y : y + small.shape[0], x : x + small.shape[1]] = small
        boxes.append((BOX[0] - [120, 20, 120, 20]) * scale + [x, y, x, y])
    return canvas, np.array(boxes)
