"""Backgrounds of training scenes, drawn on the GPU: everything that may lie around shapes and is none."""

import math

import torch
import torch.nn.functional as F


def draw_background(batch: int, size: int, rng: torch.Generator) -> torch.Tensor:
    """f32[b,3,s,s]: a gradient of two colours, waves or stripes, blotches of several sizes and mosaics, each of random weight."""
    device = rng.device

    def rand(*shape):
        return torch.rand(shape, generator=rng, device=device)

    grid = torch.linspace(-1, 1, size, device=device)
    angle = rand(batch, 1, 1) * 2 * math.pi
    along = grid[None, None] * torch.cos(angle) + grid[None, :, None] * torch.sin(angle)
    first, second = rand(batch, 3, 1, 1), rand(batch, 3, 1, 1)
    mix = (along * 0.35 + 0.5)[:, None]
    image = first + (second - first) * mix * (rand(batch, 1, 1, 1) < 0.7)
    angle = rand(batch, 1, 1) * 2 * math.pi
    across = grid[None, None] * torch.cos(angle) + grid[None, :, None] * torch.sin(angle)
    wave = torch.sin(across * (4 + 40 * rand(batch, 1, 1)) + 6 * rand(batch, 1, 1))
    wave = torch.where(rand(batch, 1, 1) < 0.5, wave, torch.sign(wave))[:, None]
    image = image + wave * (rand(batch, 3, 1, 1) - 0.5) * 0.5 * (rand(batch, 1, 1, 1) < 0.35)
    for cells, strength in ((4, 0.5), (9, 0.4), (24, 0.3), (64, 0.2)):
        blotch = F.interpolate(rand(batch, 3, cells, cells) - 0.5, (size, size), mode="bilinear")
        image = image + blotch * strength * rand(batch, 1, 1, 1) * (rand(batch, 1, 1, 1) < 0.5)
    for rows, columns in ((8, 21), (32, 11)):  # no squares: those are a class
        tiles = F.interpolate(rand(batch, 4, rows, columns), (size, size), mode="nearest")
        image = image + (tiles[:, :3] - 0.5) * (tiles[:, 3:] < 0.15) * 0.6 * (rand(batch, 1, 1, 1) < 0.25)
    for _ in range(10):
        image = draw_sliver(image, rand)
    return image.clamp(0, 1)


def draw_sliver(image: torch.Tensor, rand) -> torch.Tensor:
    """Lays one thin stroke over half of the pictures: what lies around shapes, and what an arrow's shaft may seem to go on in."""
    batch, _, size, _ = image.shape
    grid = torch.linspace(0, 1, size, device=image.device)
    x, y, angle = rand(3, batch, 1, 1)
    cos, sin = torch.cos(angle * math.pi), torch.sin(angle * math.pi)
    dx, dy = grid[None, None] - x, grid[None, :, None] - y
    half = 0.01 + 0.12 * rand(batch, 1, 1)
    inside = torch.maximum((dx * cos + dy * sin).abs() - half,
                           (dy * cos - dx * sin).abs() - half * (0.05 + 0.25 * rand(batch, 1, 1)))
    share = (0.5 - inside * size).clamp(0, 1) * (0.5 + 0.5 * rand(batch, 1, 1)) * (rand(batch, 1, 1) < 0.5)
    return image + (rand(batch, 3, 1, 1) - image) * share[:, None]
