"""Environments of the peers, each apart from the others and from the project's own."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
import venv
from collections.abc import Callable, Sequence
from pathlib import Path

from peers.known import ROOT, Peer

ALONE = "# alone"
"""Marks a pin that is installed without what it asks for: it asks for other versions of packages
that are pinned here, or for packages that its expressions do not need."""

DONE = "installed.json"


def pinned(text: str) -> tuple[list[str], list[str]]:
    """Pins that are installed with, and those without, what they ask for."""
    lines = [line.strip() for line in text.splitlines() if line.strip() and line[0] != "#"]
    alone = [line.removesuffix(ALONE).strip() for line in lines if line.endswith(ALONE)]
    return [line for line in lines if not line.endswith(ALONE)], alone


def python_of(home: Path) -> Path:
    """The interpreter of a Python environment."""
    return home / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")


def packages_of(peer: Peer, home: Path) -> Path:
    """Folder of the installed packages: ``site-packages`` or ``node_modules``."""
    if peer.in_node:
        return home / "node_modules"
    return next(home.glob("[Ll]ib/**/site-packages"))


def size_of(packages: Path) -> int:
    """Bytes that an environment's packages take, without pip and compiled bytecode."""
    return sum(
        path.lstat().st_size
        for path in packages.rglob("*")
        if path.is_file()
        and "__pycache__" not in path.parts
        and not path.relative_to(packages).parts[0].startswith("pip")
    )


def installed(peer: Peer, home: Path) -> dict[str, int] | None:
    """Sizes in bytes of an environment that has these pins; None where it is missing or older."""
    try:
        record = json.loads((home / DONE).read_text(encoding="utf-8"))
    except OSError:
        return None
    return record["bytes"] if record["pins"] == _sha(peer.pins) else None


def install(peer: Peer, home: Path, run: Callable[[Sequence[str | Path], Path], None]) -> None:
    """Make an environment, unless it is there with the same pins.

    Args:
        peer: Whose.
        home: Its folder; a half-made one is made from the start.
        run: Runs a command in a folder and raises where it fails.
    """
    if installed(peer, home) is not None:
        return
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir(parents=True)
    if peer.in_node:
        shutil.copyfile(peer.pins, home / "package.json")
        flags = ("--no-package-lock", "--ignore-scripts", "--no-audit", "--no-fund")
        run(("npm", "install", *flags), home)
    else:
        venv.create(home, with_pip=True)
        pip = (python_of(home), "-m", "pip", "--disable-pip-version-check", "install", "--quiet")
        if peer.ours:
            run((*pip, "-c", peer.pins, "-e", ROOT), home)
        else:
            pins, alone = pinned(peer.pins.read_text(encoding="utf-8"))
            run((*pip, *pins), home)
            run((*pip, "--no-deps", *alone), home)
    record = {"pins": _sha(peer.pins), "bytes": _sizes(peer, packages_of(peer, home))}
    (home / DONE).write_text(json.dumps(record), encoding="utf-8")


def _sizes(peer: Peer, packages: Path) -> dict[str, int]:
    sizes = {"installed": size_of(packages)}
    if peer.ours:  # it is installed as a link to the checkout
        sizes["installed"] += size_of(ROOT / "src" / "mien")
    else:
        sizes["weights"] = (packages / peer.weights).stat().st_size
    return sizes


def checked_run(command: Sequence[str | Path], folder: Path) -> None:
    """Run a command in a folder, its output on standard error.

    Raises:
        CalledProcessError: If it fails.
    """
    subprocess.run(command, cwd=folder, check=True, stdout=sys.stderr)


def _sha(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
