"""Labelled face crops that people gave by consent: one SQLite file in a private folder.

A sample is a 48-pixel grey frame, a label and its session; a session is a consent record. Nothing
else is kept: no picture, no place in it, no time but that of the consent.

Deleting overwrites: freed bytes become zeros in the transaction that deletes (``secure_delete``),
then the file is written again without gaps (``VACUUM``). The rollback journal, which holds the old
bytes until the transaction ends, is removed by its end. A kill in between leaves all or nothing.
What a disk keeps of blocks that it has freed, and copies made by others, are out of reach.
"""

from __future__ import annotations

import secrets
import sqlite3
import threading
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from mien.core.alignment import CROP
from mien.core.errors import ConfigError, DataError, InputError
from mien.store.sample_file import FILE, one, open_file, rewrite, told, transaction

LARGEST_VERSION, LARGEST_WORDS = 64, 8000
"""Characters of a consent statement's version and words."""


class ConsentError(InputError):
    """There is no consent on record for what is asked."""


class FullError(InputError):
    """A limit of the store is reached.

    Args:
        message: Which one, and what to do.
        limit: Its name in ``SampleLimits``, and in the settings of a server.
    """

    def __init__(self, message: str, limit: str) -> None:
        super().__init__(message)
        self.limit = limit


class NoSampleError(InputError):
    """There is no such sample or session."""


@dataclass(frozen=True)
class SampleLimits:
    """How much a store takes.

    Args:
        max_sessions: Sessions in all.
        max_samples: Samples in all.
        max_session_samples: Samples of one session.
        max_sample_bytes: Bytes of the file.

    Raises:
        ConfigError: If a limit is below 1.
    """

    max_sessions: int = 200
    max_samples: int = 5000
    max_session_samples: int = 500
    max_sample_bytes: int = 50_000_000

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if value < 1:
                raise ConfigError(f"the limit {name} must be 1 or more, got {value}")


@dataclass(frozen=True)
class Sample:
    """A labelled crop without its pixels."""

    id: str
    session: str
    label: str


@dataclass(frozen=True)
class Session:
    """A consent record, and how many samples of each label it covers."""

    id: str
    version: str
    words: str
    began: str
    counts: dict[str, int]


@dataclass(frozen=True)
class Deleted:
    """How much was deleted."""

    samples: int
    sessions: int


