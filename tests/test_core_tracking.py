"""Tracks: properties of the numbers, and what they do in scenes that are known."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mien.core.errors import InputError
from mien.core.faces import Faces
from mien.core.tracking import Tracker, TrackerOptions

Path = Callable[[float], tuple[float, float]]


def faces_at(*centres: tuple[float, float], side: float = 60.0) -> Faces:
    """Square faces with their landmarks at fixed places of the box."""
    middle = np.array(centres, dtype=float).reshape(-1, 2)
    corners = np.array([[-0.2, -0.2], [0.2, -0.2], [0, 0], [-0.15, 0.2], [0.15, 0.2]]) * side
    return Faces(
        boxes=np.concatenate([middle - side / 2, middle + side / 2], axis=1),
        scores=np.full(len(middle), 0.99),
        landmarks=middle[:, None] + corners,
    )


def still(x: float, y: float) -> Path:
    return lambda _: (x, y)


def moving(x: float, y: float, vx: float, vy: float = 0.0) -> Path:
    return lambda t: (x + vx * t, y + vy * t)


def frames(seconds: float, rate: float) -> Iterator[float]:
    yield from (at / rate for at in range(round(seconds * rate) + 1))


def numbers_of(found: Faces) -> list[int]:
    return found.tracks.tolist()


boxes_anywhere = st.lists(
    st.tuples(st.floats(0, 600), st.floats(0, 400), st.floats(10, 200)), max_size=6
)


@given(st.lists(boxes_anywhere, min_size=1, max_size=8), st.floats(0.01, 0.7))
def test_no_number_is_there_twice_or_comes_again(scenes: list, step: float) -> None:
    tracker = Tracker()
    ended: set[int] = set()
    known: set[int] = set()
    for at, scene in enumerate(scenes):
        boxes = [[x, y, x + side, y + side] for x, y, side in scene]
        numbers = numbers_of(tracker.update(Faces(boxes, np.ones(len(scene))), at * step))
        assert len(set(numbers)) == len(numbers) == len(scene)
        assert not ended & set(numbers)
        known |= set(numbers)
        ended = known - set(tracker.alive)


@given(st.lists(boxes_anywhere, min_size=2, max_size=5), st.randoms(use_true_random=False))
def test_order_of_the_faces_is_irrelevant(scenes: list, random) -> None:
    straight, mixed = Tracker(), Tracker()
    for at, scene in enumerate(scenes):
        # Two equal boxes cannot be told apart, so no order of them is right.
        scene = sorted({(round(x), round(y)): (x, y, side) for x, y, side in scene}.values())
        order = list(range(len(scene)))
        random.shuffle(order)
        boxes = np.array([[x, y, x + s, y + s] for x, y, s in scene]).reshape(-1, 4)
        one = straight.update(Faces(boxes, np.ones(len(scene))), at * 0.1)
        two = mixed.update(Faces(boxes[order], np.ones(len(scene))), at * 0.1)
        assert [one.tracks[row] for row in order] == numbers_of(two)


@pytest.mark.parametrize("rate", [10, 15, 30, 60])
def test_frame_rate_is_irrelevant(rate: float) -> None:
    paths = [moving(50, 100, 120), still(300, 240), moving(600, 400, -90, -60)]
    tracker = Tracker()
    seen = {
        tuple(numbers_of(tracker.update(faces_at(*(path(t) for path in paths)), t)))
        for t in frames(4, rate)
    }
    assert seen == {(0, 1, 2)}


@pytest.mark.parametrize("every", [1, 2, 3, 5])
def test_carried_faces_stay_with_their_faces(every: int) -> None:
    path = moving(60, 100, 150, 40)
    tracker = Tracker()
    for at, t in enumerate(frames(3, 30)):
        if at % every == 0:
            found = tracker.update(faces_at(path(t)), t)
        else:
            found = tracker.carry(t, 640, 480)
        assert numbers_of(found) == [0]
        assert found.detected.tolist() == [at % every == 0]
        if at > 3 * every:
            truth = faces_at(path(t))
            # The prediction fades, so that it lags a little more the longer nobody looks.
            assert abs(found.boxes - truth.boxes).max() < 1 + 0.5 * every
            np.testing.assert_allclose(
                found.landmarks - found.boxes[:, None, :2],
                truth.landmarks - truth.boxes[:, None, :2],
                atol=1e-3,
            )


@pytest.mark.parametrize("path", [still(300, 200), moving(100, 200, 60)], ids=["still", "moving"])
def test_a_number_survives_a_second_of_occlusion(path: Path) -> None:
    tracker = Tracker()
    other = still(550, 400)
    for t in frames(4, 10):
        hidden = 1.5 < t < 2.5
        found = tracker.update(faces_at(*([] if hidden else [path(t)]), other(t)), t)
        assert numbers_of(found) == ([1] if hidden else [0, 1])
        assert numbers_of(tracker.carry(t, 640, 480)) == numbers_of(found)[::1]


def test_a_slow_source_keeps_a_face_from_one_detection_to_the_next() -> None:
    tracker = Tracker()
    for n in range(8):  # four frames a second, every third one searched
        assert numbers_of(tracker.update(faces_at((100, 100)), 0.75 * n)) == [0]
        for carried in (0.25, 0.5):
            assert numbers_of(tracker.carry(0.75 * n + carried, 640, 480)) == [0]


@pytest.mark.parametrize("gap_s", [1.4, 1.6, 4.0, 60.0])
def test_what_was_found_is_not_missed_before_the_next_detection(gap_s: float) -> None:
    tracker = Tracker()
    for n in range(5):
        assert numbers_of(tracker.update(faces_at((100, 100)), gap_s * n)) == [0]
        assert numbers_of(tracker.carry(gap_s * (n + 0.9), 640, 480)) == [0]
    assert numbers_of(tracker.update(faces_at((500, 400)), gap_s * 5)) == [1]
    assert tracker.alive == ((0, 1) if gap_s < 1.5 else (1,))


def test_a_track_ends() -> None:
    tracker = Tracker(TrackerOptions(patience_s=1.0, first_patience_s=0.2))
    tracker.update(faces_at((100, 100)), 0.0)
    tracker.update(faces_at((100, 100)), 0.1)
    assert numbers_of(tracker.update(faces_at((500, 100)), 0.5)) == [1]
    tracker.update(faces_at(), 0.8)
    assert tracker.alive == (0,)  # seen once, and not again within 0.2 s
    assert numbers_of(tracker.update(faces_at((100, 100)), 1.1)) == [0]
    tracker.update(faces_at(), 1.2)
    assert numbers_of(tracker.update(faces_at((100, 100)), 2.2)) == [2]


def test_faces_that_pass_one_another_keep_their_numbers() -> None:
    left, right = moving(100, 200, 150), moving(500, 230, -150)
    tracker = Tracker()
    for t in frames(2.6, 15):
        assert numbers_of(tracker.update(faces_at(left(t), right(t)), t)) == [0, 1]


def test_a_face_far_off_does_not_take_the_place_of_a_near_one() -> None:
    tracker = Tracker(TrackerOptions(reach=2.0))
    tracker.update(faces_at((100, 100), (200, 100)), 0.0)
    # The face at 200 left; a new one appeared at 10, which the track at 100 could reach too.
    assert numbers_of(tracker.update(faces_at((103, 100), (10, 100)), 0.1)) == [0, 2]


def test_another_size_is_another_face() -> None:
    tracker = Tracker()
    tracker.update(faces_at((200, 200), side=50), 0.0)
    assert numbers_of(tracker.update(faces_at((200, 200), side=120), 0.1)) == [1]
    assert numbers_of(tracker.update(faces_at((200, 200), side=60), 0.2)) == [0]


def test_a_face_that_left_the_picture_is_not_carried() -> None:
    tracker = Tracker()
    for t in frames(0.5, 20):
        tracker.update(faces_at((600 + 60 * t, 100)), t)
    assert len(tracker.carry(0.6, 640, 480)) == 1
    assert len(tracker.carry(0.6, 630, 480)) == 0
    assert len(Tracker().carry(0.0, 640, 480)) == 0


def test_boxes_without_area_and_landmarks_are_tracked_too() -> None:
    tracker = Tracker()
    dot = Faces([[5, 5, 5, 5]], [0.5])
    assert numbers_of(tracker.update(dot, 0)) == numbers_of(tracker.update(dot, 0.1)) == [0]
    assert np.isnan(tracker.carry(0.1, 10, 10).landmarks).all()


@pytest.mark.parametrize("time_s", [0.9, -1.0, np.nan, np.inf])
def test_time_does_not_go_back(time_s: float) -> None:
    tracker = Tracker()
    tracker.update(faces_at((10, 10)), 1.0)
    tracker.carry(1.0, 100, 100)  # the same moment again is fine
    for call in (
        lambda: tracker.update(faces_at(), time_s),
        lambda: tracker.carry(time_s, 10, 10),
    ):
        with pytest.raises(InputError, match="frames must come in order of time"):
            call()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"patience_s": 0.0}, "patience_s must be above 0"),
        ({"reach": np.inf}, "reach must be above 0 and finite"),
        ({"growth": 1.0}, "growth must be above 1"),
    ],
)
def test_impossible_options(options: dict, message: str) -> None:
    with pytest.raises(InputError, match=message):
        TrackerOptions(**options)
