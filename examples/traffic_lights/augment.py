"""Changes to a batch of pictures and their lights: zoom, shift, mirror, light and noise; all on the device.

Pictures are [B, 3, H, W] floats in 0..255, boxes (ymin, xmin, ymax, xmax) in 0..1.
"""

import dataclasses
import math

import torch
import torch.nn.functional as F

from targets import IGNORED, area

LEFT_ARROW = 4  # mirrored it would be a right arrow, which is no class
LEAST_PART = 0.6  # of a light that must stay in the picture for it to count
LEAST_SIDE = 4.0  # pixels of the longer side, as in render.py


@dataclasses.dataclass(frozen=True)
class Augmentation:
    zoom: tuple = (0.8, 2.0)
    zoomed: float = 0.4  # part of the pictures that are zoomed; the others keep their pixels
    shift: float = 0.25  # of the picture's side
    brightness: float = 0.3
    contrast: float = 0.25
    tint: float = 0.06
    noise: float = 6.0  # largest standard deviation


def _uniform(generator, count, low, high, device):
    return torch.rand(count, generator=generator, device=device) * (high - low) + low


def _place(count, rows, columns, mirrored, options, generator, device):
    """Scale and offset of what each picture shows: source = scale * target + offset, in 0..1 from its centre."""
    zoomed = torch.rand(count, generator=generator, device=device) < options.zoomed
    low, high = (math.log(z) for z in options.zoom)
    zoom = torch.where(zoomed, _uniform(generator, count, low, high, device).exp(), torch.ones(count, device=device))
    room = (1 - 1 / zoom).abs() / 2 + options.shift / zoom * 0.5
    offsets = []
    for side in (rows, columns):
        offset = _uniform(generator, count, -1, 1, device) * room
        offsets.append(torch.where(zoomed, offset, (offset * side).round() / side))
    sign = torch.where(mirrored, -1.0, 1.0)
    return 1 / zoom, sign, offsets[0], offsets[1]


def _move_boxes(boxes, labels, place, rows, columns):
    """Boxes and labels of the changed pictures; lights mostly outside or too small become IGNORED, gone ones 0."""
    scale, sign, offset_y, offset_x = place

    def target(source, offset, direction):
        return ((source - 0.5 - offset[:, None]) / scale[:, None]) * direction + 0.5

    one = torch.ones_like(sign)[:, None]
    y = [target(boxes[..., i], offset_y, one) for i in (0, 2)]
    x = [target(boxes[..., i], offset_x, sign[:, None]) for i in (1, 3)]
    moved = torch.stack([y[0], torch.minimum(*x), y[1], torch.maximum(*x)], -1)
    clipped = moved.clamp(0, 1)
    left = area(clipped) / area(moved).clamp(min=1e-9)
    longer = torch.maximum((clipped[..., 2] - clipped[..., 0]) * rows, (clipped[..., 3] - clipped[..., 1]) * columns)
    labels = torch.where(((left < LEAST_PART) | (longer < LEAST_SIDE)) & (labels > 0), IGNORED, labels)
    return clipped, torch.where(left < 0.02, 0, labels)


def augment(pixels, boxes, labels, options, generator):
    """A changed copy of a batch: pixels, boxes, labels."""
    device, (count, _, rows, columns) = pixels.device, pixels.shape
    mirrored = (torch.rand(count, generator=generator, device=device) < 0.5) & ~(labels == LEFT_ARROW).any(1)
    place = _place(count, rows, columns, mirrored, options, generator, device)
    scale, sign, offset_y, offset_x = place
    zero = torch.zeros_like(scale)
    # grid_sample's coordinates run over -1..1.
    theta = torch.stack([torch.stack([scale * sign, zero, 2 * offset_x], -1),
                         torch.stack([zero, scale, 2 * offset_y], -1)], 1)
    fill = _uniform(generator, count, 0, 160, device)[:, None, None, None]
    grid = F.affine_grid(theta, list(pixels.shape), align_corners=False)
    pixels = F.grid_sample(pixels - fill, grid, mode="bilinear", padding_mode="zeros", align_corners=False) + fill
    boxes, labels = _move_boxes(boxes, labels, place, rows, columns)
    return _relight(pixels, options, generator), boxes, labels


def _relight(pixels, options, generator):
    device, count = pixels.device, pixels.shape[0]
    shape = (count, 1, 1, 1)
    gain = _uniform(generator, count, 1 - options.brightness, 1 + options.brightness, device).view(shape)
    contrast = _uniform(generator, count, 1 - options.contrast, 1 + options.contrast, device).view(shape)
    tint = 1 + (torch.rand((count, 3, 1, 1), generator=generator, device=device) * 2 - 1) * options.tint
    mean = pixels.mean((1, 2, 3), keepdim=True)
    pixels = ((pixels - mean) * contrast + mean) * gain * tint
    deviation = (_uniform(generator, count, -options.noise, options.noise, device).clamp(min=0)).view(shape)
    pixels = pixels + torch.randn(pixels.shape, generator=generator, device=device) * deviation
    return pixels.clamp(0, 255).round()
