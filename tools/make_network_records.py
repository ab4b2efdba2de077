"""Measure every registered network and write ``src/mien/models/records.json``.

Usage: python tools/make_network_records.py [--check]

Networks are built on torch's ``meta`` device, which knows shapes and computes nothing. With
``--check`` nothing is written, and a file that is not what was measured is an error.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable

import torch

from mien.models import build, count_macs, count_parameters, models
from mien.models.registry import RECORDS


def measured(names: Iterable[str]) -> dict[str, dict[str, int]]:
    """The records of some networks."""
    records = {}
    for name in names:
        with torch.device("meta"):
            network = build(name)
        records[name] = {"parameters": count_parameters(network), "macs": count_macs(network)}
    return records


def text(records: dict[str, dict[str, int]]) -> str:
    """The file of some records."""
    return json.dumps(records, indent=2) + "\n"


def main() -> None:
    """Measure all, and write or compare."""
    parser = argparse.ArgumentParser(description=__doc__, add_help=True)
    parser.add_argument("--check", action="store_true", help="write nothing, compare")
    found = text(measured(models()))
    if not parser.parse_args().check:
        RECORDS.write_text(found, encoding="utf-8")
    elif RECORDS.read_text(encoding="utf-8") != found:
        raise SystemExit(f"{RECORDS} is not what was measured: python {__file__}")


if __name__ == "__main__":
    main()
