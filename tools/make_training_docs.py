"""Write docs/recipe.md and docs/networks.md from docstrings and the registry of networks.

Usage: python tools/make_training_docs.py
"""

from __future__ import annotations

import dataclasses
import inspect
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from textwrap import fill

from mien.cli.models import NETWORK_COLUMNS, network_rows
from mien.models.options import NetworkOptions
from mien.train import TrainConfig
from mien.train.options import Augmentation, Decay, Distillation, Field

DOCS = Path(__file__).parent.parent / "docs"
RECIPE_HEAD = """# Recipes

Written by `tools/make_training_docs.py` from the docstrings of the code; change those.

A recipe is a TOML file with what differs from the defaults. `mien train RECIPE.toml --data
fer2013.csv.gz --votes fer2013new.csv --out RUN` trains by it; without FER+ votes, put
`votes_weight = 0` into it. `--set KEY=VALUE` changes one key for once (`--set
decay.kind=cosine`), and `mien study` has such tables for every arm ([studies](studies.md)). A key
that is unknown, or a value that is impossible, is refused before anything is read. The recipe of
the default model, written out: [config.toml](models/small/config.toml).

A published network with the dense head of Tiwari et al. (2022), everything before `layer4` frozen,
on weights of one's own:

```toml
model = "resnet50"           # docs/networks.md lists all
epochs = 60
batch_size = 32
optimiser = "sgd"
lr = 0.01
dropout = 0.5
class_weights = "balanced"
votes_weight = 0.0           # no FER+ votes

[network]
input_size = 197             # the whole 48-pixel frame, resampled
channels = 3                 # grey repeated as RGB
hidden = [4096, 1024]
pretrained = "resnet50.safetensors"
freeze_to = "layer3"         # this module of the trunk, and all before it
```
"""
NETWORKS_HEAD = """# Networks

Written by `tools/make_training_docs.py` from the registry; `mien networks` shows the same.

Every network is built for one grey channel or grey repeated as RGB (`network.channels`), any label
space, and any input size from the smallest on (`network.input_size`); [recipes](recipe.md) say how.
Parameters and multiply-accumulates are those of one 48-pixel face, seven labels and the head of
FER+ votes, as the network is registered. Where *weights* names a library, `network.pretrained =
"timm"` downloads the published ones through it; a local safetensors file with their names works for
these without a network, and for the others if it has theirs.

"""


def recipe_page() -> str:
    """The keys of a recipe, with defaults and meaning."""
    tables = {
        "decay": Decay,
        "network": NetworkOptions,
        "augmentation": Augmentation,
        "augmentation.field": Field,
        "distillation": Distillation,
    }
    told = {**arguments(TrainConfig), "augmentation.field": arguments(Augmentation)["field"]}
    sections = [f"## Keys\n\n{keys_table(TrainConfig)}\n"]
    sections += [
        "\n\n".join(
            filter(None, (f"## `[{name}]`", fill(told[name], 100), details(kind), keys_table(kind)))
        )
        + "\n"
        for name, kind in tables.items()
    ]
    return "\n".join([RECIPE_HEAD, *sections])


def networks_page() -> str:
    """The registered networks."""
    head = (column.strip() for column in NETWORK_COLUMNS)
    rows = ((f"`{name}`", *others) for name, *others in network_rows())
    return NETWORKS_HEAD + table(head, rows) + "\n"


def keys_table(kind: type) -> str:
    """The keys of a configuration as a table."""
    return table(("key", "default", "meaning"), keys(kind))


def details(kind: type) -> str:
    """What a docstring says between its first line and its arguments."""
    text = (inspect.getdoc(kind) or "").partition("\nArgs:")[0]
    return text.partition("\n")[2].strip().replace("``", "`")


def keys(kind: type) -> Iterator[tuple[str, str, str]]:
    """Key, default and meaning of every field of a configuration that is no table itself."""
    meanings = arguments(kind)
    for field in dataclasses.fields(kind):
        default = field.default
        if default is dataclasses.MISSING:
            continue
        yield f"`{field.name}`", f"`{toml(default)}`", meanings[field.name]


def arguments(kind: type) -> dict[str, str]:
    """The ``Args`` section of a docstring, one line each."""
    text = inspect.getdoc(kind) or ""
    section = re.search(r"^Args:\n((?: +.*\n|\n)+)", text + "\n", re.MULTILINE)
    if section is None:
        raise ValueError(f"{kind.__name__} documents no arguments")
    entries = re.split(r"^    (\w+): ", section[1], flags=re.MULTILINE)[1:]
    return {
        name: " ".join(words.split()).replace("``", "`")
        for name, words in zip(entries[::2], entries[1::2], strict=True)
    }


def toml(value: object) -> str:
    """A default as a recipe would have it."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return f'"{value}"'
    return str(list(value)) if isinstance(value, tuple) else str(value)


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """A Markdown table."""
    lines = [list(head), *([*row] for row in rows)]
    lines.insert(1, ["---"] * len(lines[0]))
    return "\n".join(
        "| " + " | ".join(c.replace("|", "\\|") for c in line) + " |" for line in lines
    )


PAGES = {"recipe.md": recipe_page, "networks.md": networks_page}

if __name__ == "__main__":
    for name, page in PAGES.items():
        (DOCS / name).write_text(page(), encoding="utf-8")
        print(DOCS / name)
