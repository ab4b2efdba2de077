"""What a card tells of where a model comes from: which code, and whose data."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path


def terms(*sources: Path) -> dict[str, str]:
    """What a card tells of data sets other than FER2013: whose they are, and under which terms.

    ``data_set`` names them where nothing else was trained on, so that a card says nothing of
    FER2013 that does not hold; ``data_terms`` are the terms of each.

    Raises:
        DataError: As ``data.reader_of`` does.
    """
    from mien.data import reader_of

    found = [reader_of(source) for source in sources]
    known = [info for info in found if info is not None]
    if not known:
        return {}
    told = dict.fromkeys(f"{info.title}: {info.terms}" for info in known)
    names = dict.fromkeys(info.title for info in known)
    only = {"data_set": ", ".join(names)} if len(known) == len(found) else {}
    return only | {"data_terms": "; ".join(told)}


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
