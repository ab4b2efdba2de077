"""Data sets: readers, the cache, splits and twins, votes, manifests, converters."""

from mien.data.cache import default_folder
from mien.data.convert import write_folder, write_table
from mien.data.faceset import FaceSet
from mien.data.fer2013 import KNOWN_COUNTS, USAGES, load_fer2013, parse_fer2013
from mien.data.ferplus import (
    VOTE_COLUMNS,
    Votes,
    load_ferplus,
    parse_ferplus,
    vote_targets,
    with_votes,
)
from mien.data.folders import LabelledPath, labelled_paths, load_folder
from mien.data.manifest import (
    Manifest,
    Overlap,
    SplitRecord,
    TwinGroup,
    count_warnings,
    vote_warnings,
)
from mien.data.sources import load
from mien.data.subsets import (
    Twins,
    balanced,
    class_weights,
    deduplicated,
    held_out,
    in_common,
    twins,
    without_conflicts,
)

__all__ = [
    "KNOWN_COUNTS",
    "USAGES",
    "VOTE_COLUMNS",
    "FaceSet",
    "LabelledPath",
    "Manifest",
    "Overlap",
    "SplitRecord",
    "TwinGroup",
    "Twins",
    "Votes",
    "balanced",
    "class_weights",
    "count_warnings",
    "deduplicated",
    "default_folder",
    "held_out",
    "in_common",
    "labelled_paths",
    "load",
    "load_fer2013",
    "load_ferplus",
    "load_folder",
    "parse_fer2013",
    "parse_ferplus",
    "twins",
    "vote_targets",
    "vote_warnings",
    "with_votes",
    "without_conflicts",
    "write_folder",
    "write_table",
]
