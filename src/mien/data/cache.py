"""Parsed data sets kept as uint8 arrays, found again by the hash of what they were read from.

A key is the SHA-256 of the reader's version, its settings and the *content* of the source (of a
folder: every path below it and the bytes of each picture). Names, sizes and dates would be quicker
to compare, but a changed picture could then be measured under the old pixels. A cache file that is
missing, damaged or of another version is read again and rewritten; one that cannot be written is
done without. The files hold faces, so only their owner may read them.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from mien.core.errors import DataError
from mien.core.labels import LabelSpace
from mien.data.faceset import FaceSet

READER_VERSION = 2
"""Part of every key; raise it whenever a reader would give other arrays for the same source."""

OFF = "off"
"""Value of ``MIEN_CACHE`` that keeps nothing on disk."""

_COLUMNS = ("images", "labels", "splits", "names", "subjects")
_log = logging.getLogger(__name__)


def default_folder(environment: Mapping[str, str] = os.environ) -> Path | None:
    """``$MIEN_CACHE``, else ``$XDG_CACHE_HOME/mien``, else ``~/.cache/mien``; None = no cache.

    There is none if ``MIEN_CACHE`` is ``off``, in any case, or if the user has no home folder.
    """
    own, shared = environment.get("MIEN_CACHE", ""), environment.get("XDG_CACHE_HOME", "")
    if own:
        return None if own.lower() == OFF else Path(own)
    # The XDG Base Directory Specification ("Basics") declares relative paths void.
    if shared and Path(shared).is_absolute():
        return Path(shared, "mien")
    try:
        return Path.home() / ".cache" / "mien"
    except RuntimeError:
        return None


def source_key(settings: Sequence[Any], files: Mapping[str, Path]) -> str:
    """Hex digest over the reader's version, its settings and the bytes of the files.

    Args:
        settings: What else the arrays depend on; anything JSON can hold.
        files: Path of each file by the name it has within the source.

    Raises:
        DataError: If a file cannot be read.
    """
    digest = hashlib.sha256(json.dumps([READER_VERSION, *settings]).encode())
    for name, path in files.items():
        try:
            with path.open("rb") as file:
                content = hashlib.file_digest(file, "sha256").digest()
        except OSError as error:
            raise DataError(f"{str(path)!r} cannot be read ({error.strerror or error})") from error
        digest.update(hashlib.sha256(os.fsencode(name)).digest() + content)
    return digest.hexdigest()


def cached(key: Callable[[], str], read: Callable[[], FaceSet], folder: Path) -> FaceSet:
    """What ``read`` gives, from ``folder`` if it is there under ``key``.

    Args:
        key: Computes the key. Called again after reading: a source that changed meanwhile is
            not kept.
        read: Reads the source. Votes are not kept: they have a file of their own.
        folder: The cache; the arrays go into ``faces`` below it.
    """
    before = key()
    path = folder / "faces" / f"{before}.npz"
    found = _kept(path)
    if found is not None:
        return found
    faces = read()
    if key() == before:
        _keep(faces, path)
    return faces


def _kept(path: Path) -> FaceSet | None:
    try:
        # Opened here: np.load leaves a damaged file open when it opens it itself.
        with path.open("rb") as raw, np.load(raw, allow_pickle=False) as file:
            columns: dict[str, Any] = {name: file[name] for name in _COLUMNS if name in file}
            about = json.loads(str(file["about"]))
        space = LabelSpace(about["space"], tuple(about["labels"]))
        faces = FaceSet(
            **columns, space=space, source=about["source"], damaged=tuple(about["damaged"])
        )
    except FileNotFoundError:
        return None
    except (
        OSError, EOFError, ValueError, TypeError, LookupError, MemoryError,
        AttributeError, NotImplementedError, zipfile.BadZipFile, zlib.error,
    ) as error:  # fmt: skip
        _log.info("cache file %s is damaged (%s); reading the source again", path, error)
        return None
    return faces


def _keep(faces: FaceSet, path: Path) -> None:
    about = {
        "space": faces.space.name, "labels": faces.space.labels, "source": faces.source,
        "damaged": faces.damaged,
    }  # fmt: skip
    given = {name: getattr(faces, name) for name in _COLUMNS}
    columns = {name: column for name, column in given.items() if column is not None}
    part = None
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.parent.chmod(0o700)
        # A name of its own, so that two readers of one source do not write into one file.
        handle, part = tempfile.mkstemp(prefix=path.name, suffix=".part", dir=path.parent)
        with os.fdopen(handle, "wb") as file:
            np.savez(file, about=np.array(json.dumps(about)), **columns)
        Path(part).replace(path)
    except OSError as error:
        _log.info("cannot write the cache file %s (%s)", path, error)
    finally:
        if part is not None:
            Path(part).unlink(missing_ok=True)
