"""Bundles: the folder that hands a model from the learning half to the using half."""

from __future__ import annotations

import hashlib
import os
import stat
import warnings
from collections.abc import Generator, Iterable, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path

from mien.core.errors import (
    BundleError,
    InputError,
    MienWarning,
    UnknownNameError,
    unknown_name,
)
from mien.store.atomic import writing_folder
from mien.store.card import FILES, Card, parse_card
from mien.store.onnx_wire import scan
from mien.store.saturation import saturates

DEFAULT = "default"
_DEFAULT_NAME = "small"  # the bundle that ``default`` stands for
_LARGEST = 1 << 30  # bytes; a model file above this is refused before it is read
_LARGEST_CARD = 4 << 20


@dataclass(frozen=True)
class Bundle:
    """A folder with a checked card; model bytes are checked when they are read.

    Args:
        path: The folder.
        card: Its card.
    """

    path: Path
    card: Card

    def model(self, precision: str = "fp32") -> bytes:
        """Read, verify and return the bytes of one model file: what is hashed is what is run.

        Raises:
            BundleError: If the bundle has no such file, or it is altered, damaged, unsafe or
                not self-contained.

        Warns:
            MienWarning: If its int8 weights saturate on CPUs without VNNI.
        """
        entry = self.card.files.get(precision)
        if entry is None:
            raise BundleError(
                f"{self.path} has no {precision} model; it has: {', '.join(self.card.files)}"
            )
        path = self.path / FILES[precision]
        data = _read(path)
        if hashlib.sha256(data).hexdigest() != entry.sha256:
            raise BundleError(
                f"{path} is not the file its card describes (sha256 differs); "
                "it was altered or damaged: fetch or export the bundle again"
            )
        check_model(data, path.name)
        if saturates(data):
            warnings.warn(
                f"{path} has weights that saturate on CPUs without VNNI: mien runs it with "
                "wider sums, other programs may answer about three points worse there; "
                f"make it again: mien quantise {self.path} --data SRC --out BUNDLE",
                MienWarning,
                stacklevel=2,
            )
        return data


def check_model(data: bytes, name: str) -> None:
    """Refuse model bytes that need anything besides themselves and the standard operators.

    Raises:
        BundleError: On external data, operator domains besides ai.onnx, local functions, opset
            below 17, or damage.
    """
    found = scan(data)
    if found.external:
        raise BundleError(
            f"{name} keeps weights in another file; export it with the weights inside"
        )
    if found.domains or found.functions:
        what = ", ".join(sorted(found.domains)) or "local functions"
        raise BundleError(f"{name} uses operators outside ai.onnx ({what}); export it without them")
    if found.opset < 17:
        raise BundleError(f"{name} has opset {found.opset}, expected 17 or more; export it again")


def _read(path: Path, most: int = _LARGEST) -> bytes:
    try:
        found = path.stat()
        if not stat.S_ISREG(found.st_mode):  # a pipe would be waited for
            raise BundleError(f"{path} is no plain file; fetch or export the bundle again")
        if found.st_size > most:
            raise BundleError(f"{path} is larger than {most >> 20} MiB; this is no mien bundle")
        return path.read_bytes()
    except OSError as error:
        raise BundleError(f"{path} cannot be read ({error}); is the bundle complete?") from error


def load_bundle(path: str | Path) -> Bundle:
    """Open the bundle in a folder.

    Raises:
        BundleError: If there is no readable, valid card.
    """
    return Bundle(Path(path), parse_card(_read(Path(path) / "card.json", _LARGEST_CARD)))


@contextmanager
def writing_bundle(
    path: Path, *, replace: bool = False, keep: Iterable[Path] = ()
) -> Generator[Path]:
    """Fill a folder that becomes the bundle ``path`` when the block succeeds.

    Args:
        path: The folder.
        replace: Take the place of a bundle that is there; never of a folder that holds anything
            else, such as a training run.
        keep: Bundles that must not be replaced: what the new one is made of.

    Raises:
        InputError: If the folder holds anything and ``replace`` is not set, holds what no bundle
            does, is one of ``keep``, or cannot be written.
    """
    if path.is_dir():
        strange = sorted({each.name for each in path.iterdir()} - {"card.json", *FILES.values()})
        if replace and strange:
            raise InputError(
                f"{path} is no bundle, it holds {strange[0]!r}; only a bundle is replaced, "
                "choose another folder"
            )
        if any(other.is_dir() and path.samefile(other) for other in keep):
            raise InputError(f"{path} is what the new bundle is made of; choose another folder")
    with writing_folder(path, replace=replace) as folder:
        yield folder


def fill_bundle(folder: Path, card: Card, graphs: Mapping[str, bytes]) -> None:
    """Write card and model files into the folder of a bundle.

    Raises:
        BundleError: If a reader would refuse a model or the card.
    """
    for precision, graph in graphs.items():
        check_model(graph, FILES[precision])
        (folder / FILES[precision]).write_bytes(graph)
    (folder / "card.json").write_text(card.to_json(), encoding="utf-8")


@cache
def _built_in() -> dict[str, Path]:
    root = Path(str(resources.files("mien.store"))) / "bundles"
    found = sorted(path.parent for path in root.glob("*/card.json"))
    return {path.name: path for path in found}


def bundle_names() -> tuple[str, ...]:
    """Names of the bundles inside the package; ``default`` stands for one of them."""
    names = tuple(_built_in())
    return (DEFAULT, *names) if _DEFAULT_NAME in names else names


def open_bundle(model: str | Path) -> Bundle:
    """Open a bundle by built-in name or by folder.

    A built-in name wins over a folder of the same name in the working directory; write
    ``./name`` for the folder.

    Raises:
        UnknownNameError: If it is neither a name nor an existing folder.
        BundleError: If the folder holds no valid bundle.
    """
    built_in = _built_in()
    name = _DEFAULT_NAME if model == DEFAULT else str(model)
    if not isinstance(model, Path) and name in built_in:
        return load_bundle(built_in[name])
    if Path(model).is_dir():
        return load_bundle(Path(model))
    if isinstance(model, Path) or any(each in model for each in (os.sep, os.altsep) if each):
        known = ", ".join(bundle_names())
        raise UnknownNameError(f"no folder {str(model)!r}; check the path, or give a name: {known}")
    raise unknown_name("model", str(model), bundle_names())
