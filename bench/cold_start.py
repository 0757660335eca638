"""Whole commands from process start to exit: `thaw detect` on one photograph, from the graph and from
plans on disk (`thaw optimize`), and `thaw convert`.

usage: cold_start.py MODEL.pb PHOTOGRAPH [--runs 10]

Prints the median, the fastest and the slowest run in seconds and the largest peak memory. One run
before the timed ones brings the files into the page cache. THAW_BIN is the program (default
build/release/thaw).
"""
import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
THAW = os.environ.get("THAW_BIN", str(ROOT / "build/release/thaw"))
MEASURE = ROOT / "tests/end_to_end/measure.py"


def measure(command):
    """{"status", "seconds", "peak_bytes"} of one run."""
    with tempfile.NamedTemporaryFile("r") as figures:
        subprocess.run([sys.executable, "-I", "-S", str(MEASURE), figures.name, *command], check=True,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        result = json.load(figures)
    if result["status"] != 0:
        sys.exit(f"{' '.join(command)} ended with status {result['status']}")
    return result


def optimised(args, folder):
    """The model with plans for the photograph's size, by precision."""
    sizes = f"{folder}/size.json"
    subprocess.run([THAW, "detect", args.model, args.photograph, "--json", sizes], check=True, capture_output=True)
    image = json.loads(Path(sizes).read_text())["images"][0]
    models = {}
    for precision in ("FP32", "BF16", "INT8"):
        models[precision] = f"{folder}/{precision}"
        subprocess.run([THAW, "optimize", args.model, models[precision], "--precision", precision, "--shape",
                        f"1x{image['height']}x{image['width']}x3"], check=True, capture_output=True)
    return models


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("photograph")
    parser.add_argument("--runs", type=int, default=10)
    args = parser.parse_args()
    print("| command | runs | median s | fastest s | slowest s | peak MB |")
    print("| --- | --- | --- | --- | --- | --- |")
    with tempfile.TemporaryDirectory() as folder:
        def detect(model, threads):
            return [THAW, "detect", model, args.photograph, "--json", f"{folder}/out.json", "--threads", str(threads)]

        commands = {f"thaw detect --threads {n}": detect(args.model, n) for n in (1, 2)}
        for precision, model in optimised(args, folder).items():
            commands.update({f"thaw detect --threads {n}, {precision} plan on disk": detect(model, n) for n in (1, 2)})
        commands["thaw convert"] = [THAW, "convert", args.model, f"{folder}/saved_model", "--overwrite"]
        for name, command in commands.items():
            runs = [measure(command) for _ in range(args.runs + 1)][1:]
            seconds = sorted(run["seconds"] for run in runs)
            peak = max(run["peak_bytes"] for run in runs) / 1e6
            print(f"| `{name}` | {len(runs)} | {statistics.median(seconds):.3f} | {seconds[0]:.3f} | {seconds[-1]:.3f} "
                  f"| {peak:.0f} |", flush=True)


if __name__ == "__main__":
    main()
