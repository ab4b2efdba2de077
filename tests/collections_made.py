"""Small copies of published folder layouts, made of noise: no picture of a person."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from faces_made import save_picture


def noise(path: Path, side: int = 12) -> Path:
    """A grey picture that differs from every other by its path."""
    seed = [ord(character) for character in path.name + path.parent.name]
    return save_picture(path, np.random.default_rng(seed).integers(0, 256, (side, side), np.uint8))


def write(path: Path, text: str) -> Path:
    """A text file, its folders too."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def ck(folder: Path) -> Path:
    """Two labelled sequences of five frames and one without a label."""
    for sequence in ("S005/001", "S010/002", "S010/003"):
        stem = sequence.replace("/", "_")
        for frame in range(1, 6):
            noise(folder / "cohn-kanade-images" / sequence / f"{stem}_{frame:08}.png")
        (folder / "Emotion" / sequence).mkdir(parents=True)
    write(folder / "Emotion/S005/001/S005_001_00000005_emotion.txt", "   3.0000000e+00\n")
    write(folder / "Emotion/S010/002/S010_002_00000005_emotion.txt", "   2.0000000e+00\n")
    return folder


def ck48(folder: Path) -> Path:
    """Five classes, two people."""
    for label, name in (
        ("anger", "S010_004_00000017"), ("anger", "S010_004_00000018"),
        ("happy", "S014_001_00000009"), ("contempt", "S010_002_00000012"),
    ):  # fmt: skip
        noise(folder / label / f"{name}.png", 48)
    return folder


def jaffe(folder: Path) -> Path:
    """Three people, and the text that lies beside their pictures."""
    for name in ("KA.AN1.39", "KA.HA2.30", "KL.NE1.155", "MK.FE3.125"):
        noise(folder / f"{name}.tiff")
    write(folder / "README_FIRST.txt", "about the pictures")
    return folder


def kdef(folder: Path) -> Path:
    """One person in two sessions and another one, frontal and from the side."""
    for name in ("AF01ANS", "AF01AFHL", "BF01HAS", "AM02SUS", "AM02SUFR"):
        noise(folder / name[:4] / f"{name}.JPG")
    (folder / "AF31").mkdir()
    (folder / "AF31" / "AF31V.JPG").touch()
    return folder


def mmi(folder: Path) -> Path:
    """Frames in class folders."""
    for name in ("surprise/S001-005_0042.png", "surprise/S002-011.png", "sadness/S001-010.png"):
        noise(folder / name)
    return folder


def rafdb(folder: Path) -> Path:
    """All seven codes."""
    names = [f"train_{n:05}" for n in range(1, 6)] + ["test_0001", "test_0002"]
    for name in names:
        noise(folder / "basic" / "Image" / "aligned" / f"{name}_aligned.jpg")
    rows = "".join(f"{name}.jpg {code}\n" for code, name in enumerate(names, start=1))
    write(folder / "basic" / "EmoLabel" / "list_patition_label.txt", rows)
    return folder


def affectnet(folder: Path) -> Path:
    """Codes as text and as numbers; one picture without an expression."""
    codes = {"train_set": ["0", "7", "8", 3], "val_set": [6.0]}
    for split, values in codes.items():
        (folder / split / "annotations").mkdir(parents=True)
        for number, code in enumerate(values):
            noise(folder / split / "images" / f"{number}.jpg")
            np.save(folder / split / "annotations" / f"{number}_exp.npy", np.array(code))
            np.save(folder / split / "annotations" / f"{number}_val.npy", np.array("0.5"))
    return folder


AFFECTNET_HEADER = (
    "subDirectory_filePath,face_x,face_y,face_width,face_height,facial_landmarks,expression,"
    "valence,arousal\n"
)


def affectnet_csv(folder: Path) -> Path:
    """Two tables; one row without a face."""
    for name in ("1/a.jpg", "1/b.jpg", "2/c.jpg"):
        noise(folder / "Manually_Annotated_Images" / name, 40)
    lists = folder / "Manually_Annotated_file_lists"
    write(
        lists / "training.csv",
        f"{AFFECTNET_HEADER}1/a.jpg,4,6,20,20,1;2,1,0.5,0.1\n2/none.jpg,NULL,NULL,NULL,NULL,,10,-2,-2\n"
        "1/b.jpg,0,0,40,40,1;2,7,-0.5,0.1\n",
    )
    write(lists / "validation.csv", f"{AFFECTNET_HEADER}2/c.jpg,1,1,30,34,1;2,5,0,0\n")
    return folder


def expw(folder: Path) -> Path:
    """Two faces in one picture, one in another."""
    for name in ("a.jpg", "b.jpg"):
        noise(folder / "image" / "origin" / name, 60)
    rows = "a.jpg 0 2 4 34 32 80.5 3\na.jpg 1 20 30 58 56 70.1 6\nb.jpg 0 0 0 59 59 99 0\n"
    write(folder / "label" / "label.lst", rows)
    return folder


def ferplus(folder: Path) -> Path:
    """A majority, no majority, no face; votes of one rater do not count."""
    votes = ("8,1,1,0,0,0,0,0,0,0", "5,5,0,0,0,0,0,0,0,0", "0,0,0,0,0,0,0,0,0,10")
    for split in ("FER2013Train", "FER2013Valid", "FER2013Test"):
        for number in range(len(votes)):
            noise(folder / split / f"fer{number:07}.png")
        rows = (f'fer{at:07}.png,"(0, 0, 48, 48)",{row}\n' for at, row in enumerate(votes))
        write(folder / split / "label.csv", "".join(rows))
    return folder


MADE: dict[str, Callable[[Path], Path]] = {
    "affectnet": affectnet,
    "affectnet-csv": affectnet_csv,
    "ck": ck,
    "ck48": ck48,
    "expw": expw,
    "ferplus": ferplus,
    "jaffe": jaffe,
    "kdef": kdef,
    "kdef-angles": kdef,
    "mmi": mmi,
    "rafdb": rafdb,
}
"""A maker of the layout of each reader."""
