"""What a scene holds and where: sampled from a seed, in metres and parts of the frame.

Nothing here depends on the frame's size, so a scene is the same at any.
"""

import dataclasses
import functools

import numpy as np

from . import junctions, people, streetside, textures, vehicles
from .backdrop import LANE, Road
from .camera import Camera
from .weather import sample_weather

CONDITIONS = ("clear", "far", "edge", "dusk", "night", "rain")
# A scene of no given condition: parts of each.
MIX = (0.36, 0.16, 0.12, 0.10, 0.14, 0.12)


@dataclasses.dataclass
class Scene:
    camera: Camera
    weather: object
    road: Road
    houses: list
    skyline: object
    items: list  # (z, function of canvas, camera, weather), anything that stands on the street
    heads: list  # lights.Head, the annotated ones


def sample_condition(rng):
    return str(rng.choice(CONDITIONS, p=MIX))


def sample_scene(rng, condition, size):
    """A scene of one of CONDITIONS for a frame of size (rows, columns)."""
    kind = {"dusk": "dusk", "night": "night", "rain": "rain"}.get(condition, "day")
    weather = sample_weather(rng, kind)
    lanes_right = int(rng.choice([1, 2, 3], p=[0.35, 0.45, 0.2]))
    lanes_left = int(rng.choice([0, 1, 2], p=[0.12, 0.5, 0.38])) if lanes_right < 3 else int(rng.integers(1, 3))
    own_lane = int(rng.integers(lanes_right))
    camera = Camera(size[0], size[1], float(rng.uniform(0.5, 0.66)), float(rng.uniform(0.4, 0.6)),
                    float(rng.uniform(1.15, 1.75)), (own_lane + 0.5) * LANE + float(rng.uniform(-0.3, 0.3)),
                    float(rng.choice([0.0, rng.normal() / 2500])))
    road = Road(rng, lanes_left, lanes_right, [])
    lights = junctions.sample_lights(rng, condition, camera, road)
    camera = lights.camera
    road.junctions = lights.crossings
    scene = Scene(camera, weather, road, _houses(rng, road), streetside.Skyline(rng), list(lights.items),
                  lights.heads)
    _furnish(rng, scene)
    if rng.random() < 0.3:
        tone = vehicles.PAINTS[int(rng.integers(len(vehicles.PAINTS)))]
        scene.items.append(
            (0.5, _bind(draw_bonnet, float(rng.uniform(0.04, 0.11)), tone, float(rng.uniform(-0.08, 0.08)))))
    _add_traffic(rng, scene, own_lane, lights.nearest, lights.stopped)
    return scene


def _open_at(road, z0, z1, margin=3.0):
    return all(z1 < start - margin or z0 > end + margin for start, end in road.junctions)


def _houses(rng, road):
    """Rows of houses on both sides, with gaps at junctions and elsewhere."""
    houses = []
    density = rng.uniform(0.2, 0.98, 2)
    for side in (0, 1):
        edge = road.left - road.sidewalk if side == 0 else road.right + road.sidewalk
        front = edge + (-1 if side == 0 else 1) * float(rng.uniform(0.2, 9))
        z = float(rng.uniform(2, 20))
        while z < 340:
            length = float(rng.uniform(9, 27))
            if rng.random() < density[side] and _open_at(road, z, z + length):
                houses.append(streetside.House(rng, front + float(rng.uniform(-0.4, 0.4)), z, z + length))
                z += length + (float(rng.uniform(0, 4)) if rng.random() < 0.3 else 0.0)
            else:
                z += length * 0.7
    return sorted(houses, key=lambda h: -h.z0)


def _bind(draw, *arguments):
    return lambda canvas, camera, weather: draw(canvas, camera, weather, *arguments)


def _furnish(rng, scene):
    """Trees, hedges, street lamps, signs and shops' boards along both kerbs."""
    road, items = scene.road, scene.items
    green = rng.uniform(0.1, 1.0)
    for side in (-1, 1):
        kerb = road.right if side > 0 else road.left
        species = rng.integers(0, textures.TREES, 3)
        spacing, z = float(rng.uniform(7, 18)), float(rng.uniform(14, 30))
        while z < 300:
            if rng.random() < green * 0.8 and _open_at(road, z, z, 9):
                u = kerb + side * (road.sidewalk + float(rng.uniform(0.8, 5.0)))
                tint = tuple(float(v) for v in rng.uniform(0.75, 1.2) * (1 + rng.uniform(-0.12, 0.12, 3)))
                items.append((z,
                              _bind(streetside.draw_tree, u, z, float(rng.uniform(5.5, 12)),
                                    int(species[rng.integers(3)]), tint)))
            z += spacing * float(rng.uniform(0.7, 1.5)) * (1 + z / 300)
        if rng.random() < 0.35:
            z = float(rng.uniform(15, 60))
            if _open_at(road, z, z + 14):
                items.append((z,
                              _bind(streetside.draw_hedge, kerb + side * (road.sidewalk + 1.0), z, 14.0,
                                    float(rng.uniform(0.9, 2.0)), int(rng.integers(8)), (0.8, 0.9, 0.7))))
        _add_furniture(rng, scene, side, kerb)


