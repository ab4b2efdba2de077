"""What ``/openapi.json`` says is what the server does, by schemathesis, over real connections.

Where a body is binary it sends real pictures, because a schema cannot say what a JPEG is; all else
it makes up, valid by the schema or not, and the answers must be those that the schema announces.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from made_server import TOKEN
from mien.server import Settings
from mien.store.samples import SampleStore
from served import listening

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(find_spec("schemathesis") is None, reason="needs the extra 'dev'"),
]


@pytest.mark.parametrize("collects", [False, True])
def test_server_does_what_its_schema_says(collects: bool, tmp_path: Path) -> None:
    tests = Path(__file__).parent
    # A schema cannot say that the box of a face must lie in the picture that comes with it.
    unsaid = ["--exclude-checks", "positive_data_acceptance"] if collects else []
    with (
        SampleStore(tmp_path / "samples", create=True) as store,
        listening(Settings(token=TOKEN), samples=store if collects else None) as (host, port),
    ):
        done = subprocess.run(
            [
                Path(sys.executable).with_name("schemathesis"), "run",
                f"http://{host}:{port}/openapi.json", "--header", f"Authorization: Bearer {TOKEN}",
                "--max-examples", "50", "--generation-deterministic", "--no-color",
                *unsaid,
            ],
            env={**os.environ, "SCHEMATHESIS_HOOKS": "made_media", "PYTHONPATH": str(tests)},
            cwd=tmp_path, capture_output=True, text=True, check=False,
        )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    tested = re.search(r"Tested: (\d+)", done.stdout)
    assert tested is not None
    assert int(tested[1]) == (10 if collects else 4)
