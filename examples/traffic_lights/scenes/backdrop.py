"""Sky and ground, computed for each pixel: what everything else is drawn over."""

import numpy as np
from PIL import Image

from .textures import NOISE_SIZE, noise

FARTHEST = 1500.0  # metres of ground that are told apart
LANE = 3.5


def smooth(low, high, x):
    """0 below low, 1 above high, an even rise between."""
    return np.clip((x - low) / (high - low), 0, 1)


def band(u, left, right, footprint):
    """How much of a pixel `footprint` wide at `u` lies between left and right."""
    return np.clip((u - left) / footprint + 0.5, 0, 1) - np.clip((u - right) / footprint + 0.5, 0, 1)


def draw_sky(camera, weather, rng):
    """Radiances of the rows above the horizon, float32 (rows, columns, 3)."""
    rows = int(np.ceil(camera.horizon_row)) + 1
    y = (np.arange(rows, dtype=np.float32) + 0.5) / camera.horizon_row
    height = np.clip(1 - y, 0, 1)[:, None, None]
    rise = height ** 0.6 if weather.kind != "dusk" else height ** 0.45
    sky = np.asarray(weather.low_sky, np.float32) * (1 - rise) + np.asarray(weather.zenith, np.float32) * rise
    sky = np.repeat(sky, camera.columns, 1).astype(np.float32)
    size = int(rng.integers(120, 300)), int(rng.integers(50, 130))
    x0, y0 = int(rng.integers(NOISE_SIZE - size[0])), int(rng.integers(NOISE_SIZE - size[1]))
    patch = Image.fromarray(noise(6, 3)[y0:y0 + size[1], x0:x0 + size[0]])
    cloud = np.asarray(patch.resize((camera.columns, rows), Image.BICUBIC))
    cover = smooth(0.35 - weather.cloud, 1.1 - weather.cloud, cloud)[..., None]
    bright = np.asarray(weather.low_sky, np.float32) * np.float32(1.02)
    shade = (0.84 + 0.16 * smooth(-0.6, 0.8, cloud))[..., None]
    sky = sky * (1 - cover * 0.8) + bright * shade * cover * np.float32(0.8)
    sx, sy, strength = weather.sun
    if strength > 0:
        dx = (np.arange(camera.columns, dtype=np.float32) / camera.columns - sx)[None, :, None]
        dy = (np.arange(rows, dtype=np.float32) / camera.rows - sy)[:, None, None]
        sky += np.float32(strength) * np.array([1.0, 0.85, 0.6], np.float32) / (1 + 14 * (dx * dx + dy * dy)) ** 2
    return sky


class Road:
    """The street's cross-section and what is painted on it; `junctions` are (start, end) along z."""
    def __init__(self, rng, lanes_left, lanes_right, junctions):
        self.left = -LANE * lanes_left
        self.right = LANE * lanes_right
        self.sidewalk = float(rng.uniform(2.5, 5.0))
        self.junctions = junctions
        self.yellow_centre = bool(rng.random() < 0.35)
        self.double_centre = bool(rng.random() < 0.4)
        self.edge_lines = bool(rng.random() < 0.7)
        self.zebra = bool(rng.random() < 0.7)
        self.asphalt = float(rng.uniform(0.07, 0.16))
        self.verge = [(0.14, 0.17, 0.07), (0.20, 0.19, 0.17), (0.16, 0.18, 0.08),
                      (0.25, 0.22, 0.16)][int(rng.integers(4))]
        self.patches = [(float(rng.uniform(self.left, self.right)), float(rng.uniform(4, 60)),
                         float(rng.uniform(0.5, 2.5)), float(rng.uniform(1, 8)), float(rng.uniform(0.75, 1.15)))
                        for _ in range(5)]
        self.phase = float(rng.uniform(0, 12))
        self.offset = rng.integers(0, NOISE_SIZE, 2)
        self.house_shadow = float(rng.uniform(-2, 7))
        self.shadows = float(rng.uniform(0.2, 0.8)) if rng.random() < 0.5 else 0.0