class SampleStore:
    """Samples in a folder. Safe for threads; other processes may read and write beside it.

    Args:
        folder: A folder that only its owner can enter.
        create: Make what is missing, and finish a deletion that was cut off; without it, the store
            must exist.
        limits: How much it takes.

    Raises:
        ConfigError: If the folder is missing, open to others, not one's own, or holds other things.
        DataError: If the file in it is no store of this version.
    """

    def __init__(
        self, folder: Path, *, create: bool = False, limits: SampleLimits | None = None
    ) -> None:
        self.limits = limits or SampleLimits()
        self._lock = threading.Lock()
        self._db = open_file(folder, create=create)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the file."""
        with self._lock:
            self._db.close()

    def begin(self, version: str, words: str) -> str:
        """Record a consent and return the id of the session that it begins.

        Args:
            version: Version of the statement, 1 to ``LARGEST_VERSION`` characters.
            words: The statement as it was shown, 1 to ``LARGEST_WORDS`` characters.

        Raises:
            InputError: If one of them is empty or too long.
            FullError: If a limit is reached.
        """
        for name, text, most in (
            ("version", version, LARGEST_VERSION),
            ("words", words, LARGEST_WORDS),
        ):
            if not text.strip() or len(text) > most:
                raise InputError(
                    f"the {name} of a consent must be 1 to {most} characters, got {len(text)}"
                )
        session = secrets.token_urlsafe(12)
        began = datetime.now(UTC).isoformat(timespec="seconds")
        with self._transaction() as db:
            self._check_room(db, "sessions", self.limits.max_sessions)
            db.execute(
                "INSERT INTO sessions (id, version, words, began) VALUES (?, ?, ?, ?)",
                (session, version, words, began),
            )
        return session

    def add(self, session: str, version: str, label: str, frame: NDArray[np.uint8]) -> Sample:
        """Keep one labelled crop.

        Args:
            session: From ``begin``.
            version: Of the statement that was agreed to.
            label: Name of the expression.
            frame: ``(48, 48)`` uint8 grey levels.

        Raises:
            ConsentError: If there is no such session, or it began with another statement.
            FullError: If a limit is reached.
            InputError: If the frame is anything else, or the label is empty.
        """
        if frame.shape != (CROP, CROP) or frame.dtype != np.uint8:
            raise InputError(
                f"a sample must be uint8 ({CROP}, {CROP}), got {frame.dtype} {frame.shape}"
            )
        if not label:
            raise InputError("a sample needs a label, got an empty one")
        added = Sample(secrets.token_hex(8), session, label)
        with self._transaction() as db:
            key = _consented(db, session, version)
            self._check_room(db, "samples", self.limits.max_samples)
            (held,) = one(db, "SELECT count(*) FROM samples WHERE session = ?", key)
            if held >= self.limits.max_session_samples:
                raise FullError(
                    f"a session takes {self.limits.max_session_samples} samples; begin another one",
                    "max_session_samples",
                )
            db.execute(
                "INSERT INTO samples (id, session, label, frame) VALUES (?, ?, ?, ?)",
                (added.id, key, label, frame.tobytes()),
            )
        return added

    def page(
        self, *, session: str | None = None, after: int = 0, most: int = 100
    ) -> tuple[list[Sample], int | None]:
        """Samples in the order in which they came.

        Args:
            session: Only those of this session; None = all.
            after: 0, or where the page before ended.
            most: Samples of a page, 1 or more.

        Returns:
            The samples, and ``after`` of the next page; None = this is the last one.
        """
        rows = self._rows(
            "SELECT samples.key, samples.id, sessions.id, label FROM samples "
            "JOIN sessions ON sessions.key = session "
            "WHERE samples.key > ? AND (? IS NULL OR sessions.id = ?) "
            "ORDER BY samples.key LIMIT ?",
            (after, session, session, most + 1),
        )
        more = len(rows) > most
        return [Sample(*row[1:]) for row in rows[:most]], (rows[most - 1][0] if more else None)

    def sessions(self) -> list[Session]:
        """All sessions in the order in which they began, those without samples too."""
        counts: dict[int, dict[str, int]] = {}
        with self._lock, told():
            counted = self._db.execute(
                "SELECT session, label, count(*) FROM samples GROUP BY session, label "
                "ORDER BY session, min(key)"
            ).fetchall()
            rows = self._db.execute(
                "SELECT key, id, version, words, began FROM sessions ORDER BY key"
            ).fetchall()
        for key, label, count in counted:
            counts.setdefault(key, {})[label] = count
        return [
            Session(name, version, words, began, counts.get(key, {}))
            for key, name, version, words, began in rows
        ]

    def frame(self, sample: str) -> NDArray[np.uint8]:
        """The ``(48, 48)`` uint8 grey levels of one sample; raises ``NoSampleError``."""
        rows = self._rows("SELECT frame FROM samples WHERE id = ?", (sample,))
        if not rows:
            raise NoSampleError("there is no such sample; it was deleted, or never there")
        return _frames([rows[0][0]])[0]

    def everything(self) -> tuple[list[Sample], NDArray[np.uint8]]:
        """All samples, and their ``(N, 48, 48)`` uint8 grey levels, of one moment."""
        rows = self._rows(
            "SELECT samples.id, sessions.id, label, frame FROM samples "
            "JOIN sessions ON sessions.key = session ORDER BY samples.key"
        )
        return [Sample(*row[:3]) for row in rows], _frames([row[3] for row in rows])

    def delete_sample(self, sample: str) -> Deleted:
        """Delete one sample; the consent of its session stays. Raises ``NoSampleError``."""
        return self._delete(("DELETE FROM samples WHERE id = ?", (sample,)), what="sample")

    def delete_session(self, session: str) -> Deleted:
        """Delete a session, its consent record and its samples. Raises ``NoSampleError``."""
        return self._delete(("DELETE FROM sessions WHERE id = ?", (session,)), what="session")

    def delete_all(self) -> Deleted:
        """Delete every session and every sample."""
        return self._delete(("DELETE FROM sessions", ()))

    def _delete(self, statement: tuple[str, tuple[str, ...]], what: str | None = None) -> Deleted:
        with self._transaction() as db:
            before = _totals(db)
            changed = db.execute(*statement).rowcount
            if what is not None and not changed:
                raise NoSampleError(f"there is no such {what}; it was deleted, or never there")
            after = _totals(db)
        with self._lock:
            rewrite(self._db)
        return Deleted(before.samples - after.samples, before.sessions - after.sessions)

    def _check_room(self, db: sqlite3.Connection, table: str, most: int) -> None:
        (held,) = one(db, f"SELECT count(*) FROM {table}")  # noqa: S608 - one of two words here
        if held >= most:
            raise FullError(
                f"this server keeps {most} {table} at most; delete some first", f"max_{table}"
            )
        (pages,), (size,) = one(db, "PRAGMA page_count"), one(db, "PRAGMA page_size")
        if pages * size >= self.limits.max_sample_bytes:
            raise FullError(
                f"this server keeps {self.limits.max_sample_bytes / 1e6:g} MB of samples at most; "
                "delete some first",
                "max_sample_bytes",
            )

    def _rows(self, statement: str, values: tuple[object, ...] = ()) -> list[tuple[Any, ...]]:
        with self._lock, told():
            return self._db.execute(statement, values).fetchall()

    @contextmanager
    def _transaction(self) -> Generator[sqlite3.Connection]:
        with self._lock, transaction(self._db):
            yield self._db


def _consented(db: sqlite3.Connection, session: str, version: str) -> int:
    """Key of a session that began with this version of the statement."""
    found = db.execute("SELECT key, version FROM sessions WHERE id = ?", (session,)).fetchone()
    if found is None:
        raise ConsentError(
            "no consent is on record for this session; show the statement, ask, and begin one"
        )
    key, agreed = found
    if agreed != version:
        raise ConsentError(
            f"this session agreed to version {agreed!r} of the statement, not to {version!r}; "
            "show the new one, ask, and begin a new session"
        )
    return int(key)


def _totals(db: sqlite3.Connection) -> Deleted:
    (samples,), (sessions,) = (
        one(db, f"SELECT count(*) FROM {table}")  # noqa: S608 - words of this line
        for table in ("samples", "sessions")
    )
    return Deleted(samples, sessions)


def _frames(blobs: list[bytes]) -> NDArray[np.uint8]:
    if any(len(blob) != CROP * CROP for blob in blobs):
        raise DataError(f"{FILE} holds a damaged crop; delete that sample")
    return np.frombuffer(b"".join(blobs), np.uint8).reshape(-1, CROP, CROP)
