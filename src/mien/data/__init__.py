"""Data sets: readers, the cache, splits and twins, votes, mixtures, manifests, converters."""

from mien.data.cache import default_folder
from mien.data.convert import check_writable, write_folder, write_table
from mien.data.faceset import FaceSet
from mien.data.fer2013 import KNOWN_COUNTS, load_fer2013, parse_fer2013
from mien.data.ferplus import (
    VOTE_COLUMNS,
    Votes,
    load_ferplus,
    parse_ferplus,
    vote_targets,
    with_votes,
)
from mien.data.folders import LabelledPath, labelled_paths, load_folder
from mien.data.folds import folds, one_fold_out
from mien.data.framing import framing_warning
from mien.data.listing import Photo
from mien.data.manifest import (
    Manifest,
    Overlap,
    SplitRecord,
    TwinGroup,
    count_warnings,
    vote_warnings,
)
from mien.data.mixing import Mixture, Part, joined, mixed
from mien.data.origin import FER2013, Origin, origins_of
from mien.data.photos import crop_photos
from mien.data.readers import ReaderInfo, readers
from mien.data.sampling import balanced_split, class_samples, random_split
from mien.data.sources import (
    check_mapped,
    in_space,
    listed_photos,
    load,
    one_face_photos,
    reader_of,
)
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
    "FER2013",
    "KNOWN_COUNTS",
    "VOTE_COLUMNS",
    "FaceSet",
    "LabelledPath",
    "Manifest",
    "Mixture",
    "Origin",
    "Overlap",
    "Part",
    "Photo",
    "ReaderInfo",
    "SplitRecord",
    "TwinGroup",
    "Twins",
    "Votes",
    "balanced",
    "balanced_split",
    "check_mapped",
    "check_writable",
    "class_samples",
    "class_weights",
    "count_warnings",
    "crop_photos",
    "deduplicated",
    "default_folder",
    "folds",
    "framing_warning",
    "held_out",
    "in_common",
    "in_space",
    "joined",
    "labelled_paths",
    "listed_photos",
    "load",
    "load_fer2013",
    "load_ferplus",
    "load_folder",
    "mixed",
    "one_face_photos",
    "one_fold_out",
    "origins_of",
    "parse_fer2013",
    "parse_ferplus",
    "random_split",
    "reader_of",
    "readers",
    "twins",
    "vote_targets",
    "vote_warnings",
    "with_votes",
    "without_conflicts",
    "write_folder",
    "write_table",
]
