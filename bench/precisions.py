"""What each precision costs and gains: the original in TensorFlow, and thaw's FP32, FP16, BF16 and INT8.

usage: precisions.py MODEL.pb PICTURES [--truth coco.json] [--calibrate GLOB] [--max-map-drop 0.0025] [--runs 200]

PICTURES is a folder or a quoted glob. Each form is made by `thaw optimize` (its time is the build time, its plan the
file size), run by `thaw bench` on one picture's size, and compared with TensorFlow's detections of 0.3 and more, which
this script makes. With a truth AP is COCO's of all pictures. Peak memory is that of `thaw detect` on one picture. THAW_BIN is the program
(default build/release/thaw). Prints Markdown, then the layers that the gate kept in FP32.
"""
import argparse
import glob
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

ROOT = Path(__file__).resolve().parent.parent
THAW = os.environ.get("THAW_BIN", str(ROOT / "build/release/thaw"))
MEASURE = ROOT / "tests/end_to_end/measure.py"
SCORE = "0.3"


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("pictures")
    parser.add_argument("--truth")
    parser.add_argument("--calibrate", help="default: the pictures")
    parser.add_argument("--max-map-drop", default="0.0025")
    parser.add_argument("--runs", type=int, default=200)
    return parser.parse_args()


def files_of(pictures):
    folder = Path(pictures)
    names = [str(p) for p in folder.iterdir()] if folder.is_dir() else glob.glob(pictures)
    return sorted(n for n in names if n.endswith((".jpg", ".png")))


def speed_text(median, fastest):
    return f"{1000 / median:.0f} ({1000 / fastest:.0f})"


def tensorflow(model, files, document):
    """Writes TensorFlow's detections; gives its speed, of which decoding is no part."""
    import numpy as np
    import tensorflow.compat.v1 as tf
    from PIL import Image
    names = ("num_detections:0", "detection_boxes:0", "detection_scores:0", "detection_classes:0")
    images, seconds = [], []
    with tf.Graph().as_default(), tf.Session() as session:
        tf.import_graph_def(tf.GraphDef.FromString(Path(model).read_bytes()), name="")
        for name in files:
            pixels = np.asarray(Image.open(name).convert("RGB"))
            start = time.monotonic()
            count, boxes, scores, classes = (o[0] for o in session.run(names, {"image_tensor:0": pixels[None]}))
            seconds.append(time.monotonic() - start)
            rows = [{"class_id": int(classes[i]), "label": str(int(classes[i])), "score": float(scores[i]),
                     "box": [float(v) for v in boxes[i]]} for i in range(int(count))]
            images.append({"file": name, "width": pixels.shape[1], "height": pixels.shape[0], "detections": rows})
    Path(document).write_text(json.dumps({"model": model, "device": "TensorFlow", "precision": "FP32", "images": images}))
    return speed_text(1000 * float(np.median(seconds)), 1000 * min(seconds))


def run(*command, measured=False):
    """The JSON document that the program prints; with its peak memory where asked for."""
    with tempfile.NamedTemporaryFile("r") as figures:
        done = subprocess.run([sys.executable, "-I", "-S", str(MEASURE), figures.name, THAW, *map(str, command)],
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=True)
        figures = json.load(figures)
    if figures["status"] != 0:
        sys.exit(f"thaw {' '.join(map(str, command))} ended with status {figures['status']}\n{done.stderr.decode()}")
    document = json.loads(done.stdout)
    return (document, figures["peak_bytes"]) if measured else document


def forms(args):
    """Name and options of thaw optimize."""
    calibrate = ["--precision", "INT8", "--calibrate", args.calibrate or args.pictures]
    yield "FP32", ["--precision", "FP32"]
    yield "FP16", ["--precision", "FP16"]
    yield "BF16", ["--precision", "BF16"]
    for method in ("mse", "entropy", "percentile:99.99", "min-max"):
        yield f"INT8, {method}", [*calibrate, "--calibrate-method", method]
    yield "INT8, mse, per channel", [*calibrate, "--calibrate-per-channel"]
    if args.truth:
        yield f"INT8, mse, AP held to {args.max_map_drop}", [*calibrate, "--max-map-drop", args.max_map_drop, "--truth",
                                                            args.truth, "--images", args.pictures]


def row(args, name, options, original, folder):
    fast = f"{folder}/fast"
    built = run("optimize", args.model, fast, "--overwrite", "--json", *options)
    bench = run("bench", fast, "--images", args.pictures, "--runs", args.runs, "--json")
    _, peak = run("detect", fast, files_of(args.pictures)[0], "--json", "-", measured=True)
    truth = ["--truth", args.truth] if args.truth else []
    compared = run("compare", original, fast, "--images", args.pictures, "--score", SCORE, "--json", *truth)
    total = compared["total"]
    cells = [name]
    if args.truth:
        coco = compared["truth"]["coco"]
        cells.append(f"{coco['b']['ap']:.4f} ({coco['change']['ap']:+.4f})")
    wanted = total["matched"] + total["lost"] + total["relabelled"]
    cells += [f"{total['matched']} of {wanted}", str(total["new"]),
              f"{total['score_change']['mean']:.4f} ({total['score_change']['max']:.4f})",
              speed_text(bench["ms"]["p50"], bench["ms"]["min"]), f"{sum(p['bytes'] for p in built['plans']) / 1e6:.1f}",
              f"{built['seconds']:.1f}", f"{peak / 1e6:.0f}"]
    print("| " + " | ".join(cells) + " |", flush=True)
    return built.get("accuracy")


def main():
    args = arguments()
    with tempfile.TemporaryDirectory() as folder:
        original = f"{folder}/tensorflow.json"
        speed = tensorflow(args.model, files_of(args.pictures), original)
        heads = ["numbers", *(["AP (change)"] if args.truth else []), f"matched of TensorFlow's (score {SCORE})", "new",
                 "score change, mean (most)", "images/s, median (fastest)", "plan, MB", "build, s", "peak, MB"]
        print("| " + " | ".join(heads) + " |\n" + "| --- " * len(heads) + "|")
        print(f"| TensorFlow | {'| ' * (1 if args.truth else 0)}| | | {speed} | | | |")
        for name, options in forms(args):
            accuracy = row(args, name, options, original, folder)
        if accuracy:
            print(f"\nKept in FP32: {', '.join(accuracy['wide']) or 'no layer'}. A picture takes {accuracy['ms']['result']:.2f} ms "
                  f"so, {accuracy['ms']['all_layers']:.2f} ms without, {accuracy['ms']['float32']:.2f} ms in FP32.")


if __name__ == "__main__":
    main()
