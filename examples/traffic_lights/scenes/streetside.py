"""What stands along the street: houses, trees, street lamps, signs, shops' boards."""

import functools

import numpy as np
from PIL import Image, ImageChops

from . import textures
from .canvas import encode_glow, glow_colour

FLOOR = 3.2
BAY = 3.0


def box_points(camera, u0, u1, y0, y1, z):
    return [camera.point(u0, y1, z), camera.point(u1, y1, z), camera.point(u1, y0, z), camera.point(u0, y0, z)]


@functools.lru_cache(maxsize=512)
def _front_part(index, floors, bays, lit_step, gain_step):
    """The lowest floors and first bays of a front and the glow of its lit windows (or None)."""
    albedo, mask, levels = textures.front(index)
    box = (0, albedo.height - floors * textures.FLOOR_PIXELS, bays * textures.BAY_PIXELS, albedo.height)
    albedo = albedo.crop(box)
    if lit_step == 0:
        return albedo, None
    level = levels[textures.FRONT_FLOORS - floors:, :bays]
    lit_part = lit_step / 10
    strength = np.where(level < lit_part, 0.35 + 0.65 * (level / lit_part * 7 % 1), 0) * gain_step / 16
    warm = np.array([1.0, 0.72, 0.40], np.float32) + (level / lit_part * 5 % 1)[..., None] * np.array([0, 0.2, 0.45])
    windows = Image.fromarray(np.rint(encode_glow(warm * strength[..., None])).astype(np.uint8))
    return albedo, ImageChops.multiply(windows.resize(albedo.size, Image.NEAREST), mask.crop(box))


def lit_gain(weather):
    """Radiance of a lit window."""
    return {"day": 0.5, "rain": 0.6, "dusk": 0.9, "night": 1.1}[weather.kind]


class House:
    """A box along the street from z0 to z1 whose face towards the street is at u (its sign is the side)."""
    def __init__(self, rng, u, z0, z1):
        self.u, self.z0, self.z1 = u, z0, z1
        self.floors = int(rng.integers(2, textures.FRONT_FLOORS + 1))
        self.front = int(rng.integers(textures.FRONTS))
        self.tint = tuple(float(v) for v in rng.uniform(0.85, 1.1) * (1 + rng.uniform(-0.06, 0.06, 3)))
        self.pitched = bool(rng.random() < 0.4)
        self.depth = float(rng.uniform(9, 16))

    def draw(self, canvas, camera, weather):
        side = 0 if self.u < 0 else 1
        height = self.floors * FLOOR
        lit, gain = round(weather.lit_windows * 10), round(lit_gain(weather) * 16)
        near = max(self.z0, 5.0)
        far = max(self.z1, near + 1)
        if near == self.z0:
            ends = sorted((self.u, self.u + (-self.depth if side == 0 else self.depth)))
            self._face(canvas, box_points(camera, *ends, 0, height, near), self.depth, lit, gain,
                       weather.table(near, weather.sides[2], self.tint))
            self._roof(canvas, camera, weather, ends, height, near)
        first, second = (near, far) if side == 0 else (far, near)
        quad = [
            camera.point(self.u, y, z) for z, y in ((first, height), (second, height), (second, 0.0), (first, 0.0))
        ]
        self._face(canvas, quad, self.z1 - self.z0, lit, gain,
                   weather.table((near + far) / 2, weather.sides[side], self.tint))

    def _face(self, canvas, quad, length, lit, gain, table):
        if canvas.shows(quad):
            bays = int(np.clip(round(length / BAY), 1, textures.FRONT_BAYS))
            albedo, glow = _front_part(self.front, self.floors, bays, lit, gain)
            canvas.warp(albedo, quad, table, glow)

    def _roof(self, canvas, camera, weather, ends, height, z):
        if not self.pitched:
            canvas.polygon(box_points(camera, *ends, height, height + 0.35, z), weather.colour((110, 108, 104), z))
            return
        ridge = height + 3.0
        middle = (ends[0] + ends[1]) / 2
        tile = weather.colour((112, 70, 56) if self.front % 2 else (84, 82, 84), z, 0.8)
        face, back = (ends[1], z) if self.u < 0 else (ends[0], z), max(self.z1, z + 1)
        canvas.polygon([
            camera.point(face[0], height, z),
            camera.point(middle, ridge, z),
            camera.point(middle, ridge, back),
            camera.point(face[0], height, back)
        ], tile)
        canvas.polygon(
            [camera.point(ends[0], height, z),
             camera.point(middle, ridge, z),
             camera.point(ends[1], height, z)], weather.colour((170, 160, 145), z, weather.sides[2]))


