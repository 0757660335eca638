"""Cars, vans, lorries and buses from behind and from ahead, with lamps that look like traffic lights."""

import functools

import numpy as np
from PIL import Image, ImageDraw

from .canvas import encode_glow
from .textures import soft_disc

# kind: width, height, length in metres
KINDS = {
    "sedan": (1.82, 1.46, 4.6),
    "suv": (1.92, 1.74, 4.7),
    "van": (2.0, 2.3, 5.4),
    "lorry": (2.5, 3.5, 8.0),
    "bus": (2.5, 3.1, 11.0)
}
PAINTS = [(228, 228, 226), (188, 190, 194), (120, 124, 130), (44, 46, 50), (26, 27, 30), (128, 28, 30), (36, 58, 110),
          (84, 92, 96), (196, 186, 164), (48, 74, 62), (206, 160, 40)]
PAINT_PARTS = (0.17, 0.15, 0.13, 0.12, 0.12, 0.07, 0.07, 0.06, 0.05, 0.04, 0.02)
SPRITE = 192  # pixels across a vehicle
DRAWN = 3  # times as large before the reduction
WAIST = {"sedan": 0.60, "suv": 0.58}  # where the cabin begins, over the height
# How far the cabin stands behind the vehicle's rear and front, over its length.
CABIN = {("sedan", True): 0.13, ("suv", True): 0.02, ("sedan", False): 0.27, ("suv", False): 0.23}


def _tone(colour, gain):
    return tuple(int(min(255, c * gain)) for c in colour)


class _Sketch:
    """Draws in parts of a vehicle's width (x from -0.5 to 0.5) and height (y from 0, the road, to 1)."""
    def __init__(self, kind):
        wide, high, _ = KINDS[kind]
        self.w, self.h = SPRITE * DRAWN, int(SPRITE * DRAWN * high / wide)
        self.image, self.shine = Image.new("RGBA", (self.w, self.h)), Image.new("RGB", (self.w, self.h))
        self.draw, self.lamps = ImageDraw.Draw(self.image), ImageDraw.Draw(self.shine)

    def at(self, x, y):
        return ((x + 0.5) * self.w, (1 - y) * self.h)

    def shape(self, points, fill):
        self.draw.polygon([self.at(x, y) for x, y in points] + [self.at(-x, y) for x, y in reversed(points)],
                          fill=(*fill, 255))

    def bar(self, x0, y0, x1, y1, fill, round_part=0.0):
        a, b = self.at(x0, y1), self.at(x1, y0)
        self.draw.rounded_rectangle((*a, *b), radius=round_part * self.w, fill=(*fill, 255))

    def lamp(self, x0, y0, x1, y1, fill, colour, gain, round_part=0.01):
        """A pair of lamps, mirrored."""
        value = tuple(int(v) for v in encode_glow(np.asarray(colour) * gain))
        for left, right in ((x0, x1), (-x1, -x0)):
            self.bar(left, y0, right, y1, fill, round_part)
            if gain:
                self.lamps.rounded_rectangle((*self.at(left, y1), *self.at(right, y0)), radius=round_part * self.w,
                                             fill=value)

    def gradient(self, x0, y0, x1, y1, top, bottom, outline):
        """A pane from `top` to `bottom` colour within the mirrored outline."""
        mask = Image.new("L", self.image.size)
        points = [self.at(x, y) for x, y in outline] + [self.at(-x, y) for x, y in reversed(outline)]
        ImageDraw.Draw(mask).polygon(points, fill=255)
        t = np.clip((1 - np.arange(self.h) / self.h - y0) / (y1 - y0), 0, 1)[:, None, None]
        ramp = np.asarray(bottom) * (1 - t) + np.asarray(top) * t
        ramp = np.broadcast_to(ramp, (self.h, self.w, 3)).astype(np.uint8)
        self.image.paste(Image.fromarray(ramp).convert("RGBA"), (0, 0), mask)

    def finish(self):
        return self.image.reduce(DRAWN), self.shine.reduce(DRAWN)


