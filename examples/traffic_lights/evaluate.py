"""mAP@0.5 of detections on scenes, by tag, distance and class, with COCO's own evaluation (pycocotools).

    python3 evaluate.py validation/instances.json thaw.json [tensorflow.json ...] [--markdown]

Detections are what `thaw detect --json` writes; `tensorflow_detect.py` writes the same for TensorFlow.
"""

import argparse
import contextlib
import io
import json
import sys
from pathlib import Path

import numpy as np
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

TAGS = ("clear", "dusk", "night", "rain", "far", "edge")
BANDS = ((0, 40), (40, 80), (80, 120), (120, 160), (160, 400))  # m
LEFT_ARROW, STRAIGHT_ARROW, GREEN = 4, 5, 3
SHOWN_SCORE = 0.5


class Truth:
    """A COCO document of scenes."""

    def __init__(self, document):
        self.document = document
        self.images = {image["id"]: image for image in document["images"]}
        self.by_file = {Path(image["file_name"]).name: image["id"] for image in document["images"]}
        self.names = {c["id"]: c["name"] for c in document["categories"]}

    def images_with(self, tag):
        return sorted(i for i, image in self.images.items() if tag in image["tags"])

    def match_files(self, document):
        """Detections of a `thaw detect --json` document as COCO's results; files are told by their names."""
        results = []
        missing = set(self.by_file)
        for picture in document["images"]:
            name = Path(picture["file"]).name
            if name not in self.by_file:
                continue
            if "error" in picture:
                raise ValueError(f"{name}: {picture['error']}")
            missing.discard(name)
            image = self.images[self.by_file[name]]
            for found in picture["detections"]:
                top, left, bottom, right = found["box"]
                x, y = left * image["width"], top * image["height"]
                results.append({"image_id": image["id"], "category_id": found["class_id"], "score": found["score"],
                                "bbox": [x, y, right * image["width"] - x, bottom * image["height"] - y]})
        if missing:
            raise ValueError(f"no detections for {len(missing)} pictures, {sorted(missing)[0]} among them")
        return results


def coco_evaluation(truth, detections, images=None, counts=None):
    """COCOeval at an IoU of 0.5 on some images; lights for which `counts(annotation)` is false are ignored.

    An ignored light is one whose `area` is out of range: such are neither asked for nor held against
    the detection that finds them, and detections that find nothing stay false everywhere.
    """
    document = dict(truth.document)
    document["annotations"] = [{**a, "area": 1.0 if counts is None or counts(a) else 9.0}
                               for a in truth.document["annotations"]]
    results = [{**d, "id": i + 1, "area": 1.0, "iscrowd": 0} for i, d in enumerate(detections)]
    with contextlib.redirect_stdout(io.StringIO()):
        ground, found = COCO(), COCO()
        ground.dataset = document
        found.dataset = {**document, "annotations": results}
        ground.createIndex()
        found.createIndex()
        evaluation = COCOeval(ground, found, "bbox")
        evaluation.params.iouThrs = np.array([0.5])
        evaluation.params.areaRng, evaluation.params.areaRngLbl = [[0, 4]], ["all"]
        evaluation.params.maxDets = [100]
        if images is not None:
            evaluation.params.imgIds = list(images)
        evaluation.evaluate()
        evaluation.accumulate()
    return evaluation


def class_precisions(evaluation):
    """{category id: AP@0.5}, of the classes that there are lights of."""
    precision = evaluation.eval["precision"][0, :, :, 0, 0]
    return {c: float(precision[:, k].mean()) for k, c in enumerate(evaluation.params.catIds) if precision[0, k] > -1}


def mean_average_precision(truth, detections, images=None, counts=None):
    values = list(class_precisions(coco_evaluation(truth, detections, images, counts)).values())
    return float(np.mean(values)) if values else float("nan")


def recall_at(truth, detections, images=None, counts=None, score=SHOWN_SCORE):
    """(lights, part of them found with the right class, an IoU of 0.5 and at least this score)."""
    shown = [d for d in detections if d["score"] >= score]
    evaluation = coco_evaluation(truth, shown, images, counts)
    lights = found = 0
    for one in evaluation.evalImgs:
        if one is not None:
            asked = ~np.asarray(one["gtIgnore"], bool)
            lights += int(asked.sum())
            found += int((np.asarray(one["gtMatches"][0])[asked] > 0).sum())
    return lights, found / lights if lights else float("nan")


def overlap(a, b):
    """IoU of two boxes (x, y, width, height)."""
    width = min(a[0] + a[2], b[0] + b[2]) - max(a[0], b[0])
    height = min(a[1] + a[3], b[1] + b[3]) - max(a[1], b[1])
    shared = max(width, 0) * max(height, 0)
    return shared / (a[2] * a[3] + b[2] * b[3] - shared) if shared else 0.0