class Skyline:
    """Far houses or woods across the end of the street."""
    def __init__(self, rng):
        self.blocks = [(float(rng.uniform(-260, 260)), float(rng.uniform(15, 60)), float(rng.uniform(8, 45)),
                        float(rng.uniform(420, 800)), int(rng.integers(textures.FRONTS)))
                       for _ in range(int(rng.integers(6, 20)))]
        self.wood = float(rng.uniform(4, 14))
        self.phase = rng.uniform(0, 6.28, 4)

    def draw(self, canvas, camera, weather):
        lit, gain = round(weather.lit_windows * 10), round(lit_gain(weather) * 16)
        for u, wide, high, z, front in sorted(self.blocks, key=lambda b: -b[3]):
            albedo, glow = _front_part(front, textures.FRONT_FLOORS, textures.FRONT_BAYS, lit, gain)
            centre = u + camera.u - 0.5 * camera.curve * z * z * 0.6
            canvas.warp(albedo, box_points(camera, centre, centre + wide, 0, high, z), weather.table(z, 0.85), glow)
        z = 400.0
        columns = np.linspace(0, camera.columns, 90)
        wave = sum(
            np.sin(columns / camera.scale * k + p) / (i + 1.5)
            for i, (k, p) in enumerate(zip((0.013, 0.037, 0.11, 0.31), self.phase)))
        tops = camera.row(self.wood * (1 + 0.35 * wave), z)
        points = [(float(x), float(y)) for x, y in zip(columns, tops)]
        base = camera.horizon_row + camera.pixels(camera.height, z) + 0.5
        canvas.polygon(points + [(camera.columns, base), (0.0, base)], weather.colour((70, 84, 54), z, 0.8))


def draw_tree(canvas, camera, weather, u, z, height, index, tint):
    size = camera.pixels(height, z)
    x, y = camera.point(u, 0, z)
    shadow = camera.pixels(height * 0.3, z)
    if weather.kind == "day":
        canvas.shade(textures.soft_disc(), (x - shadow, y - shadow * 0.16, x + shadow, y + shadow * 0.16), 0.35)
    canvas.sprite(textures.tree(index), (x - size / 2, y - size, x + size / 2, y), weather.table(z, 1.0, tint))


def draw_hedge(canvas, camera, weather, u, z, long, height, index, tint):
    """A row of overlapping bushes, far ones first."""
    for at in np.arange(z + long, z - 0.1, -max(1.0, long / 6)):
        size = camera.pixels(height, at)
        x, y = camera.point(u, 0, at)
        image = textures.tree(index)
        bush = image.crop((40, 20, image.width - 40, int(image.height * 0.62)))
        canvas.sprite(bush, (x - size * 0.8, y - size, x + size * 0.8, y + size * 0.05), weather.table(at, 0.8, tint))


def draw_street_lamp(canvas, camera, weather, u, z, height, lit, cool):
    """A pole with an arm towards the road; lit lamps are a usual mistake for a traffic light."""
    metal = weather.colour((120, 122, 122), z)
    inward = -1.0 if u > 0 else 1.0
    x, y = camera.point(u, 0, z)
    _, top = camera.point(u, height, z)
    width = camera.pixels(0.16, z)
    canvas.line(x, y, x, top, width, metal)
    head_x, head_y = camera.point(u + inward * 2.0, height + 0.3, z)
    canvas.line(x, top, head_x, head_y, width * 0.7, metal)
    w, h = camera.pixels(0.45, z), max(camera.pixels(0.16, z), 0.4)
    canvas.ellipse(head_x - w, head_y - h, head_x + w, head_y + h, metal)
    if lit:
        colour = (1.0, 0.95, 0.9) if cool else (1.0, 0.66, 0.28)
        gain = {"day": 1.2, "dusk": 5.0, "night": 9.0, "rain": 4.0}[weather.kind]
        canvas.ellipse(head_x - w * 0.8, head_y, head_x + w * 0.8, head_y + h * 1.5, (255, 250, 235),
                       glow_colour(colour, gain))


SIGNS = ("stop", "no_entry", "blue", "yield", "limit", "direction", "advert")


