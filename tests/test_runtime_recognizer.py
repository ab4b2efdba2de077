"""The front door, on a bundle of an untrained network: geometry, batching, refusals."""

from __future__ import annotations

import copy
import pickle  # noqa: TID251 - what is held here is that it works
import shutil
import tracemalloc
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pytest

from mien.core.alignment import identity_affines
from mien.core.errors import BundleError, DeviceError, InputError, UnknownNameError
from mien.core.faces import Faces
from mien.core.labels import LabelSpace
from mien.core.scores import softmax
from mien.export import ExportReport
from mien.runtime.detectors.registry import DetectorOptions
from mien.runtime.graph import BATCH
from mien.runtime.recognizer import Recognizer
from mien.runtime.session import open_session
from mien.store.bundle import Bundle, load_bundle


@pytest.fixture(scope="module")
def bundle(made: ExportReport) -> Path:
    return made.bundle.path


@pytest.fixture(scope="module")
def recognizer(bundle: Path) -> Recognizer:
    return Recognizer(bundle, detector="none", threads=1)


def picture(height: int, width: int, seed: int = 0) -> np.ndarray:
    """Smooth colours, so that a shifted crop would give another answer but not a random one."""
    rng = np.random.default_rng(seed)
    coarse = rng.integers(0, 256, (height // 6 + 2, width // 6 + 2, 3), np.uint8)
    return np.repeat(np.repeat(coarse, 6, axis=0), 6, axis=1)[:height, :width].copy()


def test_it_knows_its_card(recognizer: Recognizer) -> None:
    assert recognizer.name == "made"
    assert len(recognizer.labels) == 7
    assert recognizer.calibration.temperature > 0


def test_whole_pictures_and_frames_agree(recognizer: Recognizer) -> None:
    frames = np.random.default_rng(1).integers(0, 256, (5, 48, 48), np.uint8)
    logits = recognizer.crop_logits(frames)
    readings = recognizer.read_all([np.repeat(f[..., None], 3, axis=2) for f in frames])
    probabilities = np.concatenate([r.scores.probabilities for r in readings])
    expected = softmax(logits, recognizer.calibration.temperature)
    np.testing.assert_allclose(probabilities, expected, atol=1e-5)


def test_batches_equal_single_calls(recognizer: Recognizer) -> None:
    rng = np.random.default_rng(2)
    pictures = [picture(*rng.integers(30, 300, 2), seed) for seed in range(9)]
    found = []
    for image in pictures:
        height, width = image.shape[:2]
        corner = rng.uniform(-10, [width / 2, height / 2], (3, 2))
        boxes = np.concatenate([corner, corner + rng.uniform(20, 200, (3, 1))], axis=1)
        found.append(Faces(boxes=boxes, scores=[0.9, 0.8, 0.7]))
    together = recognizer.read_faces(pictures, found)
    for image, faces, reading in zip(pictures, found, together, strict=True):
        for k in range(3):
            alone = recognizer.read_faces([image], [faces[k]])[0]
            difference = abs(alone.scores.probabilities[0] - reading.scores.probabilities[k]).max()
            assert difference <= 1e-5


def test_more_faces_than_a_batch(recognizer: Recognizer) -> None:
    frames = np.random.default_rng(3).integers(0, 256, (BATCH + 5, 48, 48), np.uint8)
    logits = recognizer.crop_logits(frames)
    assert logits.shape == (BATCH + 5, 7)
    np.testing.assert_allclose(logits[-3:], recognizer.crop_logits(frames[-3:]), atol=1e-3)


def test_no_pictures_no_readings(recognizer: Recognizer) -> None:
    assert recognizer.read_all([]) == []


def test_threads_reach_the_detector(bundle: Path) -> None:
    assert Recognizer(bundle, threads=2).options.threads == 2
    own = DetectorOptions(threads=1)
    assert Recognizer(bundle, threads=2, options=own).options.threads == 1


def test_a_card_that_its_graph_contradicts_is_refused(bundle: Path) -> None:
    opened = load_bundle(bundle)
    fewer = replace(opened.card, labels=LabelSpace("two", ("a", "b")))
    with pytest.raises(BundleError, match="7 logits, its card 2 labels"):
        Recognizer(Bundle(bundle, fewer))
    without = replace(opened.card, outputs=("logits",))
    with pytest.raises(BundleError, match="expected"):
        Recognizer(Bundle(bundle, without))
    wide = replace(opened.card, geometry=replace(opened.card.geometry, frame=96))
    with pytest.raises(BundleError, match="crop of 96 pixels"):
        Recognizer(Bundle(bundle, wide))


def test_the_template_is_the_cards(bundle: Path) -> None:
    opened = load_bundle(bundle)
    moved = tuple((x + 6, y) for x, y in opened.card.geometry.template)
    card = replace(opened.card, geometry=replace(opened.card.geometry, template=moved))
    points = np.array([[40.0, 40], [60, 40], [50, 50], [44, 64], [56, 64]])
    face = Faces(boxes=[[25, 20, 75, 80]], scores=[1], landmarks=points[None])
    first, second = (
        Recognizer(Bundle(bundle, c)).read_faces([picture(100, 100, 8)], [face])[0]
        for c in (opened.card, card)
    )
    assert abs(first.scores.probabilities - second.scores.probabilities).max() > 1e-4


def test_a_long_thin_picture_takes_little_memory(recognizer: Recognizer) -> None:
    tracemalloc.start()
    recognizer.read(np.zeros((60, 9000, 3), np.uint8))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 20e6  # its square of border would take 60 MB


def test_no_frames_no_logits(recognizer: Recognizer) -> None:
    assert recognizer.crop_logits(np.zeros((0, 48, 48), np.uint8)).shape == (0, 7)


def test_a_mirrored_affine_reads_the_mirrored_frame(recognizer: Recognizer) -> None:
    frames = np.random.default_rng(4).integers(0, 256, (3, 48, 48), np.uint8)
    affines = identity_affines(3)
    affines[:, :, 0] *= -1
    np.testing.assert_allclose(
        recognizer.crop_logits(frames, affines),
        recognizer.crop_logits(frames[:, :, ::-1].copy()),
        atol=1e-3,
    )


def test_a_larger_copy_of_a_picture_gives_the_same_answer(recognizer: Recognizer) -> None:
    # Steps 4, 8 and 20: the last two pass through the halving graph.
    small = picture(48, 48, 5)
    expected = recognizer.read(small).scores.probabilities
    for step in (4, 8, 20):
        large = np.repeat(np.repeat(small, step, axis=0), step, axis=1)
        answer = recognizer.read(large).scores.probabilities
        assert abs(answer - expected).max() < 0.03, step


def test_outside_the_picture_its_edge_repeats(recognizer: Recognizer) -> None:
    image = picture(60, 60, 6)
    padded = np.pad(image, ((40, 40), (40, 40), (0, 0)), mode="edge")
    box = np.array([[-20.0, 10, 50, 80]])
    inside = recognizer.read_faces([padded], [Faces(boxes=box + 40, scores=[1])])[0]
    outside = recognizer.read_faces([image], [Faces(boxes=box, scores=[1])])[0]
    np.testing.assert_allclose(inside.scores.probabilities, outside.scores.probabilities, atol=1e-5)


def test_no_face_never_gets_an_expression(recognizer: Recognizer) -> None:
    reading = recognizer.read_faces([picture(50, 50)], [Faces.empty()])[0]
    assert len(reading) == len(reading.scores) == 0
    assert (reading.width, reading.height) == (50, 50)


def test_int8_is_near_fp32(bundle: Path, recognizer: Recognizer) -> None:
    quantised = Recognizer(bundle, precision="int8", detector="none", threads=1)
    frames = np.random.default_rng(7).integers(0, 256, (32, 48, 48), np.uint8)
    fp32, int8 = recognizer.crop_logits(frames), quantised.crop_logits(frames)
    assert not np.array_equal(fp32, int8)
    assert np.corrcoef(fp32.ravel(), int8.ravel())[0, 1] > 0.9


@pytest.mark.parametrize(
    "image",
    [
        np.zeros((4, 4), np.uint8),
        np.zeros((4, 4, 4), np.uint8),
        np.zeros((4, 4, 3), np.float32),
        [[1, 2, 3]],
        "photo.jpg",
    ],
)
def test_what_is_no_picture_is_refused(recognizer: Recognizer, image: object) -> None:
    with pytest.raises(InputError, match="uint8"):
        recognizer.read(image)


def test_wrong_frames_are_refused(recognizer: Recognizer) -> None:
    with pytest.raises(InputError, match="grey squares"):
        recognizer.crop_logits(np.zeros((2, 48, 40), np.uint8))
    with pytest.raises(InputError, match="affines must be"):
        recognizer.crop_logits(np.zeros((2, 48, 48), np.uint8), identity_affines(3))
    with pytest.raises(InputError, match="1 pictures but 2"):
        recognizer.read_faces([picture(9, 9)], [Faces.empty(), Faces.empty()])


def test_unknown_names_and_devices(bundle: Path) -> None:
    with pytest.raises(UnknownNameError, match="mtcnn"):
        Recognizer(bundle, detector="mtcn").read(picture(20, 20))
    with pytest.raises(UnknownNameError):
        Recognizer("defualt")
    with pytest.raises(BundleError, match="no fp16"):
        Recognizer(bundle, precision="fp16")
    with pytest.raises(DeviceError, match="onnxruntime-gpu"):
        Recognizer(bundle, device="cuda")
    with pytest.raises(InputError, match="device must be"):
        Recognizer(bundle, device="gpu")
    with pytest.raises(InputError, match="threads"):
        Recognizer(bundle, threads=0)


def test_bytes_that_are_no_model_are_refused() -> None:
    with pytest.raises(BundleError, match="ONNX Runtime refuses"):
        open_session(b"no model")


def test_a_detector_of_your_own(bundle: Path) -> None:
    class Corner:
        def detect(self, image: np.ndarray) -> Faces:
            return Faces(boxes=[[0, 0, 20, 20]], scores=[0.5])

    reading = Recognizer(bundle, detector=Corner(), options=DetectorOptions()).read(picture(64, 64))
    assert reading.faces.boxes.tolist() == [[0, 0, 20, 20]]


@pytest.mark.parametrize("box", [[1e20, 0, 2e20, 1e20], [-3e7, 5, -2e7, 50]])
def test_a_face_that_lies_nowhere_is_refused(recognizer: Recognizer, box: list[float]) -> None:
    nowhere = Faces(np.array([box], np.float32), np.ones(1, np.float32))
    with pytest.raises(InputError, match="a face must lie within"):
        recognizer.read_faces([picture(60, 80)], [nowhere])


def test_affines_that_are_no_numbers_are_refused(recognizer: Recognizer) -> None:
    affines = identity_affines(2, 48)
    affines[1, 0, 0] = np.nan
    with pytest.raises(InputError, match="a face must lie within"):
        recognizer.crop_logits(np.zeros((2, 48, 48), np.uint8), affines)
    with pytest.raises(InputError, match="1 pixel wide or more"):
        recognizer.crop_logits(np.zeros((2, 0, 0), np.uint8))


def test_a_wrong_detector_is_refused_when_it_is_named(bundle: Path) -> None:
    with pytest.raises(UnknownNameError, match="mtcnn"):
        Recognizer(bundle, detector="mtcn")


class Corner:
    """A detector of one's own, which can be pickled."""

    def __init__(self, side: int) -> None:
        self.side = side

    def detect(self, image: np.ndarray) -> Faces:
        return Faces(boxes=[[0, 0, self.side, self.side]], scores=[1])


def answer_in_another_process(data: bytes, image: np.ndarray) -> np.ndarray:
    return pickle.loads(data).read(image).scores.probabilities


def test_a_recogniser_can_be_pickled_and_copied(bundle: Path) -> None:
    options = DetectorOptions(min_face=25)
    whole = Recognizer(bundle, detector="none", options=options, threads=1, precision="int8")
    _ = whole.detector
    for copied in (pickle.loads(pickle.dumps(whole)), copy.deepcopy(whole)):
        assert (copied.precision, copied.threads, copied.device) == ("int8", 1, "cpu")
        assert (copied.options, copied.detector_name) == (whole.options, "none")
        first, second = whole.read(picture(90, 80)), copied.read(picture(90, 80))
        np.testing.assert_array_equal(first.scores.probabilities, second.scores.probabilities)


def test_a_detector_of_ones_own_is_pickled_along(bundle: Path) -> None:
    copied = pickle.loads(pickle.dumps(Recognizer(bundle, detector=Corner(33), threads=1)))
    assert copied.read(picture(90, 80))[0].box == (0, 0, 33, 33)


def test_a_recogniser_goes_to_a_process_that_was_spawned(recognizer: Recognizer) -> None:
    image = picture(90, 80)
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        found = pool.submit(answer_in_another_process, pickle.dumps(recognizer), image).result()
    np.testing.assert_array_equal(found, recognizer.read(image).scores.probabilities)


def test_a_bundle_that_changed_meanwhile_is_not_opened(bundle: Path, tmp_path: Path) -> None:
    shutil.copytree(bundle, tmp_path / "mine")
    data = pickle.dumps(Recognizer(tmp_path / "mine", detector="none", threads=1))
    (tmp_path / "mine" / "model.onnx").write_bytes(b"another")
    with pytest.raises(BundleError, match="not the file its card describes"):
        pickle.loads(data)


@pytest.mark.parametrize("image", [np.zeros((9, 9)), np.zeros((9, 9, 4), np.uint8), "portrait.jpg"])
def test_what_is_no_picture_is_sent_to_the_reader(recognizer: Recognizer, image: object) -> None:
    with pytest.raises(InputError, match=r"uint8 \(H, W, 3\) RGB, got .*mien\.read_image"):
        recognizer.read(image)  # type: ignore[arg-type]
