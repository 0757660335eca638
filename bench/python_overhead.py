"""What Python adds: to a call, to a program's start, to the first result.

usage: python_overhead.py [MODEL.pb PHOTOGRAPH]     (default: the bundled detector and one of its scenes)

Calls are of small graphs whose run takes the C++ library some microseconds, so that the rest is seen:
the median of a Python call against the median of `thaw bench` on the same graph, turn by turn. Starts
are of whole processes from their beginning, with a plan on disk and files in the page cache.
Everything is the median of several rounds, with the fastest and the slowest one.
"""
import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "python"), str(ROOT / "python/tests")]
SCENES = ROOT / "examples/traffic_lights"
ROUNDS = 9


def graphs_of_calls(graphs):
    """name: (graph as text, inputs' shapes)."""
    outputs = "".join(graphs.unary("y%d" % i, "Neg", "x", "float32") for i in range(7))
    return {"2 inputs, 2 outputs": (graphs.adding(shape=(2, 3)), {"a": (2, 3), "b": (2, 3)}),
            "1 input, 7 outputs": (graphs.placeholder("x", "float32", (1, 100)) + outputs, {"x": (1, 100)})}


def median_us(function, runs=2000):
    times = []
    for _ in range(runs):
        begun = time.perf_counter()
        function()
        times.append(time.perf_counter() - begun)
    return statistics.median(times) * 1e6


def on_a_thread(function):
    out = []
    thread = threading.Thread(target=lambda: out.append(function()))
    thread.start()
    thread.join()
    return out[0]


def measure_calls():
    import numpy as np
    import graphs
    import thaw
    with tempfile.TemporaryDirectory() as folder:
        for name, (text, shapes) in graphs_of_calls(graphs).items():
            path = Path(folder) / "graph.pbtxt"
            path.write_text(text)
            engine = thaw.optimize(str(path), threads=1, tune=False)
            inputs = {key: np.ones(shape, "f4") for key, shape in shapes.items()}
            engine(**inputs)
            figures = {"by name": [], "by name, not on the main thread": [], "C++": []}
            for _ in range(ROUNDS):
                cpp = thaw.bench(str(path), threads=1, warmup=50, runs=2000, tune=False)["ms"]["p50"] * 1e3
                figures["C++"].append(cpp)
                figures["by name"].append(median_us(lambda: engine(**inputs)) - cpp)
                figures["by name, not on the main thread"].append(
                    on_a_thread(lambda: median_us(lambda: engine(**inputs))) - cpp)
            for way, values in figures.items():
                tell("C++ run" if way == "C++" else "a call " + way + " adds", name, values, "us",
                     None if way == "C++" else 30)


IMPORT = """
import sys, time
import numpy
begun = time.perf_counter()
import thaw
for name in thaw.__all__:
    getattr(thaw, name)
print((time.perf_counter() - begun) * 1e3)
"""
DETECT = """
import sys
import thaw
found = thaw.Detector(sys.argv[1], labels=sys.argv[2])(sys.argv[3])
import time
print(time.time(), len(found))
"""
CALL = """
import sys
import numpy as np
import thaw
engine = thaw.optimize(sys.argv[1])
out = engine(np.zeros([int(n) for n in sys.argv[4].split("x")], "u1"))
import time
print(time.time(), out["detection_scores"][0, 0])
"""


def start(code, *arguments):
    begun = time.time()
    out = subprocess.run([sys.executable, "-c", code, *map(str, arguments)], check=True, capture_output=True, text=True,
                         env=dict(os.environ, PYTHONPATH=str(ROOT / "python"))).stdout
    return begun, float(out.split()[0])


def started(code, *arguments):
    """Milliseconds from a process's start to what it prints the time of."""
    figures = []
    start(code, *arguments)
    for _ in range(ROUNDS * 2):
        begun, end = start(code, *arguments)
        figures.append((end - begun) * 1e3)
    return figures


def measure_starts(model, labels, photograph):
    import thaw
    start(IMPORT)
    tell("import thaw, all of its names, beyond numpy's", "", [start(IMPORT)[1] for _ in range(ROUNDS * 2)], "ms", 60)
    picture = thaw.Picture.of(photograph)
    shape = (1, picture.height, picture.width, 3)
    with tempfile.TemporaryDirectory() as folder:
        thaw.optimize(model, shapes=[shape]).save(folder + "/fast")
        arguments = [folder + "/fast", labels, photograph, "x".join(map(str, shape))]
        tell("first detections of a photograph", "plan on disk", started(DETECT, *arguments), "ms", 150)
        tell("first results of a call with an array", "plan on disk", started(CALL, *arguments), "ms", 150)
    tell("python3 and numpy alone", "", started("import numpy, time\nprint(time.time())"), "ms", None)
    tell("python3 alone", "", started("import time\nprint(time.time())"), "ms", None)


def tell(what, of, values, unit, most):
    print(f"| {what} | {of} | {statistics.median(values):.1f} {unit} | {min(values):.1f} | {max(values):.1f} | "
          f"{'' if most is None else f'{most} {unit}'} |", flush=True)


def main():
    if len(sys.argv) not in (1, 3):
        sys.exit(__doc__)
    model, photograph = sys.argv[1:] or (SCENES / "model/frozen_inference_graph.pb", SCENES / "validation/10000000.jpg")
    print("| what | of | median | fastest | slowest | asked for |\n| --- | --- | --- | --- | --- | --- |")
    measure_calls()
    measure_starts(str(model), str(SCENES / "label_map.pbtxt"), str(photograph))
    print(json.dumps({"python": sys.version.split()[0], "numpy": __import__("numpy").__version__}))


if __name__ == "__main__":
    main()
