"""PyPI PyEmotion: MTCNN of facenet-pytorch and a convolutional network of 48 pixels.

Its package prints a banner when imported, so that its network is loaded from the file. It gives
seven sigmoids, no distribution; run.py divides them by their sum.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable

from operators import mend
from pipe import Found, Image, crops_wanted, serve

LABELS = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")


def make() -> Callable[[Image], list[Found]]:
    """Grey crops by its transform; photos by its detector, which it gives BGR."""
    import torch

    mend()
    torch.set_num_threads(1)
    import cv2
    import numpy as np
    from torchvision import transforms

    cv2.setNumThreads(1)
    package = importlib.util.find_spec("PyEmotion")
    assert package is not None
    assert package.submodule_search_locations
    folder = package.submodule_search_locations[0]
    spec = importlib.util.spec_from_file_location("networks", f"{folder}/networks.py")
    assert spec is not None
    assert spec.loader is not None
    networks = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(networks)
    network = networks.NetworkV2(in_c=1, nl=32, out_f=len(LABELS))
    weights = f"{folder}/model/main_model.pkl"
    network.load_state_dict(torch.load(weights, map_location="cpu", weights_only=True)["network"])
    network.eval()
    transform = transforms.Compose(
        [
            transforms.ToPILImage(),
            transforms.Resize((48, 48)),
            transforms.ToTensor(),
            transforms.Normalize(mean=[0.5], std=[0.5]),
        ]
    )

    def read(grey: Image) -> dict[str, float]:
        with torch.no_grad():
            values = network(transform(grey)[None])[0]
        return dict(zip(LABELS, values.tolist(), strict=True))

    if crops_wanted():
        return lambda image: [(read(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)), None)]
    from facenet_pytorch import MTCNN

    detector = MTCNN(keep_all=True, device="cpu")

    def photo(image: Image) -> list[Found]:
        boxes, _ = detector.detect(np.ascontiguousarray(image[..., ::-1]))
        grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
        found: list[Found] = []
        for box in boxes if boxes is not None else []:
            x1, y1, x2, y2 = (max(0, round(float(each))) for each in box)
            found.append((read(grey[y1:y2, x1:x2]), (x1, y1, x2, y2)))
        return found

    return photo


if __name__ == "__main__":
    serve("PyEmotion", make)