def draw_ground(camera, weather, road):
    """Radiances from the horizon's row down and that row's number: float32 (rows, columns, 3)."""
    first = int(np.floor(camera.horizon_row))
    r = np.arange(first, camera.rows, dtype=np.float32) + np.float32(0.5)
    z = np.minimum(camera.focal * camera.height / np.maximum(r - camera.horizon_row, 0.05), FARTHEST)
    z = z.astype(np.float32)[:, None]
    x = (np.arange(camera.columns, dtype=np.float32) + np.float32(0.5) - np.float32(camera.centre_column))[None]
    du = z / np.float32(camera.focal)
    dz = z * z / np.float32(camera.focal * camera.height)
    u = x * du + np.float32(camera.u) - np.float32(0.5 * camera.curve) * z * z
    albedo = _surface(road, u, z, du, dz)
    albedo += _paint(road, u, z, du, dz)[..., None] * (np.array([0.55, 0.55, 0.52], np.float32) - albedo) * 0.9
    albedo = _yellow_paint(road, albedo, u, z, du, dz)
    light = _ground_light(camera, weather, road, u, z)
    clear = np.exp(-z / np.float32(weather.haze_length))[..., None]
    seen = albedo * light * clear + np.asarray(weather.haze, np.float32) * (1 - clear)
    return seen.astype(np.float32), first


def _grain(road, u, z, du, metres, octaves, seed, persistence=0.62):
    """Noise fixed to the ground that fades where a pixel covers more than its grain."""
    per = np.float32(NOISE_SIZE / metres)
    i = (z * per).astype(np.int32) + int(road.offset[0])
    j = (u * per).astype(np.int32) + int(road.offset[1])
    fade = 1 / (1 + (du * per * np.float32(0.25)) ** 2)
    return noise(octaves, seed, persistence)[i % NOISE_SIZE, j % NOISE_SIZE] * fade


def _inside_junction(road, z, dz):
    total = np.zeros_like(z)
    for start, end in road.junctions:
        total = np.maximum(total, band(z, start, end, dz))
    return total


def _surface(road, u, z, du, dz):
    coarse, fine = _grain(road, u, z, du, 60, 5, 4), _grain(road, u, z, du, 11, 7, 5, 0.9)
    crossing = _inside_junction(road, z, dz)
    on_road = np.maximum(band(u, road.left, road.right, du), crossing)
    kerb = band(u, road.left - 0.3, road.right + 0.3, du)
    walk = band(u, road.left - road.sidewalk, road.right + road.sidewalk, du)
    wheels = 1 - 0.07 * np.cos(u * np.float32(4 * np.pi / LANE))
    asphalt = np.float32(road.asphalt) * wheels * (1 + 0.16 * coarse + 0.30 * fine)
    for pu, pz, wide, long, gain in road.patches:
        asphalt = asphalt * (1 + np.float32(gain - 1) * band(u, pu, pu + wide, du) * band(z, pz, pz + long, dz))
    slabs = (1 - 0.12 * (np.abs((u - road.right) % 1.0 - 0.5) > 0.46) /
             (1 + du * 20)) * (1 + 0.12 * coarse + 0.16 * fine)
    verge = np.asarray(road.verge, np.float32) * (1 + 0.35 * coarse + 0.35 * fine)[..., None]
    albedo = verge + walk[..., None] * (np.array([0.30, 0.29, 0.27], np.float32) * slabs[..., None] - verge)
    albedo += kerb[..., None] * (np.array([0.42, 0.41, 0.39], np.float32) - albedo)
    return albedo + on_road[..., None] * (asphalt[..., None] * np.array([1.0, 1.0, 1.02], np.float32) - albedo)


def _dashes(z, dz, period, length, phase):
    """Share of a pixel's length along the road that a dashed line's strokes cover."""
    def covered(at):
        turns = np.floor(at / period)
        return turns * length + np.minimum(at - turns * period, length)

    low, high = z - dz / 2 + phase, z + dz / 2 + phase
    return (covered(high) - covered(low)) / dz


