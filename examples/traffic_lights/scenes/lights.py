"""Traffic lights: heads, poles and gantries, and what is taken for them (pedestrian signals, backs).

A head's box is the front of its housing: without backplate, visors, brackets or pole.
"""

import dataclasses

import numpy as np
from PIL import Image, ImageDraw

from .canvas import GLOW_MAX, SUPERSAMPLING, encode_glow

CLASSES = {1: "red", 2: "yellow", 3: "green", 4: "green_left_arrow", 5: "green_straight_arrow"}
LENS_PITCH = 1.18  # sections' distance over a lens's diameter
HOUSING_WIDTH = 1.24
HOUSING_DEPTH = 0.22  # m
ARROW = np.array([(-0.80, 0.0), (-0.10, -0.62), (-0.10, -0.20), (0.72, -0.20), (0.72, 0.20), (-0.10, 0.20),
                  (-0.10, 0.62)])


@dataclasses.dataclass
class Style:
    """What the heads of one junction have in common."""

    lens: float  # diameter, m
    horizontal: bool
    housing: tuple
    backplate: float  # m beyond the housing; 0: none
    border: bool  # a yellow border on the backplate
    hues: dict
    pole: tuple


@dataclasses.dataclass
class Head:
    """A signal head centred at (u, y, z), facing the camera but for `turn` (cosine of its yaw)."""

    u: float
    y: float
    z: float
    state: int  # a key of CLASSES
    style: Style
    arrow: str = ""  # shape of the green lens: "", "left" or "straight"
    turn: float = 1.0

    def __post_init__(self):
        self.arrow = {4: "left", 5: "straight"}.get(self.state, self.arrow)

    @property
    def lit(self):
        """Section that shines: 0 red, 1 yellow, 2 green."""
        return {1: 0, 2: 1}.get(self.state, 2)

    @property
    def metres(self):
        """Width and height of the housing."""
        long, wide = self.style.lens * (3 * LENS_PITCH + 0.06), self.style.lens * HOUSING_WIDTH
        return (long, wide) if self.style.horizontal else (wide, long)

    def box(self, camera):
        """x0, y0, x1, y1 in pixels, not clipped."""
        x, y = camera.point(self.u, self.y, self.z)
        w, h = (camera.pixels(m, self.z) for m in self.metres)
        w *= self.turn
        return x - w / 2, y - h / 2, x + w / 2, y + h / 2

    def lens_box(self, camera):
        """Pixels of the lit lens."""
        x0, y0, x1, y1 = self.box(camera)
        pitch, r = LENS_PITCH / (3 * LENS_PITCH + 0.06), 0.5 / (3 * LENS_PITCH + 0.06)
        along = 0.5 + (self.lit - 1) * pitch
        w, h = x1 - x0, y1 - y0
        if self.style.horizontal:
            return x0 + w * (along - r), y0 + h * 0.1, x0 + w * (along + r), y1 - h * 0.1
        return x0 + w * 0.1, y0 + h * (along - r), x1 - w * 0.1, y0 + h * (along + r)


def sample_style(rng, far=False):
    greens = [(0.03, 0.85, 0.50), (0.05, 0.95, 0.36), (0.10, 0.95, 0.20), (0.03, 0.80, 0.62)]
    hues = {
        "red": (1.0, float(rng.uniform(0.02, 0.11)), float(rng.uniform(0.01, 0.06))),
        "yellow": (1.0, float(rng.uniform(0.38, 0.62)), float(rng.uniform(0.0, 0.08))),
        "green": greens[int(rng.integers(4))]
    }
    housing = [(22, 22, 24), (30, 31, 32), (44, 46, 48), (28, 42, 34),
               (196, 150, 36)][int(rng.choice(5, p=[0.4, 0.2, 0.15, 0.12, 0.13]))]
    lens = float(rng.choice([0.40, 0.44, 0.48])) if far else float(rng.choice([0.28, 0.30, 0.30, 0.34, 0.40]))
    backplate = float(rng.uniform(0.10, 0.2)) if rng.random() < 0.35 else 0.0
    pole = [(126, 128, 128), (92, 94, 96), (52, 54, 56), (58, 72, 60), (150, 150, 148)][int(rng.integers(5))]
    return Style(lens, bool(rng.random() < (0.2 if far else 0.28)), housing, backplate, bool(rng.random() < 0.35),
                 hues, pole)


