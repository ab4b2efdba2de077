"""Convert the MTCNN weights of the facenet-pytorch wheel (MIT) into mien's ONNX files.

    pip download --no-deps facenet-pytorch==2.6.0 -d /tmp/wheel
    python tools/convert_mtcnn.py /tmp/wheel/facenet_pytorch-2.6.0-py3-none-any.whl

Writes resize.onnx, pnet.onnx, rnet.onnx and onet.onnx next to the detector (opset 18, weights
inside, only ai.onnx operators, the same bytes each time), after comparing each of them with a
plain reference. What goes in and out of them is in docs/decisions/0003-detectors.md.

The networks are those of Zhang et al., IEEE SPL 23(10), 2016. Exact rewritings that make them
cheaper: (x - 127.5) / 128 is folded into the first convolution, softmax over two classes is a
sigmoid of the difference, the heads share one layer, and PReLU is relu(x) (1 - a) + a x, which
ONNX Runtime keeps in its blocked layout (half the time of its PRelu operator).
"""

from __future__ import annotations

import argparse
import hashlib
import io
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from PIL import Image

WHEEL_SHA256 = "ecb82b27beb226d106f2219efe8f829b01b87a8595badd01545679bdb9f19cca"
TARGET = Path(__file__).parents[1] / "src/mien/runtime/detectors/weights"
OPSET, IR_VERSION = 18, 8
MEAN, SPREAD = 127.5, 128.0
SAMPLES = 2
"""Samples per pixel and axis of a crop. As many as the box asks for (RoiAlign's 0) find the same
faces, with landmarks no better, for 3 ms more of 25; one loses a fifth of the precision."""
SIDES = {"rnet": 24, "onet": 48}
LAYERS = {
    "pnet": ("conv1", "conv2", "conv3"),
    "rnet": ("conv1", "conv2", "conv3", "dense4"),
    "onet": ("conv1", "conv2", "conv3", "conv4", "dense5"),
}
HEADS = {
    "pnet": ("conv4_1", "conv4_2"),
    "rnet": ("dense5_1", "dense5_2"),
    "onet": ("dense6_1", "dense6_2", "dense6_3"),
}
POOLS = {"pnet": (2, 0, 0), "rnet": (3, 3, 0), "onet": (3, 3, 2, 0)}
"""Max-pool window after each convolution, stride 2, ceil mode; 0 = none."""

Weights = dict[str, NDArray[np.float32]]


