"""Renders street.jpg, the example picture: a street with a stop sign and a traffic light.

usage: render_street.py OUT.jpg
"""
import math
import sys

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont

W, H, S = 960, 640, 3  # drawn S times as large, then shrunk


def gradient(top, bottom, height):
    t = np.linspace(0, 1, height)[:, None, None]
    return np.broadcast_to(np.array(top) * (1 - t) + np.array(bottom) * t, (height, W * S, 3))


def background(rng):
    horizon = int(H * S * 0.56)
    picture = np.zeros((H * S, W * S, 3))
    picture[:horizon] = gradient((92, 140, 200), (205, 222, 236), horizon)
    picture[horizon:] = gradient((96, 112, 70), (70, 92, 48), H * S - horizon)
    picture += rng.normal(0, 1, (H, W, 1)).repeat(S, 0).repeat(S, 1) * 5
    return Image.fromarray(picture.clip(0, 255).astype(np.uint8)), horizon


def scaled(points):
    return [(x * S, y * S) for x, y in points]


def draw_road(draw, horizon):
    y0 = horizon / S
    draw.polygon(scaled([(452, y0), (488, y0), (1150, H), (-210, H)]), fill=(110, 112, 108))
    draw.polygon(scaled([(455, y0), (485, y0), (1080, H), (-140, H)]), fill=(96, 97, 97))
    for i in range(7):
        a, b = (i / 7) ** 2, ((i + 0.5) / 7) ** 2
        ya, yb = y0 + a * (H - y0), y0 + b * (H - y0)
        wa, wb = 1 + 8 * a, 1 + 8 * b
        draw.polygon(scaled([(469 - wa, ya), (469 + wa, ya), (468 + wb, yb), (468 - wb, yb)]), fill=(225, 222, 205))


def draw_trees(draw, rng, horizon):
    for _ in range(420):
        x, y = rng.uniform(-20, W + 20), horizon / S - rng.exponential(14)
        r = rng.uniform(8, 24)
        green = rng.uniform(0.7, 1.2)
        draw.ellipse(scaled([(x - r, y - r), (x + r, y + r)]), fill=tuple(int(c * green) for c in (52, 82, 44)))


def octagon(cx, cy, radius):
    return [(cx + radius * math.cos(math.pi / 8 + i * math.pi / 4), cy + radius * math.sin(math.pi / 8 + i * math.pi / 4))
            for i in range(8)]


def draw_stop_sign(draw, cx, cy, radius):
    draw.rectangle(scaled([(cx - radius * 0.07, cy), (cx + radius * 0.07, cy + radius * 3.6)]), fill=(120, 122, 126))
    draw.polygon(scaled(octagon(cx, cy, radius * 1.04)), fill=(120, 120, 120))
    draw.polygon(scaled(octagon(cx, cy, radius)), fill=(240, 238, 236))
    draw.polygon(scaled(octagon(cx, cy, radius * 0.92)), fill=(178, 24, 34))
    font = ImageFont.load_default(int(radius * 0.6 * S))
    draw.text((cx * S, cy * S), "STOP", font=font, fill=(240, 238, 236), anchor="mm")


def draw_traffic_light(draw, cx, cy, size):
    draw.rectangle(scaled([(cx - size * 0.09, cy), (cx + size * 0.09, H * 0.8)]), fill=(70, 72, 76))
    draw.rounded_rectangle(scaled([(cx - size * 0.5, cy - size * 1.35), (cx + size * 0.5, cy + size * 1.35)]),
                           radius=size * 0.18 * S, fill=(28, 30, 30))
    for i, colour in enumerate([(250, 60, 40), (70, 58, 20), (22, 60, 34)]):
        y = cy + (i - 1) * size * 0.85
        r = size * 0.34
        draw.ellipse(scaled([(cx - r * 1.15, y - r * 1.2), (cx + r * 1.15, y + r * 1.15)]), fill=(12, 12, 12))
        draw.ellipse(scaled([(cx - r, y - r), (cx + r, y + r)]), fill=colour)
        if i == 0:
            draw.ellipse(scaled([(cx - r * 0.6, y - r * 0.6), (cx + r * 0.6, y + r * 0.6)]), fill=(255, 130, 100))

def main():
    rng = np.random.default_rng(7)
    picture, horizon = background(rng)
    draw = ImageDraw.Draw(picture)
    draw_trees(draw, rng, horizon)
    draw_road(draw, horizon)
    draw_traffic_light(draw, 190, 200, 62)
    draw_stop_sign(draw, 745, 215, 105)
    picture = picture.resize((W, H), Image.LANCZOS).filter(ImageFilter.GaussianBlur(0.6))
    noise = rng.normal(0, 3, (H, W, 3))
    Image.fromarray((np.asarray(picture) + noise).clip(0, 255).astype(np.uint8)).save(sys.argv[1], quality=90)

if __name__ == "__main__":
    main()
