"""The picture under work: what is drawn far to near over a backdrop that is computed apart.

Layers of twice the frame's size, for smooth edges after the reduction:
`colour` is RGB and coverage, premultiplied, gamma 2 (value = 255 * sqrt(radiance)), its fourth channel says how much of
the backdrop is hidden. `glow` is RGB, what shines by itself, coded over a larger range. A third layer,
`marks`, tells whose pixel it is (0: nobody's). Whatever is drawn hides the glow and marks behind it.
All coordinates of the methods are the frame's pixels.
"""

import numpy as np
from PIL import Image, ImageDraw

SUPERSAMPLING = 2
GLOW_MAX = 16.0  # radiance of a glow value of 255


def encode_glow(radiance):
    """Glow values of radiances (white paper in the scene's own light is about 1)."""
    return np.sqrt(np.clip(np.asarray(radiance, np.float32) / GLOW_MAX, 0, 1)) * 255


def glow_colour(colour, gain):
    return tuple(int(v) for v in encode_glow(np.asarray(colour) * gain))


_AT_LEAST_HALF = [0] * 128 + [255] * 128


def _overlap(a, b):
    return b is not None and a[0] < b[2] and a[1] < b[3] and a[2] > b[0] and a[3] > b[1]


def _union(a, b):
    return b if a is None else (min(a[0], b[0]), min(a[1], b[1]), max(a[2], b[2]), max(a[3], b[3]))