class _Patch:
    """A small picture of finer resolution than the layers', placed at (x0, y0) frame pixels."""
    def __init__(self, box, finer):
        self.finer = finer
        self.corner = int(np.floor(box[0] * SUPERSAMPLING)), int(np.floor(box[1] * SUPERSAMPLING))
        far = int(np.ceil(box[2] * SUPERSAMPLING)) + 1, int(np.ceil(box[3] * SUPERSAMPLING)) + 1
        self.size = ((far[0] - self.corner[0]) * finer, (far[1] - self.corner[1]) * finer)
        self.per_pixel = SUPERSAMPLING * finer
        self.colour, self.mask = Image.new("RGB", self.size), Image.new("L", self.size)
        self.glow, self.own, self.lamp = Image.new("RGB", self.size), Image.new("L",
                                                                                self.size), Image.new("L", self.size)

    def at(self, points):
        return [(x * self.per_pixel - self.corner[0] * self.finer, y * self.per_pixel - self.corner[1] * self.finer)
                for x, y in points]

    def draw(self, kind, points, fill, on=("colour",), **more):
        """Draws one shape on several of the patch's pictures; the mask gets all that is drawn."""
        points = self.at(points)
        flat = points if kind == "polygon" else [c for p in points for c in p]
        for name in on:
            getattr(ImageDraw.Draw(getattr(self, name)), kind)(flat, fill=fill, **more)
        if "colour" in on:
            getattr(ImageDraw.Draw(self.mask), kind)(flat, fill=255, **more)

    def place(self, canvas, mark):
        """Brings the patch to the canvas; own and lamp pixels get the marks `mark` and `mark + 1`."""
        glow = (np.asarray(self.glow, np.float32) / 255) ** 2 * GLOW_MAX
        rows, columns = self.size[1] // self.finer, self.size[0] // self.finer
        glow = encode_glow(glow.reshape(rows, self.finer, columns, self.finer, 3).mean((1, 3)))
        covered = self.mask.reduce(self.finer)
        # Averages over covered pixels only, so that edges keep their colour.
        cover = np.maximum(np.asarray(covered, np.float32), 1)[..., None]
        colour = np.asarray(self.colour.reduce(self.finer), np.float32) * 255 / cover
        colour = Image.fromarray(np.clip(colour, 0, 255).astype(np.uint8))
        canvas.paste(colour, covered, self.corner, Image.fromarray(np.rint(glow).astype(np.uint8)))
        if mark:
            canvas.mark(self.own.reduce(self.finer), self.corner, mark)
            canvas.mark(self.lamp.reduce(self.finer), self.corner, mark + 1)


def _rectangle(x0, y0, x1, y1):
    return [(x0, y0), (x1, y1)]


def draw_head(canvas, camera, weather, head, mark):
    """Draws the head; its pixels get the marks `mark` (housing) and `mark + 1` (lit lens)."""
    box = head.box(camera)
    style, z = head.style, head.z
    height = box[3] - box[1]
    margin = camera.pixels(style.backplate + 0.25, z) + 2
    outer = (box[0] - margin, box[1] - margin, box[2] + margin, box[3] + margin)
    if outer[2] < 0 or outer[3] < 0 or outer[0] > camera.columns or outer[1] > camera.rows:
        return
    long = max(height, box[2] - box[0])
    patch = _Patch(outer, int(np.clip(round(110 / long), 2, 8)))
    if style.backplate:
        plate = camera.pixels(style.backplate, z)
        shape = _rectangle(box[0] - plate * head.turn, box[1] - plate, box[2] + plate * head.turn, box[3] + plate)
        if style.border:
            patch.draw("rectangle", shape, weather.colour((214, 176, 40), z))
            rim = plate * 0.35
            shape = _rectangle(shape[0][0] + rim, shape[0][1] + rim, shape[1][0] - rim, shape[1][1] - rim)
        patch.draw("rectangle", shape, weather.colour((20, 20, 21), z))
    _draw_housing(patch, camera, weather, head, box)
    for section in range(3):
        _draw_section(patch, camera, weather, head, box, section)
    patch.place(canvas, mark)


