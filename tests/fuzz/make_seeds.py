"""Makes the small inputs that the fuzz targets begin with.

usage: make_seeds.py FOLDER   (tests/fuzz; needs what tests/requirements.txt lists)
"""
import io
import json
import pathlib
import struct
import sys
import tempfile

import graph_seeds
import numpy as np
import tensorflow as tf
from google.protobuf import text_format
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


def graphs():
    """Targets of graphs: binary ones to run, some of them as text to read."""
    made = graph_seeds.graphs()
    text = {f"{name}.pbtxt": text_format.MessageToString(made[name]).encode() for name in ("optional_input", "calls")}
    read = {f"{name}.pb": made[name].SerializeToString() for name in ("layers", "loop_v1", "branches_v2")}
    return {f"{name}.pb": graph.SerializeToString() for name, graph in made.items()}, {**text, **read}


def saved_models():
    """A saved_model.pb, and the index of its variables with a zero byte in front: taken as it is."""
    class Model(tf.Module):
        def __init__(self):
            super().__init__()
            self.w = tf.Variable([[1.0, 2.0]])
            self.n = tf.Variable(3)

        @tf.function(input_signature=[tf.TensorSpec([None, 1], tf.float32, "x")])
        def __call__(self, x):
            return {"y": tf.matmul(x, self.w) * tf.cast(self.n, tf.float32)}

    with tempfile.TemporaryDirectory() as name:
        model = Model()
        tf.saved_model.save(model, name, signatures=model.__call__)
        folder = pathlib.Path(name)
        saved, index = (folder / "saved_model.pb").read_bytes(), (folder / "variables/variables.index").read_bytes()
    return {"tf2.pb": saved}, {"variables.index": b"\0" + index, "entries": b"\1" + bundle_entries()}


def bundle_entries():
    """Key length, key, value length, value: a header, and entries of 8 floats and a string."""
    header = bytes([8, 1])  # one shard
    floats = bytes([8, 1, 18, 4, 18, 2, 8, 8, 40, 32])  # DT_FLOAT, [8], 32 bytes
    text = bytes([8, 7, 18, 0, 32, 32, 40, 5])  # DT_STRING, [], 5 bytes at 32
    table = [(b"", header), (b"f", floats), (b"s", text)]
    return b"".join(bytes([len(part)]) + part for entry in table for part in entry)


def timings():
    def text(value):
        return struct.pack("<I", len(value)) + value
    layer = text(b"cpu; some; avx2") + text(b"0123456789abcdef") + text(b"conv2d float32[1,8,8,3]") + struct.pack("<iI", 2, 2)
    raced = b"".join(text(name) + struct.pack("<id", n, ms) for name, n, ms in ((b"cpu.conv2d.avx2", 2, 0.5), (b"ref.conv2d", 1, 9)))
    return {"body": struct.pack("<I", 1) + layer + raced}


def manifests():
    picture = {"name": "x", "tensor": "x:0", "dtype": "float32", "shape": [-1, 4, 4, 3], "why": ""}
    scores = {"name": "y", "tensor": "y:0", "dtype": "float32", "shape": None, "why": "nobody reads it"}
    manifest = {"format": 1, "thaw": "0.1.0", "device": "cpu", "precision": "INT8", "max_cached_engines": 4,
                "model": {"bytes": 321, "crc32c": 4023233417}, "inputs": [picture], "outputs": [scores],
                "plans": [{"file": "plan_1x4x4x3.plan", "shapes": [[1, 4, 4, 3]]}],
                "calibration": {"conv1": [-1.5, 6.0], "conv2": [0.0, 3.25]}, "check": 0}
    plain = {key: value for key, value in manifest.items() if key != "calibration"}
    return {"calibrated.json": json.dumps(manifest).encode(), "plain.json": json.dumps({**plain, "plans": []}).encode()}


def configs():
    """The first byte is the command's number."""
    detect = b'# thaw detect\nmodel="m.pb"\nthreads=2\nscore=0.5\nto=["a:0", "b:0"]\njson=true\nlog-level="info"\n'
    bench = b"[bench]\nruns = 10\nwarmup = 1\n\n[other]\nx = 'y'\n"
    return {"detect.toml": b"\5" + detect, "bench.toml": b"\6" + bench, "run.toml": b"\4tune=false\ndevice=ref\n"}


def texts():
    """Up to the zero a pattern, a separator or numbers; the last byte says for which kernel."""
    return {"pattern": b"^(a|[^b-d\\d]{1,3})*\\.(jpe?g|PNG)$\0aae.jpg\0", "classes": "[[:alpha:]\\x41-\u00e9]+?".encode() + b"\0abc\0",
            "cut": b"\1\2\0caf\xc3\xa9\5", "join": b", \0b\2", "numbers": b"\0abcdefgh\x23"}


def examples():
    """The last two bytes are the features' shapes and how they are asked for."""
    example = tf.train.Example()
    features = example.features.feature
    features["a"].bytes_list.value.append(b"text")
    features["b"].float_list.value.extend([1, 2.5])
    features["c"].int64_list.value.extend([3, -4])
    whole = example.SerializeToString(deterministic=True)
    return {"fixed": whole + b"\x14\0", "open": whole + b"\x28\x0e", "lacking": whole[:10] + b"\0\x0e"}


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
    many = {"images": truth["images"], "categories": [{"id": i, "name": "c"} for i in range(40)],
            "annotations": [{"id": i, "image_id": 1, "category_id": i % 40, "bbox": [i, i, 9, 9]} for i in range(60)]}
    documents = {"truth.json": json.dumps(truth).encode(), "many.json": json.dumps(many).encode(), "found.json": json.dumps(found).encode()}
    to_run, to_read = graphs()
    saved, bundle = saved_models()
    targets = {"coco_fuzz": documents, "jpeg_fuzz": jpegs(image, exif.tobytes()), "png_fuzz": pngs(image, exif.tobytes()),
               "label_map_fuzz": labels, "graph_run_fuzz": to_run, "graphdef_fuzz": to_read, "saved_model_fuzz": saved,
               "tensor_bundle_fuzz": bundle, "timings_fuzz": timings(), "manifest_fuzz": manifests(), "config_fuzz": configs(),
               "text_kernels_fuzz": texts(), "parse_example_fuzz": examples()}
    for target, files in targets.items():
        folder = pathlib.Path(sys.argv[1]) / target
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in files.items():
            (folder / name).write_bytes(content)


if __name__ == "__main__":
    main()
