"""Uses an installed thaw as its user would: the bundled detector on some of its scenes.

usage: smoke.py TRAFFIC_LIGHTS [SCENES]

TRAFFIC_LIGHTS is the folder examples/traffic_lights. Fails unless the package has its library inside and
most lights of the scenes of clear days are found where the truth says. Prints one line.
"""
import json
import os
import sys

import numpy

import thaw


def overlap(a, b):
    """Intersection over union of two boxes (left, top, right, bottom)."""
    width = min(a[2], b[2]) - max(a[0], b[0])
    height = min(a[3], b[3]) - max(a[1], b[1])
    common = max(width, 0) * max(height, 0)
    areas = [(box[2] - box[0]) * (box[3] - box[1]) for box in (a, b)]
    return common / (sum(areas) - common)


def lights_of(truth, picture):
    """(label, box) of each light of a picture that is to be found."""
    labels = {category["id"]: category["name"] for category in truth["categories"]}
    for light in truth["annotations"]:
        if light["image_id"] == picture["id"] and not light["iscrowd"]:
            left, top, width, height = light["bbox"]
            yield labels[light["category_id"]], (left, top, left + width, top + height)


def main():
    folder, scenes = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 5
    package = os.path.dirname(os.path.abspath(thaw.__file__))
    for name in ("libthaw.so", "py.typed"):
        if not os.path.exists(os.path.join(package, name)):
            sys.exit("{} has no {}".format(package, name))
    with open(os.path.join(folder, "validation", "instances.json")) as file:
        truth = json.load(file)
    detector = thaw.Detector(os.path.join(folder, "model", "frozen_inference_graph.pb"),
                             labels=os.path.join(folder, "label_map.pbtxt"))
    lights = hits = 0
    for picture in [one for one in truth["images"] if "clear" in one["tags"]][:scenes]:
        found = list(detector(os.path.join(folder, "validation", picture["file_name"])))
        for label, box in lights_of(truth, picture):
            lights += 1
            hits += any(one.label == label and overlap(one.pixels, box) > 0.5 for one in found)
    print("thaw {}, Python {}, numpy {}: {} of {} lights found".format(
        thaw.__version__, sys.version.split()[0], numpy.__version__, hits, lights))
    return 0 if hits > 0.6 * lights else 1


if __name__ == "__main__":
    sys.exit(main())