def draw_sign(canvas, camera, weather, u, z, kind):
    grey, white = weather.colour((120, 122, 124), z), weather.colour((225, 225, 222), z)
    red, blue = weather.colour((176, 28, 32), z), weather.colour((24, 66, 150), z)
    y = 2.3 if kind != "direction" else 3.2
    r = camera.pixels(0.36, z)
    x, base = camera.point(u, 0, z)
    _, cy = camera.point(u, y, z)
    canvas.line(x, base, x, cy, camera.pixels(0.08, z), grey)

    def ring(radius, corners, fill, turn=0.0):
        angles = np.arange(corners) * 2 * np.pi / corners + turn
        canvas.polygon([(x + radius * np.cos(a), cy + radius * np.sin(a)) for a in angles], fill)

    if kind == "stop":
        ring(r * 1.1, 8, white, np.pi / 8)
        ring(r, 8, red, np.pi / 8)
        canvas.rectangle(x - r * 0.6, cy - r * 0.18, x + r * 0.6, cy + r * 0.18, white)
    elif kind == "no_entry":
        ring(r, 20, red)
        canvas.rectangle(x - r * 0.7, cy - r * 0.18, x + r * 0.7, cy + r * 0.18, white)
    elif kind == "blue":
        ring(r, 20, blue)
        canvas.polygon([(x - r * 0.1, cy + r * 0.6), (x - r * 0.1, cy), (x - r * 0.4, cy), (x, cy - r * 0.6),
                        (x + r * 0.4, cy), (x + r * 0.1, cy), (x + r * 0.1, cy + r * 0.6)], white)
    elif kind == "yield":
        ring(r * 1.25, 3, red, np.pi / 2)
        ring(r * 0.75, 3, white, np.pi / 2)
    elif kind == "limit":
        ring(r, 20, red)
        ring(r * 0.75, 20, white)
        canvas.rectangle(x - r * 0.35, cy - r * 0.3, x + r * 0.35, cy + r * 0.3, weather.colour((50, 50, 50), z))
    elif kind == "direction":
        w, h = camera.pixels(1.1, z), camera.pixels(0.55, z)
        canvas.rectangle(x - w, cy - h, x + w, cy + h, white)
        canvas.rectangle(x - w * 0.96, cy - h * 0.92, x + w * 0.96, cy + h * 0.92, blue if u > 0 else weather.colour(
            (20, 100, 60), z))
        for line in (-0.5, 0.0, 0.5):
            canvas.rectangle(x - w * 0.7, cy + h * (line - 0.12), x + w * 0.4, cy + h * (line + 0.12), white)
    else:
        w, h = camera.pixels(0.65, z), camera.pixels(0.95, z)
        canvas.rectangle(x - w, cy - h, x + w, cy + h, grey)
        gain = 0.0 if weather.kind == "day" else 0.7
        canvas.rectangle(x - w * 0.9, cy - h * 0.9, x + w * 0.9, cy + h * 0.9, weather.colour((190, 170, 150), z),
                         glow_colour((0.9, 0.6, 0.5), gain) if gain else None)


BOARD_COLOURS = [(200, 40, 36), (36, 150, 70), (232, 180, 40), (40, 90, 190), (230, 230, 225), (30, 30, 34),
                 (210, 96, 30)]


def draw_board(canvas, camera, weather, u, z, y, high, wide, colour, lit):
    """A shop's board at right angles to its house; lit ones are red, green, yellow light in the dark."""
    inward = -wide if u > 0 else wide
    u0, u1 = sorted((u, u + inward))
    fill = weather.colour(colour, z, weather.sides[2])
    linear = (np.asarray(colour) / 255.0) ** 2
    gain = {"day": 0.0, "rain": 0.9, "dusk": 1.2, "night": 1.6}[weather.kind] if lit else 0.0
    glow = glow_colour(linear, gain) if gain else None
    canvas.polygon(box_points(camera, u0, u1, y, y + high, z), fill, glow)
    light = (255 - colour[0] // 3, 250 - colour[1] // 3, 245 - colour[2] // 3) if sum(colour) < 420 else (40, 40, 40)
    pad = (u1 - u0) * 0.18
    for row in range(max(1, int(high / 0.45))):
        low = y + high * (row + 0.3) / max(1, int(high / 0.45))
        canvas.polygon(box_points(camera, u0 + pad, u1 - pad, low, low + 0.18, z), weather.colour(light, z),
                       glow_colour((np.asarray(light) / 255.0) ** 2, gain) if gain else None)
