"""thaw beside TensorFlow on the same frozen graph, photographs and threads, measured in turn.

usage: against_tensorflow.py GRAPH.pb IMAGE... [--threads 1,2] [--batches 1,8] [--rounds 5] [--runs 40]
       [--network-from Preprocessor/sub:0 --network-size 300x300 --network-to concat:0,concat_1:0]

Needs tensorflow-cpu and Pillow (tests/requirements.txt) and a built thaw (THAW_BIN, default
build/release/thaw). Each round times TensorFlow, then thaw; a ratio is TensorFlow's median of a round
over thaw's median of the same round, and the table shows the median ratio of all rounds.
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

from inputs import image_batch, network_batch

HERE = Path(__file__).resolve().parent
THAW = os.environ.get("THAW_BIN", str(HERE.parent.parent / "build/release/thaw"))
DETECTIONS = ["num_detections:0", "detection_boxes:0", "detection_scores:0", "detection_classes:0"]


def numbers(text):
    return [int(part) for part in text.split(",")]


def height_and_width(text):
    return tuple(int(part) for part in text.split("x"))


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("graph")
    parser.add_argument("images", nargs="+")
    parser.add_argument("--threads", type=numbers, default=[1, 2])
    parser.add_argument("--batches", type=numbers, default=[1, 8])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--runs", type=int, default=40)
    parser.add_argument("--network-from", default="Preprocessor/sub:0")
    parser.add_argument("--network-size", type=height_and_width, default=(300, 300))
    parser.add_argument("--network-to", default="concat:0,concat_1:0")
    return parser.parse_args()


class TensorFlow:
    """A worker process that holds the graph with a given number of threads."""

    def __init__(self, graph, threads):
        command = [sys.executable, str(HERE / "tensorflow_worker.py"), graph, str(threads)]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def time(self, feed, path, fetches, runs):
        request = {"feeds": {feed: path}, "fetches": fetches, "warmup": 3, "runs": runs}
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        reply = json.loads(self.process.stdout.readline())
        return statistics.median(reply["ms"]), reply["peak_bytes"]

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def time_thaw(graph, threads, feed, path, fetches, runs):
    command = [THAW, "bench", graph, "--json", "--threads", str(threads), "--warmup", "5", "--runs", str(runs),
               "--feed", f"{feed}={path}", "--to", ",".join(fetches)]
    reply = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    return reply["ms"]["p50"], reply["memory"]["host_peak_bytes"]


def measure(args, folder, threads):
    tensorflow = TensorFlow(args.graph, threads)
    rows = []
    for batch in args.batches:
        pixels = image_batch(args.images, batch)
        jobs = [("whole job", "image_tensor:0", pixels, DETECTIONS),
                ("network alone", args.network_from, network_batch(pixels, args.network_size), args.network_to.split(","))]
        for name, feed, array, fetches in jobs:
            path = str(Path(folder) / f"{name[:5]}_{batch}.npy")
            np.save(path, array)
            runs = max(5, args.runs // batch)
            pairs = []
            for _ in range(args.rounds):
                pairs.append((tensorflow.time(feed, path, fetches, runs),
                              time_thaw(args.graph, threads, feed, path, fetches, runs)))
            rows.append((name, batch, threads, pairs))
    tensorflow.close()
    return rows


def print_table(rows):
    print("| job | batch | threads | TensorFlow ms | thaw ms | ratio | ratios | TensorFlow MB | thaw MB |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- | --- |")
    for name, batch, threads, pairs in rows:
        theirs = statistics.median(t[0] for t, _ in pairs)
        ours = statistics.median(o[0] for _, o in pairs)
        ratios = sorted(t[0] / o[0] for t, o in pairs)
        peaks = [max(t[1] for t, _ in pairs) / 1e6, max(o[1] for _, o in pairs) / 1e6]
        print(f"| {name} | {batch} | {threads} | {theirs:.2f} | {ours:.2f} | **{statistics.median(ratios):.2f}** | "
              f"{ratios[0]:.2f}-{ratios[-1]:.2f} | {peaks[0]:.0f} | {peaks[1]:.0f} |")


def main():
    args = parse_arguments()
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for threads in args.threads:
            rows += measure(args, folder, threads)
    print_table(rows)


if __name__ == "__main__":
    main()