def _add_furniture(rng, scene, side, kerb):
    road, items = scene.road, scene.items
    if rng.random() < 0.75:
        height, cool = float(rng.uniform(6.5, 10)), bool(rng.random() < 0.4)
        for z in np.arange(float(rng.uniform(16, 40)), 320, 28.0):
            items.append((z,
                          _bind(streetside.draw_street_lamp, kerb + side * 0.7, float(z), height,
                                scene.weather.lamps_on, cool)))
    for _ in range(int(rng.integers(0, 4))):
        z = float(rng.uniform(14, 110))
        kind = streetside.SIGNS[int(rng.integers(len(streetside.SIGNS)))]
        items.append((z, _bind(streetside.draw_sign, kerb + side * float(rng.uniform(0.7, 1.8)), z, kind)))
    for _ in range(int(rng.integers(0, 5)) if rng.random() < 0.6 else 0):
        z = float(rng.uniform(13, 80))
        items.append((z,
                      _bind(people.draw_person, kerb + side * float(rng.uniform(0.8, road.sidewalk)), z,
                            float(rng.uniform(1.5, 1.9)), int(rng.integers(7)), int(rng.integers(3)),
                            float(rng.uniform(0.02, 0.16)))))
    fronts = [h.u for h in scene.houses if (h.u > 0) == (side > 0)]
    for _ in range(int(rng.integers(0, 6)) if fronts else 0):
        z = float(rng.uniform(22, 140))
        if _open_at(road, z, z, 1):
            colour = streetside.BOARD_COLOURS[int(rng.integers(len(streetside.BOARD_COLOURS)))]
            items.append((z,
                          _bind(streetside.draw_board, float(np.mean(fronts)), z, float(rng.uniform(2.6, 4.5)),
                                float(rng.uniform(0.5, 2.2)), float(rng.uniform(0.5, 1.2)), colour,
                                bool(rng.random() < 0.7))))


def draw_bonnet(canvas, camera, weather, high, tone, lean):
    """The bonnet of one's own car along the lower edge, mirroring a little of the sky."""
    xs = np.linspace(-0.02, 1.02, 24)
    top = 1 - high * np.clip(1 - np.abs((xs - 0.5 - lean) * 1.75) ** 3.5, 0, 1)
    for part, gain in ((0.0, 0.75), (0.12, 1.0), (0.4, 0.8), (0.75, 0.62)):
        curve = [(float(x) * camera.columns, float(t + high * part) * camera.rows) for x, t in zip(xs, top)]
        canvas.polygon(
            curve + [(camera.columns * 1.02, camera.rows * 1.02), (-camera.columns * 0.02, camera.rows * 1.02)],
            weather.colour(tuple(v * gain for v in tone), 3.0, 0.8))


def _add_traffic(rng, scene, own_lane, light_z, stopped):
    """Cars ahead, oncoming and parked; those that wait at a red light show their brake lamps."""
    road, items = scene.road, scene.items
    dark = scene.weather.lamps_on and scene.weather.kind != "day"
    busy = rng.random()

    def add(u, z, kinds, weights, rear, lamps):
        kind = str(rng.choice(kinds, p=weights))
        items.append((z,
                      functools.partial(vehicles.draw_vehicle, u=u, z=z, kind=kind, rear=rear, lamps=lamps,
                                        paint=int(rng.choice(len(vehicles.PAINTS), p=vehicles.PAINT_PARTS)))))

    low, all_kinds = ["sedan", "suv"], list(vehicles.KINDS)
    for lane in range(round(road.right / LANE)):
        z = float(rng.uniform(9, 30)) if lane != own_lane else float(rng.uniform(11, 45))
        while z < 200:
            if rng.random() < 0.25 + 0.6 * busy:
                waits = stopped and z < light_z and rng.random() < 0.8
                lamps = "brake" if waits or rng.random() < 0.25 else "tail" if dark else "off"
                near = z < 28 or lane == own_lane
                add((lane + 0.5) * LANE + float(rng.uniform(-0.25, 0.25)), z, low if near else all_kinds,
                    [0.6, 0.4] if near else [0.42, 0.3, 0.16, 0.07, 0.05], True, lamps)
            z += float(rng.uniform(7, 12) if stopped and z < light_z else rng.uniform(12, 45))
    for lane in range(round(-road.left / LANE)):
        z = float(rng.uniform(8, 40))
        while z < 220:
            if rng.random() < 0.15 + 0.5 * busy:
                add(-(lane + 0.5) * LANE + float(rng.uniform(-0.25, 0.25)), z, all_kinds,
                    [0.45, 0.3, 0.14, 0.06, 0.05], False, "tail" if dark or rng.random() < 0.3 else "off")
            z += float(rng.uniform(14, 50))
    if rng.random() < 0.5:
        side = 1 if rng.random() < 0.7 else -1
        z = float(rng.uniform(10, 22))
        while z < 110:
            if rng.random() < 0.7 and _open_at(road, z, z + 5, 6):
                add((road.right + 1.25) if side > 0 else (road.left - 1.25), z, low, [0.6, 0.4], side > 0, "off")
            z += float(rng.uniform(5.6, 9))
