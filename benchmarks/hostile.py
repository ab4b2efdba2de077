"""How soon malformed uploads are answered, and in how much memory: ``benchmarks/hostile.py``.

The uploads of ``tests/test_server_hostile.py`` against a real ``mien serve`` whose deadlines are
half a second. Prints one JSON line.
"""

from __future__ import annotations

import json
import statistics
import sys
import tempfile
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from hostile_uploads import attacks
from hostile_wire import exchange
from mien.benchmark import machine
from served import serving, token_file_in

UPLOADS = 1000
DEADLINES = ("header_s", "upload_s", "hello_s", "idle_s", "stall_s")


def main() -> None:
    """Print what a thousand uploads got."""
    limits = [text for name in DEADLINES for text in ("--limit", f"{name}=0.5")]
    statuses: Counter[int | None] = Counter()
    seconds: list[float] = []
    resident: list[int] = []
    with tempfile.TemporaryDirectory() as folder:
        token = ("--token-file", str(token_file_in(Path(folder))))
        with serving(Path(folder) / "log", *token, *limits) as server:
            for each in attacks(seed=1, count=UPLOADS):
                answer = exchange(server.address, each)
                statuses[answer.status] += 1
                seconds.append(answer.seconds)
                resident.append(server.resident_bytes())
    facts = {
        "machine": machine(),
        "uploads": UPLOADS,
        "statuses": {str(status): n for status, n in sorted(statuses.items(), key=str)},
        "slowest_s": round(max(seconds), 3),
        "median_s": round(statistics.median(seconds), 4),
        "resident_mb_first_and_last_hundred": [
            round(statistics.median(part) / 1e6, 1) for part in (resident[:100], resident[-100:])
        ],
    }
    print(json.dumps(facts))


if __name__ == "__main__":
    main()
