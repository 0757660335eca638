"""Light and air of a scene: what an albedo looks like at a distance, and how lamps shine.

Radiances are linear; white paper in the scene's own main light is about 1. Colours as numbers
0..255 are gamma 2: radiance = (value / 255) ** 2.
"""

import dataclasses
import functools

import numpy as np


@dataclasses.dataclass(frozen=True)
class Weather:
    kind: str
    zenith: tuple  # sky radiances
    low_sky: tuple
    haze: tuple
    haze_length: float  # metres over which a contrast falls to 1/e
    light: tuple  # radiance of a white wall
    sides: tuple  # gain of the left and right side of the street, and of what faces the camera
    headlights: float  # of one's own car: radiance of white paper at 10 m
    lamp_gain: float  # radiance of a traffic light's lens
    lit_windows: float  # part of the windows
    lamps_on: bool  # street lamps, head and tail lights
    wet: float  # 0..1, mirror strength of the road
    cloud: float  # 0..1
    sun: tuple  # column and row of the sun's glow over the frame's size, strength
    exposure: float

    def radiance(self, albedo, z, face=1.0):
        """Radiance seen by the camera of surfaces with linear `albedo` (..., 3) at `z`."""
        clear = np.exp(-z / self.haze_length)
        beam = self.headlights / (1 + (z / 16) ** 2)
        light = np.asarray(self.light) * face + beam * np.array([1.0, 0.95, 0.85])
        return np.asarray(albedo) * light * clear + np.asarray(self.haze) * (1 - clear)

    def table(self, z, face=1.0, tint=(1.0, 1.0, 1.0)):
        """Lookup table for `Image.point` of an RGB picture of albedos."""
        return _table(self, round(float(np.log2(max(z, 1.0)) * 8)), round(face * 32),
                      tuple(round(t * 64) for t in tint))

    def colour(self, albedo, z, face=1.0):
        """RGB numbers of a plain surface whose albedo is given as RGB numbers."""
        linear = (np.asarray(albedo, np.float64) / 255) ** 2
        return tuple(int(v) for v in np.sqrt(np.clip(self.radiance(linear, z, face), 0, 1)) * 255)


@functools.lru_cache(maxsize=512)
def _table(weather, z_step, face_step, tint_step):
    albedo = (np.arange(256) / 255.0)[:, None] ** 2 * (np.array(tint_step) / 64.0)
    seen = weather.radiance(albedo, 2.0 ** (z_step / 8), face_step / 32)
    return (np.sqrt(np.clip(seen, 0, 1)) * 255).astype(np.uint8).T.ravel().tolist()


def sample_weather(rng, kind):
    return {"day": _day, "dusk": _dusk, "night": _night, "rain": _rain}[kind](rng)


def _mixed(a, b, t):
    return tuple(float(v) for v in np.asarray(a) * (1 - t) + np.asarray(b) * t)


def _day(rng):
    cloud = float(rng.choice([rng.uniform(0, 0.35), rng.uniform(0.4, 1.0)]))
    bright = float(rng.uniform(0.85, 1.1))
    zenith = _mixed((0.13, 0.28, 0.62), (0.62, 0.66, 0.72), cloud)
    low = _mixed((0.55, 0.72, 0.92), (0.80, 0.82, 0.85), cloud)
    contrast = 0.45 * (1 - cloud)
    lit = int(rng.integers(2))
    sides = [1 + contrast * 0.5, 1 - contrast]
    light = _mixed((0.95, 0.90, 0.80), (0.72, 0.74, 0.78), cloud)
    return Weather("day", zenith, low, low, float(rng.uniform(500, 2500)), tuple(v * bright for v in light),
                   (sides[lit], sides[1 - lit], 1 - contrast * float(rng.uniform(0, 0.8))), 0.0,
                   float(rng.uniform(1.2, 2.4)), 0.02, bool(rng.random() < 0.3), 0.0, cloud,
                   (float(rng.uniform(-0.2, 1.2)), float(rng.uniform(-0.6, 0.3)),
                    (1 - cloud) * float(rng.uniform(0.0, 0.8))), float(rng.uniform(0.75, 1.15)))


def _dusk(rng):
    warm = float(rng.uniform(0, 1))
    zenith = _mixed((0.05, 0.07, 0.17), (0.14, 0.14, 0.24), warm)
    low = _mixed((0.30, 0.22, 0.27), (0.80, 0.40, 0.18), warm)
    haze = _mixed((0.20, 0.16, 0.18), (0.42, 0.25, 0.16), warm)
    light = _mixed((0.15, 0.14, 0.18), (0.25, 0.20, 0.18), warm)
    return Weather("dusk", zenith, low, haze, float(rng.uniform(500, 1500)), light,
                   (float(rng.uniform(0.6, 1.1)), float(rng.uniform(0.6, 1.1)), 0.7), 0.10,
                   float(rng.uniform(1.6, 3.0)), float(rng.uniform(0.15, 0.4)), True, 0.0,
                   float(rng.uniform(0.2, 0.8)), (float(rng.uniform(0.1, 0.9)), 0.5, 0.5 * warm),
                   float(rng.uniform(0.9, 1.5)))


def _night(rng):
    glow = float(rng.uniform(0, 1))
    zenith = _mixed((0.002, 0.003, 0.008), (0.012, 0.012, 0.018), glow)
    low = _mixed((0.012, 0.011, 0.016), (0.07, 0.045, 0.03), glow)
    light = _mixed((0.022, 0.022, 0.028), (0.055, 0.045, 0.035), glow)
    wet = float(rng.choice([0.0, 0.0, rng.uniform(0.2, 0.6)]))
    return Weather("night", zenith, low, tuple(v * 0.8 for v in low), float(rng.uniform(300, 1200)),
                   light, (float(rng.uniform(0.6, 1.3)), float(rng.uniform(0.6, 1.3)), 0.7),
                   float(rng.uniform(0.25, 0.5)), float(rng.uniform(3.0, 8.0)), float(rng.uniform(0.2,
                                                                                                  0.45)), True, wet,
                   float(rng.uniform(0, 0.6)), (0.5, 0.5, 0.0), float(rng.uniform(1.0, 1.7)))


def _rain(rng):
    dark = float(rng.uniform(0, 1))
    low = _mixed((0.62, 0.65, 0.68), (0.22, 0.24, 0.27), dark)
    light = _mixed((0.50, 0.52, 0.55), (0.17, 0.18, 0.20), dark)
    return Weather("rain", _mixed(low, (0.1, 0.1, 0.12), 0.3), low, low, float(rng.uniform(110, 350)), light,
                   (0.95, 0.95, 0.9), 0.08 * dark, float(rng.uniform(1.0, 2.4)), 0.05 + 0.25 * dark, True,
                   float(rng.uniform(0.5, 1.0)), 1.0, (0.5, 0.3, 0.0), float(rng.uniform(0.8, 1.15)))
