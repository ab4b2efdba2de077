"""Readers of published data sets, by their folder layouts.

>>> print(*sorted(readers()))
affectnet affectnet-csv ck ck48 expw ferplus jaffe kdef kdef-angles mmi rafdb
"""

from mien.data.readers import affectnet, ck, posed, wild
from mien.data.readers.registry import (
    DatasetReader,
    ReaderInfo,
    build_reader,
    readers,
    recognised,
)

_BUILT_IN = (affectnet, ck, posed, wild)  # imported so that they are filed in the registry

__all__ = ["DatasetReader", "ReaderInfo", "build_reader", "readers", "recognised"]
