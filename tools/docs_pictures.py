"""Reduce the chosen pictures of ``web/tools/screenshots.mjs`` for docs/page.md.

Usage: (cd web && node tools/screenshots.mjs FOLDER) && python tools/docs_pictures.py FOLDER
"""

from __future__ import annotations

import sys
from pathlib import Path

from PIL import Image

from mien.store.atomic import writing

CHOSEN = (
    "first-run-phone-light",
    "start-desktop-light",
    "camera-desktop-light",
    "camera-phone-dark",
    "heat-desktop-dark",
    "unsure-phone-light",
    "teach-consent-phone-dark",
    "teach-label-desktop-dark",
    "bengali-phone-light",
)
OUT = Path(__file__).parents[1] / "docs" / "pictures"
WIDEST = {"desktop": 1000, "phone": 480}


def main() -> None:
    """Write one JPEG for each chosen picture."""
    folder = Path(sys.argv[1])
    OUT.mkdir(exist_ok=True)
    for name in CHOSEN:
        with Image.open(folder / f"{name}.png") as picture:
            width = WIDEST["phone" if "-phone-" in name else "desktop"]
            shown = picture.crop((0, 0, picture.width, min(picture.height, 2 * picture.width)))
            height = round(shown.height * width / shown.width)
            small = shown.convert("RGB").resize((width, height), Image.Resampling.LANCZOS)
        with writing(OUT / f"{name}.jpg", "wb") as file:
            small.save(file, "JPEG", quality=84, optimize=True)


if __name__ == "__main__":
    main()