def _draw_housing(patch, camera, weather, head, box):
    z, albedo = head.z, head.style.housing
    # The flank and underside: the front's outline moved towards the vanishing point.
    part = HOUSING_DEPTH / (z + HOUSING_DEPTH)
    vx, vy = camera.column(camera.u, z), camera.horizon_row
    sx, sy = ((vx - (box[0] + box[2]) / 2) * part, (vy - (box[1] + box[3]) / 2) * part)
    far = (box[0] + sx, box[1] + sy, box[2] + sx, box[3] + sy)
    dark = weather.colour(tuple(v * 0.6 for v in albedo), z, 0.7)
    for x, fx in ((box[0], far[0]), (box[2], far[2])):
        patch.draw("polygon", [(x, box[1]), (fx, far[1]), (fx, far[3]), (x, box[3])], dark)
    for y, fy in ((box[1], far[1]), (box[3], far[3])):
        patch.draw("polygon", [(box[0], y), (far[0], fy), (far[2], fy), (box[2], y)], dark)
    radius = camera.pixels(head.style.lens * 0.1, z) * patch.per_pixel
    patch.draw("rounded_rectangle", _rectangle(*box), weather.colour(albedo, z), radius=radius)
    patch.draw("rounded_rectangle", _rectangle(*box), 255, on=("own",), radius=radius)
    edge = (box[2] - box[0]) * 0.07
    lighter = weather.colour(tuple(min(255, v * 1.35 + 8) for v in albedo), z, weather.sides[0])
    patch.draw("rectangle", _rectangle(box[0] + edge * 0.4, box[1] + edge, box[0] + edge, box[3] - edge), lighter)


def _section_centre(head, box, section):
    x, y = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
    pitch = LENS_PITCH / (3 * LENS_PITCH + 0.06)
    if head.style.horizontal:
        return x + (section - 1) * pitch * (box[2] - box[0]), y
    return x, y + (section - 1) * pitch * (box[3] - box[1])


def _draw_section(patch, camera, weather, head, box, section):
    """A lens with its visor; shining, a disc or an arrow of light."""
    z, style = head.z, head.style
    x, y = _section_centre(head, box, section)
    ry = camera.pixels(style.lens, z) / 2
    rx = ry * head.turn
    name = ("red", "yellow", "green")[section]
    hue = np.asarray(style.hues[name])
    hood = weather.colour(tuple(v * 0.5 for v in style.housing), z, 0.6)
    patch.draw("pieslice", _rectangle(x - rx * 1.13, y - ry * 1.16, x + rx * 1.13, y + ry * 1.1), hood, start=160,
               end=380)
    unlit = np.sqrt(hue * 0.05 + 0.006) * 255
    lens = _rectangle(x - rx * 0.97, y - ry * 0.97, x + rx * 0.97, y + ry * 0.97)
    shaped = section == 2 and head.arrow
    plain = (24, 24, 26) if shaped else tuple(unlit)
    patch.draw("ellipse", lens, weather.colour(plain, z, 0.8))
    if section != head.lit:
        if shaped:
            patch.draw("polygon", _arrow(head.arrow, x, y, rx, ry), weather.colour(tuple(unlit), z, 0.8))
        patch.draw("pieslice", _rectangle(x - rx * 0.97, y - ry * 0.97, x + rx * 0.97, y + ry * 0.3),
                   weather.colour(tuple(v * 0.6 for v in plain), z, 0.6), start=180, end=360)
        return
    gain = weather.lamp_gain * float(np.exp(-z / (weather.haze_length * 2.5)))

    def value(part):
        return tuple(int(round(v)) for v in encode_glow(hue * gain * part))

    if shaped:
        points = _arrow(head.arrow, x, y, rx, ry)
        patch.draw("polygon", points, value(1.25), on=("glow",))
        patch.draw("ellipse", lens, 255, on=("lamp",))
        return
    for ring, part in ((0.94, 0.8), (0.78, 0.95), (0.5, 1.1)):
        patch.draw("ellipse", _rectangle(x - rx * ring, y - ry * ring, x + rx * ring, y + ry * ring), value(part),
                   on=("glow",))
    patch.draw("ellipse", lens, 255, on=("lamp",))
    if ry > 9:
        _draw_diodes(patch, x, y, rx, ry, value(0.55))


