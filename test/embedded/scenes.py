"""Draws training scenes on the GPU: eight classes of shapes among look-alikes on cluttered backgrounds.

Every shape is a signed distance function, so a batch is a few tensor operations and edges are smooth. A plan (what lies
where) comes from a seeded generator on the CPU; only pixels are made on the device. scenes.ts beside this file draws the
scenes that measure the models, by other means (polygons, scan lines) and from other random numbers.

Lengths are pixels of the model's input, colours 0..1, slots of a scene are ordered from front to back.
"""

import math
from dataclasses import dataclass

import torch

from backgrounds import draw_background
from camera import spoil

LABELS = ("circle", "square", "triangle", "star", "cross", "ring", "arrow", "heart")
DISTRACTORS = ("ellipse", "rectangle", "polygon", "line", "half-disc", "elbow")
KINDS = LABELS + DISTRACTORS
LETTERBOX_GREY = 114 / 255
# Kinds whose sides may not be stretched: a stretched circle is an ellipse, which is a look-alike.
STRICT = torch.tensor([kind in ("circle", "square", "polygon", "half-disc") for kind in KINDS])
# Look-alikes that noise cannot be told from a class when tiny: the smallest radius as a share of the picture.
RADIUS_MIN = torch.tensor([0.0] * len(LABELS) + [0.05, 0.05, 0.085, 0.05, 0.06, 0.06])


@dataclass(frozen=True)
class Batch:
    """images f32[b,3,s,s]; by slot: boxes f32[b,k,4] (x1 y1 x2 y2 of what is visible), classes i64[b,k], -1 for no object."""

    images: torch.Tensor
    boxes: torch.Tensor
    classes: torch.Tensor


def turn(batch: Batch) -> Batch:
    """The same scenes mirrored along the diagonal: a second view that costs no drawing. Every class stays what it is."""
    return Batch(batch.images.transpose(2, 3).contiguous(), batch.boxes[..., [1, 0, 3, 2]], batch.classes)


@dataclass(frozen=True)
class Plan:
    """What lies where. All f32[b,k] but `kind` (i64), `present` (bool), `colors` f32[b,k,4,3] and `content` f32[b,4]."""

    size: int
    content: torch.Tensor  # x1 y1 x2 y2 of the picture inside the letterbox
    kind: torch.Tensor
    present: torch.Tensor
    x: torch.Tensor
    y: torch.Tensor
    radius: torch.Tensor
    angle: torch.Tensor
    stretch: torch.Tensor
    form: torch.Tensor  # 0..1: the free parameter of the kind (inner radius of a ring, width of a cross, ...)
    outline: torch.Tensor  # width as a share of the radius, 0 for none
    shade: torch.Tensor  # strength of the gradient or stripes inside a shape
    stripes: torch.Tensor  # stripes per radius, 0 for a gradient
    visible_min: torch.Tensor  # a shape of which less is visible is left out
    colors: torch.Tensor  # candidates; the best against what lies around is taken


def uniform(rng: torch.Generator, shape: tuple, low: float = 0.0, high: float = 1.0) -> torch.Tensor:
    return torch.rand(shape, generator=rng) * (high - low) + low


def plan_content(rng: torch.Generator, batch: int, size: int) -> torch.Tensor:
    """The picture's rectangle in the letterbox: a third are square, the rest have side ratios from 0.55 to 1.8."""
    ratio = torch.exp(uniform(rng, (batch,), math.log(0.55), math.log(1.8)))
    ratio = torch.where(uniform(rng, (batch,)) < 0.33, torch.ones(batch), ratio)
    width = (size * ratio.clamp(max=1)).round()
    height = (size / ratio.clamp(min=1)).round()
    left, top = ((size - width) / 2).floor(), ((size - height) / 2).floor()
    return torch.stack([left, top, left + width, top + height], 1)


