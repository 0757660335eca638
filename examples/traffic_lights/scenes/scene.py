"""From a seed to a picture with its annotations and tags."""

import numpy as np

from . import backdrop, lens, lights
from .canvas import SUPERSAMPLING, Canvas
from .junctions import CLEAR_TO, FAR_FROM
from .layout import CONDITIONS, sample_condition, sample_scene

SMALLEST = 4.0  # pixels of a housing's longer side, below which a light is not asked for
LEAST_VISIBLE = 0.15  # of the housing, below which a light is left out
ASKED_VISIBLE = 0.35  # of the housing, and
LEAST_LENS = 0.45  # of the lit lens: below either, a light is not asked for
ATTEMPTS = 6


def render_scene(seed, condition=None, size=(360, 640)):
    """See `render.py`, whose interface this is."""
    if condition is not None and condition not in CONDITIONS:
        raise ValueError(f"condition: expected one of {', '.join(CONDITIONS)} or None, found {condition!r}")
    rng = np.random.Generator(np.random.PCG64(seed))
    wanted = condition or sample_condition(rng)
    for _ in range(ATTEMPTS):
        scene = sample_scene(rng, wanted, size)
        canvas = _draw(scene)
        annotations = _annotate(scene, canvas)
        tags = tags_of(scene.weather.kind, annotations)
        if wanted in tags and not all(a["iscrowd"] for a in annotations):
            break
    ground, first = backdrop.draw_ground(scene.camera, scene.weather, scene.road)
    sky = backdrop.draw_sky(scene.camera, scene.weather, rng)
    return _develop(scene, canvas, np.concatenate([sky[:first], ground]), rng), annotations, tags


def tags_of(weather_kind, annotations):
    """Tags of an image, as `render.py` defines them."""
    counted = [a for a in annotations if not a["iscrowd"]]
    tags = []
    if weather_kind == "day" and counted and all(
            a["distance_m"] <= CLEAR_TO and not a["truncated"] for a in annotations):
        tags.append("clear")
    if any(a["distance_m"] > FAR_FROM for a in counted):
        tags.append("far")
    if any(a["truncated"] for a in counted):
        tags.append("edge")
    if weather_kind != "day":
        tags.append(weather_kind)
    return tags


def _draw(scene):
    camera, weather = scene.camera, scene.weather
    canvas = Canvas(camera.rows, camera.columns)
    scene.skyline.draw(canvas, camera, weather)
    for house in scene.houses:
        house.draw(canvas, camera, weather)
    items = list(scene.items)
    for number, head in enumerate(scene.heads):
        items.append((head.z, _head_drawer(head, 2 * number + 1)))
    for _, draw in sorted(items, key=lambda item: -item[0]):
        draw(canvas, camera, weather)
    return canvas


def _head_drawer(head, mark):
    return lambda canvas, camera, weather: lights.draw_head(canvas, camera, weather, head, mark)


def _annotate(scene, canvas):
    """COCO annotations of the lights; what is hidden or too small to ask for has iscrowd 1."""
    camera = scene.camera
    counts = np.bincount(np.asarray(canvas.marks).ravel(), minlength=256) / SUPERSAMPLING ** 2
    annotations = []
    for number, head in enumerate(scene.heads):
        x0, y0, x1, y1 = head.box(camera)
        cx0, cy0, cx1, cy1 = max(0.0, x0), max(0.0, y0), min(float(camera.columns), x1), min(float(camera.rows), y1)
        if cx1 <= cx0 or cy1 <= cy0:
            continue
        lens_part = counts[2 * number + 2] / max(1e-6, _lens_area(head, camera))
        visible = min(1.0, (counts[2 * number + 1] + counts[2 * number + 2]) / ((x1 - x0) * (y1 - y0)))
        tiny = max(x1 - x0, y1 - y0) < SMALLEST
        if visible < LEAST_VISIBLE and not tiny:
            continue
        box = [round(v, 2) for v in (cx0, cy0, cx1 - cx0, cy1 - cy0)]
        annotations.append({
            "bbox": box,
            "area": round(box[2] * box[3], 2),
            "iscrowd": int(tiny or lens_part < LEAST_LENS or visible < ASKED_VISIBLE),
            "category_id": head.state,
            "distance_m": round(head.z, 1),
            "visible": round(float(visible), 3),
            "truncated": int(cx0 > x0 or cy0 > y0 or cx1 < x1 or cy1 < y1)
        })
    return annotations


def _lens_area(head, camera):
    radius = camera.pixels(head.style.lens, head.z) * 0.485
    return np.pi * radius * radius * head.turn


def _develop(scene, canvas, back, rng):
    camera, weather = scene.camera, scene.weather
    seen, shows = lens.compose(canvas, back)
    glow = lens.glow_radiance(canvas)
    light = seen + glow
    if weather.wet:
        light = lens.wet_reflection(light, shows, camera, weather.wet, rng)
    strength = {"day": 0.01, "dusk": 0.05, "night": 0.09, "rain": 0.06}[weather.kind] * float(rng.uniform(0.5, 1.6))
    light = light + lens.glare(glow, strength)
    if weather.kind == "rain":
        light = lens.rain_streaks(light, camera, rng, float(rng.uniform(0, 1)))
        if rng.random() < 0.6:
            light = lens.droplets(light, camera, rng, int(rng.integers(10, 70)))
    sharp = any(head.z > FAR_FROM for head in scene.heads)
    return lens.photograph(light, camera, weather, sharp, rng)
