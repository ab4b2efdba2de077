"""The store of samples: consent first, limits, and a folder that is its own."""

from __future__ import annotations

import os
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from made_stores import WORDS, crop, filled, opened
from mien.core.errors import ConfigError, DataError, InputError
from mien.store.sample_file import FILE
from mien.store.samples import (
    LARGEST_VERSION,
    LARGEST_WORDS,
    ConsentError,
    FullError,
    SampleLimits,
    SampleStore,
)


def test_what_is_added_is_listed_counted_and_given_back(store: SampleStore) -> None:
    first, second = (store.begin(version, WORDS) for version in ("1", "2 b"))
    added = [
        store.add(first, "1", "happy", crop(1)),
        store.add(second, "2 b", "sad", crop(2)),
        store.add(first, "1", "happy", crop(3)),
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
    assert np.array_equal(store.frame(added[1].id), crop(2))
    samples, frames = store.everything()
    assert samples == added
    assert np.array_equal(frames, np.stack([crop(seed) for seed in (1, 2, 3)]))


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
        store.add("other", "1", "happy", crop(0))
    with pytest.raises(ConsentError, match=r"agreed to version '1'.*not to '2'"):
        store.add(session, "2", "happy", crop(0))
    store.delete_session(session)
    with pytest.raises(ConsentError):
        store.add(session, "1", "happy", crop(0))
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
        store.add(store.begin("1", WORDS), "1", "", crop(0))


def test_limits_hold(tmp_path: Path) -> None:
    with opened(tmp_path, max_sessions=2, max_samples=3, max_session_samples=2) as store:
        first, second = store.begin("1", WORDS), store.begin("1", WORDS)
        with pytest.raises(FullError, match="2 sessions at most"):
            store.begin("1", WORDS)
        for seed in (0, 1):
            store.add(first, "1", "happy", crop(seed))
        with pytest.raises(FullError, match="a session takes 2 samples"):
            store.add(first, "1", "happy", crop(2))
        kept = store.add(second, "1", "happy", crop(2))
        with pytest.raises(FullError, match="3 samples at most"):
            store.add(second, "1", "happy", crop(3))
        store.delete_sample(kept.id)
        store.add(second, "1", "happy", crop(3))


def test_the_file_stays_below_its_limit(tmp_path: Path) -> None:
    size = 200_000
    with opened(tmp_path, max_sample_bytes=size) as store:
        session = store.begin("1", WORDS)
        held = 0
        while (tmp_path / "samples" / FILE).stat().st_size < size:
            store.add(session, "1", "happy", crop(held))
            held += 1
        assert held > 30
        with pytest.raises(FullError, match=r"0\.2 MB"):
            store.add(session, "1", "happy", crop(held))
        assert size <= (tmp_path / "samples" / FILE).stat().st_size < size + 10_000
        with pytest.raises(FullError):
            store.begin("1", WORDS)


def test_a_limit_below_one_is_refused() -> None:
    with pytest.raises(ConfigError, match="max_session_samples must be 1 or more, got 0"):
        SampleLimits(max_session_samples=0)


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
    store.add(session, "1", "happy", crop(0))
    (pages,) = store._db.execute("PRAGMA page_count").fetchone()
    store._db.execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(DataError, match="make room on the disk"):
        store.add(session, "1", "happy", crop(1))
    assert len(store.everything()[0]) == 1
    store._db.execute("PRAGMA max_page_count = 1000000")
    store.add(session, "1", "happy", crop(1))
    assert len(store.everything()[0]) == 2


def test_threads_do_not_disturb_one_another(store: SampleStore) -> None:
    sessions = [store.begin("1", WORDS) for _ in range(4)]

    def work(number: int) -> None:
        for seed in range(15):
            added = store.add(sessions[number], "1", "happy", crop(number * 50 + seed))
            assert np.array_equal(store.frame(added.id), crop(number * 50 + seed))
            if seed % 5 == 0:
                store.delete_sample(added.id)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(4)))
    assert [s.counts for s in store.sessions()] == [{"happy": 12}] * 4