@functools.lru_cache(maxsize=400)
def sprite(kind, rear, paint, lamps, dark):
    """RGBA picture and glow of a vehicle's end; `lamps` is off, tail (head lamps on) or brake; `dark` at night."""
    sketch = _Sketch(kind)
    body = PAINTS[paint % len(PAINTS)]
    tyre = (18, 18, 19)
    for x in (-0.46, 0.30):
        sketch.bar(x, 0.0, x + 0.16, 0.30 if kind in ("sedan", "suv") else 0.2, tyre, 0.02)
    draw = {"sedan": _car_end, "suv": _car_end, "van": _box_end, "lorry": _box_end, "bus": _box_end}[kind]
    draw(sketch, kind, rear, body)
    _lamps(sketch, kind, rear, lamps, dark)
    return sketch.finish()


def _car_end(sketch, kind, rear, body):
    waist = WAIST[kind]
    roof = 0.36 if kind == "sedan" else 0.40
    sketch.shape([(0.0, 0.12), (-0.45, 0.12), (-0.485, 0.2), (-0.495, 0.42), (-0.475, waist), (-0.44, waist + 0.03),
                  (-roof, 0.93), (-roof + 0.06, 0.985), (0.0, 1.0)], _tone(body, 0.92))
    sketch.shape([(0.0, waist - 0.03), (-0.47, waist - 0.03), (-0.46, waist + 0.02), (0.0, waist + 0.03)],
                 _tone(body, 1.15))
    sketch.gradient(-0.5, 0.3, 0.5, waist, _tone(body, 1.0), _tone(body, 0.62), [(0.0, 0.26), (-0.487, 0.26),
                                                                                 (-0.492, 0.42),
                                                                                 (-0.472, waist - 0.03),
                                                                                 (0.0, waist - 0.03)])
    glass = [(0.0, waist + 0.05), (-0.40, waist + 0.05), (-roof + 0.035, 0.92), (0.0, 0.94)]
    sketch.gradient(-0.5, waist, 0.5, 0.94, (88, 100, 112), (24, 28, 32), glass)
    for x in (-0.21, 0.21):  # headrests behind the glass
        sketch.bar(x - 0.055, waist + 0.05, x + 0.055, waist + 0.16, (30, 34, 38), 0.02)
    streak = [(-0.30, waist + 0.06), (-0.16, waist + 0.06), (-0.06, 0.92), (-0.2, 0.92)]
    sketch.draw.polygon([sketch.at(x, y) for x, y in streak], fill=(74, 84, 94, 255))
    sketch.shape([(0.0, 0.1), (-0.44, 0.1), (-0.475, 0.17), (-0.48, 0.25), (0.0, 0.25)],
                 _tone(body, 0.5) if rear else (34, 35, 37))
    sketch.bar(-0.4, 0.09, 0.4, 0.145, (26, 26, 27), 0.01)
    if rear:
        sketch.bar(-0.14, 0.33, 0.14, 0.41, (214, 212, 200), 0.005)
        sketch.bar(-0.33, waist - 0.045, 0.33, waist - 0.035, _tone(body, 0.5))
    else:
        sketch.bar(-0.24, 0.3, 0.24, 0.43, (22, 23, 25), 0.02)
        for y in (0.335, 0.365, 0.395):
            sketch.bar(-0.23, y, 0.23, y + 0.008, (110, 112, 115))
        sketch.bar(-0.12, 0.19, 0.12, 0.255, (214, 212, 200), 0.005)
        for x in (-0.5, 0.44):
            sketch.bar(x, waist + 0.03, x + 0.06, waist + 0.1, _tone(body, 0.7), 0.01)


