"""Data sets: readers, the cache, choices of rows, crops, manifests, converters.

``readers`` know files and layouts, ``select`` draws rows, ``crops`` makes faces of pictures.
"""

from mien.data.conversion import convert
from mien.data.faceset import FaceSet
from mien.data.manifest import Manifest, count_warnings, vote_warnings
from mien.data.origin import FER2013, origins_of, terms
from mien.data.readers import ReaderInfo, readers
from mien.data.readers.naming import read_map
from mien.data.readers.source import Source
from mien.data.select.choice import Choice
from mien.data.select.mixing import Part, mixed
from mien.data.sources import framing_warning, load, one_face_photos, reader_of

__all__ = [
    "FER2013",
    "Choice",
    "FaceSet",
    "Manifest",
    "Part",
    "ReaderInfo",
    "Source",
    "convert",
    "count_warnings",
    "framing_warning",
    "load",
    "mixed",
    "one_face_photos",
    "origins_of",
    "read_map",
    "reader_of",
    "readers",
    "terms",
    "vote_warnings",
]
