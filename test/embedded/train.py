"""Trains the two embedded models on scenes drawn as they are needed, and writes them as ONNX.

    python3 train.py --out FOLDER [--detector-seconds 400] [--classifier-seconds 90] [--seed 1]

Each model trains for the given time; the learning rate follows the clock. On one H100 that is more than a million scenes
for the detector. Needs torch, onnx and onnxruntime; the models need none of them.
"""

import argparse
import copy
import json
import math
import time
from pathlib import Path

import torch
import torch.nn.functional as F

import detection
import export
import scenes
from networks import Classifier, Detector, decode_boxes, make_cells

DETECTOR_SIZE, CLASSIFIER_SIZE = 224, 96


class Average:
    """Exponential moving average of a model's weights and statistics: what is kept in the end."""

    def __init__(self, model: torch.nn.Module, decay: float):
        self.model = copy.deepcopy(model).eval()
        self.decay, self.steps = decay, 0
        self.mine = [t for t in self.model.state_dict().values() if t.is_floating_point()]

    @torch.no_grad()
    def update(self, model: torch.nn.Module) -> None:
        self.steps += 1
        decay = self.decay * (1 - math.exp(-self.steps / 300))
        theirs = [t for t in model.state_dict().values() if t.is_floating_point()]
        torch._foreach_lerp_(self.mine, theirs, 1 - decay)


def make_optimizer(model: torch.nn.Module) -> torch.optim.Optimizer:
    decayed = [p for p in model.parameters() if p.ndim > 1]
    others = [p for p in model.parameters() if p.ndim <= 1]
    groups = [{"params": decayed, "weight_decay": 0.02}, {"params": others, "weight_decay": 0.0}]
    return torch.optim.AdamW(groups, lr=1e-3, betas=(0.9, 0.99))


def train(name, model, batch, seconds, rate, device, seed, plan, loss_of):
    """Trains `model` for `seconds`. plan(rng, batch) draws the layout of a batch, loss_of(model, batch) judges. Returns the average."""
    plan_rng = torch.Generator().manual_seed(seed)
    pixel_rng = torch.Generator(device).manual_seed(seed)
    model.to(device, memory_format=torch.channels_last).train()
    average = Average(model, 0.998)
    optimizer = make_optimizer(model)
    start, step, said = time.monotonic(), 0, 0.0
    while (share := (time.monotonic() - start) / seconds) < 1:
        for group in optimizer.param_groups:
            group["lr"] = rate * min(1, (step + 1) / 100) * (0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * share)))
        with torch.no_grad():
            drawn = scenes.draw(plan(plan_rng, batch), pixel_rng)
        for view in (drawn, scenes.turn(drawn)):
            with torch.autocast(device.type, torch.bfloat16, enabled=device.type == "cuda"):
                loss = loss_of(model, view)
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 10.0)
            optimizer.step()
            average.update(model)
        step += 1
        if time.monotonic() - said > 15:
            said = time.monotonic()
            print(f"{name} {said - start:5.0f} s, {step * batch} scenes, loss {loss.item():.4f}", flush=True)
    print(f"{name}: {step} batches of {batch} scenes, two views each", flush=True)
    return average.model, step * batch


@torch.no_grad()
def test_detector(model, device, seed: int, count: int) -> float:
    plan_rng, pixel_rng = torch.Generator().manual_seed(seed), torch.Generator(device).manual_seed(seed)
    centers, strides = make_cells(DETECTOR_SIZE, device)
    judged = []
    for _ in range(count // 32):
        drawn = scenes.draw(scenes.plan_detection(plan_rng, 32, DETECTOR_SIZE), pixel_rng)
        raw = model(drawn.images)
        boxes = decode_boxes(raw, centers, strides)
        judged += zip(raw[:, 4:].sigmoid().cpu(), boxes.cpu(), drawn.boxes.cpu(), drawn.classes.cpu())
    return detection.measure_ap50(judged, len(scenes.LABELS), 0.05)


@torch.no_grad()
def test_classifier(model, device, seed: int, count: int) -> float:
    plan_rng, pixel_rng = torch.Generator().manual_seed(seed), torch.Generator(device).manual_seed(seed)
    right = total = 0
    for _ in range(count // 64):
        drawn = scenes.draw(scenes.plan_classification(plan_rng, 64, CLASSIFIER_SIZE), pixel_rng)
        truth = drawn.classes.amax(1)
        right += int(((model(drawn.images).argmax(1) == truth) & (truth >= 0)).sum())
        total += int((truth >= 0).sum())
    return right / total


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--detector-seconds", type=float, default=400)
    parser.add_argument("--classifier-seconds", type=float, default=90)
    parser.add_argument("--detector-batch", type=int, default=256)
    parser.add_argument("--classifier-batch", type=int, default=768)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--start", type=Path, help="a weights.pt of an earlier run, trained further")
    parser.add_argument("--detector-rate", type=float, default=3e-3, help="highest learning rate")
    parser.add_argument("--classifier-rate", type=float, default=3e-3)
    parser.add_argument("--tests", type=int, default=512, help="scenes that measure the result")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    torch.manual_seed(options.seed)
    torch.backends.cudnn.benchmark = True
    labels = len(scenes.LABELS)
    centers, strides = make_cells(DETECTOR_SIZE, device)

    def classifier_loss(model, drawn):
        # A scene whose main shape is hidden has no label; it is left out.
        return F.cross_entropy(model(drawn.images).float(), drawn.classes.amax(1), ignore_index=-1, label_smoothing=0.02)

    def detector_loss(model, drawn):
        raw = model(drawn.images.contiguous(memory_format=torch.channels_last))
        return detection.detection_loss(raw, decode_boxes(raw, centers, strides), centers, drawn.boxes, drawn.classes)

    facts = {"seed": options.seed, "torch": torch.__version__}
    classifier, detector = Classifier(labels), Detector(labels)
    if options.start:
        weights = torch.load(options.start, map_location="cpu")
        for network, state in ((classifier, weights.get("classifier")), (detector, weights.get("detector"))):
            if state:
                network.load_state_dict(state)
    model, seen = train("classifier", classifier, options.classifier_batch, options.classifier_seconds, options.classifier_rate,
                        device, options.seed,
                        lambda rng, batch: scenes.plan_classification(rng, batch, CLASSIFIER_SIZE), classifier_loss)
    facts["classifier"] = {"scenes": seen, "top1": test_classifier(model, device, 10**6 + options.seed, options.tests * 4)}
    export.write_classifier(model.float().cpu(), CLASSIFIER_SIZE, scenes.LABELS, options.out / "shapes-classifier.onnx")
    print(json.dumps(facts), flush=True)
    weights = {"classifier": model.state_dict()}
    model, seen = train("detector", detector, options.detector_batch, options.detector_seconds, options.detector_rate,
                        device, options.seed + 1,
                        lambda rng, batch: scenes.plan_detection(rng, batch, DETECTOR_SIZE), detector_loss)
    export.write_detector(model.float().cpu(), DETECTOR_SIZE, scenes.LABELS, options.out / "shapes-detector.onnx")
    torch.save(weights | {"detector": model.state_dict()}, options.out / "weights.pt")
    facts["detector"] = {"scenes": seen, "ap50": test_detector(model.to(device), device, 10**6 + options.seed, options.tests)}
    print(json.dumps(facts), flush=True)
    (options.out / "training.json").write_text(json.dumps(facts, indent=2) + "\n")


if __name__ == "__main__":
    main()
