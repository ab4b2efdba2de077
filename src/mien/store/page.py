"""The page and all it fetches, as one set of files: served by ``mien serve``, or written out.

The built page (``web/``, see ``make page``) lies in the package as one compressed archive: the
WebAssembly runtimes alone are 31 MB, a seventh of that when compressed.
"""

from __future__ import annotations

import hashlib
import io
import json
import lzma
import tarfile
from collections.abc import Iterable, Mapping
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path

from mien.core.errors import ConfigError, InputError
from mien.store.atomic import writing_folder
from mien.store.bundle import Bundle
from mien.store.card import FILES

ARCHIVE = "page.tar.xz"
"""Where the built page lies in this package."""

_DETECTOR = {
    name: f"detectors/weights/{name}"
    for name in ("pnet.onnx", "rnet.onnx", "onet.onnx", "resize.onnx")
} | {"halve.onnx": "graphs/halve.onnx"}

_RUNTIME = "runtime/"  # where the page's build puts ONNX Runtime Web


def has_page() -> bool:
    """Whether this copy of mien was built with the page."""
    return _package().joinpath(ARCHIVE).is_file()


def built_page() -> dict[str, bytes]:
    """The built page: path below its folder and bytes of each file.

    Raises:
        ConfigError: If this copy of mien has no page, or a damaged one.
    """
    archive = _package().joinpath(ARCHIVE)
    if not archive.is_file():
        raise ConfigError(
            "this copy of mien was made without its page; in a clone, make page builds it "
            "(Node 20.19 or newer)"
        )
    try:
        files = _unpacked(lzma.decompress(archive.read_bytes()))
    except (lzma.LZMAError, tarfile.TarError, EOFError) as error:
        raise ConfigError(f"{ARCHIVE} of mien is damaged ({error}); install mien again") from error
    if "index.html" not in files:
        raise ConfigError(f"{ARCHIVE} of mien is damaged (no index.html); install mien again")
    return files


def _unpacked(archive: bytes) -> dict[str, bytes]:
    """The files of a tar archive by path; anything that is no plain file is left out."""
    files: dict[str, bytes] = {}
    with tarfile.open(fileobj=io.BytesIO(archive)) as opened:
        for member in opened:
            data = opened.extractfile(member) if member.isfile() else None
            if data is not None:
                files[member.name] = data.read()
    return files


def page_files(
    models: Iterable[Bundle], page: Mapping[str, bytes] | None = None, *, collects: bool = False
) -> dict[str, bytes]:
    """The whole page: what was built, the detector, and the models to choose from.

    Args:
        models: Bundles, the one that is chosen at first in front; a name is taken once.
        page: The built page; None = the one in the package.
        collects: Whether the server that gives the page keeps labelled crops. The page offers to
            teach only then, and learns it from ``models.json``, so that it need not ask.

    Returns:
        Path relative to the page, with ``/``, and bytes of each file.

    Raises:
        ConfigError: If there is no page or no model.
        BundleError: If a bundle is damaged.
    """
    files = dict(built_page() if page is None else page)
    runtime = resources.files("mien.runtime")
    detector = {name: runtime.joinpath(path).read_bytes() for name, path in _DETECTOR.items()}
    facts = {
        name: {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
        for name, data in detector.items()
    }
    folder = f"detectors/{_short(json.dumps(facts).encode())}"
    files |= {f"{folder}/{name}": data for name, data in detector.items()}
    entries: dict[str, dict[str, object]] = {}
    for bundle in models:
        if bundle.card.name not in entries:
            entry, parts = _model(bundle)
            entries[bundle.card.name] = entry
            files |= parts
    if not entries:
        raise ConfigError("the page needs at least one model")
    listing = {
        "models": list(entries.values()),
        "detector": {"folder": folder, "files": facts},
        "runtime": _RUNTIME,
        "collects": collects,
    }
    files["models.json"] = (json.dumps(listing, indent=1) + "\n").encode()
    return files


def write_page(files: Mapping[str, bytes], out: Path, *, replace: bool = False) -> None:
    """Write the page as a folder.

    Args:
        files: From ``page_files``.
        out: Folder to write.
        replace: Take the place of a page that is there.

    Raises:
        InputError: If ``out`` holds anything else, or a page that is not to be replaced.
    """
    if replace and out.is_dir() and any(out.iterdir()):
        for name in ("index.html", "models.json"):
            if not (out / name).is_file():
                raise InputError(
                    f"{out} is no exported page, it has no {name}; choose another folder"
                )
    with writing_folder(out, replace=replace) as part:
        for path, data in files.items():
            file = part / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(data)


def _model(bundle: Bundle) -> tuple[dict[str, object], dict[str, bytes]]:
    """Its line of models.json, and its files."""
    card = bundle.card
    listed = (bundle.path / "card.json").read_bytes()
    # Named by content: what a browser has kept is never mistaken for what came after it.
    folder = f"models/{_short(listed)}"
    entry: dict[str, object] = {
        "name": card.name,
        "folder": folder,
        "precisions": list(card.files),
        "parameters": card.parameters,
        "licence": card.licence,
    }
    files = {f"{folder}/{FILES[p]}": bundle.model(p) for p in card.files}
    return entry, files | {f"{folder}/card.json": listed}


def _short(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:16]


def _package() -> Traversable:
    return resources.files("mien.store")
