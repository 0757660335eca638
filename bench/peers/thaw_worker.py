"""thaw on one job, in worker.py's terms: prints the same JSON line.

usage: thaw_worker.py JOB PRECISION FOLDER THREADS STREAMS SECONDS GRAPH.pb      (THAW_BIN is the program)

Times are those of `thaw bench`. "first_s" is a whole process of it with one run to warm up, one timed
and its report. "difference" is of what `thaw run` gives.
"""
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

import worker

ROOT = Path(__file__).resolve().parent.parent.parent
THAW = os.environ.get("THAW_BIN", str(ROOT / "build/release/thaw"))
INPUTS = {"network": "Preprocessor/sub:0", "whole": "image_tensor:0"}
OUTPUTS = {"network": ["concat:0", "concat_1:0"],
           "whole": ["detection_boxes:0", "detection_scores:0", "detection_classes:0", "num_detections:0"]}
LEAST_RUNS = 15


def thaw(*arguments):
    done = subprocess.run([THAW, *map(str, arguments)], capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(done.stderr)
    return done.stdout


def bench(common, job, folder, warm_up, runs):
    return json.loads(thaw("bench", *common, "--json", "--feed", f"{INPUTS[job]}={folder / job}_input.npy",
                           "--warmup", warm_up, "--runs", runs))


def results(common, job, folder):
    """What the engines of worker.py give."""
    with tempfile.TemporaryDirectory() as place:
        np.savez(f"{place}/in.npz", **{INPUTS[job]: np.load(folder / f"{job}_input.npy")})
        thaw("run", *common, "--from", INPUTS[job], "--inputs", f"{place}/in.npz", "--outputs", f"{place}/out.npz")
        with np.load(f"{place}/out.npz") as found:
            outputs = [found[name] for name in OUTPUTS[job]]
    return worker.codes_and_logits(outputs) if job == "network" else [output[0] for output in outputs[:3]]


def main():
    job, precision, folder, threads, streams, seconds, graph = sys.argv[1:8]
    folder = Path(folder)
    common = [graph, "--threads", threads, "--to", ",".join(OUTPUTS[job])]
    if precision != "FP32":
        common += ["--precision", precision]
    if int(streams) > 1:
        common += ["--streams", streams]
        trial = bench(common, job, folder, 1, LEAST_RUNS)
        runs = max(LEAST_RUNS * int(streams), int(float(seconds) * trial["images_per_s"] / trial["batch"]))
        figures = bench(common, job, folder, worker.WARM_UP, runs)
        print(json.dumps({"images_per_s": figures["images_per_s"],
                          "peak_bytes": figures["memory"]["host_peak_bytes"]}))
        return
    start = time.monotonic()
    trial = bench(common, job, folder, 1, 1)
    reply = {"first_s": time.monotonic() - start}
    runs = max(LEAST_RUNS, int(1e3 * float(seconds) / trial["ms"]["p50"]))
    figures = bench(common, job, folder, worker.WARM_UP, runs)
    reply["median_ms"], reply["min_ms"] = figures["ms"]["p50"], figures["ms"]["min"]
    reply["peak_bytes"] = figures["memory"]["host_peak_bytes"]
    with np.load(folder / "expected.npz") as expected:
        reply["difference"] = worker.difference(job, results(common, job, folder), expected)
    print(json.dumps(reply))


if __name__ == "__main__":
    main()
