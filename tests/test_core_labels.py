"""Label spaces and the recorded mappings between them."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mien.core.errors import LabelError, UnknownNameError
from mien.core.labels import (
    LabelSpace,
    agrawal5,
    ck7,
    fer7,
    ferplus8,
    four,
    label_space,
    label_spaces,
    mapping,
)

SPACES = [label_space(name) for name in label_spaces()]
RECORDED = {
    ("fer7", "agrawal5"), ("fer7", "four"), ("ferplus8", "fer7"), ("ck7", "fer7"),
    ("ck7", "ferplus8"), ("fer7", "ferplus8"),
    *((space, to) for space in ("ck8", "affectnet8")
      for to in ("fer7", "ferplus8", "agrawal5", "four")),
    ("ck7", "agrawal5"), ("ck7", "four"), ("ferplus8", "agrawal5"), ("ferplus8", "four"),
}  # fmt: skip


def test_fer7_has_the_order_of_the_challenge_table():
    assert fer7.labels == ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")


def test_built_in_spaces_are_found_by_name():
    assert label_spaces() == (
        "fer7", "ferplus8", "agrawal5", "four", "ck7", "ck8", "affectnet8",
    )  # fmt: skip
    assert label_space("ck7") is ck7
    with pytest.raises(UnknownNameError, match="did you mean 'fer7'"):
        label_space("fer-7")


def test_our_own_choice_says_so():
    assert "mien's own choice" in four.note


@pytest.mark.parametrize("labels", [(), ("one",), ("a", "a"), ("a", ""), ("a", " ")])
def test_a_space_needs_two_unique_names(labels):
    with pytest.raises(LabelError):
        LabelSpace("bad", labels)


def test_a_list_of_names_becomes_a_tuple():
    space = LabelSpace("listed", ["a", "b"])  # pyright: ignore[reportArgumentType]
    assert space.labels == ("a", "b")
    assert hash(space) == hash(LabelSpace("listed", ("a", "b"), note="not compared"))


def test_index_and_its_error():
    assert [fer7.index(label) for label in fer7.labels] == list(range(7))
    with pytest.raises(LabelError, match=r"unknown label 'joy' in fer7; known: angry, disgust"):
        fer7.index("joy")


@pytest.mark.parametrize("space", SPACES, ids=lambda s: s.name)
def test_mapping_into_itself_changes_nothing(space):
    labels = np.arange(len(space))
    assert mapping(space, space).apply(labels).tolist() == labels.tolist()


@pytest.mark.parametrize(
    ("source", "target"), list(itertools.permutations(SPACES, 2)), ids=lambda s: s.name
)
def test_only_recorded_mappings_exist(source, target):
    if (source.name, target.name) not in RECORDED:
        with pytest.raises(LabelError, match="Recorded mappings: fer7 -> agrawal5"):
            mapping(source, target)
        return
    found = mapping(source, target)
    assert found.table.shape == (len(source),)
    assert set(found.table.tolist()) <= {-1, *range(len(target))}
    for i, j in enumerate(found.table.tolist()):  # a shared name never changes its meaning
        if source.labels[i] in target.labels:
            assert target.labels[j] == source.labels[i]


def test_agrawal_joins_fear_and_surprise_and_drops_disgust():
    named = dict(zip(fer7.labels, mapping(fer7, agrawal5).table.tolist(), strict=True))
    assert named == {
        "angry": 0, "disgust": -1, "fear": 1, "happy": 2, "sad": 4, "surprise": 1, "neutral": 3,
    }  # fmt: skip


def test_four_drops_three_and_ferplus_drops_contempt():
    assert mapping(fer7, four).apply(np.arange(7)).tolist() == [0, -1, -1, 1, 2, -1, 3]
    assert mapping(ferplus8, fer7).table[ferplus8.index("contempt")] == -1
    assert (mapping(fer7, ferplus8).table >= 0).all()


@given(st.lists(st.integers(0, 6), max_size=30))
def test_mapping_is_row_by_row_and_back_again(rows):
    labels = np.array(rows, dtype=np.int64)
    there = mapping(fer7, ferplus8).apply(labels)
    assert mapping(ferplus8, fer7).apply(there).tolist() == rows
    assert there.tolist() == [int(mapping(fer7, ferplus8).apply(np.array([r]))[0]) for r in rows]


@pytest.mark.parametrize("rows", [[-1], [7], [0, 7]])
def test_indices_outside_the_space_are_refused(rows):
    with pytest.raises(LabelError, match="run from 0 to 6"):
        mapping(fer7, four).apply(np.array(rows))


@pytest.mark.parametrize("dtype", [float, bool])
def test_indices_must_be_whole_numbers(dtype):
    with pytest.raises(LabelError, match="whole numbers"):
        mapping(fer7, four).apply(np.array([1, 0], dtype=dtype))


def test_a_custom_space_with_a_known_name_is_not_taken_for_it():
    impostor = LabelSpace("fer7", ("a", "b"))
    with pytest.raises(LabelError, match="no mapping from fer7 to agrawal5"):
        mapping(impostor, agrawal5)


def test_equal_labels_are_the_same_space_whatever_the_name():
    assert mapping(LabelSpace("mine", fer7.labels), fer7).table.tolist() == list(range(7))
