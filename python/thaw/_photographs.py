"""Photographs as batches of a model's input, as the command line's --calibrate has them."""

import glob
import itertools
import os

import numpy as np

from . import errors
from .picture import Picture

_ENDINGS = (".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".bmp", ".gif")
# So many photographs at most, where nobody says how many.
MOST = 32


def _is_path(value):
    return isinstance(value, str) or hasattr(value, "__fspath__")


def _is_picture(value):
    return isinstance(value, Picture) or (hasattr(value, "convert") and hasattr(value, "mode"))


def are_named_by(path):
    """Whether a path is that of photographs, not of a calibration's table or of a SavedModel."""
    path = os.fsdecode(path)
    if os.path.isdir(path):
        return not os.path.exists(os.path.join(path, "saved_model.pb"))
    if path.lower().endswith(_ENDINGS):
        return True
    return not os.path.exists(path) and any(c in path for c in "*?[")


def _files(path):
    """The files of a folder or glob, by name; or the file itself."""
    path = os.fsdecode(path)
    if os.path.isdir(path):
        names = [name for name in os.listdir(path)
                 if name[0] != "." and name.lower().endswith(_ENDINGS)]
        found = [os.path.join(path, name) for name in names]
        what = "the folder holds no pictures ({})".format(", ".join(_ENDINGS))
    elif os.path.exists(path) or not any(c in path for c in "*?["):
        return [path]
    else:
        found, what = glob.glob(path), "no file matches"
    found = sorted(one for one in found if not os.path.isdir(one))
    if not found:
        raise errors.InputError("calibrate: {}: {}".format(path, what))
    return found


def _takes_pictures(model):
    shape = model.inputs[0].shape if len(model.inputs) == 1 else None
    return shape is not None and len(shape) == 4 and shape[3] in (3, None) and \
        model.inputs[0].dtype in ("uint8", "float32")


def batches(given, model, most=MOST):
    """The batches of `given`: as they are, or made of photographs (paths of files, folders and
    globs, PIL images, Pictures), `most` of them at most."""
    if callable(given) and not _is_path(given) and not _is_picture(given):
        given = given()
    if _is_path(given) or _is_picture(given):
        given = [given]
    given = iter(given)
    first = list(itertools.islice(given, 1))
    given = itertools.chain(first, given)
    if not first or not (_is_path(first[0]) or _is_picture(first[0])):
        return given
    if not _takes_pictures(model):
        raise errors.UsageError(
            "calibrate: photographs are for a model of one input [?,height,width,3] of uint8 or "
            "float32; this one has {}: give arrays".format(", ".join(
                "{} {}{}".format(i.name, i.dtype, list(i.shape or [])) for i in model.inputs)))
    sources = itertools.chain.from_iterable(_files(one) if _is_path(one) else [one]
                                            for one in given)
    return _made_of(list(itertools.islice(sources, most)), model)


def _made_of(sources, model):
    info = model.inputs[0]
    rows, height, width = info.shape[:3]
    # Floats are 0 to 255 for a detector, -1 to 1 for other models.
    levels = any("detection_boxes" in output.name for output in model.outputs)
    batch = []
    for source in sources if not rows else _filled(sources, rows):
        picture = Picture.of(source)
        height, width = height or picture.height, width or picture.width
        pixels = resized(picture.numpy(), height, width)
        if info.dtype == "float32":
            pixels = pixels.astype("f4") if levels else pixels.astype("f4") / np.float32(127.5) - 1
        batch.append(pixels)
        if len(batch) == (rows or 1):
            yield np.stack(batch)
            batch = []


def _filled(sources, rows):
    """Whole batches: the rest is left out, and where there is not even one it is filled up."""
    whole = max(rows, len(sources) // rows * rows)
    return list(itertools.islice(itertools.cycle(sources), whole))


def _places(size, wanted):
    """(first, second, share of the second) of the two pixels that each wanted one lies between."""
    at = (np.arange(wanted, dtype="f4") + np.float32(.5)) * np.float32(size) / np.float32(wanted)
    at = np.clip(at - np.float32(.5), 0, size - 1).astype("f4")
    first = at.astype("i8")
    return first, np.minimum(first + 1, size - 1), at - first.astype("f4")


def resized(pixels, height, width):
    """uint8 [height, width, 3] of another size, between neighbours linearly."""
    if pixels.shape[:2] == (height, width):
        return pixels
    top, bottom, down = _places(pixels.shape[0], height)
    left, right, across = _places(pixels.shape[1], width)
    across = across[:, None]
    out = np.empty((height, width, 3), "u1")
    for y in range(height):
        upper, lower = pixels[top[y]].astype("f4"), pixels[bottom[y]].astype("f4")
        upper = upper[left] * (1 - across) + upper[right] * across
        lower = lower[left] * (1 - across) + lower[right] * across
        out[y] = upper * (1 - down[y]) + lower * down[y] + np.float32(.5)
    return out