def _box_end(sketch, kind, rear, body):
    low = 0.12
    sketch.shape([(0.0, low), (-0.47, low), (-0.495, low + 0.05), (-0.495, 0.93), (-0.46, 0.985), (0.0, 1.0)], body)
    sketch.gradient(-0.5, low, 0.5, 0.99, _tone(body, 1.05), _tone(body, 0.7), [(0.0, low + 0.02),
                                                                                (-0.485, low + 0.06), (-0.485, 0.93),
                                                                                (-0.45, 0.975), (0.0, 0.985)])
    if kind == "lorry" and rear:
        for x in (-0.47, -0.01):
            sketch.bar(x, 0.2, x + 0.008, 0.97, _tone(body, 0.6))
        sketch.bar(-0.49, 0.1, 0.49, 0.19, (40, 40, 42))
    else:
        top, bottom = (0.9, 0.5) if kind != "lorry" else (0.62, 0.38)
        if kind == "bus":
            sketch.bar(-0.3, 0.915, 0.3, 0.975, (20, 20, 20), 0.01)
            top = 0.88
        sketch.gradient(-0.5, bottom, 0.5, top, (92, 104, 116), (26, 30, 34), [(0.0, bottom), (-0.43, bottom),
                                                                               (-0.42, top), (0.0, top)])
        if rear and kind == "van":
            sketch.bar(-0.01, 0.15, 0.01, 0.95, _tone(body, 0.5))
    sketch.bar(-0.12, low + 0.06, 0.12, low + 0.11, (214, 212, 200))


def _lamps(sketch, kind, rear, lamps, dark):
    red, white, boost = (1.0, 0.06, 0.03), (1.0, 0.96, 0.86), 2.2 if dark else 1.0
    if kind in ("sedan", "suv"):
        where = (-0.485, 0.43, -0.30, 0.53) if kind == "sedan" else (-0.485, 0.38, -0.37, 0.58)
        front = (-0.47, 0.40, -0.29, 0.485)
    else:
        where, front = (-0.475, 0.16, -0.40, 0.30), (-0.46, 0.18, -0.32, 0.25)
    if rear:
        gain = {"off": 0.0, "tail": 0.35 * boost, "brake": 1.3 * boost}[lamps]
        sketch.lamp(*where, (150, 22, 24), red, gain)
        if lamps == "brake" and kind in ("sedan", "suv"):
            sketch.lamp(-0.07, 0.925, 0.0, 0.945, (150, 22, 24), red, gain)
    else:
        gain = {"off": 0.0, "tail": 4.5 if dark else 1.2, "brake": 6.0 if dark else 1.4}[lamps]
        sketch.lamp(*front, (206, 210, 214), white, gain, 0.03)


def draw_vehicle(canvas, camera, weather, u, z, kind, rear, paint, lamps):
    """A vehicle whose nearer end is at `z`, centred on `u`."""
    wide, high, length = KINDS[kind]
    x0, x1 = camera.column(u - wide / 2, z), camera.column(u + wide / 2, z)
    ground, top = camera.row(0, z), camera.row(high, z)
    pad = (x1 - x0) * 0.12
    back = camera.row(0, z + length)
    canvas.shade(soft_disc(), (x0 - pad, min(back, ground) - (x1 - x0) * 0.05, x1 + pad, ground + (x1 - x0) * 0.10),
                 0.55 if weather.kind == "night" else 0.85)
    _draw_side(canvas, camera, weather, u, z, kind, PAINTS[paint % len(PAINTS)], rear)
    face = weather.sides[2] if weather.kind == "day" else 0.9
    image, glow = sprite(kind, rear, paint, lamps, lamps != "off" and weather.kind in ("night", "dusk"))
    glow = glow if lamps != "off" else None
    table = weather.table(z, face)
    if kind not in WAIST:
        canvas.sprite(image, (x0, top, x1, ground), table, glow)
        return
    back = z + CABIN[kind, rear] * length
    cut = int(image.height * (1 - WAIST[kind] - 0.03))
    cabin = (camera.column(u - wide / 2, back), camera.row(high, back), camera.column(u + wide / 2, back),
             camera.row(high * (WAIST[kind] + 0.02), back))
    upper, lower = (0, 0, image.width, cut), (0, cut, *image.size)
    canvas.sprite(image.crop(upper), cabin, table, glow.crop(upper) if glow else None)
    _draw_lid(canvas, camera, weather, u, z, back, kind, PAINTS[paint % len(PAINTS)])
    canvas.sprite(image.crop(lower), (x0, ground + (top - ground) * (1 - cut / image.height), x1, ground), table,
                  glow.crop(lower) if glow else None)


