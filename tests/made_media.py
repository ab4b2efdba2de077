"""Pictures for schemathesis, which knows no JPEG: a module of hooks that its command loads."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import strategies as st

from made_server import picture

schemathesis: Any = pytest.importorskip("schemathesis")  # pytest looks into every module here

_KINDS = {"image/jpeg": "JPEG", "image/png": "PNG", "image/webp": "WEBP"}

schemathesis.openapi.format("binary", st.sampled_from([picture(kind) for kind in _KINDS.values()]))
for media_type, kind in _KINDS.items():
    schemathesis.openapi.media_type(media_type, st.just(picture(kind)))