def _paint(road, u, z, du, dz):
    """White paint, 0..1."""
    open_road = 1 - _inside_junction(road, z, dz)
    dash = _dashes(z, dz, 9.0, 4.0, np.float32(road.phase))
    paint = np.zeros_like(u)
    lanes = np.arange(round(road.left / LANE) + 1, round(road.right / LANE))
    for lane in lanes:
        if lane != 0:
            paint += band(u, lane * LANE - 0.07, lane * LANE + 0.07, du) * dash
    if not road.yellow_centre and road.left < 0:
        paint += band(u, -0.08, 0.08, du) * (1 if road.double_centre else dash)
    if road.edge_lines:
        paint += band(u, road.left + 0.25, road.left + 0.37, du) + band(u, road.right - 0.37, road.right - 0.25, du)
    paint *= open_road
    for start, _ in road.junctions:
        paint += band(z, start - 5.6, start - 5.1, dz) * band(u, 0.1, road.right - 0.2, du)
        if road.zebra:
            bars = np.clip(0.5 + (0.25 - np.abs((u % 1.0) - 0.5)) / du, 0, 1)
            paint += band(z, start - 4.2, start - 1.2, dz) * bars * band(u, road.left + 0.3, road.right - 0.3, du)
    worn = 0.85 + 0.3 * _grain(road, u, z, du, 5, 7, 5)
    return np.clip(paint * worn, 0, 1)


def _yellow_paint(road, albedo, u, z, du, dz):
    if not road.yellow_centre or road.left == 0:
        return albedo
    line = band(u, -0.17, -0.06, du) + band(u, 0.06, 0.17, du)
    line = (line * (1 - _inside_junction(road, z, dz)) * np.float32(0.9))[..., None]
    return albedo + line * (np.array([0.55, 0.36, 0.05], np.float32) - albedo)


def _house_shadow(weather, road, u, z):
    """The shade of the houses on the sun's side, which reaches over a part of the street, with gaps."""
    side = np.float32(1 if weather.sides[0] > weather.sides[1] else -1)
    edge = road.right if side > 0 else -road.left
    gaps = noise(4, 7)[(z * np.float32(4)).astype(np.int32)[:, 0] % NOISE_SIZE, int(road.offset[0])][:, None]
    depth = side * u - np.float32(edge - road.house_shadow) + gaps * 2
    return smooth(0, 0.3, depth) * smooth(-0.5, -0.3, gaps)


def _ground_light(camera, weather, road, u, z):
    light = np.asarray(weather.light, np.float32) * np.ones_like(u)[..., None]
    if weather.kind == "day" and road.shadows:
        mottled = _grain(road, u, z, z / np.float32(camera.focal), 45, 4, 6)
        side = smooth(0.0, 0.5, mottled + (np.abs(u) - (road.right - 1.5)) * np.float32(0.12) - np.float32(0.15))
        light *= (1 - np.float32(road.shadows * (1 - weather.cloud)) * side)[..., None]
    if weather.kind == "day" and road.house_shadow > 0:
        light *= (1 - np.float32(0.45 * (1 - weather.cloud)) * _house_shadow(weather, road, u, z))[..., None]
    if weather.headlights:
        width = 2.2 + 0.11 * z
        across = (u - np.float32(camera.u)) / width
        reach = np.float32(weather.headlights * 3.0) * smooth(3.0, 9.0, z) / (1 + (z / 15) ** 2)
        light += (reach * np.exp(-across * across))[..., None] * np.array([1.0, 0.95, 0.84], np.float32)
    if weather.kind in ("night", "dusk") and weather.lamps_on:
        pools = (0.5 + 0.5 * np.cos((z - np.float32(road.phase)) * np.float32(2 * np.pi / 28.0))) ** 2
        spread = np.exp(-((np.abs(u) - road.right) / 7) ** 2)
        light += (pools * spread * np.float32(0.10))[..., None] * np.array([1.0, 0.75, 0.45], np.float32)
    return light
