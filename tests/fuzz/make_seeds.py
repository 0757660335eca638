"""Makes the small inputs that the fuzz targets of pictures and label maps begin with.

usage: make_seeds.py FOLDER   (tests/fuzz; needs Pillow and numpy)
"""
import io
import json
import pathlib
import sys

import numpy as np
from PIL import Image

ORIENTATION_TAG = 0x112

ITEMS = """item {
  id: 1
  name: '/m/01g317'
  display_name: "pers\\157n" 'x'
}
item: < id: 0x2 keypoints { id: 3 label: "nose" } [a.b] { x: [1, 2] } > # end
"""


def encoded(image, kind, **options):
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def jpegs(image, exif):
    """Name -> file with, as its last byte, how the target decodes it."""
    def jpeg(picture, **options):
        return encoded(picture, "JPEG", quality=60, **options)
    return {
        "baseline.jpg": jpeg(image, exif=exif) + b"\x02",
        "progressive.jpg": jpeg(image, progressive=True) + b"\x02",
        "restart.jpg": jpeg(image, restart_marker_blocks=1, subsampling=0) + b"\x02",
        "cmyk.jpg": jpeg(image.convert("CMYK")) + b"\x42",
        "grey.jpg": jpeg(image.convert("L")) + b"\x10",
    }


def pngs(image, exif):
    """As above; BMP and GIF lie among them."""
    grey = image.convert("L")
    palette = image.convert("P", palette=Image.ADAPTIVE, colors=4)
    alpha = image.convert("RGBA")
    alpha.putalpha(grey)
    deep = Image.fromarray((np.asarray(grey).astype(np.uint16) * 257))
    return {
        "rgb.png": encoded(image, "PNG") + b"\x02",
        "grey.png": encoded(grey, "PNG") + b"\x01",
        "palette.png": encoded(palette, "PNG", transparency=1) + b"\x03",
        "bits.png": encoded(image.convert("1"), "PNG") + b"\x04",
        "deep.png": encoded(deep, "PNG", exif=exif) + b"\x06",
        "alpha.png": encoded(alpha, "PNG") + b"\x03",
        "rgb.bmp": encoded(image, "BMP") + b"\x02",
        "palette.bmp": encoded(palette, "BMP") + b"\x02",
        "two.gif": encoded(palette, "GIF", save_all=True, append_images=[palette.rotate(180)]) + b"\x02",
    }


def main():
    y, x = np.mgrid[0:12, 0:20]
    image = Image.fromarray(np.stack([x * 12, y * 20, x * y % 256], 2).astype(np.uint8))
    exif = Image.Exif()
    exif[ORIENTATION_TAG] = 6
    labels = {
        "items.pbtxt": ITEMS.encode(),
        "list.txt": b"???\nperson\n\ntraffic light\r\n",
        "numbered.txt": "\ufeff0 person\n7: traffic light\n9,caf\u00e9\n".encode(),
    }
    truth = {"images": [{"id": 1, "file_name": "a.jpg", "width": 64, "height": 48, "tags": ["far"]}],
             "categories": [{"id": 2, "name": "dog"}, {"id": 1, "name": "cat"}],
             "annotations": [{"id": 1, "image_id": 1, "category_id": 2, "bbox": [1, 2, 30, 40], "area": 90.5, "iscrowd": 0},
                             {"id": 2, "image_id": 1, "category_id": 1, "bbox": [0, 0, 64, 48], "iscrowd": 1}]}
    found = {"model": "m", "device": "cpu", "precision": "FP32", "images": [
        {"file": "a.jpg", "width": 64, "height": 48, "ms": {"network": 1.5}, "detections": [
            {"class_id": 2, "label": "dog", "score": 0.5, "box": [0.1, 0.2, 0.3, 0.4]}]},
        {"file": "b.jpg", "error": "is empty"}]}
    documents = {"truth.json": json.dumps(truth).encode(), "found.json": json.dumps(found).encode()}
    targets = {"coco_fuzz": documents, "jpeg_fuzz": jpegs(image, exif.tobytes()), "png_fuzz": pngs(image, exif.tobytes()),
               "label_map_fuzz": labels}
    for target, files in targets.items():
        folder = pathlib.Path(sys.argv[1]) / target
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in files.items():
            (folder / name).write_bytes(content)


if __name__ == "__main__":
    main()
