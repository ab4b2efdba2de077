"""Pack the built page into the package: ``python tools/pack_page.py web/dist``.

The archive is the same to the last byte for the same files: sorted, without times and owners.
"""

from __future__ import annotations

import io
import lzma
import sys
import tarfile
from pathlib import Path

from mien.server.page import Page
from mien.store.page import ARCHIVE

PACKAGE = Path(__file__).resolve().parent.parent / "src" / "mien" / "store"


def packed(files: dict[str, bytes]) -> bytes:
    """A compressed tar archive of ``files``."""
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w", format=tarfile.USTAR_FORMAT) as opened:
        for path, data in sorted(files.items()):
            entry = tarfile.TarInfo(path)
            entry.size = len(data)
            opened.addfile(entry, io.BytesIO(data))
    return lzma.compress(archive.getvalue(), preset=9 | lzma.PRESET_EXTREME)


def main(folder: Path) -> None:
    """Pack ``folder``."""
    files = {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }
    Page(files)  # refuses what the server could not serve
    data = packed(files)
    part = PACKAGE / f"{ARCHIVE}.part"
    part.write_bytes(data)
    part.replace(PACKAGE / ARCHIVE)
    print(
        f"{ARCHIVE}: {len(files)} files, {sum(map(len, files.values())) / 1e6:.1f} MB, packed "
        f"{len(data) / 1e6:.2f} MB"
    )


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python tools/pack_page.py FOLDER")
    main(Path(sys.argv[1]))
