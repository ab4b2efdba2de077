"""int8 on this CPU and in WebAssembly: ``python benchmarks/int8.py SRC [BUNDLE] [--node FOLDER]``.

Every PublicTest crop, one view, one JSON line per runtime: accuracy, points lost against fp32 in
the same runtime, and how many answers differ. ``--node`` is a folder with onnxruntime-web in its
node_modules (``web`` after ``make page``), whose WebAssembly is what Chromium and Firefox run.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import tempfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mien.core.alignment import identity_affines
from mien.data import load
from mien.runtime.graph import Graph
from mien.runtime.session import load_onnxruntime
from mien.store.bundle import open_bundle
from mien.store.saturation import largest_pair_sum

SCRIPT = Path(__file__).with_name("int8_wasm.mjs")


def plain(model: bytes, crops: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Logits by ONNX Runtime as other programs call it, without mien's settings."""
    session = load_onnxruntime().InferenceSession(model, providers=["CPUExecutionProvider"])
    affine = identity_affines(1)
    colours = (np.repeat(crop[..., None], 3, axis=2) for crop in crops)
    answers = [session.run(["logits"], {"image": c, "affine": affine})[0] for c in colours]
    return np.concatenate(answers)


def wasm(model: bytes, crops: NDArray[np.uint8], node: Path) -> NDArray[np.float32]:
    """Logits by onnxruntime-web in Node."""
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder) / name for name in ("model.onnx", "crops.raw", "logits.raw")]
        paths[0].write_bytes(model)
        paths[1].write_bytes(crops.tobytes())
        web = (node / "node_modules/onnxruntime-web/dist/ort.wasm.min.mjs").resolve()
        subprocess.run(["node", SCRIPT, web, *paths], check=True)
        return np.fromfile(paths[2], np.float32).reshape(len(crops), -1)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("source", help="FER2013")
    parser.add_argument("bundle", nargs="?", default="default")
    parser.add_argument("--node", type=Path, help="folder with node_modules")
    options = parser.parse_args()
    rows = load(options.source).split("PublicTest")
    bundle = open_bundle(options.bundle)
    models = {precision: bundle.model(precision) for precision in ("fp32", "int8")}
    runtimes = {
        "mien": lambda model: Graph(model).answers(rows.images)[0],
        "onnxruntime": lambda model: plain(model, rows.images),
    }
    if options.node:
        runtimes["onnxruntime-web"] = lambda model: wasm(model, rows.images, options.node)
    flags = Path("/proc/cpuinfo").read_text(encoding="ascii").split()
    vnni = any("vnni" in flag for flag in flags)
    for name, answers in runtimes.items():
        exact, quantised = (answers(models[each]).argmax(axis=1) for each in ("fp32", "int8"))
        right = [float((each == rows.labels).mean()) for each in (exact, quantised)]
        found = {
            "runtime": name,
            "vnni": vnni if name != "onnxruntime-web" else None,
            "n": len(rows),
            "fp32": round(100 * right[0], 2),
            "int8": round(100 * right[1], 2),
            "lost": round(100 * (right[0] - right[1]), 2),
            "other_answers": int((exact != quantised).sum()),
            "largest_pair_sum": largest_pair_sum(models["int8"]),
        }
        print(json.dumps(found), flush=True)


if __name__ == "__main__":
    main()