def _draw_lid(canvas, camera, weather, u, z, back, kind, body):
    """The bonnet or boot lid between an end's upper edge and the cabin."""
    wide, high, _ = KINDS[kind]
    half, y = wide * 0.47, high * (WAIST[kind] + 0.02)
    near, far = [camera.point(u + s * half, y, z) for s in (-1, 1)
                ], [camera.point(u + s * half * 0.94, y, back) for s in (1, -1)]
    canvas.polygon(near + far, weather.colour(_tone(body, 1.12), z))


def _draw_side(canvas, camera, weather, u, z, kind, body, rear):
    """The flank that the camera sees, as a profile in the plane of the nearer side."""
    wide, high, length = KINDS[kind]
    offset = camera.lateral(u, z)
    if abs(offset) < wide / 2:
        return
    side = u - wide / 2 if offset > 0 else u + wide / 2
    inward = wide if offset > 0 else -wide
    gain = weather.sides[0 if offset < 0 else 1] * 0.8

    def shape(points, albedo, lean=0.0):
        """A part of the profile; above the waist it leans inwards, `lean` of the width at the roof."""
        canvas.polygon([
            camera.point(side + inward * lean * max(0.0, y - 0.58) / 0.38, y * high, z + t * length)
            for t, y in points
        ], weather.colour(albedo, z, gain))

    if kind in WAIST:
        waist, boot = WAIST[kind], CABIN[kind, rear]
        top, end = (0.62, 0.78) if rear and kind == "sedan" else (0.7, 0.8) if rear else (0.8, 0.97)
        lean = 0.14 if kind == "sedan" else 0.10
        shape([(boot, waist - 0.02), (boot, 0.955), (top, 0.955), (end, waist - 0.02)], body, lean)
        shape([(boot + 0.06, waist + 0.04), (boot + 0.06, 0.9), (top - 0.02, 0.9), (end - 0.06, waist + 0.04)],
              (42, 48, 54), lean)
        middle = (boot + end) / 2
        shape([(middle - 0.01, waist), (middle, 0.93), (middle + 0.03, 0.93), (middle + 0.02, waist)], body, lean)
        shape([(0.0, 0.16), (0.0, waist), (0.05, waist + 0.02), (1.0, waist - 0.05), (1.0, 0.16)], body)
        shape([(0.01, 0.14), (0.01, 0.2), (0.99, 0.2), (0.99, 0.14)], _tone(body, 0.4))
    else:
        shape([(0.0, 0.14), (0.0, 0.98), (1.0, 0.98), (1.0, 0.14)], body)
        if kind == "bus":
            shape([(0.02, 0.5), (0.02, 0.88), (0.98, 0.88), (0.98, 0.5)], (40, 46, 52))
    for part in (0.19, 0.80):
        _draw_wheel(canvas, camera, weather, side, z + part * length, kind in WAIST, body)


def _draw_wheel(canvas, camera, weather, side, z, car, body):
    """A wheel in the plane of a flank, under an arch if it is a car's."""
    radius = 0.33 if car else 0.45
    x, y = camera.point(side, radius, z)
    half = abs(camera.column(side, z - radius) - camera.column(side, z + radius)) / 2
    tall = camera.pixels(radius, z)
    if car:
        canvas.ellipse(x - half * 1.2, y - tall * 1.2, x + half * 1.2, y + tall * 0.72, weather.colour(_tone(body, 0.3), z))
    canvas.ellipse(x - half, y - tall, x + half, y + tall, weather.colour((20, 20, 21), z))
    canvas.ellipse(x - half * 0.55, y - tall * 0.55, x + half * 0.55, y + tall * 0.55,
                   weather.colour((120, 122, 124), z, 0.8))