class Graph:
    """An ONNX graph under construction: nodes and constants in the order they are added."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []

    def constant(self, value: object, dtype: type = np.float32) -> str:
        """Add a constant and return its name."""
        name = f"c{len(self.constants)}"
        array = np.ascontiguousarray(value, dtype=dtype)
        self.constants.append(numpy_helper.from_array(array, name))
        return name

    def add(self, op: str, *inputs: str, out: str = "", **attributes: object) -> str:
        """Add a node and return the name of its output."""
        output = out or f"t{len(self.nodes)}"
        self.nodes.append(helper.make_node(op, list(inputs), [output], **attributes))
        return output

    def model(
        self, inputs: dict[str, tuple], outputs: dict[str, tuple], properties: dict[str, str]
    ) -> onnx.ModelProto:
        """The checked model; inputs and outputs are name -> (type, shape)."""

        def infos(table: dict[str, tuple]) -> list[onnx.ValueInfoProto]:
            return [helper.make_tensor_value_info(n, t, list(s)) for n, (t, s) in table.items()]

        graph = helper.make_graph(
            self.nodes, self.name, infos(inputs), infos(outputs), self.constants
        )
        model = helper.make_model(
            graph,
            producer_name="mien tools/convert_mtcnn.py",
            opset_imports=[helper.make_opsetid("", OPSET)],
            ir_version=IR_VERSION,
        )
        helper.set_model_props(model, properties)
        onnx.checker.check_model(model, full_check=True)
        return model


OURS = {"licence": "Apache-2.0", "source": "mien"}
THEIRS = {
    "licence": "MIT, Copyright (c) 2019 Timothy Esler",
    "source": "facenet-pytorch 2.6.0",
    "source_sha256": WHEEL_SHA256,
}
IMAGE = {"image": (TensorProto.UINT8, ("height", "width", 3))}
SIZE = {"size": (TensorProto.INT64, (2,))}
LEVEL = {"level": (TensorProto.UINT8, ("level_height", "level_width", 3))}


def planes(g: Graph) -> str:
    """`image` as (1, 3, H, W) float32; moved while it is still bytes."""
    batch = g.add("Unsqueeze", "image", g.constant([0], np.int64))
    return g.add("Cast", g.add("Transpose", batch, perm=[0, 3, 1, 2]), to=TensorProto.FLOAT)


def pixels_of(g: Graph) -> str:
    """`image` as (1, H, W, 3) float32."""
    batch = g.add("Unsqueeze", "image", g.constant([0], np.int64))
    return g.add("Cast", batch, to=TensorProto.FLOAT)


def resized(g: Graph) -> str:
    """`image` resampled to `size` as (1, h, w, 3) float32 of whole grey levels.

    Channels stay last: with Transpose around it, ONNX Runtime 1.31 rewrites a Resize with `axes`
    into one that it then refuses.
    """
    one, three = g.constant([1], np.int64), g.constant([3], np.int64)
    sizes = g.add("Concat", one, "size", three, axis=0)
    raw = g.add("Resize", pixels_of(g), "", "", sizes, mode="linear", antialias=1)
    return g.add("Round", raw)


def picture(g: Graph, pixels: str, out: str) -> str:
    """(1, h, w, 3) float32 of whole grey levels to (h, w, 3) uint8."""
    flat = g.add("Squeeze", pixels, g.constant([0], np.int64))
    return g.add("Cast", flat, out=out, to=TensorProto.UINT8)


def prelu(g: Graph, x: str, slope: NDArray[np.float32], rank: int) -> str:
    """PReLU per channel as relu(x) (1 - a) + a x."""
    a = slope.reshape(-1, *[1] * (rank - 2))
    positive = g.add("Mul", g.add("Relu", x), g.constant(1 - a))
    return g.add("Add", positive, g.add("Mul", x, g.constant(a)))


def trunk(g: Graph, x: str, name: str, w: Weights) -> str:
    """All layers up to the heads, for pixels of 0 to 255."""
    channels = 3
    for i, layer in enumerate(LAYERS[name]):
        weight, bias = w[f"{layer}.weight"], w[f"{layer}.bias"]
        if layer == "conv1":
            bias = bias - MEAN / SPREAD * weight.sum(axis=(1, 2, 3))
            weight = weight / SPREAD
        if layer.startswith("conv"):
            x, rank = g.add("Conv", x, g.constant(weight), g.constant(bias)), 4
        else:
            # The wheel flattens as (width, height, channel); here it is the usual order.
            side = round((weight.shape[1] // channels) ** 0.5)
            columns = weight.reshape(-1, side, side, channels).transpose(0, 3, 2, 1)
            weight = columns.reshape(weight.shape)
            x = g.add("Flatten", x)
            x, rank = g.add("Gemm", x, g.constant(weight), g.constant(bias), transB=1), 2
        x = prelu(g, x, w[f"prelu{i + 1}.weight"], rank)
        channels = len(bias)
        if i < len(POOLS[name]) and (k := POOLS[name][i]):
            x = g.add("MaxPool", x, kernel_shape=[k, k], strides=[2, 2], ceil_mode=1)
    return x


def heads(name: str, w: Weights) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """One layer for all heads; its first row is the logit of "face"."""
    face, *others = HEADS[name]

    def joined(part: str) -> NDArray[np.float32]:
        two = w[f"{face}.{part}"]
        return np.concatenate([two[1:] - two[:1], *[w[f"{h}.{part}"] for h in others]])

    return joined("weight"), joined("bias")


def resize_graph() -> onnx.ModelProto:
    """`image` at `size`, then `border` rows and columns of its edge on each side."""
    g = Graph("resize")
    inner = resized(g)
    rows, columns = (
        g.add("Slice", "border", g.constant([i], np.int64), g.constant([i + 1], np.int64))
        for i in (0, 1)
    )
    pads = g.add("Concat", rows, columns, rows, columns, axis=0)
    axes = g.constant([1, 2], np.int64)
    picture(g, g.add("Pad", inner, pads, "", axes, mode="edge"), "level")
    border = {"border": (TensorProto.INT64, (2,))}
    return g.model(IMAGE | SIZE | border, LEVEL, OURS)


def pnet_graph(w: Weights) -> onnx.ModelProto:
    """`image` at `size`, and P-Net on it."""
    g = Graph("pnet")
    pixels = resized(g)
    picture(g, pixels, "level")
    moved = g.add("Transpose", pixels, perm=[0, 3, 1, 2])
    weight, bias = heads("pnet", w)
    maps = g.add("Conv", trunk(g, moved, "pnet", w), g.constant(weight), g.constant(bias))
    logits, offsets = maps + "_logits", maps + "_offsets"
    g.nodes.append(
        helper.make_node("Split", [maps, g.constant([1, 4], np.int64)], [logits, offsets], axis=1)
    )
    both = g.constant([0, 1], np.int64)
    g.add("Squeeze", g.add("Sigmoid", logits), both, out="probability")
    first = g.add("Squeeze", offsets, g.constant([0], np.int64))
    g.add("Transpose", first, out="offsets", perm=[1, 2, 0])
    cells = {
        "probability": (TensorProto.FLOAT, ("rows", "columns")),
        "offsets": (TensorProto.FLOAT, ("rows", "columns", 4)),
    }
    return g.model(IMAGE | SIZE, LEVEL | cells, THEIRS)


def crops(g: Graph, side: int) -> str:
    """`boxes` of `image` resampled to (N, 3, side, side); outside the picture is black.

    The caller picks a level of the pyramid in which a box is not much larger than ``side``.
    """
    n = g.add("Shape", "boxes", start=0, end=1)
    zero = helper.make_tensor("zero", TensorProto.INT64, [1], [0])
    only = g.add("ConstantOfShape", n, value=zero)
    return g.add(
        "RoiAlign", planes(g), "boxes", only, mode="avg",
        coordinate_transformation_mode="half_pixel", output_height=side, output_width=side,
        sampling_ratio=SAMPLES, spatial_scale=1.0,
    )  # fmt: skip


def refine_graph(name: str, w: Weights) -> onnx.ModelProto:
    """R-Net or O-Net on `boxes` of `image`."""
    g = Graph(name)
    x = trunk(g, crops(g, SIDES[name]), name, w)
    weight, bias = heads(name, w)
    y = g.add("Gemm", x, g.constant(weight), g.constant(bias), transB=1)
    sizes = [1, 4] + ([10] if name == "onet" else [])
    parts = ["logit", "offsets", "points"][: len(sizes)]
    g.nodes.append(helper.make_node("Split", [y, g.constant(sizes, np.int64)], parts, axis=1))
    outputs = {
        "probability": (TensorProto.FLOAT, ("N",)),
        "offsets": (TensorProto.FLOAT, ("N", 4)),
    }
    g.add("Squeeze", g.add("Sigmoid", "logit"), g.constant([1], np.int64), out="probability")
    if name == "onet":
        # The wheel gives five x, then five y.
        pairs = g.add("Reshape", "points", g.constant([-1, 2, 5], np.int64))
        g.add("Transpose", pairs, out="landmarks", perm=[0, 2, 1])
        outputs["landmarks"] = (TensorProto.FLOAT, ("N", 5, 2))
    boxes = {"boxes": (TensorProto.FLOAT, ("N", 4))}
    return g.model(IMAGE | boxes, outputs, THEIRS)


def reference(name: str, w: Weights, pixels: torch.Tensor) -> list[NDArray[np.float32]]:
    """The network as the paper and the wheel have it: probability, offsets, points."""
    t = {k: torch.from_numpy(v) for k, v in w.items()}
    x = (pixels - MEAN) / SPREAD
    for i, layer in enumerate(LAYERS[name]):
        if layer.startswith("dense"):
            x = x.permute(0, 3, 2, 1).flatten(1)
            x = F.linear(x, t[f"{layer}.weight"], t[f"{layer}.bias"])
        else:
            x = F.conv2d(x, t[f"{layer}.weight"], t[f"{layer}.bias"])
        x = F.prelu(x, t[f"prelu{i + 1}.weight"])
        if i < len(POOLS[name]) and (k := POOLS[name][i]):
            x = F.max_pool2d(x, k, 2, ceil_mode=True)
    layer = F.conv2d if name == "pnet" else F.linear
    outs = [layer(x, t[f"{h}.weight"], t[f"{h}.bias"]) for h in HEADS[name]]
    outs[0] = outs[0].softmax(dim=1)[:, 1]
    return [o.numpy() for o in outs]


def plain_resize(image: NDArray[np.uint8], size: NDArray[np.int64]) -> NDArray:
    """Triangle filter as wide as the reduction; the picture's edge goes on outside."""
    axes = []
    for before, after in zip(image.shape, size.tolist(), strict=False):
        scale = before / after
        centres = (np.arange(after) + 0.5) * scale - 0.5
        taps = np.arange(-before, 2 * before)
        weights = np.maximum(1 - abs(taps - centres[:, None]) / max(scale, 1), 0)
        folded = np.zeros((after, before))
        for tap, column in zip(taps.clip(0, before - 1), weights.T, strict=True):
            folded[:, tap] += column
        axes.append(folded / folded.sum(axis=1, keepdims=True))
    return np.einsum("yh,hwc,xw->yxc", axes[0], image.astype(float), axes[1])


