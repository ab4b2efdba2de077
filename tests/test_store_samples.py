"""The store of samples: consent first, limits, and deletion that leaves nothing behind."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from mien.core.errors import ConfigError, DataError, InputError
from mien.store.sample_file import FILE
from mien.store.samples import (
    LARGEST_VERSION,
    LARGEST_WORDS,
    ConsentError,
    Deleted,
    FullError,
    NoSampleError,
    SampleLimits,
    SampleStore,
)

WORDS = "My labelled crops may be kept on this machine until I delete them."
PIECE = 24  # bytes of noise that nothing but its own crop holds


def made_frame(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (48, 48), np.uint8)


def opened(tmp_path: Path, **limits: int) -> SampleStore:
    return SampleStore(tmp_path / "samples", create=True, limits=SampleLimits(**limits))


def filled(store: SampleStore, sessions: int = 3, samples: int = 8) -> list[str]:
    """Sessions of ``samples`` noise crops each; crop k of session i has the seed 100 i + k."""
    begun = [store.begin("1", WORDS) for _ in range(sessions)]
    for k in range(samples):
        for i, session in enumerate(begun):
            store.add(session, "1", ("happy", "sad")[k % 2], made_frame(100 * i + k))
    return begun


def bytes_of(folder: Path) -> bytes:
    return b"\0\0".join(path.read_bytes() for path in sorted(folder.iterdir()))


def pieces_found(folder: Path, frame: np.ndarray) -> int:
    """How many of the pieces of a crop lie in the files, wherever pages cut it."""
    held, pixels = bytes_of(folder), frame.tobytes()
    return sum(pixels[i : i + PIECE] in held for i in range(0, len(pixels) - PIECE + 1, PIECE))


@pytest.fixture
def store(tmp_path: Path):
    with opened(tmp_path) as made:
        yield made


def test_what_is_added_is_listed_counted_and_given_back(store: SampleStore) -> None:
    first, second = (store.begin(version, WORDS) for version in ("1", "2 b"))
    added = [
        store.add(first, "1", "happy", made_frame(1)),
        store.add(second, "2 b", "sad", made_frame(2)),
        store.add(first, "1", "happy", made_frame(3)),
    ]
    assert [sample.session for sample in added] == [first, second, first]
    assert store.page() == (added, None)
    assert store.page(session=first) == ([added[0], added[2]], None)
    assert store.page(session="none") == ([], None)
    assert [s.counts for s in store.sessions()] == [{"happy": 2}, {"sad": 1}]
    assert [(s.id, s.version, s.words) for s in store.sessions()] == [
        (first, "1", WORDS), (second, "2 b", WORDS),
    ]  # fmt: skip
    assert all(s.began.endswith("+00:00") for s in store.sessions())
    assert np.array_equal(store.frame(added[1].id), made_frame(2))
    samples, frames = store.everything()
    assert samples == added
    assert np.array_equal(frames, np.stack([made_frame(seed) for seed in (1, 2, 3)]))


def test_pages_join_to_the_whole_in_order(store: SampleStore) -> None:
    filled(store, 2, 5)
    whole, _ = store.page()
    read, after = [], 0
    sizes = []
    while after is not None:
        part, after = store.page(after=after, most=4)
        read += part
        sizes.append(len(part))
    assert (read, sizes) == (whole, [4, 4, 2])
    assert store.page(most=10)[1] is None


def test_it_is_there_after_closing(tmp_path: Path) -> None:
    with opened(tmp_path) as store:
        filled(store, 2, 3)
        before = store.everything()
    with SampleStore(tmp_path / "samples") as again:
        after = again.everything()
        assert after[0] == before[0]
        assert np.array_equal(after[1], before[1])


def test_without_consent_nothing_is_kept(store: SampleStore) -> None:
    session = store.begin("1", WORDS)
    with pytest.raises(ConsentError, match="no consent is on record"):
        store.add("other", "1", "happy", made_frame(0))
    with pytest.raises(ConsentError, match=r"agreed to version '1'.*not to '2'"):
        store.add(session, "2", "happy", made_frame(0))
    store.delete_session(session)
    with pytest.raises(ConsentError):
        store.add(session, "1", "happy", made_frame(0))
    assert len(store.everything()[0]) == 0


@pytest.mark.parametrize(
    ("version", "words"),
    [
        ("", WORDS), (" ", WORDS), ("v" * (LARGEST_VERSION + 1), WORDS), ("1", ""), ("1", "\n"),
        ("1", "w" * (LARGEST_WORDS + 1)),
    ],
)  # fmt: skip
def test_a_consent_needs_version_and_words(store: SampleStore, version: str, words: str) -> None:
    with pytest.raises(InputError, match="of a consent must be 1 to"):
        store.begin(version, words)
    assert store.sessions() == []


@pytest.mark.parametrize(
    "frame",
    [
        np.zeros((47, 48), np.uint8), np.zeros((48, 48, 3), np.uint8), np.zeros((48, 48)),
        np.zeros((480, 640), np.uint8),
    ],
    ids=lambda frame: f"{frame.dtype}{frame.shape}",
)  # fmt: skip
def test_only_crops_are_kept(store: SampleStore, frame: np.ndarray) -> None:
    with pytest.raises(InputError, match=r"uint8 \(48, 48\)"):
        store.add(store.begin("1", WORDS), "1", "happy", frame)
    assert store.page() == ([], None)


def test_a_label_must_be_given(store: SampleStore) -> None:
    with pytest.raises(InputError, match="needs a label"):
        store.add(store.begin("1", WORDS), "1", "", made_frame(0))


def test_limits_hold(tmp_path: Path) -> None:
    with opened(tmp_path, sessions=2, samples=3, session_samples=2) as store:
        first, second = store.begin("1", WORDS), store.begin("1", WORDS)
        with pytest.raises(FullError, match="2 sessions at most"):
            store.begin("1", WORDS)
        for seed in (0, 1):
            store.add(first, "1", "happy", made_frame(seed))
        with pytest.raises(FullError, match="a session takes 2 samples"):
            store.add(first, "1", "happy", made_frame(2))
        kept = store.add(second, "1", "happy", made_frame(2))
        with pytest.raises(FullError, match="3 samples at most"):
            store.add(second, "1", "happy", made_frame(3))
        store.delete_sample(kept.id)
        store.add(second, "1", "happy", made_frame(3))


def test_the_file_stays_below_its_limit(tmp_path: Path) -> None:
    size = 200_000
    with opened(tmp_path, size=size) as store:
        session = store.begin("1", WORDS)
        held = 0
        while (tmp_path / "samples" / FILE).stat().st_size < size:
            store.add(session, "1", "happy", made_frame(held))
            held += 1
        assert held > 30
        with pytest.raises(FullError, match=r"0\.2 MB"):
            store.add(session, "1", "happy", made_frame(held))
        assert size <= (tmp_path / "samples" / FILE).stat().st_size < size + 10_000
        with pytest.raises(FullError):
            store.begin("1", WORDS)


def test_a_limit_below_one_is_refused() -> None:
    with pytest.raises(ConfigError, match="session_samples must be 1 or more, got 0"):
        SampleLimits(session_samples=0)


def test_nothing_remains_of_a_deleted_sample(tmp_path: Path, store: SampleStore) -> None:
    folder = tmp_path / "samples"
    first, second, _ = filled(store)
    gone = next(s for s in store.page()[0] if s.session == second)
    assert pieces_found(folder, made_frame(100)) > 90
    assert gone.id.encode() in bytes_of(folder)
    assert store.delete_sample(gone.id) == Deleted(samples=1, sessions=0)
    assert pieces_found(folder, made_frame(100)) == 0
    assert gone.id.encode() not in bytes_of(folder)
    assert pieces_found(folder, made_frame(101)) > 90  # its session goes on
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
        store.add(gone, "7.7.7", "happy", made_frame(seed))
    filled(store, 1, 5)
    told = (gone.encode(), b"7.7.7", b"Words of one session only.")
    assert all(text in bytes_of(folder) for text in told)
    assert store.delete_session(gone) == Deleted(samples=40, sessions=1)
    assert not any(text in bytes_of(folder) for text in told)
    assert all(pieces_found(folder, made_frame(seed)) == 0 for seed in range(5, 40))
    assert pieces_found(folder, made_frame(4)) > 90  # the other session has the same crop
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
    assert all(pieces_found(folder, made_frame(100 * i + k)) == 0 for i in range(3) for k in (0, 9))
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


def test_the_folder_is_private_whatever_the_umask(tmp_path: Path) -> None:
    for umask in (0o000, 0o022, 0o777):
        former = os.umask(umask)
        try:
            folder = tmp_path / f"{umask:o}"
            with SampleStore(folder, create=True) as store:
                filled(store, 1, 1)
        finally:
            os.umask(former)
        assert folder.stat().st_mode & 0o777 == 0o700
        assert (folder / FILE).stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("mode", [0o750, 0o701, 0o777])
def test_a_folder_that_others_can_enter_is_refused(tmp_path: Path, mode: int) -> None:
    folder = tmp_path / "samples"
    folder.mkdir()
    folder.chmod(mode)
    for create in (True, False):
        with pytest.raises(ConfigError, match=f"mode {mode:o}.*chmod 700 samples"):
            SampleStore(folder, create=create)
    assert list(folder.iterdir()) == []


def test_a_folder_of_another_user_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "samples").mkdir(mode=0o700)
    monkeypatch.setattr("os.geteuid", lambda: os.getuid() + 1)
    with pytest.raises(ConfigError, match="belongs to another user"):
        SampleStore(tmp_path / "samples", create=True)


def test_a_folder_of_other_things_is_refused(tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    (tmp_path / "letters.txt").write_text("dear", encoding="utf-8")
    with pytest.raises(ConfigError, match="other things; give a new or empty folder"):
        SampleStore(tmp_path, create=True)
    with pytest.raises(ConfigError, match="holds no samples; correct the path"):
        SampleStore(tmp_path)
    for wrong in (tmp_path / "letters.txt", tmp_path / "none" / "below"):
        with pytest.raises(ConfigError, match="cannot be used"):
            SampleStore(wrong, create=True)
    assert [path.name for path in tmp_path.iterdir()] == ["letters.txt"]


def test_reading_does_not_make_a_store(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be used"):
        SampleStore(tmp_path / "none")
    assert list(tmp_path.iterdir()) == []


def written(folder: Path, content: bytes) -> Path:
    folder.mkdir(mode=0o700)
    (folder / FILE).write_bytes(content)
    return folder


def test_another_file_of_that_name_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="damaged, or no file of samples"):
        SampleStore(written(tmp_path / "a", b"x" * 5000), create=True)
    foreign = written(tmp_path / "b", b"")
    with sqlite3.connect(foreign / FILE) as db:
        db.execute("CREATE TABLE t (x)")
    db.close()
    with pytest.raises(DataError, match="no file of samples of this version"):
        SampleStore(foreign, create=True)


def test_a_damaged_crop_is_told(tmp_path: Path) -> None:
    with opened(tmp_path) as store:
        filled(store, 1, 1)
        (sample,), _ = store.page()
        store._db.execute("UPDATE samples SET frame = x'00'")
        with pytest.raises(DataError, match="damaged crop"):
            store.everything()
        store.delete_sample(sample.id)
        assert store.everything()[1].shape == (0, 48, 48)


def test_a_full_disk_is_told_and_changes_nothing(store: SampleStore) -> None:
    session = store.begin("1", WORDS)
    store.add(session, "1", "happy", made_frame(0))
    (pages,) = store._db.execute("PRAGMA page_count").fetchone()
    store._db.execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(DataError, match="make room on the disk"):
        store.add(session, "1", "happy", made_frame(1))
    assert len(store.everything()[0]) == 1
    store._db.execute("PRAGMA max_page_count = 1000000")
    store.add(session, "1", "happy", made_frame(1))
    assert len(store.everything()[0]) == 2


def test_threads_do_not_disturb_one_another(store: SampleStore) -> None:
    sessions = [store.begin("1", WORDS) for _ in range(4)]

    def work(number: int) -> None:
        for seed in range(15):
            added = store.add(sessions[number], "1", "happy", made_frame(number * 50 + seed))
            assert np.array_equal(store.frame(added.id), made_frame(number * 50 + seed))
            if seed % 5 == 0:
                store.delete_sample(added.id)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(4)))
    assert [s.counts for s in store.sessions()] == [{"happy": 12}] * 4
