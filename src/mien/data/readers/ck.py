"""CK+ (Lucey et al., CVPR workshops 2010): the sequences, and the shared set of 48 x 48 crops."""

from __future__ import annotations

import re
from pathlib import Path

from mien.core.errors import DataError
from mien.core.labels import ck7, ck8
from mien.core.splits import WHOLE
from mien.data.readers.folders import first_named, named_class_photos
from mien.data.readers.listing import (
    Photo,
    natural,
    pictures,
    subfolders,
    visible,
)
from mien.data.readers.naming import class_index
from mien.data.readers.registry import ReaderInfo, register

_PEAK = 3
"""Frames that show the labelled expression: the labelled one and the two before it."""

_SUFFIX = "_emotion.txt"
_CROP = re.compile(r"(S[0-9]{3})_[0-9]{3}_[0-9]{8}")
_TERMS = (
    "non-commercial research, on request and under an agreement with the holders at the "
    "University of Pittsburgh; not to be passed on"
)


@register(
    ReaderInfo(
        name="ck",
        title="Extended Cohn-Kanade (CK+), sequences",
        source="Lucey et al., CVPR workshops 2010",
        terms=_TERMS,
        space=ck8,
        layout="cohn-kanade-images/S005/001/S005_001_00000001.png, "
        "Emotion/S005/001/S005_001_00000011_emotion.txt",
        subjects=True,
        frames="photos",
    )
)
class Sequences:
    """Labelled sequences: the first frame is neutral, three frames up to the labelled one peak."""

    def evidence(self, folder: Path) -> str:
        """The folder of the sequences."""
        return "cohn-kanade-images/" if (folder / "cohn-kanade-images").is_dir() else ""

    def photos(self, folder: Path) -> list[Photo]:
        """Four frames of every labelled sequence; sequences without a label are passed over."""
        places = (folder / "Emotion", folder / "Emotion_labels" / "Emotion")
        inside = next((place for place in places if place.is_dir()), None)
        if inside is None:
            raise DataError(
                f"{str(folder)!r}: expected the labels in Emotion/ beside cohn-kanade-images/; "
                "they are an archive of their own (Emotion_labels)"
            )
        files = [
            file
            for subject in subfolders(inside)
            for sequence in subfolders(subject)
            for file in visible(sequence)
            if file.name.endswith(_SUFFIX)
        ]
        if not files:
            raise DataError(f"{str(inside)!r} holds no S*/*/*{_SUFFIX}")
        return [photo for file in files for photo in _frames(folder, file)]


def _frames(folder: Path, file: Path) -> list[Photo]:
    label = _code(file)
    sequence = folder / "cohn-kanade-images" / file.parent.parent.name / file.parent.name
    frames = pictures(sequence) if sequence.is_dir() else []
    stem = file.name.removesuffix(_SUFFIX)
    peak = next((place for place, path in enumerate(frames) if path.stem == stem), 0)
    if peak < _PEAK:
        raise DataError(
            f"{file}: expected its frame {stem} with {_PEAK} or more before it in "
            f"{str(sequence)!r}, which has {len(frames)} frames; is the sequence cut off?"
        )
    subject = file.parent.parent.name
    neutral = Photo(frames[0], ck8.index("neutral"), WHOLE, subject)
    return [neutral] + [
        Photo(path, label, WHOLE, subject) for path in frames[peak + 1 - _PEAK : peak + 1]
    ]


def _code(file: Path) -> int:
    """The label of a sequence; neutral (0) is the code of no sequence."""
    try:
        text = file.read_text(encoding="ascii").strip()
        code = float(text)
    except (OSError, ValueError):
        text, code = "no readable number", -1.0
    if code not in range(1, len(ck8)):
        raise DataError(
            f"{file}, row 1: expected one code from 1 to {len(ck8) - 1}, got {text[:20]!r}"
        )
    return int(code)


@register(
    ReaderInfo(
        name="ck48",
        title="CK+48: peak frames of CK+ as 48 x 48 grey crops in class folders",
        source="a redistribution of Lucey et al., CVPR workshops 2010",
        terms=_TERMS + "; the crops circulate without terms of their own",
        space=ck7,
        layout="<class>/S010_004_00000017.png",
        subjects=True,
        frames="crops",
    )
)
class Crops:
    """Class folders whose file names tell subject, sequence and frame."""

    def evidence(self, folder: Path) -> str:
        """Class folders of CK+ with a file that is named like a frame of it."""
        inside = subfolders(folder)
        if any(class_index(path.name, ck7) is None for path in inside):
            return ""
        return first_named(inside, _CROP)

    def photos(self, folder: Path) -> list[Photo]:
        """All pictures, in the order of subject, sequence and frame."""
        found = named_class_photos(folder, ck7, _CROP, "S010_004_00000017.png")
        return sorted(found, key=lambda photo: (natural(photo.path.name), photo.label))
