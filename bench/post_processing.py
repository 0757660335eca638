"""What lies behind the network (decoding, sigmoid, non-maximum suppression) on photographs, in ms.

usage: post_processing.py GRAPH.pb IMAGE... [--threads 1,2] [--runs 30] [--tensorflow]
       [--network-to concat:0,concat_1:0]

thaw's is the stage's time as `thaw detect` tells it (THAW_BIN, default build/release/thaw). TensorFlow
does not tell: its is the time to the four detection outputs less that to the network's own, the two
run in turn in one session (needs tensorflow-cpu). Each photograph has the median of its runs; the
table shows the median and the largest over all photographs.
"""
import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image

HERE = Path(__file__).resolve().parent
THAW = os.environ.get("THAW_BIN", str(HERE.parent / "build/release/thaw"))
DETECTIONS = ["num_detections:0", "detection_boxes:0", "detection_scores:0", "detection_classes:0"]
COLD = 3  # runs that don't count


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("graph")
    parser.add_argument("images", nargs="+")
    parser.add_argument("--threads", type=lambda text: [int(n) for n in text.split(",")], default=[1, 2])
    parser.add_argument("--runs", type=int, default=30)
    parser.add_argument("--tensorflow", action="store_true")
    parser.add_argument("--network-to", default="concat:0,concat_1:0")
    return parser.parse_args()


def thaw_ms(args, threads, image):
    command = [THAW, "detect", args.graph, *[image] * (COLD + args.runs), "--threads", str(threads), "--json", "-"]
    pictures = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)["images"]
    return statistics.median(picture["ms"]["postprocess"] for picture in pictures[COLD:])


class TensorFlow:
    """A worker process that holds the graph with a given number of threads."""

    def __init__(self, graph, threads):
        worker = HERE / "peers/tensorflow_worker.py"
        self.process = subprocess.Popen([sys.executable, str(worker), graph, str(threads)], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True)

    def time(self, path, fetches):
        request = {"feeds": {"image_tensor:0": path}, "fetches": fetches, "warmup": 1, "runs": 1}
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())["ms"][0]

    def ms(self, path, network, runs):
        times = [self.time(path, DETECTIONS) - self.time(path, network) for _ in range(COLD + runs)]
        return statistics.median(times[COLD:])

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def tensorflow_ms(args, threads):
    worker = TensorFlow(args.graph, threads)
    times = []
    with tempfile.TemporaryDirectory() as folder:
        for i, image in enumerate(args.images):
            path = f"{folder}/{i}.npy"
            np.save(path, np.asarray(Image.open(image).convert("RGB"))[None])
            times.append(worker.ms(path, args.network_to.split(","), args.runs))
    worker.close()
    return times


def main():
    args = parse_arguments()
    print("| engine | threads | photographs | median ms | largest ms |")
    print("| --- | --- | --- | --- | --- |")
    for threads in args.threads:
        rows = [("thaw", [thaw_ms(args, threads, image) for image in args.images])]
        if args.tensorflow:
            rows.append(("TensorFlow", tensorflow_ms(args, threads)))
        for name, times in rows:
            print(f"| {name} | {threads} | {len(times)} | {statistics.median(times):.3f} | {max(times):.3f} |", flush=True)


if __name__ == "__main__":
    main()