def confusion(truth, detections, score=SHOWN_SCORE):
    """[true class - 1][seen class - 1, last: not seen]: of each light the best detection that overlaps it."""
    classes = len(truth.names)
    by_image = {}
    for d in detections:
        if d["score"] >= score:
            by_image.setdefault(d["image_id"], []).append(d)
    table = np.zeros((classes, classes + 1), int)
    for light in truth.document["annotations"]:
        if light["iscrowd"]:
            continue
        near = [d for d in by_image.get(light["image_id"], []) if overlap(d["bbox"], light["bbox"]) >= 0.5]
        seen = max(near, key=lambda d: d["score"])["category_id"] - 1 if near else classes
        table[light["category_id"] - 1, seen] += 1
    return table


def summarise(truth, detections):
    """All figures of one set of detections, as nested dictionaries."""
    rows = {"all": (None, None)}
    rows.update({tag: (truth.images_with(tag), None) for tag in TAGS if truth.images_with(tag)})
    for low, high in BANDS:
        rows[f"{low} to {high} m"] = (None, lambda a, low=low, high=high: low <= a["distance_m"] < high)
    summary = {"rows": {}, "classes": {}, "confusion": confusion(truth, detections).tolist()}
    for name, (images, counts) in rows.items():
        lights, recall = recall_at(truth, detections, images, counts)
        summary["rows"][name] = {"pictures": len(images or truth.images), "lights": lights, "recall": recall,
                                 "map": mean_average_precision(truth, detections, images, counts)}
    for category, value in class_precisions(coco_evaluation(truth, detections)).items():
        summary["classes"][truth.names[category]] = value
    return summary


def print_markdown(truth, names, summaries):
    heads = "".join(f" {n}: mAP@0.5 | {n}: found |" for n in names)
    print(f"| scenes | pictures | lights |{heads}\n| --- | --- | --- |" + " --- | --- |" * len(names))
    for row in summaries[0]["rows"]:
        first = summaries[0]["rows"][row]
        cells = "".join(f" {s['rows'][row]['map']:.4f} | {s['rows'][row]['recall']:.4f} |" for s in summaries)
        print(f"| {row} | {first['pictures']} | {first['lights']} |{cells}")
    print("\n| class |" + "".join(f" {n}: AP@0.5 |" for n in names) + "\n| --- |" + " --- |" * len(names))
    for name in summaries[0]["classes"]:
        print(f"| {name} |" + "".join(f" {s['classes'][name]:.4f} |" for s in summaries))
    for name, summary in zip(names, summaries):
        columns = [*truth.names.values(), "not seen"]
        print(f"\n{name}, score {SHOWN_SCORE} and above:\n\n| is \\ seen as | " + " | ".join(columns) + " |")
        print("| --- |" + " --- |" * len(columns))
        for label, row in zip(truth.names.values(), summary["confusion"]):
            print(f"| {label} | " + " | ".join(str(v) for v in row) + " |")


def parse_arguments():
    parser = argparse.ArgumentParser(description="mAP@0.5 of detections on scenes, by tag, distance and class.")
    parser.add_argument("truth", type=Path, help="COCO document of the scenes")
    parser.add_argument("detections", type=Path, nargs="+", help="documents of `thaw detect --json`")
    parser.add_argument("--json", action="store_true", help="print one JSON document instead of tables")
    parser.add_argument("--tolerance", type=float, metavar="DIFFERENCE",
                        help="status 1 when the documents' figures differ by more than this")
    return parser.parse_args()


def largest_difference(summaries):
    """Of mAP or recall in any row between the first and another summary."""
    return max((abs(s["rows"][row][key] - summaries[0]["rows"][row][key])
                for s in summaries[1:] for row in s["rows"] for key in ("map", "recall")
                if not np.isnan(summaries[0]["rows"][row][key])), default=0.0)


def main():
    options = parse_arguments()
    try:
        truth = Truth(json.loads(options.truth.read_text()))
        summaries = [summarise(truth, truth.match_files(json.loads(path.read_text()))) for path in options.detections]
    except (OSError, KeyError, ValueError) as error:
        sys.exit(f"evaluate.py: error: {error}")
    names = [path.stem for path in options.detections]
    if options.json:
        print(json.dumps(dict(zip(names, summaries)), indent=1))
    else:
        print_markdown(truth, names, summaries)
    difference = largest_difference(summaries)
    if len(summaries) > 1:
        print(f"Largest difference between them: {difference:.6f}", file=sys.stderr)
    if options.tolerance is not None and difference > options.tolerance:
        sys.exit(1)


if __name__ == "__main__":
    main()
