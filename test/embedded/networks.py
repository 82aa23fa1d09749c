"""The two networks that onbox ships: plain 3x3 and 1x1 convolutions, batch-norm and ReLU, channels in multiples of 16."""

import torch
import torch.nn.functional as F
from torch import nn

STRIDES = (8, 16, 32)


class Unit(nn.Module):
    """Convolution, batch-norm, ReLU. The border is padded so that stride 1 keeps the size."""

    def __init__(self, inputs: int, outputs: int, kernel: int = 3, stride: int = 1):
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, bias=False)
        self.norm = nn.BatchNorm2d(outputs, eps=1e-3, momentum=0.03)

    def forward(self, x):
        return F.relu(self.norm(self.conv(x)))


class Residual(nn.Module):
    """x + 3x3(1x1(x)) with `hidden` channels between."""

    def __init__(self, channels: int, hidden: int):
        super().__init__()
        self.reduce = Unit(channels, hidden, 1)
        self.widen = Unit(hidden, channels, 3)

    def forward(self, x):
        return x + self.widen(self.reduce(x))


class Detector(nn.Module):
    """f32[b,3,s,s], RGB 0..1 -> raw f32[b,4+classes,n]: by cell of strides 8, 16, 32 the box (offset of the centre and logarithm
    of the size, in strides) and class logits. s is a multiple of 32."""

    def __init__(self, classes: int):
        super().__init__()
        self.to8 = nn.Sequential(Unit(3, 16, 3, 2), Unit(16, 32, 3, 2), Residual(32, 16), Unit(32, 64, 3, 2), Residual(64, 32))
        self.to16 = nn.Sequential(Unit(64, 96, 3, 2), Residual(96, 32), Residual(96, 32))
        self.to32 = nn.Sequential(Unit(96, 96, 3, 2), Residual(96, 48), Unit(96, 64, 1))
        self.merge16 = nn.Sequential(Unit(64 + 96, 64, 1), Unit(64, 64, 3))
        self.merge8 = nn.Sequential(Unit(64 + 64, 32, 1), Unit(32, 48, 3))
        self.heads = nn.ModuleList([
            nn.Sequential(nn.Conv2d(48, 4 + classes, 1)),
            nn.Sequential(Unit(64, 48, 3), nn.Conv2d(48, 4 + classes, 1)),
            nn.Sequential(Unit(64, 48, 3), nn.Conv2d(48, 4 + classes, 1)),
        ])
        for head in self.heads:
            nn.init.zeros_(head[-1].weight)
            with torch.no_grad():  # boxes of about 2.7 strides at the cell's centre, and 1 % everywhere: most cells see no object
                head[-1].bias.copy_(torch.tensor([0.0, 0.0, 1.0, 1.0] + [-4.5] * classes))

    def forward(self, x):
        at8 = self.to8(x)
        at16 = self.to16(at8)
        at32 = self.to32(at16)
        at16 = self.merge16(torch.cat([F.interpolate(at32, scale_factor=2.0), at16], 1))
        at8 = self.merge8(torch.cat([F.interpolate(at16, scale_factor=2.0), at8], 1))
        return torch.cat([head(level).flatten(2) for head, level in zip(self.heads, (at8, at16, at32))], 2)


class Classifier(nn.Module):
    """f32[b,3,s,s], RGB 0..1 -> logits f32[b,classes]."""

    def __init__(self, classes: int):
        super().__init__()
        self.body = nn.Sequential(
            Unit(3, 16, 3, 2), Unit(16, 32, 3, 2), Residual(32, 16), Unit(32, 64, 3, 2), Residual(64, 32),
            Residual(64, 32), Unit(64, 96, 3, 2), Residual(96, 32), Residual(96, 32),
        )
        self.out = nn.Linear(96, classes)

    def forward(self, x):
        return self.out(self.body(x).amax((2, 3)))


def make_cells(size: int, device: torch.device = torch.device("cpu")) -> tuple[torch.Tensor, torch.Tensor]:
    """Centres f32[2,n] in pixels and strides f32[n] of the detector's cells, in the order of its output."""
    centers, strides = [], []
    for stride in STRIDES:
        count = size // stride
        at = (torch.arange(count, device=device) + 0.5) * stride
        y, x = torch.meshgrid(at, at, indexing="ij")
        centers.append(torch.stack([x.flatten(), y.flatten()]))
        strides.append(torch.full((count * count,), float(stride), device=device))
    return torch.cat(centers, 1), torch.cat(strides)


def decode_boxes(raw: torch.Tensor, centers: torch.Tensor, strides: torch.Tensor) -> torch.Tensor:
    """The first four rows of the raw output as f32[b,n,4] = x1 y1 x2 y2 in pixels."""
    center = centers + raw[:, :2].float() * strides
    half = raw[:, 2:4].float().clamp(max=4).exp() * strides / 2
    return torch.cat([center - half, center + half], 1).transpose(1, 2)