class Canvas:
    def __init__(self, rows, columns):
        self.size = (columns * SUPERSAMPLING, rows * SUPERSAMPLING)
        # Not RGBA, which PIL would multiply by its alpha once more in every reduction.
        self.colour = Image.new("RGBX", self.size)
        self.glow = Image.new("RGB", self.size)
        self.marks = Image.new("L", self.size)
        self._colour_draw = ImageDraw.Draw(self.colour)
        self._glow_draw = ImageDraw.Draw(self.glow)
        self._marks_draw = ImageDraw.Draw(self.marks)
        self._glow_box = None
        self._mark_box = None

    def polygon(self, points, fill, glow=None):
        """A filled polygon; `fill` is an RGB triple, `glow` one of glow values or None."""
        points = [(x * SUPERSAMPLING, y * SUPERSAMPLING) for x, y in points]
        xs, ys = zip(*points)
        box = (min(xs), min(ys), max(xs), max(ys))
        if not self._touches(box):
            return
        self._colour_draw.polygon(points, fill=(*fill, 255))
        if self._hides_glow(box, glow):
            self._glow_draw.polygon(points, fill=glow or (0, 0, 0))
        if _overlap(box, self._mark_box):
            self._marks_draw.polygon(points, fill=0)

    def rectangle(self, x0, y0, x1, y1, fill, glow=None):
        self.polygon([(x0, y0), (x1, y0), (x1, y1), (x0, y1)], fill, glow)

    def line(self, x0, y0, x1, y1, width, fill):
        """A straight bar of a width in pixels; thinner than half a pixel it fades instead."""
        if width >= 0.5:
            dx, dy = x1 - x0, y1 - y0
            length = max(1e-6, (dx * dx + dy * dy) ** 0.5)
            nx, ny = -dy / length * width / 2, dx / length * width / 2
            self.polygon([(x0 + nx, y0 + ny), (x1 + nx, y1 + ny), (x1 - nx, y1 - ny), (x0 - nx, y0 - ny)], fill)
            return
        points = [(x0 * SUPERSAMPLING, y0 * SUPERSAMPLING), (x1 * SUPERSAMPLING, y1 * SUPERSAMPLING)]
        left, top = int(min(p[0] for p in points)) - 1, int(min(p[1] for p in points)) - 1
        right, bottom = int(max(p[0] for p in points)) + 2, int(max(p[1] for p in points)) + 2
        if not self._touches((left, top, right, bottom)) or max(right - left, bottom - top) > 4 * max(self.size):
            return
        mask = Image.new("L", (right - left, bottom - top))
        ImageDraw.Draw(mask).line([(x - left, y - top) for x, y in points], fill=int(510 * width), width=1)
        self.colour.paste((*fill, 255), (left, top), mask)

    def ellipse(self, x0, y0, x1, y1, fill, glow=None):
        box = tuple(v * SUPERSAMPLING for v in (x0, y0, x1, y1))
        if not self._touches(box):
            return
        self._colour_draw.ellipse(box, fill=(*fill, 255))
        if self._hides_glow(box, glow):
            self._glow_draw.ellipse(box, fill=glow or (0, 0, 0))
        if _overlap(box, self._mark_box):
            self._marks_draw.ellipse(box, fill=0)

    def sprite(self, image, box, table, glow=None):
        """An RGBA picture stretched over `box` (x0, y0, x1, y1), its colours sent through `table`.

        `glow` is an RGB picture of the same size, in glow values, or None.
        """
        fit = self._fit(image.size, box)
        if fit is None:
            return
        corner, size, source = fit
        patch = image.resize(size, Image.BILINEAR, box=source, reducing_gap=2.0)
        mask = patch.getchannel("A")
        patch = patch.convert("RGB").point(table)
        shine = glow.resize(size, Image.BILINEAR, box=source, reducing_gap=2.0) if glow is not None else None
        self.paste(patch, mask, corner, shine)

    def paste(self, patch, mask, corner, glow=None):
        """An RGB patch of the layers' own resolution with its top left corner at `corner` (layer pixels)."""
        self.colour.paste(patch.convert("RGBX"), corner, mask)
        box = (*corner, corner[0] + patch.width, corner[1] + patch.height)
        if self._hides_glow(box, glow):
            self.glow.paste((0, 0, 0) if glow is None else glow, box, mask)
        if _overlap(box, self._mark_box):
            self.marks.paste(0, box, mask)

    def warp(self, image, quad, table, glow=None):
        """An RGB picture stretched over four corners (top left, top right, bottom right, bottom left)."""
        quad = np.asarray(quad, np.float64) * SUPERSAMPLING
        low = np.maximum(np.floor(quad.min(0)), 0).astype(int)
        high = np.minimum(np.ceil(quad.max(0)), self.size).astype(int)
        if (high <= low).any():
            return
        size = (int(high[0] - low[0]), int(high[1] - low[1]))
        extent = quad.max(0) - quad.min(0)
        if extent.min() < 3:
            self._plain(image, quad, table, glow)
            return
        factor = max(1, int(min(image.width / max(extent[0], 1), image.height / max(extent[1], 1)) * 0.8))
        if factor > 1:
            image = image.reduce(factor)
            glow = glow.reduce(factor) if glow is not None else None
        if quad[0][1] == quad[1][1] and quad[2][1] == quad[3][1] and quad[0][0] == quad[3][0]:
            self._upright(image, (*(quad[0] / SUPERSAMPLING), *(quad[2] / SUPERSAMPLING)), table, glow)
            return
        coefficients = perspective((quad - low).tolist(), image.size)
        if coefficients is None:
            return
        patch = image.transform(size, Image.PERSPECTIVE, coefficients, Image.BILINEAR).point(table)
        mask = Image.new("L", size)
        ImageDraw.Draw(mask).polygon([tuple(p) for p in quad - low], fill=255)
        shine = None
        if glow is not None:
            shine = glow.transform(size, Image.PERSPECTIVE, coefficients, Image.BILINEAR)
        self.paste(patch, mask, (int(low[0]), int(low[1])), shine)

    def _upright(self, image, box, table, glow):
        """A picture over a box, without perspective."""
        corner, size, source = self._fit(image.size, box)
        patch = image.resize(size, Image.BILINEAR, box=source, reducing_gap=2.0).point(table)
        shine = glow.resize(size, Image.BILINEAR, box=source, reducing_gap=2.0) if glow is not None else None
        self.paste(patch, None, corner, shine)

    def _plain(self, image, quad, table, glow):
        """A quad of layer pixels too narrow to show more than a picture's mean."""
        fill = image.resize((1, 1), Image.BOX).point(table).getpixel((0, 0))
        shine = glow.resize((1, 1), Image.BOX).getpixel((0, 0)) if glow is not None else None
        self.polygon([(x / SUPERSAMPLING, y / SUPERSAMPLING) for x, y in quad], fill, shine)

    def shade(self, mask, box, strength):
        """Darkens what lies under `box` by an 8-bit mask times `strength`: contact shadows."""
        fit = self._fit(mask.size, box)
        if fit is not None:
            corner, size, source = fit
            patch = mask.resize(size, Image.BILINEAR, box=source,
                                reducing_gap=2.0).point([v * strength for v in range(256)])
            self.colour.paste((0, 0, 0, 255), corner, patch)

    def mark(self, mask, corner, value):
        """Sets the mark of the pixels where `mask` (layer resolution) is at least half."""
        box = (*corner, corner[0] + mask.width, corner[1] + mask.height)
        self.marks.paste(value, box, mask.point(_AT_LEAST_HALF))
        self._mark_box = _union(self._mark_box, box)

    def glow_box(self):
        """Whole layer pixels (x0, y0, x1, y1) beyond which nothing shines; None where nothing does."""
        if self._glow_box is None:
            return None
        x0, y0, x1, y1 = self._glow_box
        box = (max(0, int(x0)), max(0, int(y0)), min(self.size[0], int(x1) + 1), min(self.size[1], int(y1) + 1))
        return box if box[0] < box[2] and box[1] < box[3] else None

    def shows(self, points):
        """Whether a shape with these corners may lie in the frame."""
        xs, ys = zip(*points)
        return self._touches(tuple(v * SUPERSAMPLING for v in (min(xs), min(ys), max(xs), max(ys))))

    def _touches(self, box):
        return box[0] < self.size[0] and box[1] < self.size[1] and box[2] > 0 and box[3] > 0

    def _hides_glow(self, box, glow):
        """Whether the glow layer must be drawn on: there is something there to show or to hide."""
        if glow is not None:
            self._glow_box = _union(self._glow_box, box)
            return True
        return _overlap(box, self._glow_box)

    def _fit(self, image_size, box):
        """Layer corner and size of the part of `box` in the frame, and the part of the image it shows."""
        x0, y0, x1, y1 = (v * SUPERSAMPLING for v in box)
        left, top = max(0, int(np.floor(x0))), max(0, int(np.floor(y0)))
        right, bottom = min(self.size[0], int(np.ceil(x1))), min(self.size[1], int(np.ceil(y1)))
        if right <= left or bottom <= top or x1 - x0 < 0.5 or y1 - y0 < 0.5:
            return None
        sx, sy = image_size[0] / (x1 - x0), image_size[1] / (y1 - y0)
        source = (max(0, (left - x0) * sx), max(0, (top - y0) * sy), min(image_size[0], (right - x0) * sx),
                  min(image_size[1], (bottom - y0) * sy))
        if source[2] - source[0] < 1e-3 or source[3] - source[1] < 1e-3:
            return None
        return (left, top), (right - left, bottom - top), source


def perspective(quad, size):
    """PIL's eight coefficients that take pixels of the quad to those of a picture of `size`."""
    (x0, y0), (x1, y1), (x2, y2), (x3, y3) = quad
    # The unit square to the quad, then the adjugate of its matrix for the way back.
    dx1, dx2, dx3 = x1 - x2, x3 - x2, x0 - x1 + x2 - x3
    dy1, dy2, dy3 = y1 - y2, y3 - y2, y0 - y1 + y2 - y3
    area = dx1 * dy2 - dx2 * dy1
    if abs(area) < 1e-9:
        return None
    g, h = (dx3 * dy2 - dx2 * dy3) / area, (dx1 * dy3 - dx3 * dy1) / area
    a, b, c = x1 - x0 + g * x1, x3 - x0 + h * x3, x0
    d, e, f = y1 - y0 + g * y1, y3 - y0 + h * y3, y0
    back = [[e - f * h, c * h - b, b * f - c * e], [f * g - d, a - c * g, c * d - a * f],
            [d * h - e * g, b * g - a * h, a * e - b * d]]
    width, height = size
    scale = back[2][2]
    if abs(scale) < 1e-9:
        return None
    return [float(v * k / scale) for row, k in zip(back, (width, height, 1)) for v in row][:8]
