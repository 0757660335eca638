"""Pictures that scenes share: noise, foliage, house fronts. Made once a process from fixed seeds."""

import functools

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

NOISE_SIZE = 512
TREES = 14
FRONTS = 36


def _rng(*key):
    return np.random.Generator(np.random.PCG64([7919, *key]))


@functools.lru_cache(maxsize=None)
def noise(octaves, seed=0, persistence=0.62):
    """A 512x512 float32 tile that repeats: fractal noise of mean 0 and values mostly in -1..1."""
    rng = _rng(1, octaves, seed)
    total = np.zeros((NOISE_SIZE, NOISE_SIZE), np.float32)
    for octave in range(octaves):
        cells = min(8 << octave, NOISE_SIZE)
        grid = rng.random((cells, cells), dtype=np.float32) - np.float32(0.5)
        padded = np.pad(grid, 2, mode="wrap")
        step = NOISE_SIZE // cells
        big = Image.fromarray(padded).resize((padded.shape[1] * step,) * 2, Image.BICUBIC)
        total += np.asarray(big)[2 * step:-2 * step, 2 * step:-2 * step] * np.float32(persistence ** octave)
    total -= total.mean()
    return total / (np.float32(2.2) * total.std())


@functools.lru_cache(maxsize=None)
def tree(index):
    """An RGBA tree that fills its frame: crown above, trunk at the foot's middle. Conifers are the last ones."""
    rng = _rng(2, index)
    conifer = index >= TREES - 3
    size = 384
    image = Image.new("RGBA", (size, size))
    draw = ImageDraw.Draw(image)
    _draw_trunk(draw, rng, size, conifer)
    green = np.array(rng.choice([(74, 96, 48), (64, 88, 52), (92, 104, 52), (56, 78, 46), (104, 98, 50)], axis=0),
                     float)
    blobs = _crown(rng, conifer)
    clumps = []
    for bx, by, br in blobs:
        for _ in range(int(140 + 3200 * br * br)):
            angle, radius = rng.random() * 6.283, br * np.sqrt(rng.random()) * 1.05
            x, y = bx + np.cos(angle) * radius, by + np.sin(angle) * radius * 0.85
            lit = 0.5 + 0.5 * (-(y - by) / br * 0.75 - (x - bx) / br * 0.35)
            clumps.append((rng.random() * 0.55 + lit * 0.45, x, y, lit))
    clumps.sort()
    for _, x, y, lit in clumps:
        r = rng.uniform(1.8, 5.0)
        shade = (0.40 + 0.75 * lit) * rng.uniform(0.75, 1.2)
        fill = tuple(int(v) for v in np.clip(green * shade, 0, 255))
        draw.ellipse((x * size - r, y * size - r * 0.7, x * size + r, y * size + r * 0.7), fill=(*fill, 255))
    return image.filter(ImageFilter.GaussianBlur(0.6))


def _draw_trunk(draw, rng, size, conifer):
    width = size * (0.018 if conifer else rng.uniform(0.02, 0.035))
    middle, top = size / 2, size * (0.2 if conifer else 0.45)
    draw.polygon([(middle - width, size), (middle - width * 0.6, top), (middle + width * 0.6, top),
                  (middle + width, size)], fill=(70, 60, 50, 255))
    draw.polygon([(middle + width * 0.2, size), (middle + width * 0.1, top), (middle + width * 0.6, top),
                  (middle + width, size)], fill=(50, 43, 36, 255))
    for _ in range(0 if conifer else 7):
        x, y = size * rng.uniform(0.2, 0.8), size * rng.uniform(0.15, 0.4)
        draw.line([(middle, size * rng.uniform(0.45, 0.62)), (x, y)], fill=(60, 51, 43, 255), width=3)


def _crown(rng, conifer):
    if conifer:
        return [(0.5 + rng.uniform(-1, 1) * 0.02, y, 0.05 + 0.25 * (y - 0.05)) for y in np.linspace(0.1, 0.86, 9)]
    middle = rng.uniform(0.33, 0.4)
    blobs = [(0.5, middle, rng.uniform(0.2, 0.27))]
    for _ in range(int(rng.integers(7, 12))):
        angle = rng.random() * 6.283
        blobs.append((0.5 + np.cos(angle) * rng.uniform(0.15, 0.3), middle + np.sin(angle) * rng.uniform(0.1, 0.22),
                      rng.uniform(0.08, 0.15)))
    return blobs


FLOOR_PIXELS = 48
BAY_PIXELS = 44
FRONT_FLOORS = 7
FRONT_BAYS = 9
WALLS = [(172, 160, 142), (186, 178, 168), (150, 92, 74), (128, 78, 66), (196, 184, 158), (140, 140, 142),
         (168, 148, 120), (206, 202, 196), (112, 108, 108), (160, 168, 172), (178, 128, 100), (120, 128, 136)]


