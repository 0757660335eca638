"""Junctions and their traffic lights: at what distance, on which poles and gantries, in what state."""

import dataclasses

import numpy as np

from . import lights
from .backdrop import LANE
from .camera import BASE_ROWS, FOCAL_ROWS
from .lights import Head

ARROWS_TO = 70.0  # m; farther off a lens is some 3 pixels wide and its arrow can't be told from a disc
CLEAR_TO = 120.0
FAR_FROM = 150.0
FARTHEST = 600.0
FAR_PIXELS = 4.3  # of 360 rows, the longer side of the farthest lights of far scenes
RANGES = {
    "clear": (12.5, 118.0),
    "far": (153.0, 300.0),
    "edge": (12.0, 42.0),
    "dusk": (12.5, 110.0),
    "night": (12.5, 110.0),
    "rain": (12.5, 90.0)
}


@dataclasses.dataclass
class Lights:
    camera: object
    heads: list
    items: list  # (z, draw function) of poles, arms, pedestrian signals, backs
    crossings: list  # (start, end) along z
    nearest: float  # z of the nearest lights
    stopped: bool  # whether they hold the traffic


def sample_lights(rng, condition, camera, road):
    """The lights of a scene; for edge scenes the camera is turned so that the frame cuts one."""
    for _ in range(60):
        style = lights.sample_style(rng, condition == "far")
        z = _distance(rng, condition, style)
        state = _state(rng, z)
        placed = _place(rng, road, style, z, state, condition == "far")
        if condition == "edge":
            camera = _cut_one(rng, camera, placed) or camera
        group = _seen(placed, camera, condition == "edge")
        if group:
            break
    result = Lights(camera, group, [], [], z, state in (1, 2))
    _equip(rng, result, road, style, z, placed)
    _add_second(rng, condition, result, road)
    return result


def _distance(rng, condition, style):
    """Metres to the lights, evenly in their logarithm; far ones are kept large enough to be asked for."""
    low, high = RANGES[condition]
    if condition == "far":
        high = min(high, FOCAL_ROWS * BASE_ROWS * style.lens * 3.6 / FAR_PIXELS)
    return float(np.exp(rng.uniform(np.log(low), np.log(high))))


def _state(rng, z):
    # A left arrow hangs over one lane only, so that it is drawn more often.
    return int(rng.choice(5, p=[0.17, 0.17, 0.17, 0.28, 0.21])) + 1 if z <= ARROWS_TO else int(rng.integers(1, 4))


def _lane_states(rng, state, lanes, z):
    """States of the heads over the lanes from the left."""
    if state == 4:
        return [4] + [int(rng.choice([1, 4, 5], p=[0.6, 0.25, 0.15]))] * (lanes - 1)
    if state == 5:
        return [int(rng.choice([1, 5]))] + [5] * (lanes - 1) if lanes > 1 else [5]
    if state == 1 and lanes > 1 and z <= ARROWS_TO and rng.random() < 0.2:
        return [4] + [1] * (lanes - 1)
    return [state] * lanes


def _place(rng, road, style, z, state, far):
    """Heads on poles beside the road and over its lanes, before it is known which the camera sees."""
    lanes = max(1, round(road.right / LANE))
    states = _lane_states(rng, state, lanes, z)
    kind = str(rng.choice(["poles", "arm", "gantry"], p=[0.45, 0.35, 0.2] if z < 25 else [0.22, 0.48, 0.3]))
    heads = []
    side_u = road.right + float(rng.uniform(0.5, 1.2))
    if kind == "poles" or rng.random() < 0.5:
        y = float(rng.uniform(2.5, 3.6))
        heads.append(Head(side_u, y, z, states[-1], style))
        if rng.random() < 0.5:
            heads.append(
                Head(road.left - 0.9 if road.left < 0 or rng.random() < 0.5 else -0.9, y, z, states[0], style))
    if kind != "poles":
        y = float(rng.uniform(4.6, 6.2)) + style.lens * (1 if style.horizontal else 2)
        if far:
            y += float(rng.uniform(0, 1.5))
        for lane in range(lanes):
            if lane == 0 or rng.random() < 0.85:
                heads.append(Head((lane + 0.5) * LANE + float(rng.uniform(-0.5, 0.5)), y, z, states[lane], style))
        if kind == "gantry" and rng.random() < 0.4:
            heads.append(Head(-LANE * 0.5, y, z, states[0], style))
    if rng.random() < 0.3:
        for head in heads:
            head.turn = float(rng.uniform(0.85, 1.0))
    return heads


def _inside(box, camera):
    """Parts of a box that lie in the frame along x and along y."""
    def part(low, high, size):
        return max(0.0, min(high, size) - max(low, 0.0)) / (high - low)

    return part(box[0], box[2], camera.columns), part(box[1], box[3], camera.rows)


