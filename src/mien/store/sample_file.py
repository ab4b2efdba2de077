"""The private folder and the SQLite file of samples: checked, opened, and errors told as ours."""

from __future__ import annotations

import os
import sqlite3
import stat
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from mien.core.errors import ConfigError, DataError

FILE = "samples.sqlite3"
"""Name of the file in its folder; beside it lies at most its journal."""

_OWN = {FILE, f"{FILE}-journal"}
_APPLICATION = 0x6D69656E  # "mien" in ASCII: what kind of SQLite file this is
_VERSION = 1
_BUSY_S = 30.0  # a training that reads the samples is done sooner
_TABLES = (
    """CREATE TABLE sessions (
        key INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE,
        version TEXT NOT NULL, words TEXT NOT NULL, began TEXT NOT NULL)""",
    """CREATE TABLE samples (
        key INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE,
        session INTEGER NOT NULL REFERENCES sessions (key) ON DELETE CASCADE,
        label TEXT NOT NULL, frame BLOB NOT NULL)""",
    "CREATE INDEX samples_of_session ON samples (session)",
)
_SETTINGS = (
    "PRAGMA journal_mode = DELETE",
    "PRAGMA synchronous = EXTRA",  # the end of a journal survives a power cut too
    "PRAGMA temp_store = MEMORY",  # VACUUM would otherwise copy crops to a folder of others
    "PRAGMA foreign_keys = ON",
)


def _check_folder(folder: Path, *, create: bool) -> None:
    """Refuse a folder that others can look into, after making one that is missing."""
    try:
        if create and not folder.exists():
            folder.mkdir(mode=0o700)
            folder.chmod(0o700)  # whatever the umask has taken away
        # The folder that is really there is asked, whatever its name was linked to.
        found = folder.stat()
        names = {each.name for each in folder.iterdir()}
    except OSError as error:
        raise ConfigError(f"the folder of samples cannot be used: {error.strerror}") from error
    if hasattr(os, "geteuid"):
        if found.st_uid != os.geteuid():
            raise ConfigError("the folder of samples belongs to another user; give one of your own")
        if found.st_mode & 0o077:
            raise ConfigError(
                f"others can enter the folder of samples (mode {stat.S_IMODE(found.st_mode):03o}); "
                f"do: chmod 700 {folder.name}"
            )
    if FILE not in names and (not create or names - _OWN):
        raise ConfigError(
            f"the folder {folder.name} holds no samples"
            + (", but other things; give a new or empty folder" if create else "; correct the path")
        )


def _opened(path: Path) -> sqlite3.Connection:
    with _told():
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
        return sqlite3.connect(path, timeout=_BUSY_S, isolation_level=None, check_same_thread=False)


@contextmanager
def _told() -> Generator[None]:
    """Turn what SQLite and the system say of the file into one error of ours."""
    try:
        yield
    except sqlite3.IntegrityError:
        raise
    except sqlite3.OperationalError as error:
        raise DataError(
            f"the samples cannot be read or written now ({error}); close what else uses them, "
            "or make room on the disk"
        ) from error
    except sqlite3.DatabaseError as error:
        raise DataError(f"{FILE} is damaged or no sample store ({error})") from error
    except OSError as error:
        raise DataError(f"{FILE} cannot be opened: {error.strerror}") from error