@functools.lru_cache(maxsize=None)
def front(index):
    """A house front of FRONT_BAYS x FRONT_FLOORS windows, ground floor lowest.

    Returns an RGB picture of albedos, an RGB mask of the panes and a level in 0..1 for each window: in a scene
    where a part p of the windows is lit, those are lit whose level is below p.
    """
    rng = _rng(3, index)
    wall = np.array(WALLS[index % len(WALLS)], np.float32) * np.float32(rng.uniform(0.85, 1.1))
    cell, glass = _window_cell(rng, wall)
    picture = np.tile(cell, (FRONT_FLOORS, FRONT_BAYS, 1))
    panes = np.tile(glass, (FRONT_FLOORS, FRONT_BAYS))
    level = rng.random((FRONT_FLOORS, FRONT_BAYS)).astype(np.float32)
    mirror = rng.random((FRONT_FLOORS, FRONT_BAYS)).astype(np.float32)
    shop_rows = slice((FRONT_FLOORS - 1) * FLOOR_PIXELS, None)
    mirror_map = np.kron(mirror, np.ones((FLOOR_PIXELS, BAY_PIXELS), np.float32))
    if rng.random() < 0.6:
        _ground_floor(rng, picture, panes, shop_rows)
    gloss = 22 + 70 * mirror_map * np.linspace(1.1, 0.5, len(picture), dtype=np.float32)[:, None]
    reflection = gloss[..., None] * np.array([0.85, 0.95, 1.08], np.float32)
    picture = picture * (1 - panes[..., None]) + reflection * panes[..., None]
    grain = noise(6, 1)[:picture.shape[0], :picture.shape[1]]
    weathering = noise(3, 2)[:picture.shape[0], :picture.shape[1]]
    picture *= (1 + 0.05 * grain + 0.06 * weathering)[..., None]
    albedo = Image.fromarray(np.clip(picture, 0, 255).astype(np.uint8))
    mask = Image.fromarray((panes * 255).astype(np.uint8)).convert("RGB")
    return albedo, mask, level


def _window_cell(rng, wall):
    cell = np.empty((FLOOR_PIXELS, BAY_PIXELS, 3), np.float32)
    cell[:] = wall
    glass = np.zeros((FLOOR_PIXELS, BAY_PIXELS), np.float32)
    kind = rng.integers(4)
    if kind == 0:  # ribbon windows of an office
        top, bottom, left, right = 12, 38, 0, BAY_PIXELS
    elif kind == 1:  # tall windows
        top, bottom, left, right = 6, 42, 11, 33
    else:
        top, bottom, left, right = 11, 37, int(rng.integers(8, 13)), int(rng.integers(31, 37))
    frame = wall * 1.18 if rng.random() < 0.6 else wall * 0.6
    cell[top - 2:bottom + 2, max(0, left - 2):right + 2] = frame
    glass[top:bottom, left:right] = 1
    middle = (left + right) // 2
    glass[top:bottom, middle - 1:middle + 1] = 0.25
    if kind != 0:
        glass[top + 9:top + 11, left:right] = 0.25
    cell[bottom + 1:bottom + 4, max(0, left - 3):right + 3] = wall * 1.12  # sill
    cell[bottom + 4:bottom + 7, max(0, left - 3):right + 3] = wall * 0.72  # its shadow
    if rng.random() < 0.5:
        cell[:3] *= 0.86
    if kind == 3:  # balcony
        cell[bottom - 8:bottom + 6, 4:-4] = wall * 0.8
        glass[bottom - 8:, :] = 0
    return cell, glass


def _ground_floor(rng, picture, panes, rows):
    """Shop windows with an awning or a dark plinth in place of the lowest floor."""
    picture[rows] *= 0.75
    panes[rows] = 0
    start = rows.start
    for bay in range(FRONT_BAYS):
        x = bay * BAY_PIXELS
        panes[start + 16:start + FLOOR_PIXELS - 5, x + 4:x + BAY_PIXELS - 3] = 1
        panes[start + 16:, x + 22:x + 24] = 0
    colour = np.array([(120, 36, 34), (36, 72, 60), (40, 52, 96), (170, 160, 140), (60, 56, 54)][rng.integers(5)],
                      np.float32)
    picture[start + 4:start + 14] = colour
    picture[start + 14:start + 17] *= 0.5


@functools.lru_cache(maxsize=None)
def soft_disc():
    """An 8-bit disc that fades smoothly to its rim: contact shadows."""
    y, x = np.mgrid[-1:1:64j, -1:1:64j]
    value = np.clip(1.25 - np.sqrt(x * x + y * y) * 1.25, 0, 1)
    return Image.fromarray((np.minimum(1, value * 1.6) * 255).astype(np.uint8))
