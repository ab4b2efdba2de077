"""PyPI what-the-face-classification: Haar cascade and a convolutional network of 48 pixels."""

from __future__ import annotations

from collections.abc import Callable

from operators import mend
from pipe import Found, Image, crops_wanted, serve

SURE = 0.60
"""Its own rule: without a face the whole picture is read, and a weaker answer is none."""


def make() -> Callable[[Image], list[Found]]:
    """Its API gives one label; the whole softmax is taken here, with its rule about faces kept."""
    import torch

    mend()
    torch.set_num_threads(1)
    import cv2
    from PIL import Image as Pictures
    from what_the_face_classification.inference import Image_classifier

    cv2.setNumThreads(1)
    model = Image_classifier()
    model.net.eval()

    def read(picture: Pictures.Image) -> dict[str, float]:
        with torch.no_grad():
            values = model.net(model.transform(picture).float())
        return dict(zip(model.classes, values.softmax(dim=1)[0].tolist(), strict=True))

    def photo(image: Image) -> list[Found]:
        face, seen = model.face_crop(Pictures.fromarray(image))
        values = read(face)
        return [(values, None)] if seen or max(values.values()) >= SURE else []

    if crops_wanted():
        return lambda image: [(read(Pictures.fromarray(image)), None)]
    return photo


if __name__ == "__main__":
    serve("what-the-face-classification", make)
