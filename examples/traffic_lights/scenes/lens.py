"""From radiances to a photograph: reflections of a wet road, glare, rain, blur, exposure, noise, JPEG."""

import functools
import io

import numpy as np
from PIL import Image, ImageDraw

from .canvas import GLOW_MAX, SUPERSAMPLING

GRAIN_MARGIN = 128
_GLOW_RADIANCE = ((np.arange(256, dtype=np.float32) / 255) ** 2 * GLOW_MAX).astype(np.float32)


def compose(canvas, backdrop):
    """Radiances without glow, and how much of each pixel shows the backdrop."""
    layer = np.asarray(canvas.colour.reduce(SUPERSAMPLING), np.float32)
    shows = 1 - layer[..., 3:] / np.float32(255)
    seen = np.sqrt(np.clip(backdrop, 0, None)) * shows + layer[..., :3] / np.float32(255)
    return seen * seen, shows


def glow_radiance(canvas):
    """What shines by itself, averaged to the frame's pixels."""
    box = canvas.glow_box()
    rows, columns = canvas.size[1] // SUPERSAMPLING, canvas.size[0] // SUPERSAMPLING
    glow = np.zeros((rows, columns, 3), np.float32)
    if box is None:
        return glow
    s = SUPERSAMPLING
    x0, y0, x1, y1 = box[0] // s * s, box[1] // s * s, -(-box[2] // s) * s, -(-box[3] // s) * s
    part = _GLOW_RADIANCE[np.asarray(canvas.glow.crop((x0, y0, x1, y1)))]
    glow[y0 // s:y1 // s, x0 // s:x1 // s] = halved(part)
    return glow


def _resized(picture, columns, rows, kind=Image.BILINEAR):
    planes = [
        np.asarray(Image.fromarray(np.ascontiguousarray(picture[..., c])).resize((columns, rows), kind))
        for c in range(3)
    ]
    return np.stack(planes, -1)


def halved(picture):
    rows, columns = picture.shape[0] // 2 * 2, picture.shape[1] // 2 * 2
    p = picture[:rows, :columns]
    return (p[0::2, 0::2] + p[1::2, 0::2] + p[0::2, 1::2] + p[1::2, 1::2]) * np.float32(0.25)


def glare(glow, strength, levels=5):
    """A halo of ever wider blurs of what shines."""
    pyramid = [glow]
    for _ in range(levels):
        pyramid.append(halved(pyramid[-1]))
    halo = pyramid[-1] * 0
    for level in range(levels, 0, -1):
        halo = halo + pyramid[level] * np.float32(1.0 / (1 + 0.35 * level))
        below = pyramid[level - 1]
        halo = _resized(halo, below.shape[1], below.shape[0])
    return halo * np.float32(strength)


def wet_reflection(light, shows, camera, wet, rng):
    """What a wet road mirrors: the scene flipped about a line a little below the horizon, drawn out downwards."""
    first = int(camera.horizon_row) + 1
    rows = camera.rows - first
    mirror_row = camera.horizon_row + camera.focal * camera.height / 45.0
    source = np.clip((2 * mirror_row - np.arange(first, camera.rows)).astype(np.int32), 0, camera.rows - 1)
    flipped = light[source]
    small = _resized(flipped, camera.columns, max(2, rows // int(8 * camera.scale + 1)), Image.BOX)
    streaked = _resized(small, camera.columns, rows)
    mixed = streaked * np.float32(0.75) + flipped * np.float32(0.25)
    grazing = 1 / (1 + np.arange(rows, dtype=np.float32) / np.float32(55 * camera.scale))
    ripple = Image.fromarray(rng.random((24, 40), dtype=np.float32)).resize((camera.columns, rows), Image.BICUBIC)
    weight = grazing[:, None] * np.float32(wet * 0.75) * (0.45 + 0.75 * np.asarray(ripple))
    weight = weight[..., None] * shows[first:]
    result = light.copy()
    result[first:] = light[first:] * (1 - weight * np.float32(0.6)) + mixed * weight
    return result


def rain_streaks(picture, camera, rng, amount):
    """Falling drops as faint slanted lines, brighter than what is behind them."""
    layer = Image.new("L", (camera.columns, camera.rows))
    draw = ImageDraw.Draw(layer)
    slant = rng.uniform(-0.25, 0.25)
    for x, y, t, v in rng.random((int(60 + 240 * amount), 4)):
        length = (6 + 26 * t) * camera.scale
        x, y = x * camera.columns, y * camera.rows
        draw.line([(x, y), (x + slant * length, y + length)], fill=int(25 + 70 * v), width=max(1, int(camera.scale)))
    streak = np.asarray(layer, np.float32)[..., None] / np.float32(255)
    level = picture.mean(dtype=np.float32) * np.float32(1.2) + np.float32(0.05)
    return picture + (level - picture * np.float32(0.3)) * streak * np.float32(0.6)


def droplets(picture, camera, rng, count):
    """Drops on the windscreen: small lenses that show the scene upside down and out of focus."""
    for x, y, t, v in rng.random((count, 4)):
        r = (2.0 + 7.0 * t * t) * camera.scale
        cx, cy = x * camera.columns, y * camera.rows
        x0, x1 = max(0, int(cx - r)), min(camera.columns, int(cx + r) + 1)
        y0, y1 = max(0, int(cy - r)), min(camera.rows, int(cy + r) + 1)
        if x1 - x0 < 2 or y1 - y0 < 2:
            continue
        dx = (np.arange(x0, x1, dtype=np.float32) + 0.5 - np.float32(cx))[None] / np.float32(r)
        dy = (np.arange(y0, y1, dtype=np.float32) + 0.5 - np.float32(cy))[:, None] / np.float32(r)
        inside = np.clip(
            (1 - np.sqrt(dx * dx + dy * dy)) * np.float32(r), 0, 1)[..., None] * np.float32(0.55 + 0.3 * v)
        far = np.float32(6)
        sx = np.clip((cx - dx * r * far).astype(np.int32), 0, camera.columns - 1)
        sy = np.clip((cy - dy * r * far).astype(np.int32), 0, camera.rows - 1)
        view = picture[sy, sx] * (1 - 0.25 * dy[..., None])
        picture[y0:y1, x0:x1] = picture[y0:y1, x0:x1] * (1 - inside) + view * inside
    return picture


def _blurred(picture, radius):
    """A binomial blur, `radius` (0..1) of a pixel strong."""
    side = np.float32(radius * 0.25)
    for axis in (0, 1):
        ahead, behind = np.roll(picture, 1, axis), np.roll(picture, -1, axis)
        picture = picture * (1 - 2 * side) + (ahead + behind) * side
    return picture


def _tone(x):
    """Linear up to 0.7, then a shoulder towards 1."""
    knee = np.float32(0.7)
    over = np.maximum(x - knee, 0) / (1 - knee)
    return np.minimum(x, knee) + (1 - knee) * over / (1 + over)


@functools.lru_cache(maxsize=2)
def grain(rows, columns):
    """Sensor noise of variance 1, larger than the frame by GRAIN_MARGIN: scenes take different parts."""
    shape = (rows + GRAIN_MARGIN, columns + GRAIN_MARGIN, 3)
    return np.random.Generator(np.random.PCG64([7919, 4])).standard_normal(shape, dtype=np.float32)


def photograph(radiance, camera, weather, sharp, rng):
    """8-bit picture of radiances: lens, sensor and a camera's own JPEG compression, both better if `sharp`."""
    blur = float(rng.choice([0.0, 0.35, 0.8], p=[0.5, 0.5, 0.0] if sharp else [0.35, 0.45, 0.2]))
    if blur:
        radiance = _blurred(radiance, blur)
    y = np.linspace(-0.56, 0.56, camera.rows, dtype=np.float32)[:, None]
    x = np.linspace(-1, 1, camera.columns, dtype=np.float32)[None]
    vignette = 1 - np.float32(rng.uniform(0, 0.22)) * (x * x + y * y)
    gain = np.asarray(rng.uniform(0.94, 1.06, 3), np.float32) * np.float32(weather.exposure)
    radiance = radiance * vignette[..., None] * gain
    grey = radiance.mean(2, keepdims=True, dtype=np.float32)
    radiance = np.maximum(grey + (radiance - grey) * np.float32(rng.uniform(0.7, 1.1)), 0)
    dy, dx = rng.integers(0, GRAIN_MARGIN, 2)
    noise = grain(camera.rows, camera.columns)[dy:dy + camera.rows, dx:dx + camera.columns]
    dark = {"day": 0.006, "rain": 0.009, "dusk": 0.012, "night": 0.012}[weather.kind] * float(rng.uniform(0.3, 1.1))
    value = np.sqrt(np.clip(_tone(radiance), 0, 1))
    value += noise * np.float32(dark) * (1.3 - 0.7 * value)
    picture = Image.fromarray((np.clip(value, 0, 1) * 255 + 0.5).astype(np.uint8))
    if rng.random() < 0.4:
        file = io.BytesIO()
        picture.save(file, "JPEG", quality=int(rng.integers(75 if sharp else 60, 92)), subsampling=0 if sharp else 2)
        picture = Image.open(file).convert("RGB")
    return picture