def plain_crop(image: NDArray[np.uint8], box: NDArray[np.float32], side: int) -> NDArray:
    """Average of bilinear samples, written out; black outside the picture."""
    axes = []
    for i, limit in ((0, image.shape[1]), (1, image.shape[0])):
        steps = (np.arange(side * SAMPLES) + 0.5) / (side * SAMPLES)
        at = box[i] + steps * (box[2 + i] - box[i]) - 0.5
        inside = (at >= -1) & (at <= limit)
        at = at.clip(0, limit - 1)
        low = np.minimum(at.astype(int), max(limit - 2, 0))
        weights = np.zeros((len(at), limit))
        weights[np.arange(len(at)), low] = 1 - (at - low)
        weights[np.arange(len(at)), np.minimum(low + 1, limit - 1)] += at - low
        weights *= inside[:, None]
        axes.append(weights.reshape(side, SAMPLES, limit).mean(axis=1))
    return np.einsum("yh,hwc,xw->cyx", axes[1], image.astype(float), axes[0])


def session(model: onnx.ModelProto) -> Callable[[dict], list]:
    """The model as a function from inputs to outputs, one thread."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.log_severity_level = 1, 3
    loaded = onnxruntime.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    return lambda feed: loaded.run(None, feed)


def worst(name: str, found: list, expected: list, limit: float) -> None:
    """Print the largest difference; stop if it is above ``limit``."""
    gap = max(float(abs(a - np.squeeze(b)).max()) for a, b in zip(found, expected, strict=True))
    print(f"{name}: largest difference from the reference {gap:.2e} (limit {limit:g})")
    if not gap <= limit:
        sys.exit(f"{name} differs from its reference; nothing more is written")


def verify(models: dict[str, onnx.ModelProto], weights: dict[str, Weights]) -> None:
    """Compare every graph with its plain reference on smooth and on noisy pictures."""
    rng = np.random.default_rng(0)
    rough = rng.integers(0, 256, (97, 131, 3), dtype=np.uint8)
    smooth = np.asarray(
        Image.fromarray(rough).resize((13, 9)).resize((131, 97), Image.Resampling.BICUBIC)
    )
    for image in (rough, smooth):
        size = np.array([60, 81])
        run = session(models["resize"])
        level = run({"image": image, "size": size, "border": np.array([2, 3])})[0]
        plain = plain_resize(image, size)
        padded = np.pad(plain, ((2, 2), (3, 3), (0, 0)), mode="edge")
        worst("resize", [level.astype(float)], [padded], 0.51)
        level, *maps = session(models["pnet"])({"image": image, "size": size})
        worst("pnet level", [level.astype(float)], [plain], 0.51)
        pixels = torch.from_numpy(level.transpose(2, 0, 1)[None].astype(np.float32))
        probability, offsets = reference("pnet", weights["pnet"], pixels)
        worst("pnet", maps, [probability[0], offsets[0].transpose(1, 2, 0)], 1e-4)
        corner = rng.uniform(-20, 60, (12, 2))
        boxes = np.concatenate([corner, corner + rng.uniform(8, 90, (12, 2))], axis=1)
        boxes = boxes.astype(np.float32)
        for name, side in SIDES.items():
            cut = np.stack([plain_crop(image, box, side) for box in boxes])
            answers = reference(name, weights[name], torch.from_numpy(cut).float())
            if name == "onet":
                answers[2] = answers[2].reshape(-1, 2, 5).transpose(0, 2, 1)
            found = session(models[name])({"image": image, "boxes": boxes})
            worst(name, found, answers, 1e-3)


def read_wheel(path: Path) -> dict[str, Weights]:
    """Weights of the three networks, after checking that it is the wheel we know."""
    data = path.read_bytes()
    if (digest := hashlib.sha256(data).hexdigest()) != WHEEL_SHA256:
        sys.exit(f"{path} has sha256 {digest}, expected {WHEEL_SHA256} (facenet-pytorch 2.6.0)")
    weights = {}
    with zipfile.ZipFile(io.BytesIO(data)) as wheel:
        for name in LAYERS:
            raw = io.BytesIO(wheel.read(f"facenet_pytorch/data/{name}.pt"))
            state = torch.load(raw, weights_only=True, map_location="cpu")
            weights[name] = {k: v.numpy().astype(np.float32) for k, v in state.items()}
    return weights


def main() -> None:
    """Read the wheel, build, compare, write."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("wheel", type=Path)
    parser.add_argument("--out", type=Path, default=TARGET)
    arguments = parser.parse_args()
    weights = read_wheel(arguments.wheel)
    models = {"resize": resize_graph(), "pnet": pnet_graph(weights["pnet"])}
    models |= {name: refine_graph(name, weights[name]) for name in SIDES}
    verify(models, weights)
    arguments.out.mkdir(parents=True, exist_ok=True)
    for name, model in models.items():
        data = model.SerializeToString(deterministic=True)
        (arguments.out / f"{name}.onnx").write_bytes(data)
        print(f"{name}.onnx  {len(data):9,d} bytes  sha256 {hashlib.sha256(data).hexdigest()}")


if __name__ == "__main__":
    main()
