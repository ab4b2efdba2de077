"""Pictures taken in a laboratory, told apart by their names: JAFFE, KDEF, MMI."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from mien.core.errors import DataError
from mien.core.labels import fer7
from mien.core.splits import WHOLE
from mien.data.readers.folders import first_named, named_class_photos
from mien.data.readers.listing import (
    Photo,
    first_picture,
    natural,
    pictures,
    subfolders,
)
from mien.data.readers.naming import class_index
from mien.data.readers.registry import ReaderInfo, register

_JAFFE_CODES = {
    "NE": "neutral", "HA": "happy", "SA": "sad", "SU": "surprise", "AN": "angry", "DI": "disgust",
    "FE": "fear",
}  # fmt: skip
_KDEF_CODES = {**_JAFFE_CODES, "AF": "fear"}
del _KDEF_CODES["FE"]

_JAFFE_NAME = re.compile(r"([A-Z]{2})\.([A-Z]{2})[0-9]*\.[0-9]+")
_KDEF_NAME = re.compile(r"[AB]([FM][0-9]{2})([A-Z]{2})(S|HL|HR|FL|FR)", re.IGNORECASE)
_KDEF_FOLDER = re.compile(r"[AB][FM][0-9]{2}", re.IGNORECASE)
_MMI_NAME = re.compile(r"(S[0-9]{3})-[0-9]{3}.*")

# Two pictures of KDEF have names that are cut off, so nobody can tell what they show (known from
# published loaders).
_KDEF_NAMELESS = ("AF31V", "AM31H")


def _label(codes: dict[str, str], code: str, path: Path) -> int:
    name = codes.get(code.upper())
    if name is None:
        raise DataError(
            f"{path}: the expression code must be one of {', '.join(codes)}, got {code!r}"
        )
    return fer7.index(name)


@register(
    ReaderInfo(
        name="jaffe",
        title="Japanese Female Facial Expression (JAFFE)",
        source="Lyons et al., FG 1998",
        terms="non-commercial research, on request from the authors (kept on Zenodo); "
        "not to be passed on",
        space=fer7,
        layout="KA.AN1.39.tiff: subject, expression and take, number",
        subjects=True,
        frames="photos",
    )
)
class Jaffe:
    """A flat folder of pictures."""

    def evidence(self, folder: Path) -> str:
        """A picture with such a name."""
        named = (p.name for p in pictures(folder) if _JAFFE_NAME.fullmatch(p.stem))
        first = next(named, "")
        return f"names like {first}" if first else ""

    def photos(self, folder: Path) -> list[Photo]:
        """All pictures by name; other files are passed over."""
        found: list[Photo] = []
        for path in pictures(folder):
            match = _JAFFE_NAME.fullmatch(path.stem)
            if match is None:
                raise DataError(f"{path}: expected a name like KA.AN1.39.tiff, got {path.name!r}")
            found.append(Photo(path, _label(_JAFFE_CODES, match[2], path), WHOLE, match[1]))
        if not found:
            raise DataError(f"{str(folder)!r} holds no pictures; expected KA.AN1.39.tiff and so on")
        return found


_KDEF = ReaderInfo(
    name="kdef",
    title="Karolinska Directed Emotional Faces (KDEF), frontal",
    source="Lundqvist, Flykt and Oehman, Karolinska Institutet 1998",
    terms="non-commercial research, on registration with the holders at Karolinska Institutet; "
    "not to be passed on",
    space=fer7,
    layout="AF01/AF01ANS.JPG, or all in one folder: session, sex, number, expression, angle",
    subjects=True,
    frames="photos",
)


class _Kdef:
    """Two sessions of each person; the same person in both is one subject."""

    angles: tuple[str, ...] = ("S",)

    def evidence(self, folder: Path) -> str:
        """A picture with such a name, in the folder or in one of a session."""
        first = next((p.name for p in _kdef_pictures(folder) if _KDEF_NAME.fullmatch(p.stem)), "")
        return f"names like {first}" if first else ""

    def photos(self, folder: Path) -> list[Photo]:
        """The pictures of the wanted angles, by session and name."""
        for inside in subfolders(folder):
            if not _KDEF_FOLDER.fullmatch(inside.name) and first_picture(inside) is not None:
                raise DataError(
                    f"{str(inside)!r} holds pictures and is called like no session (AF01 to BM35); "
                    "move it out, so that no picture is left out unnoticed"
                )
        found: list[Photo] = []
        for path in _kdef_pictures(folder):
            if path.stem.upper() in _KDEF_NAMELESS:
                continue
            match = _KDEF_NAME.fullmatch(path.stem)
            if match is None:
                raise DataError(f"{path}: expected a name like AF01ANS.JPG, got {path.name!r}")
            label = _label(_KDEF_CODES, match[2], path)
            if match[3].upper() in self.angles:
                found.append(Photo(path, label, WHOLE, match[1].upper()))
        if not found:
            raise DataError(
                f"{str(folder)!r}: no picture of angle {', '.join(self.angles)}; expected "
                "AF01/AF01ANS.JPG and so on"
            )
        return found


@register(_KDEF)
class Kdef(_Kdef):
    """Frontal pictures."""


@register(
    replace(
        _KDEF,
        name="kdef-angles",
        title="Karolinska Directed Emotional Faces (KDEF), all five angles",
    )
)
class KdefAngles(_Kdef):
    """Frontal, half and full profiles."""

    angles = ("S", "HL", "HR", "FL", "FR")

    def evidence(self, folder: Path) -> str:  # noqa: ARG002 - the protocol names it
        """Never chosen unasked: most models are for frontal faces."""
        return ""


def _kdef_pictures(folder: Path) -> Iterator[Path]:
    yield from pictures(folder)
    for inside in subfolders(folder):
        if _KDEF_FOLDER.fullmatch(inside.name):
            yield from pictures(inside)


@register(
    ReaderInfo(
        name="mmi",
        title="MMI facial expression database, frames in class folders",
        source="Pantic et al., ICME 2005",
        terms="research, on registration and under an agreement with the holders; "
        "not to be passed on",
        space=fer7,
        layout="<class>/S001-005*.png: subject and record; frames taken from the videos",
        subjects=True,
        frames="photos",
    )
)
class Mmi:
    """Frames somebody took from the videos; videos themselves are not decoded here."""

    def evidence(self, folder: Path) -> str:
        """Videos of the official release, or class folders with names of its records."""
        if (folder / "Sessions").is_dir():
            return "Sessions/"
        classes = (path for path in subfolders(folder) if class_index(path.name, fer7) is not None)
        return first_named(classes, _MMI_NAME)

    def photos(self, folder: Path) -> list[Photo]:
        """All pictures, class by class."""
        if (folder / "Sessions").is_dir():
            raise DataError(
                f"{str(folder)!r} holds MMI's videos (Sessions/), which are not decoded here; take "
                "the frames at the apex out of them, keep the names of the records, and put them "
                "into class folders: <class>/S001-005_0042.png"
            )
        found = named_class_photos(folder, fer7, _MMI_NAME, "S001-005_0042.png")
        return sorted(found, key=lambda photo: (photo.path.parent, natural(photo.path.name)))
