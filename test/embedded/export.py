"""Writes the trained networks as ONNX, opset 13: batch-norm folded into the convolutions, boxes and scores decoded in the graph.

The graphs are written node by node, so that they hold only what onbox should run and are the same with any version of torch.
The metadata is what Ultralytics writes into its exports (names, task, stride, imgsz).
"""

from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import nn

from networks import STRIDES, Classifier, Detector, Residual, Unit, make_cells


class GraphWriter:
    """Collects nodes and constants; every method appends one step and returns the name of its result."""

    def __init__(self):
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []

    def constant(self, name: str, value: np.ndarray) -> str:
        if all(tensor.name != name for tensor in self.constants):
            self.constants.append(numpy_helper.from_array(value, name))
        return name

    def node(self, op: str, inputs: list[str], output: str, **attributes) -> str:
        self.nodes.append(helper.make_node(op, inputs, [output], name=output, **attributes))
        return output

    def conv(self, x: str, name: str, conv: nn.Conv2d, weight: torch.Tensor, bias: torch.Tensor) -> str:
        inputs = [x, self.constant(f"{name}.weight", weight.numpy()), self.constant(f"{name}.bias", bias.numpy())]
        return self.node("Conv", inputs, name, kernel_shape=list(conv.kernel_size), strides=list(conv.stride),
                         pads=list(conv.padding) * 2)

    def module(self, x: str, name: str, module: nn.Module) -> str:
        """Any of the modules that networks.py is made of."""
        if isinstance(module, nn.Sequential):
            for index, child in enumerate(module):
                x = self.module(x, f"{name}.{index}", child)
            return x
        if isinstance(module, Residual):
            inner = self.module(self.module(x, f"{name}.reduce", module.reduce), f"{name}.widen", module.widen)
            return self.node("Add", [x, inner], f"{name}.sum")
        if isinstance(module, Unit):
            norm = module.norm
            scale = norm.weight / torch.sqrt(norm.running_var + norm.eps)
            weight = module.conv.weight * scale[:, None, None, None]
            conv = self.conv(x, name, module.conv, weight, norm.bias - norm.running_mean * scale)
            return self.node("Relu", [conv], f"{name}.relu")
        return self.conv(x, name, module, module.weight, module.bias)

    def write(self, path: Path, title: str, size: int, output: str, shape: list[int], metadata: dict[str, str]) -> None:
        graph = helper.make_graph(
            self.nodes, title,
            [helper.make_tensor_value_info("images", TensorProto.FLOAT, [1, 3, size, size])],
            [helper.make_tensor_value_info(output, TensorProto.FLOAT, shape)],
            self.constants,
        )
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=7, producer_name="onbox")
        helper.set_model_props(model, metadata)
        onnx.checker.check_model(model, full_check=True)
        onnx.save(model, str(path))


def describe(labels: tuple[str, ...], task: str, stride: int, size: int) -> dict[str, str]:
    names = "{" + ", ".join(f"{index}: '{label}'" for index, label in enumerate(labels)) + "}"
    return {"description": "onbox demonstration model: drawn shapes", "task": task, "names": names, "stride": str(stride),
            "imgsz": f"[{size}, {size}]", "license": "Apache-2.0", "batch": "1"}


@torch.no_grad()
def write_classifier(model: Classifier, size: int, labels: tuple[str, ...], path: Path) -> None:
    """images f32[1,3,s,s], RGB 0..1 -> probabilities f32[1,classes]"""
    writer = GraphWriter()
    features = writer.module("images", "body", model.body)
    pooled = writer.node("GlobalMaxPool", [features], "pool")
    flat = writer.node("Flatten", [pooled], "flat", axis=1)
    weight = writer.constant("out.weight", model.out.weight.numpy())
    logits = writer.node("Gemm", [flat, weight, writer.constant("out.bias", model.out.bias.numpy())], "logits", transB=1)
    output = writer.node("Softmax", [logits], "output0", axis=1)
    writer.write(path, "shapes-classifier", size, output, [1, len(labels)], describe(labels, "classify", 1, size))
    compare(path, size, model(sample(size)).softmax(1))


@torch.no_grad()
def write_detector(model: Detector, size: int, labels: tuple[str, ...], path: Path) -> None:
    """images f32[1,3,s,s], RGB 0..1 -> f32[1,4+classes,n]: cx cy w h in pixels, then probabilities, as YOLOv8 has it"""
    writer = GraphWriter()
    rows = 4 + len(labels)
    at8 = writer.module("images", "to8", model.to8)
    at16 = writer.module(at8, "to16", model.to16)
    at32 = writer.module(at16, "to32", model.to32)
    merged = at32
    levels = [at32]
    for name, module, skip in (("merge16", model.merge16, at16), ("merge8", model.merge8, at8)):
        scales = writer.constant("twice", np.array([1, 1, 2, 2], np.float32))
        larger = writer.node("Resize", [merged, "", scales], f"{name}.larger", mode="nearest",
                             coordinate_transformation_mode="asymmetric", nearest_mode="floor")
        merged = writer.module(writer.node("Concat", [larger, skip], f"{name}.concat", axis=1), name, module)
        levels.insert(0, merged)
    flat = []
    for stride, head, level in zip(STRIDES, model.heads, levels):
        raw = writer.module(level, f"head{stride}", head)
        shape = writer.constant("rows", np.array([1, rows, -1], np.int64))
        flat.append(writer.node("Reshape", [raw, shape], f"head{stride}.flat"))
    raw = writer.node("Concat", flat, "raw", axis=2)
    parts = ["offset", "extent", "logits"]
    sizes = writer.constant("parts", np.array([2, 2, len(labels)], np.int64))
    writer.nodes.append(helper.make_node("Split", [raw, sizes], parts, name="split", axis=1))
    centers, strides = make_cells(size)
    centers, strides = (writer.constant(name, value[None].numpy().reshape(1, -1, value.shape[-1]))
                        for name, value in (("centers", centers), ("strides", strides)))
    center = writer.node("Add", [writer.node("Mul", ["offset", strides], "shift"), centers], "center")
    side = writer.node("Mul", [writer.node("Exp", ["extent"], "grown"), strides], "side")
    scores = writer.node("Sigmoid", ["logits"], "scores")
    output = writer.node("Concat", [center, side, scores], "output0", axis=1)
    count = sum((size // stride) ** 2 for stride in STRIDES)
    writer.write(path, "shapes-detector", size, output, [1, rows, count], describe(labels, "detect", max(STRIDES), size))
    raw = model(sample(size))
    centers, strides = make_cells(size)
    wanted = torch.cat([centers + raw[:, :2] * strides, raw[:, 2:4].exp() * strides, raw[:, 4:].sigmoid()], 1)
    compare(path, size, wanted)


def sample(size: int) -> torch.Tensor:
    return torch.rand((1, 3, size, size), generator=torch.Generator().manual_seed(7))


def compare(path: Path, size: int, wanted: torch.Tensor) -> None:
    """Stops if onnxruntime computes from the file something else than torch does."""
    import onnxruntime

    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    (got,) = session.run(None, {"images": sample(size).numpy()})
    error = float(np.abs(got - wanted.numpy()).max() / np.abs(wanted.numpy()).max())
    print(f"{path.name}: {path.stat().st_size} bytes, differs from torch by {error:.1e} of the largest output", flush=True)
    if not error < 1e-4:
        raise SystemExit(f"{path.name} does not compute what torch computes: {error}")
