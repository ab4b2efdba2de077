"""What all tests share: property tests are judged by answers, never by the clock."""

from __future__ import annotations

import os

from hypothesis import settings

# Tests neither read nor fill the user's cache of data sets; those of the cache name a folder.
os.environ["MIEN_CACHE"] = "off"

settings.register_profile("mien", deadline=None)
settings.load_profile("mien")
