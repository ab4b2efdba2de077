"""Keep the results of a study's finished arms in the repository, or lay them back to continue.

Usage: python tools/keep_results.py runs/pooling          # runs/pooling/ARM/result.json -> results
       python tools/keep_results.py --back runs/pooling   # and back, before mien study run

Checkpoints stay behind; an arm with a result is not run again. Results hold figures and which
samples were answered correctly, no picture. They are kept in results/studies/NAME/ARM.json; the
tables that the last call of ``mien study run`` wrote go to docs/studies, as NAME.md, NAME.csv,
NAME-labels.csv and NAME-gains.csv.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from mien.store.atomic import writing

ROOT = Path(__file__).parents[1]
RESULT = "result.json"
TABLES = {
    "table.md": ".md",
    "table.csv": ".csv",
    "labels.csv": "-labels.csv",
    "gains.csv": "-gains.csv",
}


def keep(runs: Path, kept: Path, pages: Path) -> list[str]:
    """Copy the results of arms that are done to ``kept``, and the tables to the folder ``pages``.

    Returns:
        The names of the arms.
    """
    names: list[str] = []
    for path in sorted(runs.glob(f"*/{RESULT}")):
        text = path.read_text(encoding="utf-8")
        if json.loads(text)["state"] != "done":
            continue
        kept.mkdir(parents=True, exist_ok=True)
        with writing(kept / f"{path.parent.name}.json") as file:
            file.write(text)
        names.append(path.parent.name)
    for table, ending in TABLES.items():
        if (path := runs / table).exists():
            pages.mkdir(parents=True, exist_ok=True)
            with writing(pages / f"{kept.name}{ending}") as file:
                file.write(path.read_text(encoding="utf-8"))
    return names


def lay_back(kept: Path, runs: Path) -> list[str]:
    """Copy kept results to arms that have none; returns their names."""
    names: list[str] = []
    for path in sorted(kept.glob("*.json")):
        target = runs / path.stem / RESULT
        if target.exists():
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        with writing(target) as file:
            file.write(path.read_text(encoding="utf-8"))
        names.append(path.stem)
    return names


def main() -> None:
    """Copy one way and say what was copied."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("runs", type=Path, help="folder of a study's runs, named as the study")
    parser.add_argument("--back", action="store_true", help="from the repository to the folder")
    given = parser.parse_args()
    kept = ROOT / "results" / "studies" / given.runs.resolve().name
    pages = ROOT / "docs" / "studies"
    names = lay_back(kept, given.runs) if given.back else keep(given.runs, kept, pages)
    print(f"{len(names)} results: {', '.join(names) or 'none'}")


if __name__ == "__main__":
    main()