def _draw_diodes(patch, x, y, rx, ry, fill):
    """The darker grid between the diodes of a near lens."""
    width = max(1, int(ry * patch.per_pixel * 0.03))
    for t in np.linspace(-0.8, 0.8, 9):
        half = (1 - t * t) ** 0.5 * 0.93
        patch.draw("line", [(x + rx * t, y - ry * half), (x + rx * t, y + ry * half)], fill, on=("glow",),
                   width=width)
        patch.draw("line", [(x - rx * half, y + ry * t), (x + rx * half, y + ry * t)], fill, on=("glow",),
                   width=width)


def _arrow(direction, x, y, rx, ry):
    points = ARROW if direction == "left" else ARROW[:, ::-1]
    return [(x + rx * px * 0.94, y + ry * py * 0.94) for px, py in points]


def draw_back(canvas, camera, weather, head):
    """A head seen from behind: the housing alone with its ribs; nothing to detect."""
    box = head.box(camera)
    colour = weather.colour(head.style.housing, head.z, 0.9)
    if head.style.backplate:
        plate = camera.pixels(head.style.backplate, head.z)
        canvas.rectangle(box[0] - plate, box[1] - plate, box[2] + plate, box[3] + plate,
                         weather.colour((40, 40, 42), head.z))
    canvas.rectangle(*box, colour)
    rib = weather.colour(tuple(v * 0.6 for v in head.style.housing), head.z)
    for part in (1 / 3, 2 / 3):
        if head.style.horizontal:
            x = box[0] + (box[2] - box[0]) * part
            canvas.line(x, box[1], x, box[3], camera.pixels(0.03, head.z), rib)
        else:
            y = box[1] + (box[3] - box[1]) * part
            canvas.line(box[0], y, box[2], y, camera.pixels(0.03, head.z), rib)


def draw_pedestrian_signal(canvas, camera, weather, u, y, z, walk):
    """Two small square sections with a standing or a walking figure."""
    w = camera.pixels(0.26, z)
    x, cy = camera.point(u, y, z)
    outer = (x - w, cy - 2 * w, x + w, cy + 2 * w)
    patch = _Patch(outer, int(np.clip(round(60 / w), 2, 8)))
    patch.draw("rectangle", _rectangle(x - w / 2, cy - w, x + w / 2, cy + w), weather.colour((26, 26, 28), z))
    hue = np.array((0.03, 0.9, 0.45) if walk else (1.0, 0.06, 0.03))
    fill = tuple(int(v) for v in encode_glow(hue * weather.lamp_gain * 0.8))
    my, s = cy + (w / 2 if walk else -w / 2), w * 0.4
    patch.draw("ellipse", _rectangle(x - s * 0.2, my - s, x + s * 0.2, my - s * 0.6), fill, on=("glow",))
    patch.draw("rectangle", _rectangle(x - s * 0.28, my - s * 0.55, x + s * 0.28, my + s * 0.25), fill, on=("glow",))
    spread = 0.5 if walk else 0.1
    for side in (-1, 1):
        patch.draw("polygon", [(x + side * s * 0.05, my + s * 0.2), (x + side * s * 0.26, my + s * 0.2),
                               (x + side * s * (0.26 + spread), my + s), (x + side * s * (0.05 + spread), my + s)],
                   fill, on=("glow",))
    patch.place(canvas, 0)


def draw_pole(canvas, camera, weather, style, u, z, height, arm_to=None, arm_height=0.0):
    """A pole at `u` and, towards `arm_to`, a slightly rising arm at `arm_height`."""
    colour = weather.colour(style.pole, z)
    bright = weather.colour(tuple(min(255, v * 1.25) for v in style.pole), z, weather.sides[0])
    x, base = camera.point(u, 0, z)
    _, top = camera.point(u, height, z)
    width = camera.pixels(0.2 if arm_to is not None else 0.13, z)
    if arm_to is not None:
        y0, y1 = camera.row(arm_height - 0.1, z), camera.row(arm_height + 0.1, z)
        end = camera.column(arm_to, z)
        thick = camera.pixels(0.14, z)
        canvas.line(x, y0, end, y1, thick, colour)
        canvas.line(x, y0 - thick * 0.25, end, y1 - thick * 0.25, thick * 0.3, bright)
    canvas.line(x, base, x, top, width, colour)
    canvas.line(x - width * 0.22, base, x - width * 0.22, top, width * 0.25, bright)