def finish_plan(rng: torch.Generator, size: int, content: torch.Tensor, kind: torch.Tensor, present: torch.Tensor,
                radius: torch.Tensor, inset: torch.Tensor, visible_min: torch.Tensor) -> Plan:
    """Draws the free parameters: places, turns, proportions and colours. Centres keep `inset` radii from the borders."""
    shape = kind.shape
    radius = torch.maximum(radius, RADIUS_MIN[kind] * size)
    low, high = content[:, None, :2], content[:, None, 2:]
    margin = torch.minimum((radius * inset)[..., None], (high - low) * 0.45)
    center = low + margin + (high - low - 2 * margin) * uniform(rng, (*shape, 2))
    stretch = torch.exp(uniform(rng, shape, -0.2, 0.2))
    stretch = torch.where(STRICT[kind], torch.exp(uniform(rng, shape, -0.04, 0.04)), stretch)
    outlined = (uniform(rng, shape) < 0.25) & (kind != KINDS.index("ring")) & (kind != KINDS.index("line"))
    return Plan(
        size=size, content=content, kind=kind, present=present, x=center[..., 0], y=center[..., 1], radius=radius,
        angle=uniform(rng, shape, 0, 2 * math.pi), stretch=stretch, form=uniform(rng, shape),
        outline=torch.where(outlined, uniform(rng, shape, 0.05, 0.13), torch.zeros(shape)),
        shade=torch.where(uniform(rng, shape) < 0.5, uniform(rng, shape, 0, 0.35), torch.zeros(shape)),
        stripes=torch.where(uniform(rng, shape) < 0.4, uniform(rng, shape, 2, 6), torch.zeros(shape)),
        visible_min=visible_min, colors=uniform(rng, (*shape, 4, 3)),
    )


def plan_detection(rng: torch.Generator, batch: int, size: int, slots: int = 14) -> Plan:
    """Up to `slots` shapes of any kind; shapes of a class show at least 60 % of themselves."""
    shape = (batch, slots)
    is_class = uniform(rng, shape) < 0.52
    classes = torch.randint(len(LABELS), shape, generator=rng)
    others = torch.randint(len(LABELS), len(KINDS), shape, generator=rng)
    kind = torch.where(is_class, classes, others)
    crowd = uniform(rng, (batch, 1), 0.25, 1.0)  # from sparse to crowded
    radius = size * torch.exp(uniform(rng, shape, math.log(0.042), math.log(0.29)))
    return finish_plan(rng, size, plan_content(rng, batch, size), kind, uniform(rng, shape) < crowd, radius,
                       uniform(rng, shape, 0.65, 1.0), torch.where(is_class, 0.6, 0.0))


def plan_classification(rng: torch.Generator, batch: int, size: int, front: int = 2, behind: int = 5) -> Plan:
    """One main shape in slot `front`, up to `front` look-alikes before it and up to `behind` behind it."""
    slots = front + 1 + behind
    shape = (batch, slots)
    content = plan_content(rng, batch, size)
    short = torch.minimum(content[:, 2] - content[:, 0], content[:, 3] - content[:, 1])[:, None]
    kind = torch.randint(len(LABELS), len(KINDS), shape, generator=rng)
    kind[:, front] = torch.randint(len(LABELS), (batch,), generator=rng)
    radius = short * torch.exp(uniform(rng, shape, math.log(0.07), math.log(0.32)))
    radius[:, :front] *= 0.6
    radius[:, front] = short[:, 0] * uniform(rng, (batch,), 0.18, 0.48)
    present = uniform(rng, shape) < uniform(rng, (batch, 1), 0.1, 0.8)
    present[:, :front] &= uniform(rng, (batch, front)) < 0.5
    present[:, front] = True
    inset = uniform(rng, shape, 0.3, 1.0)
    inset[:, front] = uniform(rng, (batch,), 0.75, 1.1)
    visible_min = torch.zeros(shape)
    visible_min[:, front] = 0.65
    return finish_plan(rng, size, content, kind, present, radius, inset, visible_min)


def box(u: torch.Tensor, v: torch.Tensor, half_width, half_height) -> torch.Tensor:
    return torch.maximum(u.abs() - half_width, v.abs() - half_height)


def fold(u: torch.Tensor, v: torch.Tensor, count) -> tuple[torch.Tensor, torch.Tensor]:
    """Folds the plane into one of 2 * `count` equal sectors around the origin: the corner of a polygon lies on the u axis."""
    sector = 2 * math.pi / count
    angle = torch.atan2(v, u)
    angle = (angle - sector * torch.round(angle / sector)).abs()
    length = torch.hypot(u, v)
    return length * torch.cos(angle), length * torch.sin(angle)


def heart(u: torch.Tensor, v: torch.Tensor) -> torch.Tensor:
    """After Inigo Quilez, "2D distance functions", sdHeart, scaled to a radius of about 1."""
    scale = 0.6
    x, y = u.abs() * scale, 0.52 - v * scale
    lobe = torch.hypot(x - 0.25, y - 0.75) - math.sqrt(2) / 4
    diagonal = 0.5 * (x + y).clamp(min=0)
    tip = torch.sqrt(torch.minimum(x**2 + (y - 1) ** 2, (x - diagonal) ** 2 + (y - diagonal) ** 2)) * torch.sign(x - y)
    return torch.where(x + y > 1, lobe, tip) / scale


