"""Times TensorFlow on a frozen graph, a round at a time.

usage: tensorflow_worker.py GRAPH.pb THREADS   (then one JSON request a line on standard input)

A request {"feeds": {"image_tensor:0": "batch.npy"}, "fetches": ["num_detections:0"], "warmup": 5,
"runs": 50} is answered by {"ms": [...], "peak_bytes": N}, the milliseconds of each run from arrays
in host memory to arrays in host memory.
"""
import json
import os
import resource
import sys
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
import numpy as np
import tensorflow as tf

tf1 = tf.compat.v1


def open_session(path, threads):
    graph_def = tf1.GraphDef()
    with open(path, "rb") as f:
        graph_def.ParseFromString(f.read())
    graph = tf.Graph()
    with graph.as_default():
        tf1.import_graph_def(graph_def, name="")
    config = tf1.ConfigProto(intra_op_parallelism_threads=threads, inter_op_parallelism_threads=threads)
    return tf1.Session(graph=graph, config=config)


def answer(session, request, calls):
    key = (tuple(sorted(request["feeds"].items())), tuple(request["fetches"]))
    if key not in calls:
        arrays = [np.load(path) for _, path in key[0]]
        call = session.make_callable(list(key[1]), feed_list=[name for name, _ in key[0]])
        calls[key] = (call, arrays)
    call, arrays = calls[key]
    for _ in range(request["warmup"]):
        call(*arrays)
    times = []
    for _ in range(request["runs"]):
        start = time.perf_counter()
        call(*arrays)
        times.append(1e3 * (time.perf_counter() - start))
    peak = 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {"ms": times, "peak_bytes": peak}


def main():
    session = open_session(sys.argv[1], int(sys.argv[2]))
    calls = {}
    for line in sys.stdin:
        print(json.dumps(answer(session, json.loads(line), calls)), flush=True)


if __name__ == "__main__":
    main()
