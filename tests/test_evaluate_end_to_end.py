"""Evaluation on photos: the largest face answers, a missed face is wrong."""

from __future__ import annotations

import itertools
import json

import numpy as np
import pytest

from fake_recognizer import Calibration, Card, FakeRecognizer, ModelFile, made_photo
from mien import metrics
from mien.core.errors import DataError, LabelError
from mien.core.labels import agrawal5, fer7, four
from mien.data.readers.folders import folder_photos
from mien.data.readers.listing import Photo
from mien.evaluate import evaluate_photos
from mien.store.training import Training

HAPPY, SAD = fer7.index("happy"), fer7.index("sad")


def write(path, image):
    from PIL import Image

    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(image).save(path)


@pytest.fixture
def folder(tmp_path):
    """Two right answers, one wrong, one photo without a face, one that is damaged."""
    write(tmp_path / "happy" / "1 right.png", made_photo((HAPPY, 12)))
    write(tmp_path / "happy" / "2 largest.png", made_photo((SAD, 8), (HAPPY, 20), (0, 5)))
    write(tmp_path / "happy" / "3 nobody.png", made_photo())
    write(tmp_path / "sad" / "4 wrong.png", made_photo((HAPPY, 10), (SAD, 9)))
    (tmp_path / "sad" / "5 damaged.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    return tmp_path


def measure(folder, recognizer=None, **options):
    return evaluate_photos(
        recognizer or FakeRecognizer(), folder_photos(folder), fer7, source="photos", **options
    )


def test_missed_and_unreadable_photos_are_wrong(folder):
    found = measure(folder)
    assert found.figures.n == 5
    assert found.accuracy == 2 / 5
    assert found.end_to_end is not None
    assert (found.end_to_end.no_face, found.end_to_end.unreadable) == (1, 1)
    assert found.end_to_end.found.n == 3
    assert found.end_to_end.found.accuracy == pytest.approx(2 / 3)
    assert found.end_to_end.missed_per_class["happy"] == 1
    assert found.end_to_end.missed_per_class["sad"] == 1
    assert sum(found.end_to_end.missed_per_class.values()) == 2
    happy = found.figures.per_class["happy"]
    assert (happy.recall, happy.precision, happy.support) == pytest.approx((2 / 3, 2 / 3, 3))
    assert found.figures.confusion[SAD, HAPPY] == 1
    assert found.figures.confusion.sum() == 3


def test_an_unreadable_photo_is_named(folder):
    (warning,) = measure(folder).warnings
    assert warning.startswith("1 photos cannot be read and count as wrong: 5 damaged.png (")


def test_many_unreadable_photos_are_summed_up(folder):
    for i in range(5):
        (folder / "sad" / f"bad{i}.jpg").write_bytes(b"no picture")
    (warning,) = measure(folder).warnings
    assert warning.startswith("6 photos cannot be read")
    assert warning.endswith("and 3 more")


def test_the_json_tells_both_numbers(folder):
    answer = measure(folder).as_dict()
    assert answer["n"] == 5
    assert answer["end_to_end"]["found"] == {"n": 3, "accuracy": pytest.approx(2 / 3)}
    assert answer["split"] == "all"
    assert answer["data"]["counts"]["happy"] == 3
    assert set(answer["clean"].values()) == {None}
    assert "largest face" in answer["protocol"]["input"]
    json.dumps(answer, allow_nan=False)


def test_calibration_is_the_cards_and_of_found_faces(folder):
    found = measure(folder, FakeRecognizer(calibration=Calibration(temperature=2, threshold=0.3)))
    assert found.probabilities.shape == (3, 7)
    assert found.truth.tolist() == [HAPPY, HAPPY, SAD]
    assert found.figures.abstention.threshold == 0.3
    plain = measure(folder)
    assert found.probabilities.max() < plain.probabilities.max()


def test_latency_is_per_readable_photo(folder):
    ticks = itertools.count(step=0.25)
    found = measure(folder, clock=lambda: next(ticks))
    assert found.latency_ms == pytest.approx(250)


def test_the_protocol_tells_votes_threads_and_where_the_temperature_is_from(folder):
    recognizer = FakeRecognizer(card=Card(training=Training({"config": {"votes_weight": 0.4}})))
    recognizer.threads = 2
    found = measure(folder, recognizer).protocol
    assert found["training"].startswith("FER+ votes")
    assert found["latency"].endswith("; 2 threads")
    assert "fitted on crops of PublicTest" in found["calibration"]
    silent = measure(folder, FakeRecognizer(card=Card(files={"fp32": ModelFile(())}))).protocol
    assert "training" not in silent
    assert "does not tell the rows" in silent["calibration"]


def test_photos_are_counted_as_they_are_done(folder):
    seen = []
    measure(folder, on_rows=lambda *at: seen.append(at))
    assert seen == [(i, 5) for i in range(1, 6)]


def test_the_hash_follows_content_label_and_readability(folder):
    first = measure(folder).data.sha256
    assert measure(folder).data.sha256 == first
    write(folder / "happy" / "1 right.png", made_photo((HAPPY, 13)))
    second = measure(folder).data.sha256
    (folder / "happy" / "1 right.png").rename(folder / "sad" / "1 right.png")
    third = measure(folder).data.sha256
    assert len({first, second, third}) == 3


def test_nothing_found_at_all(tmp_path):
    write(tmp_path / "happy" / "1.png", made_photo())
    (tmp_path / "happy" / "2.png").write_bytes(b"")
    found = measure(tmp_path)
    assert found.accuracy == 0
    assert found.as_dict()["nll"] is None
    assert found.as_dict()["end_to_end"]["found"] == {"n": 0, "accuracy": None}


def test_nothing_readable_has_no_latency(tmp_path):
    (tmp_path / "happy").mkdir()
    (tmp_path / "happy" / "2.png").write_bytes(b"")
    assert measure(tmp_path).as_dict()["latency_ms"] is None


def test_labels_are_mapped_and_the_rest_left_out(tmp_path):
    write(tmp_path / "happy" / "1.png", made_photo((four.index("happy"), 9)))
    write(tmp_path / "fear" / "2.png", made_photo((0, 9)))
    found = measure(tmp_path, FakeRecognizer(card=Card(four)))
    assert (found.figures.n, found.accuracy) == (1, 1)
    assert found.warnings == ("1 photos have no counterpart in four: left out",)


def test_a_space_without_a_mapping_is_refused(tmp_path):
    photos = [Photo(tmp_path / "1.png", 0, "all")]
    with pytest.raises(LabelError, match="no mapping from agrawal5"):
        evaluate_photos(FakeRecognizer(), photos, agrawal5, source="photos")


def test_a_split_chooses_photos(tmp_path):
    write(tmp_path / "train" / "happy" / "1.png", made_photo((HAPPY, 9)))
    write(tmp_path / "test" / "happy" / "2.png", made_photo((SAD, 9)))
    found = measure(tmp_path, split="Training")
    assert (found.figures.n, found.accuracy, found.data.split) == (1, 1, "Training")
    with pytest.raises(DataError, match="split 'PublicTest' with labels of fer7, found none"):
        measure(tmp_path, split="PublicTest")


@pytest.fixture
def shuffled_folder(tmp_path):
    """Three hundred photos; the seven faces have nothing to do with the folders."""
    shown = np.random.default_rng(0).permutation(np.arange(301) % 7)
    for i, look in enumerate(shown.tolist()):
        write(tmp_path / fer7.labels[i % 7] / f"{i}.png", made_photo((look, 9)))
    return tmp_path


def test_shuffled_photos_are_refused_by_name(shuffled_folder):
    sure = FakeRecognizer(width=5)
    with pytest.raises(DataError, match="look shuffled"):
        measure(shuffled_folder, sure)
    found = measure(shuffled_folder, sure, allow_misaligned=True)
    assert any("look shuffled" in warning for warning in found.warnings)


def test_photos_of_the_training_split_are_warned_about(tmp_path):
    write(tmp_path / "train" / "happy" / "a.png", made_photo((HAPPY, 12)))
    write(tmp_path / "test" / "happy" / "PublicTest_b.png", made_photo((HAPPY, 12)))
    (warning,) = measure(tmp_path).warnings
    assert warning.startswith("1 of 2 photos are Training photos")
    assert measure(tmp_path, split="PublicTest").warnings == ()


def test_photos_that_a_study_drew_training_rows_from_are_warned_about(tmp_path):
    write(tmp_path / "test" / "happy" / "PublicTest_b.png", made_photo((HAPPY, 12)))
    card = Card(training=Training({"drawn": {"pool": ["Training", "PublicTest"]}}))
    (warning,) = measure(tmp_path, FakeRecognizer(card=card)).warnings
    assert "drew from PublicTest: if these 1 rows are of the same data" in warning


def test_photos_of_the_fitted_split_are_calibrated_by_cross_fitting(tmp_path):
    for at in range(60):
        shown = SAD if at % 5 == 0 else HAPPY
        write(tmp_path / "test" / "happy" / f"PublicTest_{at}.png", made_photo((shown, 12)))
    sharp = FakeRecognizer(calibration=Calibration(temperature=0.2))
    found = measure(tmp_path, sharp, split="PublicTest", allow_misaligned=True)
    assert "cross-fitted in 5 folds" in found.protocol["calibration"]
    assert found.figures.nll < metrics.nll(found.probabilities, found.truth)
    every = measure(tmp_path, sharp, allow_misaligned=True)
    assert every.figures.nll == metrics.nll(every.probabilities, every.truth)
    assert "fitted on crops of PublicTest" in every.protocol["abstention"]
