"""Deletion from the store of samples: nothing remains, and a kill leaves all or nothing."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from made_stores import WORDS, crop, filled, opened
from mien.store.sample_file import FILE
from mien.store.samples import Deleted, NoSampleError, SampleStore

PIECE = 24  # bytes of noise that nothing but its own crop holds


def bytes_of(folder: Path) -> bytes:
    return b"\0\0".join(path.read_bytes() for path in sorted(folder.iterdir()))


def pieces_found(folder: Path, frame: np.ndarray) -> int:
    """How many of the pieces of a crop lie in the files, wherever pages cut it."""
    held, pixels = bytes_of(folder), frame.tobytes()
    return sum(pixels[i : i + PIECE] in held for i in range(0, len(pixels) - PIECE + 1, PIECE))


def test_nothing_remains_of_a_deleted_sample(tmp_path: Path, store: SampleStore) -> None:
    folder = tmp_path / "samples"
    first, second, _ = filled(store)
    gone = next(s for s in store.page()[0] if s.session == second)
    assert pieces_found(folder, crop(100)) > 90
    assert gone.id.encode() in bytes_of(folder)
    assert store.delete_sample(gone.id) == Deleted(samples=1, sessions=0)
    assert pieces_found(folder, crop(100)) == 0
    assert gone.id.encode() not in bytes_of(folder)
    assert pieces_found(folder, crop(101)) > 90  # its session goes on
    assert {s.id for s in store.sessions()} >= {first, second}
    with pytest.raises(NoSampleError):
        store.frame(gone.id)
    with pytest.raises(NoSampleError, match="no such sample"):
        store.delete_sample(gone.id)


def test_nothing_remains_of_a_deleted_session(tmp_path: Path, store: SampleStore) -> None:
    folder = tmp_path / "samples"
    store.begin("1", WORDS)
    gone = store.begin("7.7.7", "Words of one session only.")
    for seed in range(40):
        store.add(gone, "7.7.7", "happy", crop(seed))
    filled(store, 1, 5)
    told = (gone.encode(), b"7.7.7", b"Words of one session only.")
    assert all(text in bytes_of(folder) for text in told)
    assert store.delete_session(gone) == Deleted(samples=40, sessions=1)
    assert not any(text in bytes_of(folder) for text in told)
    assert all(pieces_found(folder, crop(seed)) == 0 for seed in range(5, 40))
    assert pieces_found(folder, crop(4)) > 90  # the other session has the same crop
    assert Counter(s.label for s in store.page()[0]) == {"happy": 3, "sad": 2}
    with pytest.raises(NoSampleError, match="no such session"):
        store.delete_session(gone)


def test_nothing_remains_of_anything(tmp_path: Path, store: SampleStore) -> None:
    folder = tmp_path / "samples"
    sessions = filled(store, 3, 30)
    assert store.delete_all() == Deleted(samples=90, sessions=3)
    assert [path.name for path in folder.iterdir()] == [FILE]
    held = bytes_of(folder)
    assert not any(session.encode() in held for session in sessions)
    assert WORDS.encode() not in held
    assert all(pieces_found(folder, crop(100 * i + k)) == 0 for i in range(3) for k in (0, 9))
    assert store.delete_all() == Deleted(0, 0)
    # Nothing but the empty tables: as large as a store that never held anything.
    with SampleStore(tmp_path / "new", create=True):
        assert len(held) == (tmp_path / "new" / FILE).stat().st_size


KILLED = """
import os, signal, sys
from pathlib import Path
from mien.store.samples import SampleStore

store, left = SampleStore(Path(sys.argv[1])), int(sys.argv[2])
store._db.execute("PRAGMA cache_size = 2")  # changed pages reach the file before the commit
done = 0

def step():
    global done
    done += 1
    if done == left:
        os.kill(os.getpid(), signal.SIGKILL)

store._db.set_progress_handler(step, 1)
deleted = store.delete_all()
print(deleted.samples, done)
"""


def deleting(folder: Path, killed_at: int = 0) -> subprocess.CompletedProcess[str]:
    """A process that deletes everything and is killed after some steps of SQLite; 0 = never."""
    line = [sys.executable, "-c", KILLED, str(folder), str(killed_at)]
    return subprocess.run(line, capture_output=True, text=True, check=False)


def test_a_kill_leaves_all_or_nothing(tmp_path: Path) -> None:
    with opened(tmp_path) as store:
        sessions = filled(store, 2, 20)
        before = store.everything()
    folder = tmp_path / "samples"
    whole, journal = (folder / FILE).read_bytes(), folder / f"{FILE}-journal"
    done = deleting(folder)
    assert done.returncode == 0, done.stderr
    samples, steps = map(int, done.stdout.split())
    assert samples == 40
    outcomes: Counter[str] = Counter()
    for killed_at in np.linspace(2, steps - 1, 16).astype(int).tolist():
        (folder / FILE).write_bytes(whole)
        assert deleting(folder, killed_at).returncode == -signal.SIGKILL
        outcomes["half written"] += journal.exists() and (folder / FILE).read_bytes() != whole
        with opened(tmp_path) as store:
            samples, frames = store.everything()
            kept = len(store.sessions())
        assert [path.name for path in folder.iterdir()] == [FILE]
        outcomes[f"{kept} sessions"] += 1
        if kept == 2:
            assert samples == before[0]
            assert np.array_equal(frames, before[1])
        else:
            assert (kept, samples) == (0, [])
            assert not any(pieces_found(folder, frame) for frame in before[1])
            assert not any(session.encode() in bytes_of(folder) for session in sessions)
    # The kills did hit what they were meant to: before, in the middle of, and after the deletion.
    assert min(outcomes[key] for key in ("2 sessions", "half written", "0 sessions")) > 0, outcomes
