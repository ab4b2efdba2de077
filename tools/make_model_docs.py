"""Write a built-in model's page: ``python tools/make_model_docs.py small runs/default``.

The page says what the card says; log and curves are copied from the run that made the model.
"""

from __future__ import annotations

import shutil
import sys
import textwrap
from pathlib import Path
from typing import Any

from mien.store.bundle import Bundle, open_bundle
from mien.store.card import FILES

ROOT = Path(__file__).parent.parent


def _toml(values: dict[str, object], table: str = "") -> list[str]:
    plain = {k: v for k, v in values.items() if not isinstance(v, dict)}
    lines = [f"[{table}]"] if table else []
    for key, value in plain.items():
        text = str(value).lower() if isinstance(value, bool) else repr(value).replace("'", '"')
        lines.append(f"{key} = {text.replace('(', '[').replace(')', ']')}")
    for key, value in values.items():
        if isinstance(value, dict):
            lines += ["", *_toml(value, f"{table}.{key}" if table else key)]
    return lines


def _start(told: dict[str, Any]) -> str:
    """What the training began with, where that was no fresh network."""
    start = told.get("start")
    if not start:
        return ""
    before = start["training"]
    spent = f"{before['epochs']} epochs, {before['seconds'] / 60:.0f} minutes"
    words = (
        f"It began with the weights of an earlier `{start['name']}` (sha256 {start['sha256']}): "
        f"{spent}, [configuration](start-config.toml), [log](start-log.csv)."
    )
    return _wrapped(words) + "\n"


def _robustness(bundle: Bundle) -> str:
    """What degraded crops cost, where the card says so."""
    for figures in bundle.card.files["fp32"].metrics:
        if lost := figures.get("points_lost"):
            rows = "\n".join(f"| {kind} | {points:.1f} |" for kind, points in lost.items())
            head = "| degraded by | points lost |\n|---|---|"
            return f"\n## Robustness\n\nThe same rows degraded, one view, fp32:\n\n{head}\n{rows}\n"
    return ""


def page(bundle: Bundle) -> str:
    """The card as Markdown."""
    card = bundle.card
    told = card.training.record
    rows = [
        f"| {precision} | {(bundle.path / FILES[precision]).stat().st_size / 1e6:.2f} | {views} | "
        f"{100 * m['accuracy']:.2f} ({100 * m['ci95'][0]:.1f} to {100 * m['ci95'][1]:.1f}) | "
        f"{m['n']:,} | {m['nll']:.4f} | {m['brier']:.4f} | {m['ece']:.4f} | "
        f"{fitted.temperature:.3f} | {fitted.threshold:.3f} |"
        for precision, file in card.files.items()
        for views, fitted, (m, *_) in (
            ("one", file.calibration, file.metrics),
            *((name, each.calibration, each.metrics) for name, each in file.views.items()),
        )
    ]
    protocol = card.files["fp32"].metrics[0]
    notes = "\n".join(_wrapped(f"- {note}", "  ") for note in card.notes)
    on = _wrapped(
        f"On {protocol['split']}: {protocol['protocol']}. The threshold was set for a risk of "
        f"{card.files['fp32'].calibration.risk:.2f} among certain answers."
    )
    return f"""# {card.name}

Made by `tools/make_model_docs.py` from the card in the bundle; figures of the evaluation command
are in [results](../../results.md).

{card.parameters:,} parameters, {card.macs:,} multiply-accumulates a face (crop not counted),
outputs {", ".join(card.outputs)};
labels {", ".join(card.labels.labels)}.

| file | MB | views | accuracy, % (95 %) | rows | NLL | Brier | ECE | temperature | threshold |
|---|---|---|---|---|---|---|---|---|---|
{chr(10).join(rows)}

{on}
{_robustness(bundle)}
## Training

{told["epochs"]} epochs, {told["seconds"] / 60:.0f} minutes, {told["data"]["rows"]:,} rows of
`{told["data"]["source"]}` (sha256 of its training pixels and labels
{told["data"]["rows_sha256"]}), mien {told["mien"]}, commit
{told.get("commit", "unknown")}.
{_start(told)}Configuration: [config.toml](config.toml), log: [log.csv](log.csv).

![Loss and accuracy over the epochs](curves.png)

## Use

{_wrapped(f"**Intended.** {card.intended_use}")}

{_wrapped(f"**Out of scope.** {card.out_of_scope}")}

{notes}

Licence: {card.licence}.
"""


def _wrapped(text: str, indent: str = "") -> str:
    return textwrap.fill(text, 100, subsequent_indent=indent, break_on_hyphens=False)


def main(name: str, run: Path) -> None:
    """Write the page and copy what it links to."""
    bundle = open_bundle(name)
    out = ROOT / "docs" / "models" / bundle.card.name
    out.mkdir(parents=True, exist_ok=True)
    (out / "README.md").write_text(page(bundle), encoding="utf-8")
    config = "\n".join(_toml(bundle.card.training.record["config"]))
    (out / "config.toml").write_text(config + "\n", encoding="utf-8")
    for file in ("log.csv", "curves.png"):
        shutil.copyfile(run / file, out / file)
    print(out)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
