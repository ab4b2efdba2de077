"""Write tests/golden/mtcnn.json: MTCNN's answers on the portrait, for Python and the browser.

    python tools/golden_mtcnn.py

Run it only when a change of the detector is meant to change its answers, and say why.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from PIL import Image

from mien.runtime.detectors import build_detector

ROOT = Path(__file__).parents[1]


def main() -> None:
    """Detect on three pictures that need no resampling, and write what was found."""
    image = np.asarray(Image.open(ROOT / "assets" / "portrait.jpg").convert("RGB"))
    pictures = {"portrait": image, "mirrored": image[:, ::-1], "every fifth pixel": image[::5, ::5]}
    detector = build_detector("mtcnn")
    answers = {}
    for name, picture in pictures.items():
        faces = detector.detect(picture)
        answers[name] = {
            "boxes": faces.boxes.round(3).tolist(),
            "scores": faces.scores.round(4).tolist(),
            "landmarks": faces.landmarks.round(3).tolist(),
        }
    target = ROOT / "tests" / "golden" / "mtcnn.json"
    target.write_text(json.dumps(answers, indent=1) + "\n", encoding="utf-8")
    print(target.relative_to(ROOT))


if __name__ == "__main__":
    main()
