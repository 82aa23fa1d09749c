"""What cameras and files do to a picture: coarser resolution, blur, light, noise and the loss of JPEG. Pictures are f32[b,3,s,s],
colours 0..1."""

import math

import torch
import torch.nn.functional as F


def spoil(image: torch.Tensor, rng: torch.Generator) -> torch.Tensor:
    """Spoils each picture a little, in ways that differ by its place in the batch. Changes `image`."""
    batch, _, size, _ = image.shape
    device = rng.device

    def rand(*shape):
        return torch.rand(shape, generator=rng, device=device)

    part = batch // 8  # scenes of a batch are independent, so that slices of it are random choices
    for index, factor in enumerate((0.75, 0.5)):
        some = slice(index * part, (index + 1) * part)
        small = F.interpolate(image[some], scale_factor=factor, mode="bilinear", antialias=True)
        image[some] = F.interpolate(small, (size, size), mode="bilinear")
    some = slice(2 * part, 4 * part)
    soft = F.avg_pool2d(F.pad(image[some], (1, 1, 1, 1), mode="replicate"), 3, 1)
    strength = rand(soft.shape[0], 1, 1, 1)
    image[some] = image[some] * (1 - strength) + soft * strength
    image = image ** torch.exp((rand(batch, 1, 1, 1) - 0.5) * 0.8)
    image = (image - 0.5) * (0.6 + 0.5 * rand(batch, 1, 1, 1)) + 0.5 + (rand(batch, 3, 1, 1) - 0.5) * 0.2
    strength = rand(batch, 1, 1, 1) ** 2 * 0.12 * (rand(batch, 1, 1, 1) < 0.7)
    image = image + torch.randn(image.shape, generator=rng, device=device) * strength
    some = slice(4 * part, 6 * part)
    image[some] = compress(image[some].clamp(0, 1), 25 + 65 * rand(image[some].shape[0], 1))
    return image.clamp(0, 1)


# ITU-T T.81, table K.1, the luminance steps of JPEG at quality 50.
JPEG_STEPS = (
    16, 11, 10, 16, 24, 40, 51, 61, 12, 12, 14, 19, 26, 58, 60, 55, 14, 13, 16, 24, 40, 57, 69, 56, 14, 17, 22, 29, 51, 87, 80, 62,
    18, 22, 37, 56, 68, 109, 103, 77, 24, 35, 55, 64, 81, 104, 113, 92, 49, 64, 78, 87, 103, 121, 120, 101,
    72, 92, 95, 98, 112, 100, 103, 99,
)


def compress(image: torch.Tensor, quality: torch.Tensor) -> torch.Tensor:
    """The loss of JPEG on f32[b,3,s,s], s a multiple of 8: quantised cosine transforms of 8x8 blocks. quality f32[b,1], 1..100."""
    batch, _, size, _ = image.shape
    k = torch.arange(8, device=image.device, dtype=torch.float32)
    basis = torch.cos((2 * k[None] + 1) * k[:, None] * math.pi / 16) * 0.5
    basis[0] *= math.sqrt(0.5)
    scale = torch.where(quality < 50, 50 / quality, 2 - quality / 50)
    steps = torch.tensor(JPEG_STEPS, device=image.device).view(8, 8) / 255 * scale.clamp(min=0.02)[..., None]
    luma = (image * torch.tensor([0.299, 0.587, 0.114], device=image.device)[:, None, None]).sum(1, keepdim=True)
    planes = torch.cat([luma, image - luma], 1).view(batch, 4, size // 8, 8, size // 8, 8)
    coefficients = torch.einsum("ui,bcyixj,vj->bcyuxv", basis, planes, basis)
    steps = steps[:, None, None, :, None, :] * torch.tensor([1.0, 1.6, 1.6, 1.6], device=image.device)[:, None, None, None, None]
    coefficients = torch.round(coefficients / steps) * steps
    planes = torch.einsum("ui,bcyuxv,vj->bcyixj", basis, coefficients, basis).reshape(batch, 4, size, size)
    return planes[:, :1] + planes[:, 1:]
