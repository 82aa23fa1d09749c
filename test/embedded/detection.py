"""Loss and accuracy of the detector: task-aligned assignment (Feng et al., "TOOD", 2021), complete IoU, average precision."""

import math

import torch
import torch.nn.functional as F


def pairwise_iou(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    """a f32[...,k,4], b f32[...,n,4] -> f32[...,k,n]"""
    low = torch.maximum(a[..., :, None, :2], b[..., None, :, :2])
    high = torch.minimum(a[..., :, None, 2:], b[..., None, :, 2:])
    shared = (high - low).clamp(min=0).prod(-1)
    area_a, area_b = (a[..., 2:] - a[..., :2]).prod(-1), (b[..., 2:] - b[..., :2]).prod(-1)
    return shared / (area_a[..., :, None] + area_b[..., None, :] - shared + 1e-7)


def complete_iou(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    """Zheng et al., "Distance-IoU Loss", 2020. a, b f32[m,4] -> f32[m]"""
    low, high = torch.maximum(a[:, :2], b[:, :2]), torch.minimum(a[:, 2:], b[:, 2:])
    shared = (high - low).clamp(min=0).prod(1)
    side_a, side_b = a[:, 2:] - a[:, :2], b[:, 2:] - b[:, :2]
    iou = shared / (side_a.prod(1) + side_b.prod(1) - shared + 1e-7)
    around = torch.maximum(a[:, 2:], b[:, 2:]) - torch.minimum(a[:, :2], b[:, :2])
    apart = ((a[:, :2] + a[:, 2:] - b[:, :2] - b[:, 2:]) ** 2).sum(1) / 4 / ((around**2).sum(1) + 1e-7)
    lean = (torch.atan(side_b[:, 0] / side_b[:, 1].clamp(min=1e-3)) - torch.atan(side_a[:, 0] / side_a[:, 1].clamp(min=1e-3))) ** 2
    lean = lean * 4 / math.pi**2
    with torch.no_grad():
        weight = lean / (1 - iou + lean + 1e-7)
    return iou - apart - weight * lean


@torch.no_grad()
def assign(scores, boxes, centers, truth_boxes, truth_classes, best: int = 10):
    """Which object each cell answers for: of the cells inside an object the `best` by score^0.5 * iou^6.

    scores f32[b,c,n] after the sigmoid, boxes f32[b,n,4], truth_boxes f32[b,k,4], truth_classes i64[b,k] (-1: none)
    -> object i64[b,n] (an index into k), weight f32[b,n] (0 where the cell answers for none, else the score it should give)
    """
    real = truth_classes >= 0
    x, y = centers[0], centers[1]
    x1, y1, x2, y2 = (edge[..., None] for edge in truth_boxes.unbind(-1))
    inside = (x > x1) & (x < x2) & (y > y1) & (y < y2) & real[..., None]
    iou = pairwise_iou(truth_boxes, boxes).clamp(min=0)
    score = scores.gather(1, truth_classes.clamp(min=0)[..., None].expand(-1, -1, scores.shape[2]))
    metric = (score.sqrt() * iou**6 + 1e-9) * inside
    limit = metric.topk(best, dim=2).values[..., -1:]
    mine = (metric >= limit) & (metric > 0)
    # A cell wanted by several objects goes to the one that it overlaps best.
    iou_mine = torch.where(mine, iou, -1.0)
    overlap, owner = iou_mine.max(1)
    taken = overlap >= 0
    chosen = mine & (torch.arange(mine.shape[1], device=mine.device)[None, :, None] == owner[:, None]) & taken[:, None]
    metric = metric * chosen
    peak = metric.amax(2, keepdim=True).clamp(min=1e-12)
    peak_iou = (iou * chosen).amax(2, keepdim=True)
    weight = (metric / peak * peak_iou).sum(1)
    return owner, weight * taken


def detection_loss(raw, boxes, centers, truth_boxes, truth_classes):
    """raw f32[b,4+c,n], boxes f32[b,n,4] decoded from it -> the loss, a scalar"""
    logits = raw[:, 4:].float()
    owner, weight = assign(logits.detach().sigmoid(), boxes.detach(), centers, truth_boxes, truth_classes)
    classes = truth_classes.gather(1, owner).clamp(min=0)
    target = F.one_hot(classes, logits.shape[1]).transpose(1, 2) * weight[:, None]
    total = weight.sum().clamp(min=1)
    loss_class = F.binary_cross_entropy_with_logits(logits, target, reduction="sum") / total
    mine = weight > 0
    wanted = truth_boxes.gather(1, owner[..., None].expand(-1, -1, 4))
    loss_box = ((1 - complete_iou(boxes.flatten(0, 1), wanted.flatten(0, 1))) * (weight * mine).flatten()).sum() / total
    return loss_class + 5 * loss_box


def suppress(boxes: torch.Tensor, scores: torch.Tensor, limit: float = 0.45) -> list[int]:
    """Greedy non-maximum suppression of one class: the rows that stay, best first."""
    order = scores.argsort(descending=True).tolist()
    iou = pairwise_iou(boxes, boxes)
    kept: list[int] = []
    for row in order:
        if all(iou[row, other] <= limit for other in kept):
            kept.append(row)
    return kept


def average_precision(found: list[tuple[float, bool]], truths: int) -> float:
    """Area under the precision-recall curve, all points. found: (score, whether it is right)."""
    hits, area, recall_before = 0, 0.0, 0.0
    points = []
    for count, (_, right) in enumerate(sorted(found, key=lambda one: -one[0]), 1):
        hits += right
        points.append((hits / max(truths, 1), hits / count))
    best = 0.0
    envelope = []
    for recall, precision in reversed(points):
        best = max(best, precision)
        envelope.append((recall, best))
    for recall, precision in reversed(envelope):
        area += (recall - recall_before) * precision
        recall_before = recall
    return area


def measure_ap50(scenes, classes: int, score_min: float = 0.01) -> float:
    """Mean over classes of the average precision at IoU 0.5. scenes: (scores f32[c,n], boxes f32[n,4], truth boxes, truth classes)."""
    found: list[list[tuple[float, bool]]] = [[] for _ in range(classes)]
    truths = [0] * classes
    for scores, boxes, truth_boxes, truth_classes in scenes:
        for label in range(classes):
            truth = truth_boxes[truth_classes == label]
            truths[label] += len(truth)
            rows = scores[label] > score_min
            kept = suppress(boxes[rows], scores[label][rows])
            iou = pairwise_iou(boxes[rows][kept], truth)
            free = [True] * len(truth)
            for index, row in enumerate(kept):
                hit = max((t for t in range(len(truth)) if free[t]), key=lambda t: float(iou[index, t]), default=-1)
                right = hit >= 0 and float(iou[index, hit]) >= 0.5
                if right:
                    free[hit] = False
                found[label].append((float(scores[label][rows][row]), right))
    return sum(average_precision(f, t) for f, t in zip(found, truths)) / classes
