"""Renders street scenes with traffic lights and writes them as a COCO data set.

    from render import render_scene
    picture, annotations, tags = render_scene(seed, condition=None, size=(360, 640))

`picture` is an RGB PIL image of `size` (rows, columns). The same seed, condition and aspect give the
same scene at any size. `condition` is one of CONDITIONS, or None for one drawn from the seed.

`annotations` are COCO's, one a light: `bbox` [x, y, width, height] in pixels, clipped to the frame,
round the front of the housing (no backplate, no visors); `area`; `category_id` 1 red, 2 yellow,
3 green, 4 green_left_arrow, 5 green_straight_arrow; `iscrowd`; and besides `distance_m`, `visible` (the
part of the housing that neither the frame nor anything before it hides) and `truncated` (1: the
frame cuts the box). `iscrowd` is 1, so that COCO's evaluation neither asks for the light nor counts a
detection of it, where the housing's longer side is below 4 pixels, less than 35 % of it is visible or
most of the lit lens is hidden.
Lights of which less than 15 % is visible have no annotation. Arrows are shown up to 70 m.

`tags` are what the picture has, by these definitions:
  clear   clear day; some light has iscrowd 0; all lights are at most 120 m away and wholly in the frame
  far     some light with iscrowd 0 is beyond 150 m
  edge    some light with iscrowd 0 is partly out of the frame
  dusk, night, rain   the weather
so a picture may have several, or none.

Seeds below 1,000,000 are for training, those from 10,000,000 on for validation.
"""

import argparse
import json
import multiprocessing
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

from scenes.layout import CONDITIONS  # noqa: E402
from scenes.lights import CLASSES  # noqa: E402
from scenes.scene import render_scene  # noqa: E402

__all__ = ["CLASSES", "CONDITIONS", "coco_document", "render_scene", "write_scene"]


def write_scene(job):
    """Renders and writes one picture; `job` is (seed, condition, size, path, quality). Returns its COCO records."""
    seed, condition, size, path, quality = job
    picture, annotations, tags = render_scene(seed, condition, size)
    # Colour is kept at full resolution: a far lamp is a pixel or two.
    picture.save(path, "JPEG", quality=quality, subsampling=0, optimize=True)
    image = {
        "file_name": pathlib.Path(path).name,
        "height": size[0],
        "width": size[1],
        "seed": seed,
        "condition": condition,
        "tags": tags
    }
    return image, annotations


def coco_document(records, description):
    """A COCO document of (image, annotations) pairs, numbered from 1."""
    images, annotations = [], []
    for image_id, (image, boxes) in enumerate(records, 1):
        images.append({"id": image_id, **image})
        for box in boxes:
            annotations.append({"id": len(annotations) + 1, "image_id": image_id, **box})
    categories = [{"id": number, "name": name, "supercategory": "traffic light"} for number, name in CLASSES.items()]
    return {
        "info": {
            "description": description,
            "version": "1"
        },
        "images": images,
        "annotations": annotations,
        "categories": categories
    }


def parse_arguments():
    parser = argparse.ArgumentParser(description="Renders street scenes with traffic lights as a COCO data set.")
    parser.add_argument("--out", type=pathlib.Path, required=True, metavar="DIR", help="where the pictures go")
    parser.add_argument("--seed", type=int, default=1,
                        help="seed of the first picture, the others follow (default 1)")
    parser.add_argument("--count", type=int, default=300, help="how many pictures (default 300)")
    parser.add_argument("--workers", type=int, default=1, help="processes (default 1)")
    parser.add_argument("--json", default="instances.json", metavar="NAME",
                        help="the COCO file, in DIR (default instances.json)")
    parser.add_argument("--quality", type=int, default=88, help="of the JPEGs (default 88)")
    parser.add_argument("--size", default="360x640", metavar="ROWSxCOLUMNS", help="of the pictures (default 360x640)")
    parser.add_argument("--conditions", metavar="NAME=COUNT,...",
                        help="how many of each condition, in this order, in place of --count")
    parser.add_argument("--split", action="store_true",
                        help="also write a COCO file for each tag, such as instances_night.json")
    return parser.parse_args()


def jobs_of(options):
    """The scenes to render as arguments of `write_scene`."""
    size = tuple(int(v) for v in options.size.split("x"))
    if len(size) != 2 or min(size) < 32:
        raise ValueError(f"--size: expected ROWSxCOLUMNS of at least 32, found {options.size}")
    wanted = [None] * options.count
    if options.conditions:
        wanted = []
        for part in options.conditions.split(","):
            name, _, count = part.partition("=")
            if name not in CONDITIONS or not count.isdigit():
                raise ValueError(
                    f"--conditions: expected NAME=COUNT with one of {', '.join(CONDITIONS)}, found {part}")
            wanted += [name] * int(count)
    return [(options.seed + i, condition, size, str(options.out / f"{options.seed + i:08d}.jpg"), options.quality)
            for i, condition in enumerate(wanted)]


def write_documents(options, records):
    path = options.out / options.json
    description = "Rendered street scenes with traffic lights"
    path.write_text(json.dumps(coco_document(records, description), separators=(",", ":")) + "\n")
    for tag in CONDITIONS if options.split else ():
        part = [record for record in records if tag in record[0]["tags"]]
        document = coco_document(part, f"{description}: {tag}")
        path.with_name(f"{path.stem}_{tag}.json").write_text(json.dumps(document, separators=(",", ":")) + "\n")


def main():
    options = parse_arguments()
    try:
        jobs = jobs_of(options)
    except ValueError as error:
        sys.exit(f"render.py: error: {error}")
    options.out.mkdir(parents=True, exist_ok=True)
    records = []
    with multiprocessing.Pool(options.workers) as pool:
        for record in pool.imap(write_scene, jobs, chunksize=4):
            records.append(record)
            if sys.stderr.isatty():
                print(f"\r{len(records)}/{len(jobs)}", end="", file=sys.stderr)
    if sys.stderr.isatty():
        print(file=sys.stderr)
    write_documents(options, records)


if __name__ == "__main__":
    main()
