"""People on the pavement."""

CLOTHES = [(40, 44, 60), (120, 40, 44), (190, 186, 176), (60, 74, 60), (28, 28, 30), (150, 120, 80), (70, 90, 130)]
SKINS = [(196, 154, 128), (150, 108, 82), (92, 66, 52)]


def draw_person(canvas, camera, weather, u, z, height, clothes, skin, stride):
    """A standing or walking person; `stride` is the feet's distance from the middle over the height."""
    size = camera.pixels(height, z)
    x, ground = camera.point(u, 0, z)
    if size < 4:
        return
    top, low = CLOTHES[clothes % len(CLOTHES)], CLOTHES[(clothes * 3 + 1) % len(CLOTHES)]
    legs, coat, face = (weather.colour(c, z, 0.8) for c in (low, top, SKINS[skin % len(SKINS)]))

    def at(dx, dy):
        return x + dx * size, ground - dy * size

    for side in (-1, 1):
        foot = side * stride
        canvas.polygon(
            [at(side * 0.01 - 0.04, 0.5),
             at(side * 0.01 + 0.05, 0.5),
             at(foot + 0.03, 0.0),
             at(foot - 0.035, 0.0)], legs)
    canvas.polygon(
        [at(-0.10, 0.82),
         at(0.10, 0.82),
         at(0.12, 0.62),
         at(0.09, 0.44),
         at(-0.09, 0.44),
         at(-0.12, 0.62)], coat)
    for side in (-1, 1):
        canvas.polygon([
            at(side * 0.10, 0.82),
            at(side * 0.13, 0.78),
            at(side * (0.13 + stride * 0.4), 0.5),
            at(side * 0.10, 0.5)
        ], weather.colour(tuple(v * 0.8 for v in top), z, 0.8))
    canvas.ellipse(*at(-0.055, 1.0), *at(0.055, 0.86), face)
    canvas.polygon([at(-0.055, 0.94), at(-0.04, 1.0),
                    at(0.04, 1.0), at(0.055, 0.94)], weather.colour((40, 30, 24), z, 0.8))
