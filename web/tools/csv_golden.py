"""Write web/tests/unit/ui/golden/rows.json and rows.csv: a few rows, and their table by Python.

Usage: python web/tools/csv_golden.py [--check]
"""

from __future__ import annotations

import csv
import io
import json
import sys
from pathlib import Path
from typing import Any

from mien.core.rows import parse_row
from mien.core.table import columns, csv_cell, records

LABELS = ["angry", "happy", "-sad"]
FOLDER = Path(__file__).parent.parent / "tests" / "unit" / "ui" / "golden"


def _face(**changes: Any) -> dict[str, Any]:
    face: dict[str, Any] = {
        "box": [10.0, 20.5, 110.25, 140.0],
        "score": 0.9987,
        "landmarks": [[40.0, 60.12], [80.5, 61.0], [60.0, 85.75], [45.0, 110.0], [75.0, 111.5]],
        "track": 3,
        "detected": True,
        "probabilities": {"angry": 0.000041, "happy": 0.999958, "-sad": 1e-06},
        "smoothed": {"angry": 0.25, "happy": 0.5, "-sad": 0.25},
        "label": "happy",
        "uncertain": False,
    }
    return {**face, **changes}


def _row(**changes: Any) -> dict[str, Any]:
    row: dict[str, Any] = {
        "schema": "mien.row/1",
        "model": "tiny",
        "source": "camera",
        "frame": 0,
        "time_s": 0.0,
        "width": 640,
        "height": 480,
        "faces": [],
    }
    return parse_row({**row, **changes})


ROWS = [
    _row(faces=[_face()]),
    _row(frame=1, time_s=0.033367),
    _row(
        frame=2,
        time_s=5e-05,
        faces=[
            _face(track=0, detected=False, landmarks=None, uncertain=True),
            _face(
                box=[-3.5, 0.0, 1e3, 480.0],
                label="-sad",
                probabilities={"angry": 0.0, "happy": 0.0, "-sad": 1.0},
                smoothed=None,
                track=None,
            ),
        ],
    ),
    _row(source='=SUM(A1),"x".png', time_s=None, faces=[_face(smoothed=None)]),
    _row(source="a;=1+1; -2.jpg"),
    _row(source="a\nb\x1b[31m\u202egpj.exe", model="\uff1dtiny"),
    _row(source="\u0995\u09cd\u200d\u09b7.png"),
]


def main() -> int:
    """Write both files, or say whether they are as they would be written."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    names = columns(LABELS)
    writer.writerow([csv_cell(name) for name in names])
    for row in ROWS:
        for record in records(row):
            writer.writerow([csv_cell(record.get(name)) for name in names])
    rows = json.dumps({"labels": LABELS, "rows": ROWS}, indent=1) + "\n"
    made = {"rows.json": rows, "rows.csv": stream.getvalue()}
    if "--check" in sys.argv[1:]:
        stale = [name for name, text in made.items() if (FOLDER / name).read_text() != text]
        sys.stderr.writelines(f"{name} differs; run {sys.argv[0]}\n" for name in stale)
        return len(stale)
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, text in made.items():
        (FOLDER / name).write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