def distance(kind: str, u: torch.Tensor, v: torch.Tensor, form: torch.Tensor) -> torch.Tensor:
    """Signed distance in radii, negative inside. u, v: the shape's own axes, 1 at its radius; form: 0..1."""
    length = torch.hypot(u, v)
    if kind == "circle":
        return length - 0.9
    if kind == "square":
        return box(u, v, 0.8, 0.8)
    if kind == "triangle":
        a, _ = fold(-u, v, 3)
        return a - 0.5
    if kind == "star":
        inner = 0.38 + 0.14 * form
        a, b = fold(u, v, 5)
        corner_u, corner_v = inner * math.cos(math.pi / 5), inner * math.sin(math.pi / 5)
        edge = torch.hypot(1 - corner_u, corner_v)
        return ((a - 1) * corner_v + b * (1 - corner_u)) / edge
    if kind == "cross":
        width = 0.22 + 0.16 * form
        return torch.minimum(box(u, v, 0.95, width), box(u, v, width, 0.95))
    if kind == "ring":
        inner = 0.42 + 0.3 * form
        return (length - (0.95 + inner) / 2).abs() - (0.95 - inner) / 2
    if kind == "arrow":
        neck, width, wing = 0.35 * form, 0.14 + 0.12 * (1 - form), 0.62
        slope = torch.hypot(1 - neck, torch.full_like(neck, wing))
        head = torch.maximum(neck - u, ((u - 1) * wing + v.abs() * (1 - neck)) / slope)
        shaft = box(u - (neck - 0.9) / 2, v, (neck + 1.0) / 2, width)
        return torch.minimum(head, shaft)
    if kind == "heart":
        return heart(u, v)
    if kind == "ellipse":
        ratio = 0.35 + 0.25 * form
        return (torch.hypot(u, v / ratio) - 1) * ratio
    if kind == "rectangle":
        return box(u, v, 0.95, 0.95 * (0.2 + 0.36 * form))
    if kind == "polygon":
        count = torch.where(form < 0.5, 5.0, 6.0)
        a, b = fold(u, v, count)
        half = math.pi / count
        return a * torch.cos(half) + b * torch.sin(half) - 0.95 * torch.cos(half)
    if kind == "line":
        return box(u, v, 1.6, 0.03 + 0.07 * form)
    if kind == "half-disc":
        return torch.maximum(length - 0.95, -v - 0.15 * form)
    arm = 0.18 + 0.12 * form  # elbow
    return torch.minimum(box(u + 0.9 - arm, v, arm, 0.9), box(u, v - 0.9 + arm, 0.9, arm))


def draw_distances(plan: Plan, device: torch.device) -> tuple[torch.Tensor, torch.Tensor]:
    """By slot, f32[b*k,s,s]: the distance to the outline in pixels (far outside where no shape is), and the axis along which a
    shape is shaded, in radii."""
    size, slots = plan.size, plan.kind.numel()
    far = torch.full((slots, size, size), 1e3, device=device)
    along = torch.zeros((slots, size, size), device=device)
    grid = torch.arange(size, device=device) + 0.5
    flat = {name: getattr(plan, name).flatten().to(device)[:, None, None]
            for name in ("x", "y", "radius", "angle", "stretch", "form")}
    kind = torch.where(plan.present, plan.kind, -1).flatten()
    for index, name in enumerate(KINDS):
        rows = (kind == index).nonzero()[:, 0].to(device)
        x, y, radius, angle, stretch, form = (value[rows] for value in flat.values())
        dx, dy = (grid[None, None, :] - x) / radius, (grid[None, :, None] - y) / radius
        cos, sin, root = torch.cos(angle), torch.sin(angle), torch.sqrt(stretch)
        u, v = (dx * cos + dy * sin) / root, (dy * cos - dx * sin) * root
        far[rows] = distance(name, u, v, form) * radius
        along[rows] = u
    return far, along


