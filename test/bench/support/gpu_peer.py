"""PyTorch's side of `npm run bench -- gpu`: networks of torchvision with random weights, in float32 without TF32.

Writes each as ONNX with an input and PyTorch's output for it, and what a run takes: eagerly, and as the replay of a CUDA graph.
"""

import json
import statistics
import sys
import time
from pathlib import Path

import numpy
import torch
import torchvision

NAMES = ["resnet18", "resnet50", "mobilenet_v2", "squeezenet1_1", "shufflenet_v2_x1_0"]
WARMUPS = 20
RUNS = 200
PEAK_SIZE = 8192


def milliseconds(run):
    """The median over the runs; each begins and ends with an idle device."""
    for _ in range(WARMUPS):
        run()
    times = []
    for _ in range(RUNS):
        torch.cuda.synchronize()
        started = time.perf_counter()
        run()
        torch.cuda.synchronize()
        times.append((time.perf_counter() - started) * 1e3)
    return statistics.median(times)


def replay_of(model, x):
    """A function that replays one run of the model as a CUDA graph."""
    stream = torch.cuda.Stream()
    stream.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(stream):
        for _ in range(3):
            model(x)
    torch.cuda.current_stream().wait_stream(stream)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        model(x)
    return graph.replay


def randomize(model):
    """Statistics of batch normalisation as a trained network has them, so that folding them is no matter of ones and zeros."""
    for module in model.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            torch.nn.init.normal_(module.running_mean, 0, 0.1)
            torch.nn.init.uniform_(module.running_var, 0.8, 1.2)


def peak_tflops():
    """What PyTorch reaches in one large product of float32 matrices."""
    a = torch.randn(PEAK_SIZE, PEAK_SIZE, device="cuda")
    times = []
    for _ in range(8):
        torch.cuda.synchronize()
        started = time.perf_counter()
        torch.mm(a, a)
        torch.cuda.synchronize()
        times.append(time.perf_counter() - started)
    return 2 * PEAK_SIZE**3 / min(times) / 1e12


def main(folder):
    torch.backends.cuda.matmul.allow_tf32 = False
    torch.backends.cudnn.allow_tf32 = False
    torch.backends.cudnn.benchmark = True
    facts = {"device": torch.cuda.get_device_name(), "torch": torch.__version__, "peakTflops": peak_tflops(), "models": {}}
    for name in NAMES:
        torch.manual_seed(1)
        model = getattr(torchvision.models, name)(weights=None).eval()
        randomize(model)
        x = torch.rand(1, 3, 224, 224) * 2 - 1
        path = folder / f"{name}.onnx"
        torch.onnx.export(model, (x,), str(path), opset_version=17, input_names=["x"], output_names=["y"], dynamo=False)
        with torch.inference_mode():
            y = model.double()(x.double()).float()
            model = model.float().cuda()
            on_device = x.cuda()
            times = {"eagerMs": milliseconds(lambda: model(on_device)), "graphMs": milliseconds(replay_of(model, on_device))}
        numpy.asarray(x).tofile(folder / f"{name}.x.bin")
        numpy.asarray(y).tofile(folder / f"{name}.y.bin")
        facts["models"][name] = times
        print(name, times, flush=True)
    (folder / "peer.json").write_text(json.dumps(facts))


main(Path(sys.argv[1]))
