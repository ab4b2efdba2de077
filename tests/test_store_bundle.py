"""Bundles: what is read is what was written, and nothing else."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from onnx import TensorProto, helper

from mien.core.errors import BundleError, InputError, UnknownNameError
from mien.core.labels import fer7
from mien.store.bundle import bundle_names, check_model, load_bundle, open_bundle, writing_bundle
from mien.store.card import Calibration, Card, Geometry, ModelFile, parse_card
from mien.store.onnx_wire import scan
from mien.store.training import Training


def tiny_model(domain: str = "", opset: int = 18) -> onnx.ModelProto:
    weight = helper.make_tensor("w", TensorProto.FLOAT, [2], [1.0, 2.0])
    node = helper.make_node("Add", ["x", "w"], ["y"], domain=domain)
    graph = helper.make_graph(
        [node],
        "tiny",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [2])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [2])],
        [weight],
    )
    opsets = [helper.make_opsetid("", opset)]
    if domain:
        opsets.append(helper.make_opsetid(domain, 1))
    return helper.make_model(graph, opset_imports=opsets)


def made_card(sha256: str = "0" * 64) -> Card:
    file = ModelFile(sha256, Calibration(1.3, 0.4, 0.2), ({"n": 3},))
    geometry = Geometry(48, 44, 3, ((15.0, 17.0), (32.0, 17.0), (23.5, 37.0)), 1.0)
    return Card("made", fer7, ("logits", "features"), geometry, {"fp32": file}, 10, 20)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    data = tiny_model().SerializeToString()
    path = tmp_path / "bundle"
    path.mkdir()
    (path / "model.onnx").write_bytes(data)
    (path / "card.json").write_text(made_card(hashlib.sha256(data).hexdigest()).to_json())
    return path


def test_a_card_survives_writing() -> None:
    assert parse_card(made_card().to_json()) == made_card()


def test_the_bytes_that_are_hashed_are_the_bytes_returned(folder: Path) -> None:
    bundle = load_bundle(folder)
    assert bundle.model() == (folder / "model.onnx").read_bytes()
    with pytest.raises(BundleError, match="has no int8 model"):
        bundle.model("int8")


@pytest.mark.parametrize("cut", [0, 1, 40, -1])
def test_a_truncated_model_is_refused(folder: Path, cut: int) -> None:
    data = (folder / "model.onnx").read_bytes()
    (folder / "model.onnx").write_bytes(data[:cut])
    with pytest.raises(BundleError, match="altered or damaged"):
        load_bundle(folder).model()


def test_one_changed_bit_is_refused(folder: Path) -> None:
    data = bytearray((folder / "model.onnx").read_bytes())
    data[len(data) // 2] ^= 1
    (folder / "model.onnx").write_bytes(data)
    with pytest.raises(BundleError, match="sha256 differs"):
        load_bundle(folder).model()


def test_missing_files_are_named(folder: Path) -> None:
    (folder / "model.onnx").unlink()
    with pytest.raises(BundleError, match="is the bundle complete"):
        load_bundle(folder).model()
    with pytest.raises(BundleError, match=r"card\.json"):
        load_bundle(folder.parent)


def test_a_huge_file_is_refused_before_it_is_read(folder: Path) -> None:
    with (folder / "model.onnx").open("wb") as file:
        file.truncate((1 << 30) + 1)
    with pytest.raises(BundleError, match="larger than"):
        load_bundle(folder).model()
    with (folder / "card.json").open("wb") as file:
        file.truncate((4 << 20) + 1)
    with pytest.raises(BundleError, match="larger than 4 MiB"):
        load_bundle(folder)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
@pytest.mark.timeout(20)
def test_a_pipe_in_place_of_a_file_is_not_waited_for(folder: Path) -> None:
    (folder / "card.json").unlink()
    os.mkfifo(folder / "card.json")
    with pytest.raises(BundleError, match="no plain file"):
        load_bundle(folder)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"schema": "mien.bundle/2"}, "update mien"),
        ({"schema": None}, "schema"),
        ({"surprise": 1}, "unknown field surprise"),
        ({"outputs": ["features", "logits"]}, "must begin with logits"),
        ({"outputs": ["logits", "secrets"]}, "be among"),
        ({"outputs": ["logits", "features", "features"]}, "each once"),
        ({"files": {}}, "must have an fp32 file"),
        ({"files": {"fp64": {}}}, "unknown precision"),
        ({"labels": {"name": "x", "labels": ["a", "a"], "note": ""}}, "unique"),
        ({"labels": None}, "garbles"),
        ({"name": 3}, "expected text"),
        ({"macs": -1}, "whole number"),
        ({"macs": True}, "whole number"),
        ({"geometry": {}}, "lacks"),
    ],
)
def test_a_wrong_card_is_refused(change: dict, message: str) -> None:
    raw = json.loads(made_card().to_json())
    raw.update(change)
    with pytest.raises(BundleError, match=message):
        parse_card(json.dumps(raw))


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        (("calibration", "temperature"), 0, "impossible calibration"),
        (("calibration", "temperature"), "1.3", "finite number"),
        pytest.param(("calibration", "temperature"), 10**400, "garbles", id="huge"),
        (("calibration", "threshold"), 1.5, "impossible calibration"),
        (("calibration", "risk"), 7, "impossible calibration"),
        (("sha256",), "abc", "64 hexadecimal"),
    ],
)
def test_a_wrong_file_entry_is_refused(path: tuple, value: object, message: str) -> None:
    raw = json.loads(made_card().to_json())
    entry = raw["files"]["fp32"]
    for key in path[:-1]:
        entry = entry[key]
    entry[path[-1]] = value
    with pytest.raises(BundleError, match=message):
        parse_card(json.dumps(raw))


@pytest.mark.parametrize(
    "value", [float("nan"), float("inf"), float("-inf"), object(), {"deep": [float("nan")]}]
)
@pytest.mark.parametrize("place", ["metrics", "training"])
def test_a_card_is_not_written_with_what_json_cannot_say(place: str, value: object) -> None:
    card = made_card()
    if place == "training":
        card = replace(card, training=Training({"seconds": value}))
    else:
        file = replace(card.files["fp32"], metrics=({"ece": value},))
        card = replace(card, files={"fp32": file})
    with pytest.raises(BundleError, match="card of made holds what JSON cannot say"):
        card.to_json()


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("NaN", "NaN is no number"),
        ("Infinity", "Infinity is no number"),
        ("-Infinity", "-Infinity is no number"),
        ("1e999", "1e999 is too large"),
        ('{"a": 1, "a": 2}', "'a' is named twice"),
    ],
)
@pytest.mark.parametrize("place", ['"training": {}', '"n": 3'])
def test_a_card_with_what_is_no_json_is_refused(place: str, value: str, message: str) -> None:
    text = made_card().to_json()
    assert text.count(place) == 1
    key = place.split(":")[0]
    with pytest.raises(BundleError, match=message):
        parse_card(text.replace(place, f'{key}: {{"x": {value}}}'))


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("box_scale", 0, "must be above 0"),
        ("box_scale", -1, "must be above 0"),
        ("samples", 0, "must be above 0"),
        ("input_size", 0, "must be above 0"),
        ("frame", 0, "must be above 0"),
        ("template", [[20, 20]] * 3, "must be a triangle"),
        ("template", [[10, 20], [20, 20], [30, 20]], "must be a triangle"),
    ],
)
def test_an_impossible_crop_is_refused(key: str, value: object, message: str) -> None:
    raw = json.loads(made_card().to_json())
    raw["geometry"][key] = value
    with pytest.raises(BundleError, match=message):
        parse_card(json.dumps(raw))


def test_a_bundle_is_replaced_and_nothing_else(folder: Path, tmp_path: Path) -> None:
    with writing_bundle(folder, replace=True) as part:
        (part / "card.json").write_text("new")
    assert [path.name for path in folder.iterdir()] == ["card.json"]
    (folder / "last.ckpt").touch()
    with (
        pytest.raises(InputError, match=r"holds 'last\.ckpt'"),
        writing_bundle(folder, replace=True),
    ):
        pytest.fail("it must not begin")
    (folder / "last.ckpt").unlink()
    with (
        pytest.raises(InputError, match="made of"),
        writing_bundle(folder, replace=True, keep=[tmp_path / "gone", folder]),
    ):
        pytest.fail("it must not begin")
    with pytest.raises(InputError, match="not empty"), writing_bundle(folder):
        pytest.fail("it must not begin")
    assert (folder / "card.json").read_text() == "new"


def test_two_template_points_are_too_few() -> None:
    raw = json.loads(made_card().to_json())
    raw["geometry"]["template"].pop()
    with pytest.raises(BundleError, match="three points"):
        parse_card(json.dumps(raw))


@pytest.mark.parametrize("text", ["", "{", "[]", "3", "[" * 100_000])
def test_what_is_no_card_is_refused(text: str) -> None:
    with pytest.raises(BundleError, match=r"card\.json"):
        parse_card(text)


def test_scan_reads_a_plain_model() -> None:
    found = scan(tiny_model().SerializeToString())
    assert (found.opset, found.domains, found.external, found.functions) == (18, set(), False, 0)


def test_weights_in_another_file_are_refused(tmp_path: Path) -> None:
    model = tiny_model()
    model.graph.initializer[0].raw_data = np.float32([1, 2]).tobytes()
    onnx.external_data_helper.set_external_data(model.graph.initializer[0], "../../etc/passwd")
    with pytest.raises(BundleError, match="weights in another file"):
        check_model(model.SerializeToString(), "model.onnx")


def test_external_data_in_a_nested_graph_is_found() -> None:
    inner = tiny_model().graph
    tensor = inner.initializer[0]
    tensor.data_location = TensorProto.EXTERNAL
    model = tiny_model()
    model.graph.node.append(
        helper.make_node("If", ["x"], ["z"], then_branch=inner, else_branch=inner)
    )
    assert scan(model.SerializeToString()).external


def field_bytes(key: int, content: bytes) -> bytes:
    return varint(key) + varint(len(content)) + content


@pytest.mark.parametrize("bit", [32, 35, 63])
def test_external_data_behind_a_key_that_parsers_cut_to_32_bits_is_refused(bit: int) -> None:
    def model(key: int) -> bytes:
        tensor = field_bytes(key, field_bytes(1 << 3 | 2, b"location"))
        graph = field_bytes(5 << 3 | 2, tensor)
        return tiny_model().SerializeToString() + field_bytes(7 << 3 | 2, graph)

    assert scan(model(13 << 3 | 2)).external
    with pytest.raises(BundleError, match="impossible field"):
        scan(model((13 << 3 | 2) + (1 << bit)))


@pytest.mark.parametrize("kind", [0, 1, 2, 5])
def test_field_number_zero_is_refused(kind: int) -> None:
    data = tiny_model().SerializeToString() + bytes([kind]) + bytes(9)
    with pytest.raises(BundleError, match="impossible field"):
        scan(data)


def test_custom_domains_and_functions_are_refused() -> None:
    with pytest.raises(BundleError, match=r"outside ai\.onnx \(evil\.ops\)"):
        check_model(tiny_model("evil.ops").SerializeToString(), "model.onnx")
    model = tiny_model()
    model.functions.append(
        helper.make_function(
            "",
            "Mine",
            ["a"],
            ["b"],
            [helper.make_node("Identity", ["a"], ["b"])],
            [helper.make_opsetid("", 18)],
        )
    )
    with pytest.raises(BundleError, match="local functions"):
        check_model(model.SerializeToString(), "model.onnx")


def test_an_old_opset_is_refused() -> None:
    with pytest.raises(BundleError, match="opset 16"):
        check_model(tiny_model(opset=16).SerializeToString(), "model.onnx")


@given(st.binary(max_size=200))
def test_random_bytes_never_pass_nor_crash(data: bytes) -> None:
    with pytest.raises(BundleError):
        check_model(data, "model.onnx")


@given(cut=st.integers(0, 150))
def test_a_cut_model_is_refused_or_without_opset(cut: int) -> None:
    data = tiny_model().SerializeToString()
    if cut < len(data) - 6:  # the operator set is the last field
        with pytest.raises(BundleError):
            scan(data[:cut])


def test_deep_nesting_is_refused() -> None:
    data = b""
    for _ in range(60):  # attribute 6 = graph, graph 1 = node, node 5 = attribute
        for field in (6, 5, 1):
            data = bytes([field << 3 | 2]) + varint(len(data)) + data
    with pytest.raises(BundleError, match="too deeply"):
        scan(bytes([7 << 3 | 2]) + varint(len(data)) + data[0:])


def varint(value: int) -> bytes:
    out = bytearray()
    while True:
        out.append(value & 0x7F | (0x80 if value > 0x7F else 0))
        value >>= 7
        if not value:
            return bytes(out)


def test_open_by_folder_and_by_name(folder: Path) -> None:
    assert open_bundle(folder).card.name == "made"
    assert open_bundle(str(folder)).card.name == "made"
    with pytest.raises(UnknownNameError, match="unknown model"):
        open_bundle("no-such-model")
    for path in ("./no-such-model", Path("no-such-model")):
        with pytest.raises(UnknownNameError, match=r"no folder .*no-such-model'; check the path"):
            open_bundle(path)


def test_built_in_bundles_are_whole() -> None:
    for name in bundle_names():
        bundle = open_bundle(name)
        for precision in bundle.card.files:
            assert bundle.model(precision)


def test_a_copied_bundle_is_the_same(folder: Path, tmp_path: Path) -> None:
    shutil.copytree(folder, tmp_path / "copy")
    assert load_bundle(tmp_path / "copy").card == load_bundle(folder).card
