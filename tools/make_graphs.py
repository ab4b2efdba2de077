"""Write the small ONNX graphs of ``mien.runtime``: ``python tools/make_graphs.py``."""

from pathlib import Path

import onnx
from onnx import TensorProto, helper

OUT = Path(__file__).parent.parent / "src" / "mien" / "runtime" / "graphs"


def halve() -> onnx.ModelProto:
    """Mean of 2x2 pixels, rounded: uint8 (H, W, 3) to uint8 (ceil H/2, ceil W/2, 3)."""
    nodes = [
        helper.make_node("Cast", ["image"], ["float"], to=TensorProto.FLOAT),
        helper.make_node("Transpose", ["float"], ["planes"], perm=[2, 0, 1]),
        helper.make_node("Unsqueeze", ["planes", "first"], ["batch"]),
        helper.make_node(
            "AveragePool", ["batch"], ["pooled"], kernel_shape=[2, 2], strides=[2, 2], ceil_mode=1
        ),
        helper.make_node("Squeeze", ["pooled", "first"], ["mean"]),
        helper.make_node("Round", ["mean"], ["rounded"]),
        helper.make_node("Transpose", ["rounded"], ["pixels"], perm=[1, 2, 0]),
        helper.make_node("Cast", ["pixels"], ["half"], to=TensorProto.UINT8),
    ]
    graph = helper.make_graph(
        nodes,
        "halve",
        [helper.make_tensor_value_info("image", TensorProto.UINT8, ["H", "W", 3])],
        [helper.make_tensor_value_info("half", TensorProto.UINT8, ["h", "w", 3])],
        [helper.make_tensor("first", TensorProto.INT64, [1], [0])],
    )
    model = helper.make_model(
        graph, opset_imports=[helper.make_opsetid("", 18)], producer_name="mien", ir_version=9
    )
    onnx.checker.check_model(model, full_check=True)
    return model


if __name__ == "__main__":
    OUT.mkdir(exist_ok=True)
    onnx.save(halve(), OUT / "halve.onnx")
    print(OUT / "halve.onnx")