def stack_slots(plan: Plan, alpha: torch.Tensor) -> torch.Tensor:
    """Lays the slots over each other from front to back. alpha f32[b,k,s,s] -> what is visible of each, same shape."""
    size, device = plan.size, alpha.device
    x1, y1, x2, y2 = (edge[:, None, None] for edge in plan.content.to(device).unbind(1))
    grid = torch.arange(size, device=device) + 0.5
    inside = (grid[None, None] > x1) & (grid[None, None] < x2) & (grid[None, :, None] > y1) & (grid[None, :, None] < y2)
    free = inside.float()
    visible = torch.empty_like(alpha)
    needed = plan.visible_min.to(device)
    for slot in range(alpha.shape[1]):
        mine = alpha[:, slot] * free
        share = mine.sum((1, 2)) / alpha[:, slot].sum((1, 2)).clamp(min=1)
        mine = mine * (share >= needed[:, slot])[:, None, None]
        visible[:, slot] = mine
        free = free - mine
    return visible


def choose_colors(plan: Plan, alpha: torch.Tensor, background: torch.Tensor) -> torch.Tensor:
    """f32[b,k,3]: of each slot's candidates the first that stands out from the background under it and from near slots."""
    device = alpha.device
    weight = alpha.flatten(2)
    under = weight @ background.flatten(2).transpose(1, 2) / weight.sum(2, keepdim=True).clamp(min=1)
    candidates = plan.colors.to(device)
    x, y, radius = plan.x.to(device), plan.y.to(device), plan.radius.to(device)
    present = plan.present.to(device)
    chosen = torch.zeros_like(under)
    for slot in range(alpha.shape[1]):
        mine = candidates[:, slot]
        gap = (mine - under[:, slot, None]).norm(dim=2)
        if slot > 0:
            apart = torch.hypot(x[:, :slot] - x[:, slot, None], y[:, :slot] - y[:, slot, None])
            near = (apart < radius[:, :slot] + radius[:, slot, None]) & present[:, :slot]
            others = (mine[:, :, None] - chosen[:, None, :slot]).norm(dim=3)
            gap = torch.minimum(gap, torch.where(near[:, None], others, 9.0).amin(2))
        best = gap.clamp(max=0.4).argmax(1)
        chosen[:, slot] = mine.gather(1, best[:, None, None].expand(-1, 1, 3))[:, 0]
    return chosen


def find_boxes(visible: torch.Tensor) -> torch.Tensor:
    """f32[b,k,4]: the rectangle around what is visible of each slot."""
    seen = visible > 0.35
    size = visible.shape[-1]
    columns, rows = seen.any(2).float(), seen.any(3).float()
    return torch.stack([columns.argmax(2), rows.argmax(2), size - columns.flip(2).argmax(2), size - rows.flip(2).argmax(2)],
                       2).float()


def draw(plan: Plan, rng: torch.Generator) -> Batch:
    """Draws a plan. `rng` lives on the device that draws; it makes background and noise."""
    device, size = rng.device, plan.size
    batch, slots = plan.kind.shape
    far, along = draw_distances(plan, device)
    far, along = far.view(batch, slots, size, size), along.view(batch, slots, size, size)
    alpha = (0.5 - far).clamp(0, 1)
    visible = stack_slots(plan, alpha)
    background = draw_background(batch, size, rng)
    fill = choose_colors(plan, alpha, background)

    def per_slot(value):
        return value.to(device)[:, :, None, None]

    stripes = per_slot(plan.stripes)
    shade = torch.where(stripes > 0, torch.sign(torch.sin(along * stripes * math.pi)), along.clamp(-1, 1)) * per_slot(plan.shade)
    rim = ((far + per_slot(plan.outline * plan.radius)).clamp(-0.5, 0.5) + 0.5) * per_slot(plan.outline > 0)
    rim_color = plan.colors[:, :, 3].to(device)
    # Fill, outline and shading of all slots at once: weights f32[b,3k,s*s] times colours f32[b,3k,3].
    weights = torch.cat([visible * (1 - rim), visible * rim, visible * (1 - rim) * shade], 1).flatten(2)
    colors = torch.cat([fill, rim_color, torch.full_like(fill, 0.5)], 1)
    image = background * (1 - visible.sum(1, keepdim=True)) + (colors.transpose(1, 2) @ weights).view(batch, 3, size, size)
    image = spoil(image.clamp(0, 1), rng)
    grid = torch.arange(size, device=device) + 0.5
    x1, y1, x2, y2 = (edge[:, None, None, None] for edge in plan.content.to(device).unbind(1))
    inside = (grid > x1) & (grid < x2) & (grid[:, None] > y1) & (grid[:, None] < y2)
    image = torch.where(inside, image, LETTERBOX_GREY)
    boxes = find_boxes(visible)
    shown = (visible.sum((2, 3)) > 4) & (plan.kind < len(LABELS)).to(device)
    return Batch(image, boxes, torch.where(shown, plan.kind.to(device), -1))
