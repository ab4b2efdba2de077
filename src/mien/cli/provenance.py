"""What a card records of where a model comes from: which code, and whose data."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path


def terms(*sources: Path) -> dict[str, str]:
    """What a card records of data sets other than FER2013: whose they are, under which terms.

    ``data_set`` names them where nothing else was trained on, so that a card says nothing of
    FER2013 that does not hold; ``data_terms`` are the terms of each.

    Raises:
        DataError: As ``data.origins_of`` does.
    """
    from mien.data import FER2013, origins_of

    found = dict.fromkeys(origin for source in sources for origin in origins_of(source))
    others = [origin for origin in found if origin != FER2013]
    if not others:
        return {}
    names = dict.fromkeys(origin.title for origin in others)
    only = {"data_set": ", ".join(names)} if len(others) == len(found) else {}
    return only | {"data_terms": "; ".join(f"{each.title}: {each.terms}" for each in others)}


def provenance() -> dict[str, str]:
    """Version of mien, and the commit ("-dirty" with uncommitted changes) where there is one."""
    import mien

    found = {"mien": mien.__version__}
    root, git = Path(mien.__file__).parents[2], shutil.which("git")
    if git is None or not (root / ".git").exists():
        return found
    describe = ["describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"]
    command = [git, "-C", str(root), *describe]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - fixed words
    commit = done.stdout.strip()
    return {**found, "commit": commit} if commit else found
