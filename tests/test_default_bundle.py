"""The shipped model on the shipped portrait and, where it is at hand, on FER2013."""

from __future__ import annotations

import hashlib
import io
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mien.core.labels import fer7
from mien.data import load
from mien.evaluate import evaluate
from mien.metrics import compare
from mien.runtime import Reading, Recognizer
from mien.store.bundle import open_bundle
from mien.store.images import read_image
from tool_made import tool_module

ROOT = Path(__file__).parent.parent
PORTRAIT = ROOT / "assets" / "portrait.jpg"
DATA = ROOT.parent / "shared" / "data" / "fer2013"


@pytest.fixture(scope="module")
def recognizer() -> Recognizer:
    return Recognizer("default", threads=1)


@pytest.fixture(scope="module")
def portrait() -> Image.Image:
    return Image.open(PORTRAIT).convert("RGB")


def saved(image: Image.Image, kind: str, **options: object) -> np.ndarray:
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    return read_image(stream.getvalue())


def as_jpeg(image: Image.Image) -> np.ndarray:
    return saved(image, "JPEG", quality=90)


def with_alpha(image: Image.Image) -> np.ndarray:
    return saved(image.convert("RGBA"), "PNG")


def grey(image: Image.Image) -> np.ndarray:
    return saved(image.convert("L"), "PNG")


def palette(image: Image.Image) -> np.ndarray:
    return saved(image.quantize(256), "PNG")


def sixteen_bits(image: Image.Image) -> np.ndarray:
    levels = np.asarray(image.convert("L"), np.uint16) * 257
    return saved(Image.fromarray(levels), "PNG")


def turned_by_exif(image: Image.Image) -> np.ndarray:
    exif = Image.Exif()
    exif[0x0112] = 6  # shown after a quarter turn clockwise
    return saved(image.transpose(Image.Transpose.ROTATE_90), "JPEG", quality=95, exif=exif)


def only_face(reading: Reading) -> float:
    """Probability of the one face, which must be a certain "happy"."""
    assert len(reading) == 1
    assert reading.scores.top == ("happy",)
    assert not reading.scores.uncertain[0]
    return float(reading.scores.confidence[0])


def test_the_portrait_shows_one_happy_face(recognizer: Recognizer) -> None:
    reading = recognizer.read(read_image(PORTRAIT))
    assert only_face(reading) > 0.5
    x1, y1, x2, y2 = reading.faces.boxes[0]
    assert 140 < x1 < x2 < 320
    assert 30 < y1 < y2 < 240


@pytest.mark.parametrize("form", [as_jpeg, with_alpha, grey, palette, sixteen_bits, turned_by_exif])
def test_every_form_of_the_portrait_gives_the_same_answer(
    recognizer: Recognizer, portrait: Image.Image, form
) -> None:
    expected = only_face(recognizer.read(np.asarray(portrait)))
    assert only_face(recognizer.read(form(portrait))) == pytest.approx(expected, abs=0.03)


def test_the_mirrored_portrait_gives_nearly_the_same_answer(
    recognizer: Recognizer, portrait: Image.Image
) -> None:
    expected = only_face(recognizer.read(np.asarray(portrait)))
    mirrored = np.asarray(portrait)[:, ::-1].copy()
    assert only_face(recognizer.read(mirrored)) == pytest.approx(expected, abs=0.1)


def test_int8_reads_the_portrait_alike(recognizer: Recognizer, portrait: Image.Image) -> None:
    image = np.asarray(portrait)
    expected = only_face(recognizer.read(image))
    quantised = Recognizer("default", precision="int8", threads=1).read(image)
    assert only_face(quantised) == pytest.approx(expected, abs=0.1)


def test_the_card_is_complete() -> None:
    card = open_bundle("default").card
    assert card.labels == fer7
    assert card.outputs == ("logits", "features", "activation", "votes")
    assert set(card.files) == {"fp32", "int8"}
    assert card.training.record["config"]["seed"] == 0
    for field in (card.licence, card.intended_use, card.out_of_scope):
        assert field
    for file in card.files.values():
        assert file.calibration.risk == 0.20
        assert file.metrics[0]["protocol"]


def test_the_bundle_is_small_and_made_here() -> None:
    bundle = open_bundle("default")
    assert (bundle.path / "model.onnx").stat().st_size <= 5_000_000
    raw = json.loads((bundle.path / "card.json").read_text())
    for precision, file in raw["files"].items():
        assert hashlib.sha256(bundle.model(precision)).hexdigest() == file["sha256"]
    assert str(ROOT) not in json.dumps(raw)


@pytest.mark.real_data
@pytest.mark.skipif(not DATA.exists(), reason="FER2013 is not here")
def test_the_card_tells_what_the_evaluation_finds() -> None:
    faces = load(DATA / "fer2013.csv.gz")
    found = {}
    for precision, file in open_bundle("default").card.files.items():
        recognizer = Recognizer("default", precision=precision, detector="none")
        result = evaluate(recognizer, faces)
        assert (result.figures.n, result.clean.n) == (3589, 3309)
        assert result.clean.accuracy == pytest.approx(file.metrics[0]["accuracy"], abs=0.002)
        assert result.accuracy >= 0.686
        assert result.figures.ece <= 0.03
        found[precision] = result.accuracy
    assert abs(found["fp32"] - found["int8"]) <= 0.005


@pytest.mark.real_data
@pytest.mark.skipif(not DATA.exists(), reason="FER2013 is not here")
def test_mirrored_views_bring_probabilities_closer() -> None:
    """They gain no accuracy since the training with field augmentation (docs/findings/start.md)."""
    faces = load(DATA / "fer2013.csv.gz")
    recognizer = Recognizer("default", detector="none")
    one, two = (evaluate(recognizer, faces, views=views) for views in ("one", "flip"))
    right = [found.probabilities.argmax(axis=1) == found.truth for found in (one, two)]
    assert two.accuracy >= 0.692
    assert compare(*right).interval[0] <= 0  # not significantly fewer
    assert two.figures.nll < one.figures.nll - 0.01
    assert two.figures.aurc < one.figures.aurc


def test_the_page_of_the_model_says_what_its_card_says() -> None:
    tool = tool_module("make_model_docs")
    bundle = open_bundle("default")
    written = ROOT / "docs" / "models" / bundle.card.name / "README.md"
    command = f"run: python tools/make_model_docs.py {bundle.card.name} RUN"
    assert written.read_text(encoding="utf-8") == tool.page(bundle), command
