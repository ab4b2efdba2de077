"""Personal bundles: the head is fitted, everything else stays, and worse is not written."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import helper, numpy_helper

from made_samples import LABELS, contains_crop, made_samples
from mien import metrics
from mien.core.errors import BundleError, DataError, InputError
from mien.core.scores import softmax
from mien.data import FaceSet
from mien.export import ExportReport, merge_graphs
from mien.runtime import Recognizer
from mien.runtime.graph import Graph
from mien.runtime.session import open_session, run
from mien.store.bundle import Bundle, load_bundle
from mien.teach.fit import (
    ONE_SESSION_STRENGTH,
    STRENGTHS,
    TeachReport,
    chosen_strength,
    teach,
)
from mien.teach.head import Head, fit_head, read_head, with_head
from mien.teach.samples import held_out_sessions


@pytest.fixture(scope="module")
def source(made: ExportReport) -> Bundle:
    return made.bundle


@pytest.fixture(scope="module")
def personal(source: Bundle, tmp_path_factory: pytest.TempPathFactory) -> TeachReport:
    out = tmp_path_factory.mktemp("personal") / "ann"
    return teach(source, made_samples(), out, name="ann", provenance={"mien": "1"})


def written(report: TeachReport) -> Bundle:
    assert report.bundle is not None
    return report.bundle


def misled(source: Bundle, seed: int = 0) -> FaceSet:
    """Held-out sessions are labelled as the source answers, the others turned by one label."""
    samples = made_samples()
    answers = Recognizer(source, detector="none").crop_logits(samples.images).argmax(axis=1)
    _, held, _ = held_out_sessions(samples, seed)
    out = np.isin(np.asarray(samples.subjects), np.asarray(held.subjects))
    return replace(samples, labels=np.where(out, answers, (samples.labels + 1) % 7))


def outputs(bundle: Bundle, precision: str, names: list[str]) -> list[np.ndarray]:
    image = np.random.default_rng(0).integers(0, 256, (90, 120, 3), np.uint8)
    affine = np.array([[[24, 3, 50], [-3, 24, 40]], [[30, 0, 70], [0, 30, 30]]], np.float32)
    session = open_session(bundle.model(precision), threads=1)
    return run(session, names, {"image": image, "affine": affine})


def test_the_fitted_model_answers_better(personal: TeachReport) -> None:
    before, after = personal.before["fp32"], personal.after["fp32"]
    assert (before.n, after.n) == (16, 16)
    assert before.right <= 10
    assert after.right == 16
    assert after.interval[0] > before.accuracy
    assert personal.gain.difference == after.accuracy - before.accuracy
    assert personal.worse == ()
    assert personal.sessions == (4, 1)
    assert personal.unseen == ("disgust", "fear", "surprise")
    assert personal.fitted["happy"] == 16


def test_what_is_counted_is_what_is_written(personal: TeachReport) -> None:
    _, held, _ = held_out_sessions(made_samples(), 0)
    for precision, score in personal.after.items():
        opened = Recognizer(written(personal), precision=precision, detector="none")
        right = (opened.crop_logits(held.images).argmax(axis=1) == held.labels).sum()
        assert right == score.right


@pytest.mark.parametrize("precision", ["fp32", "int8"])
def test_everything_but_the_head_stays(
    source: Bundle, personal: TeachReport, precision: str
) -> None:
    names = ["logits", "features", "activation"]
    before, after = (outputs(b, precision, names) for b in (source, written(personal)))
    assert np.array_equal(before[1], after[1])
    assert abs(before[0] - after[0]).max() > 0.1
    assert np.allclose(after[2].mean(axis=(2, 3)), after[0], atol=1e-4)
    nodes = [
        [node.SerializeToString() for node in onnx.load_from_string(b.model(precision)).graph.node]
        for b in (source, written(personal))
    ]
    changed = [one != other for one, other in zip(*nodes, strict=True)]
    assert sum(changed) == 2  # of logits and activation, which read other constants


def test_both_files_have_one_head(personal: TeachReport) -> None:
    one, other = (read_head(written(personal).model(p)) for p in ("fp32", "int8"))
    assert np.array_equal(one.weight, other.weight)
    assert np.array_equal(one.bias, other.bias)


def test_the_card_tells_numbers(source: Bundle, personal: TeachReport) -> None:
    card = written(personal).card
    assert card.name == "ann"
    for precision, file in card.files.items():
        assert file.calibration == source.card.files[precision].calibration
        (told,) = file.metrics
        assert told["split"] == "held-out sessions"
        assert told["n"] == 16
        assert told["accuracy"] == personal.after[precision].accuracy
        assert told["ci95"] == list(metrics.wilson_interval(told["right"], 16))
        assert told["before"]["right"] == personal.before[precision].right
    (step,) = card.training.record["finetuned"]
    assert step["from"]["name"] == source.card.name
    assert step["from"]["sha256"]["fp32"] == source.card.files["fp32"].sha256
    assert step["sessions"] == {"fitted": 4, "held_out": 1}
    assert sum(step["samples"]["fitted"].values()) == 64
    assert (step["strength"], step["seed"], step["mien"]) == (personal.strength, 0, "1")
    assert card.training.record["seed"] == source.card.training.record["seed"]
    assert "does not change this bundle" in card.notes[-1]


def test_no_crop_and_no_session_is_in_the_bundle(personal: TeachReport) -> None:
    folder, samples = written(personal).path, made_samples()
    held = b"".join(path.read_bytes() for path in folder.iterdir())
    assert {path.name for path in folder.iterdir()} == {
        "card.json", "model.onnx", "model.int8.onnx",
    }  # fmt: skip
    assert not any(contains_crop(folder, crop) for crop in samples.images[::5])
    assert b"of-Ann" not in held


def test_same_samples_give_the_same_files(
    source: Bundle, personal: TeachReport, tmp_path: Path
) -> None:
    again = teach(source, made_samples(), tmp_path / "again", name="ann")
    for precision in ("fp32", "int8"):
        one, other = written(personal).model(precision), written(again).model(precision)
        heads = read_head(one), read_head(other)
        assert np.allclose(heads[0].weight, heads[1].weight, atol=1e-6)
        assert len(one) == len(other)


def test_a_personal_bundle_is_not_counted_on_sessions_it_may_know(
    personal: TeachReport, tmp_path: Path
) -> None:
    """With one session more another fifth is held out: one that it was fitted to."""
    with pytest.raises(BundleError, match=r"fitted to sessions already.*Begin from made again"):
        teach(written(personal), made_samples(6), tmp_path / "again", name="again")
    assert list(tmp_path.iterdir()) == []


def test_worse_is_not_written_unless_asked_for(source: Bundle, tmp_path: Path) -> None:
    out = tmp_path / "worse"
    report = teach(source, misled(source), out, name="worse")
    assert "fp32" in report.worse
    assert report.before["fp32"].accuracy == 1
    assert report.after["fp32"].right < report.before["fp32"].right
    assert report.bundle is None
    assert list(tmp_path.iterdir()) == []
    kept = teach(source, misled(source), out, name="worse", allow_worse=True)
    assert kept.worse == report.worse
    (told,) = load_bundle(out).card.files["fp32"].metrics
    assert told["accuracy"] < told["before"]["accuracy"]


def test_a_bundle_without_int8_gets_none(source: Bundle, tmp_path: Path) -> None:
    alone = tmp_path / "alone"
    alone.mkdir()
    card = replace(source.card, files={"fp32": source.card.files["fp32"]})
    (alone / "card.json").write_text(card.to_json(), encoding="utf-8")
    (alone / "model.onnx").write_bytes(source.model("fp32"))
    report = teach(load_bundle(alone), made_samples(), tmp_path / "out", name="out")
    assert set(written(report).card.files) == {"fp32"}
    assert not (tmp_path / "out" / "model.int8.onnx").exists()


def test_nothing_is_replaced(source: Bundle, personal: TeachReport) -> None:
    with pytest.raises(InputError, match="not empty"):
        teach(source, made_samples(), written(personal).path, name="x")
    with pytest.raises(InputError, match="what the new bundle is made of"):
        teach(source, made_samples(), source.path, name="x")


@pytest.mark.parametrize(("sessions", "held"), [(2, 1), (5, 1), (7, 1), (8, 2), (10, 2), (15, 3)])
def test_a_fifth_of_the_sessions_is_held_out(sessions: int, held: int) -> None:
    samples = made_samples(sessions, 1)
    fitted, counted, twins = held_out_sessions(samples, 0)
    inside, outside = set(np.asarray(fitted.subjects)), set(np.asarray(counted.subjects))
    assert not inside & outside
    assert (len(inside), len(outside), twins) == (sessions - held, held, 0)
    assert len(fitted) + len(counted) == len(samples)


def test_which_sessions_is_decided_by_the_seed_not_by_the_order() -> None:
    samples = made_samples(10, 1)
    mixed = samples[np.random.default_rng(0).permutation(len(samples))]
    chosen = [
        set(np.asarray(held_out_sessions(rows, seed)[1].subjects))
        for rows, seed in ((samples, 0), (mixed, 0), (samples, 1))
    ]
    assert chosen[0] == chosen[1] != chosen[2]


def test_crops_that_were_fitted_to_are_not_counted() -> None:
    samples = made_samples(2, 4)
    images = samples.images.copy()
    images[16:19] = images[:3]
    _, counted, twins = held_out_sessions(replace(samples, images=images), 0)
    assert (len(counted), twins) == (13, 3)
    images[16:] = images[:16]
    with pytest.raises(DataError, match="every held-out crop is also"):
        held_out_sessions(replace(samples, images=images), 0)


def test_one_session_or_one_label_is_too_little(source: Bundle, tmp_path: Path) -> None:
    samples = made_samples(1)
    with pytest.raises(DataError, match=r"two sessions or more.*got 1; collect another"):
        teach(source, samples, tmp_path / "out", name="x")
    one_label = made_samples(3)[made_samples(3).labels == LABELS[0]]
    with pytest.raises(DataError, match="samples of one label only"):
        teach(source, one_label, tmp_path / "out", name="x")
    with pytest.raises(DataError, match="need their sessions"):
        teach(source, replace(samples, subjects=None), tmp_path / "out", name="x")
    assert list(tmp_path.iterdir()) == []


def problem(seed: int = 0) -> tuple[np.ndarray, np.ndarray, Head]:
    rng = np.random.default_rng(seed)
    features = rng.normal(size=(60, 8)) * 5
    start = Head(rng.normal(size=(4, 8)), rng.normal(size=4))
    return features, rng.integers(0, 4, 60), start


def test_the_fit_is_the_minimum() -> None:
    features, labels, start = problem()
    length = np.sqrt((features**2).sum(axis=1).mean())

    def loss(head: Head) -> float:
        p = softmax(head.logits(features), 1.7)
        moved = ((head.weight - start.weight) ** 2).sum() * length**2
        return metrics.nll(p, labels) + 0.05 * (moved + ((head.bias - start.bias) ** 2).sum())

    head = fit_head(features, labels, start, temperature=1.7, strength=0.1)
    least, rng = loss(head), np.random.default_rng(1)
    assert least < loss(start)
    for size in (1e-4, 1e-2, 1):
        for _ in range(20):
            step = rng.normal(size=(4, 9)) * size / length
            near = Head(head.weight + step[:, :8], head.bias + step[:, 8] * length)
            assert loss(near) > least


def test_strength_decides_how_far_the_head_moves() -> None:
    features, labels, start = problem()
    moved = [
        abs(fit_head(features, labels, start, temperature=1, strength=s).weight - start.weight)
        for s in (1e6, 1, 1e-3)
    ]
    assert moved[0].max() < 1e-5
    assert moved[0].sum() < moved[1].sum() < moved[2].sum()


def test_a_scale_of_the_features_changes_no_answer() -> None:
    features, labels, start = problem()
    larger = Head(start.weight / 100, start.bias)
    one = fit_head(features, labels, start, temperature=1, strength=0.1)
    other = fit_head(features * 100, labels, larger, temperature=1, strength=0.1)
    assert np.allclose(one.logits(features), other.logits(features * 100), atol=1e-5)


def test_features_without_a_length_are_refused() -> None:
    _, labels, start = problem()
    with pytest.raises(DataError, match="no usable features"):
        fit_head(np.zeros((60, 8)), labels, start, temperature=1, strength=1)


def test_noise_keeps_the_head_and_a_pattern_moves_it(source: Bundle) -> None:
    samples = made_samples()
    (features,) = Graph(source.model()).answers(samples.images, ("features",))
    start = read_head(source.model())
    noise = replace(samples, labels=np.random.default_rng(0).permutation(samples.labels))
    # This head knows how frequent the labels are, so that noise holds nothing to learn.
    knows = Head(np.zeros_like(start.weight), np.log(noise.counts / len(noise) + 1e-3))
    assert chosen_strength(features, noise, knows, 1.0) == STRENGTHS[0]
    assert chosen_strength(features, samples, start, 1.0) < 0.1
    alone = samples[np.asarray(samples.subjects) == samples.subjects[0]]
    assert chosen_strength(features[:16], alone, start, 1.0) == ONE_SESSION_STRENGTH
    assert list(STRENGTHS) == sorted(STRENGTHS, reverse=True)


def test_a_head_can_be_put_back(source: Bundle) -> None:
    model = source.model()
    head = read_head(model)
    both = ["features", "logits"]
    features, logits = Graph(model).answers(made_samples(1).images, both)
    assert np.allclose(head.logits(features), logits, atol=1e-4)
    same = with_head(with_head(model, head), head)
    assert np.array_equal(Graph(same).answers(made_samples(1).images, both)[1], logits)
    names = [tensor.name for tensor in onnx.load_from_string(same).graph.initializer]
    assert len(set(names)) == len(names)
    assert len(names) == len(onnx.load_from_string(model).graph.initializer)
    with pytest.raises(BundleError, match="has shape"):
        with_head(model, Head(head.weight[:, 1:], head.bias))


def test_an_ensemble_has_no_head(source: Bundle) -> None:
    merged = merge_graphs([source.model()] * 2, [1.0, 1.0], [1.0, 1.0])
    with pytest.raises(BundleError, match=r"no linear head.*ensembles have none"):
        read_head(merged)


def changed(source: Bundle, how: str) -> bytes:
    model = onnx.load_from_string(source.model())
    by_output = {name: node for node in model.graph.node for name in node.output}
    if how == "scaled":
        by_output["logits"].attribute.append(helper.make_attribute("alpha", 2.0))
    if how == "other input":
        by_output["logits"].input[0] = by_output["features"].input[0]
    if how == "maps":
        name = by_output["activation"].input[1]
        (tensor,) = (t for t in model.graph.initializer if t.name == name)
        tensor.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(tensor) * 2, name))
    return model.SerializeToString()


@pytest.mark.parametrize(
    ("how", "words"),
    [
        ("scaled", "no linear head"),
        ("other input", "no linear head"),
        ("maps", "activation maps of this model are not those of its head"),
    ],
)
def test_a_graph_that_is_not_understood_is_refused(source: Bundle, how: str, words: str) -> None:
    with pytest.raises(BundleError, match=words):
        read_head(changed(source, how))
