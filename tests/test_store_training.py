"""What cards record of trainings: written back byte for byte, asked in one place."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from mien.store.bundle import open_bundle
from mien.store.card import parse_card
from mien.store.training import Fold, HeldOut, Training

SMALL = (open_bundle("small").path / "card.json").read_text(encoding="utf-8")
RECORDS = json.loads((Path(__file__).parent / "golden" / "trainings.json").read_text("utf-8"))
"""Records of every kind, from bundles of the tests, written before ``Training`` was a type."""


def test_the_shipped_card_is_written_back_byte_for_byte() -> None:
    assert parse_card(SMALL).to_json() == SMALL


@pytest.mark.parametrize("kind", RECORDS)
def test_a_record_of_any_kind_is_written_back_byte_for_byte(kind: str) -> None:
    text = json.dumps(json.loads(SMALL) | {"training": RECORDS[kind]}, indent=1) + "\n"
    assert parse_card(text).to_json() == text


def test_unknown_keys_stay_in_their_place() -> None:
    record = {"zeal": 3, "config": {"new": [1, {"a": None}]}, "another": "x"}
    text = json.dumps(json.loads(SMALL) | {"training": record}, indent=1) + "\n"
    assert parse_card(text).to_json() == text


def test_every_member_is_asked_however_deep() -> None:
    inner = {"ensemble": [{"name": "b", "training": {"config": {"votes_weight": 0.4}}}]}
    members = [{"name": "a", "training": {}}, {"name": "inner", "training": inner}]
    both = Training({"ensemble": members})
    assert both.is_ensemble
    assert [(name, each.vote_weight) for name, each in both.each("both")] == [("a", 0), ("b", 0.4)]
    assert list(Training({}).each("one")) == [("one", Training({}))]


def test_folds_and_held_out_rows() -> None:
    left = Training({"config": {"folds": 4, "fold": 1, "fold_seed": 7, "held_out": 0.1}})
    assert left.fold == Fold(4, 1, 7)
    assert left.held_out == HeldOut(0.1, 0)
    assert left.drawn_fold is None
    drawn = Training({"drawn": {"pool": ["Training"], "folds": 3}})
    assert (drawn.fold, drawn.drawn_fold) == (None, Fold(3, 0, 0))
    none = Training({"config": {"folds": 0, "held_out": 0.0}})
    assert (none.fold, none.held_out) == (None, None)


@pytest.mark.parametrize("value", [None, 3, "mine", [], [3], {"pool": "Training"}])
def test_what_another_program_wrote_in_a_table_s_place_is_no_answer(value: Any) -> None:
    keys = ("config", "data", "ensemble", "finetuned")
    record = {key: value for key in keys if not isinstance(value, list) or not value}
    odd = Training({**record, "drawn": value})
    for _, each in odd.each():
        assert each.fold is None
        assert each.vote_weight == 0
        assert each.training_sha256 is None
        assert each.drawn_from == frozenset()


def test_weights_from_elsewhere_are_found_wherever_they_are_recorded() -> None:
    begun = {"network": {"pretrained": "weights/vgg.safetensors"}}
    again = {"network": {"pretrained": "timm"}}
    assert Training({"config": begun}).pretrained == ("vgg.safetensors",)
    assert Training({"joint": {"members": [again, {"members": [begun]}]}}).pretrained == (
        "timm",
        "vgg.safetensors",
    )
    assert Training({"before": {"vgg": begun}, "first": {"config": again}}).pretrained == (
        "timm",
        "vgg.safetensors",
    )
    assert Training({"config": {"network": {"pretrained": ""}}}).pretrained == ()
