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


def open_file(folder: Path, *, create: bool) -> sqlite3.Connection:
    """Open the file of samples in ``folder``; the caller serialises what threads do with it.

    Args:
        folder: A folder that only its owner can enter.
        create: Make what is missing, and finish a deletion that was cut off.

    Raises:
        ConfigError: If the folder is missing, open to others, not one's own, or holds other things.
        DataError: If the file in it is no store of this version.
    """
    _check_folder(folder, create=create)
    with told():
        os.close(os.open(folder / FILE, os.O_RDWR | os.O_CREAT, 0o600))
        db = sqlite3.connect(
            folder / FILE, timeout=_BUSY_S, isolation_level=None, check_same_thread=False
        )
    try:
        _set_up(db)
        _check_content(db, create=create)
        if create:  # a kill may have come between a deletion and this
            rewrite(db)
    except BaseException:
        db.close()
        raise
    return db


def rewrite(db: sqlite3.Connection) -> None:
    """Write the file again, without gaps in which bytes of deleted rows could lie."""
    with told():
        db.execute("VACUUM")


@contextmanager
def transaction(db: sqlite3.Connection) -> Generator[sqlite3.Connection]:
    """All of the block or nothing, also if the process is killed in it."""
    with told():
        db.execute("BEGIN IMMEDIATE")
        try:
            yield db
            db.execute("COMMIT")
        except BaseException:
            if db.in_transaction:
                db.execute("ROLLBACK")
            raise


@contextmanager
def told() -> Generator[None]:
    """Turn what SQLite and the system say of the file into an error of ours."""
    try:
        yield
    except sqlite3.OperationalError as error:
        raise DataError(
            f"the samples cannot be read or written now ({error}); close what else uses them, "
            "or make room on the disk"
        ) from error
    except sqlite3.DatabaseError as error:
        raise DataError(f"{FILE} is damaged, or no file of samples ({error})") from error
    except OSError as error:
        raise DataError(f"{FILE} cannot be opened: {error.strerror}") from error


def one(db: sqlite3.Connection, statement: str, *values: object) -> tuple[Any, ...]:
    """The only row of an answer."""
    row: tuple[Any, ...] = db.execute(statement, values).fetchone()
    return row


def _set_up(db: sqlite3.Connection) -> None:
    with told():
        if one(db, "PRAGMA secure_delete = ON") != (1,):
            raise ConfigError(
                "this SQLite cannot overwrite what is deleted; use a Python whose sqlite3 has "
                "secure_delete"
            )
        for setting in _SETTINGS:
            db.execute(setting).fetchall()


def _check_content(db: sqlite3.Connection, *, create: bool) -> None:
    with transaction(db):
        (kind,), (version,) = one(db, "PRAGMA application_id"), one(db, "PRAGMA user_version")
        (tables,) = one(db, "SELECT count(*) FROM sqlite_master")
        if create and not (kind or version or tables):
            for table in _TABLES:
                db.execute(table)
            db.execute(f"PRAGMA application_id = {_APPLICATION}")
            db.execute(f"PRAGMA user_version = {_VERSION}")
        elif (kind, version) != (_APPLICATION, _VERSION):
            raise DataError(
                f"{FILE} is no file of samples of this version of mien; give the folder of "
                "mien serve --collect"
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