def _seen(heads, camera, cut_too):
    """Those wholly in the frame; with `cut_too` also those whose box is cut but whose lit lens is mostly there."""
    seen = []
    for head in heads:
        box = head.box(camera)
        margin = camera.scale
        whole = (min(box[0], box[1]) >= margin and box[2] <= camera.columns - margin and
                 box[3] <= camera.rows - margin)
        across, down = _inside(head.lens_box(camera), camera)
        if whole or (cut_too and across * down >= 0.55):
            seen.append(head)
    if cut_too and all(min(_inside(h.box(camera), camera)) > 0.9 for h in seen):
        return []
    return seen


def _cut_one(rng, camera, heads):
    """The camera turned so that the frame's border leaves a part of one head; None where that is too far."""
    head = heads[int(rng.integers(len(heads)))]
    box = head.box(camera)
    left = rng.uniform(0.45, 0.85)
    top = bool(rng.random() < 0.5)
    if not head.style.horizontal and head.state == 1:
        top = top and rng.random() < 0.15
    if head.style.horizontal:
        top = True
    centre, horizon = camera.centre, camera.horizon
    if top:
        horizon += ((box[3] - box[1]) * (1 - left) * -1 - box[1]) / camera.rows
    elif (box[0] + box[2]) / 2 > camera.centre_column:
        centre += (camera.columns + (box[2] - box[0]) * (1 - left) - box[2]) / camera.columns
    else:
        centre += (-(box[2] - box[0]) * (1 - left) - box[0]) / camera.columns
    if not (0.42 <= horizon <= 0.8 and 0.1 <= centre <= 0.9):
        return None
    return dataclasses.replace(camera, centre=float(centre), horizon=float(horizon))


def _equip(rng, result, road, style, z, placed):
    """Poles, arms, pedestrian signals, lights of other directions seen from behind, and the crossing itself.

    Heads that `_seen` left out are not drawn at all, so that none is in the picture without its box.
    """
    items = result.items
    far_side = rng.random() < 0.5 and z > 32
    start = z - 17.0 if far_side else z + 3.0
    result.crossings.append((start, start + float(rng.uniform(9, 14))))
    kept = {id(head) for head in result.heads}
    overhead = [h for h in placed if h.y > 4.2]
    for head in placed:
        if head.y <= 4.2:
            items.append((z + 0.4, _pole(style, head.u, z + 0.35, head.y + 0.9)))
    if overhead:
        height = overhead[0].y + 0.2
        ends = min(h.u for h in overhead) - 0.6
        pole = road.right + 1.0
        items.append((z + 0.3, _pole(style, pole, z + 0.25, height + 0.8, ends, height - 0.2)))
        if any(h.u < 0 for h in overhead):
            items.append((z + 0.3, _pole(style, road.left - 1.0, z + 0.25, height + 0.8, 0.0, height - 0.2)))
    result.heads = [h for h in placed if id(h) in kept]
    for side in (road.left - 0.8, road.right + 0.8):
        if rng.random() < 0.4 and z < 90:
            items.append((z - 0.2, _pedestrian(side + 0.3, 2.3, z - 0.2, bool(rng.random() < 0.4))))
            items.append((z - 0.1, _pole(style, side + 0.3, z - 0.1, 2.5)))
    if rng.random() < 0.5:
        back = Head(road.left - 1.0 if road.left < 0 else -1.2, float(rng.uniform(2.6, 5.5)), z - 2.0, 1, style)
        items.append((back.z, lambda canvas, camera, weather: lights.draw_back(canvas, camera, weather, back)))
        items.append((back.z + 0.1, _pole(style, back.u, back.z + 0.1, back.y + 0.3)))


def _pole(style, u, z, height, arm_to=None, arm_height=0.0):
    return lambda canvas, camera, weather: lights.draw_pole(canvas, camera, weather, style, u, z, height, arm_to,
                                                            arm_height)


def _pedestrian(u, y, z, walk):
    return lambda canvas, camera, weather: lights.draw_pedestrian_signal(canvas, camera, weather, u, y, z, walk)


def _add_second(rng, condition, result, road):
    """Sometimes another junction's lights: beyond the first ones, or before them in far scenes."""
    if rng.random() > 0.4:
        return
    if condition == "far":
        z = float(rng.uniform(22, 110)) if rng.random() < 0.85 else float(rng.uniform(300, FARTHEST))
    elif result.nearest < 70:
        z = result.nearest + float(rng.uniform(28, 48))
    else:
        return
    if z > RANGES[condition][1] and condition != "edge" and condition != "far":
        return
    style = lights.sample_style(rng, condition == "far")
    state = _state(rng, z)
    placed = _place(rng, road, style, z, state, False)
    heads = _seen(placed, result.camera, False)
    if not heads:
        return
    second = Lights(result.camera, heads, result.items, result.crossings, z, state == 1)
    _equip(rng, second, road, style, z, placed)
    result.heads += second.heads
    if z < result.nearest:
        result.nearest, result.stopped = z, second.stopped
