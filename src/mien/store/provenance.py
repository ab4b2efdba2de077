"""Which code made a model, as its card and its run record it."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path


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
