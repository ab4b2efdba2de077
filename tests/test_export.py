"""Export: the graph answers as the network does, or nothing is written."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch

from made_bundle import made_bundle, made_network, made_splits
from mien.core.alignment import identity_affines
from mien.core.errors import DataError, ExportError, InputError
from mien.core.labels import agrawal5
from mien.export import bundle as export_module
from mien.export import export_bundle, network_logits, to_onnx
from mien.models import FaceCrop, build
from mien.runtime import Recognizer
from mien.runtime.session import open_session, run
from mien.store.bundle import load_bundle
from mien.store.training import Training


def test_probabilities_equal_the_networks(made) -> None:
    assert made.largest_difference <= 1e-4
    assert made.network_accuracy == made.metrics["fp32"]["accuracy"]


def test_every_output_equals_the_networks_on_a_real_region(made) -> None:
    network = made_network()
    image = np.random.default_rng(0).integers(0, 256, (150, 211, 3), np.uint8)
    affines = np.float32([[[60, 7, 100], [-7, 60, 70]], [[20, 0, 5], [0, 20, 140]]])
    names = made.bundle.card.outputs
    answers = run(open_session(made.bundle.model()), names, {"image": image, "affine": affines})
    with torch.no_grad():
        frames = FaceCrop()(torch.from_numpy(image), torch.from_numpy(affines))
        expected = network(frames)
    for name, answer in zip(names, answers, strict=True):
        np.testing.assert_allclose(answer, getattr(expected, name), atol=2e-4, err_msg=name)


def test_rows_that_are_all_right_leave_the_temperature_at_one(tmp_path: Path) -> None:
    faces = made_splits()
    answers = network_logits(made_network(), faces.images).argmax(axis=1)
    right = replace(faces, labels=answers.astype(np.int64))
    report = export_bundle(made_network(), right, tmp_path / "b", name="b", int8=False)
    file = report.bundle.card.files["fp32"]
    assert file.calibration.temperature == 1.0
    assert "all 30 rows are answered rightly" in file.metrics[0]["note"]
    assert (
        "note"
        not in export_bundle(made_network(), faces, tmp_path / "c", name="c", int8=False).metrics[
            "fp32"
        ]
    )


@pytest.mark.parametrize("precision", ["fp32", "int8"])
def test_activation_averages_to_the_logits(made, precision: str) -> None:
    session = open_session(made.bundle.model(precision))
    image = np.random.default_rng(1).integers(0, 256, (48, 48, 3), np.uint8)
    inputs = {"image": image, "affine": identity_affines(1)}
    logits, activation = run(session, ["logits", "activation"], inputs)
    np.testing.assert_allclose(activation.mean(axis=(2, 3)), logits, atol=1e-3)


def test_the_card_tells_the_truth(made) -> None:
    card = made.bundle.card
    network = made_network()
    assert card.labels == network.labels
    assert card.training == Training({"seed": 3})
    assert card.parameters == sum(p.numel() for p in network.parameters())
    for file in card.files.values():
        assert file.metrics[0]["n"] == 30
        assert "cross-fitted" in file.metrics[0]["protocol"]
    raw = json.loads((made.bundle.path / "card.json").read_text())
    assert raw["schema"] == "mien.bundle/1"


def test_the_graph_tells_nothing_of_this_machine(made) -> None:
    root = str(Path(__file__).parent.parent)
    for precision in made.bundle.card.files:
        data = made.bundle.model(precision)
        assert root.encode() not in data
        assert b".py" not in data
        assert not onnx.load_from_string(data).graph.value_info


def test_int8_touches_only_convolutions_of_the_trunk(made) -> None:
    model = onnx.load_from_string(made.bundle.model("int8"))
    made_by = {name: node for node in model.graph.node for name in node.output}
    quantised = [n for n in model.graph.node if _has_int8_weight(n, made_by)]
    assert {n.op_type for n in quantised} == {"Conv"}
    # The stem and two convolutions a block.
    assert len(quantised) == 1 + 4 * 2
    assert "activation" not in {n.output[0] for n in quantised}
    assert len(made.bundle.model("int8")) < len(made.bundle.model()) / 2


def _has_int8_weight(node: onnx.NodeProto, made_by: dict[str, onnx.NodeProto]) -> bool:
    source = made_by.get(node.input[1]) if len(node.input) > 1 else None
    return source is not None and "weight" in source.input[0] and "Dequant" in source.op_type


def test_a_graph_that_differs_is_not_written(tmp_path: Path, monkeypatch) -> None:
    other = to_onnx(build("nano"))
    monkeypatch.setattr(export_module, "to_onnx", lambda _: other)
    with pytest.raises(ExportError, match="nothing was written"):
        export_bundle(made_network(), made_splits(), tmp_path / "out", name="made", int8=False)
    assert list(tmp_path.iterdir()) == []


def test_a_wrong_output_is_not_written(tmp_path: Path, monkeypatch) -> None:
    def garbled(network):
        model = onnx.load_from_string(to_onnx(network))
        for node in model.graph.node:
            node.output[:] = ["true_votes" if name == "votes" else name for name in node.output]
        model.graph.node.append(onnx.helper.make_node("Neg", ["true_votes"], ["votes"]))
        return model.SerializeToString()

    monkeypatch.setattr(export_module, "to_onnx", garbled)
    with pytest.raises(ExportError, match="votes of the graph differs"):
        export_bundle(made_network(), made_splits(), tmp_path / "out", name="made", int8=False)
    assert list(tmp_path.iterdir()) == []


def test_int8_may_not_answer_worse() -> None:
    right = np.ones(3000, bool)
    worse = right.copy()
    worse[:60] = False
    with pytest.raises(ExportError, match=r"60 of 3000 rows fewer .* \(2\.00 points"):
        export_module.check_loss(right, worse)
    worse[15:] = True
    export_module.check_loss(right, worse)
    worse[15] = False
    with pytest.raises(ExportError, match="16 of 3000"):
        export_module.check_loss(right, worse)
    export_module.check_loss(right[:90], worse[13:103])  # three of ninety may be chance
    with pytest.raises(ExportError, match="16 of 90"):
        export_module.check_loss(right[:90], worse[:90])


def test_other_training_rows_are_refused(tmp_path: Path) -> None:
    told = Training({"data": {"training_sha256": "0" * 64}})
    with pytest.raises(DataError, match="other Training rows"):
        export_bundle(made_network(), made_splits(), tmp_path / "x", name="x", training=told)


def test_votes_are_disclosed(made) -> None:
    assert any("FER+" in note for note in made.bundle.card.notes)


def test_an_existing_bundle_is_kept_unless_told(tmp_path: Path) -> None:
    made_bundle(tmp_path / "out", int8=False)
    before = (tmp_path / "out" / "card.json").read_bytes()
    with pytest.raises(InputError):
        made_bundle(tmp_path / "out", int8=False)
    assert (tmp_path / "out" / "card.json").read_bytes() == before
    export_bundle(
        made_network(), made_splits(), tmp_path / "out", name="again", int8=False, replace=True
    )
    assert load_bundle(tmp_path / "out").card.name == "again"


def test_calibration_needs_rows_of_its_own(tmp_path: Path) -> None:
    faces = made_splits()
    with pytest.raises(DataError, match="no rows of split"):
        export_bundle(made_network(), faces, tmp_path / "a", name="x", calibration_split="Other")
    doubled = made_splits(40, 40)
    doubled.images[40:] = doubled.images[:40]
    with pytest.raises(DataError, match="twin"):
        export_bundle(made_network(), doubled, tmp_path / "b", name="x")


def test_other_label_spaces_export_too(tmp_path: Path) -> None:
    network = build("nano", labels=agrawal5, votes=False)
    faces = made_splits(42, 42).mapped(agrawal5)
    report = export_bundle(network, faces, tmp_path / "five", name="five", int8=False)
    assert report.bundle.card.labels == agrawal5
    assert "votes" not in report.bundle.card.outputs


def test_a_card_can_say_what_degraded_crops_cost(tmp_path: Path) -> None:
    rows = made_splits(n_public=21)
    export_bundle(made_network(), rows, tmp_path / "b", name="made", int8=False, degraded=True)
    card = load_bundle(tmp_path / "b").card
    one, degraded = card.files["fp32"].metrics
    assert degraded["protocol"].startswith("robustness")
    assert (degraded["n"], degraded["accuracy"]) == (one["n"], pytest.approx(one["accuracy"]))
    reader = Recognizer(load_bundle(tmp_path / "b"), detector="none")
    public = rows.split("PublicTest")
    dark = (public.images * 0.1).round().astype(np.uint8)
    right = [
        (reader.crop_logits(x).argmax(1) == public.labels).mean() for x in (public.images, dark)
    ]
    expected = round(100 * float(right[0] - right[1]), 1)
    assert degraded["points_lost"]["dark a tenth"] == pytest.approx(expected)
