"""thaw and the engines that one can install, on the same model and photographs, measured in turn.

usage: run.py GRAPH.pb IMAGE... [--threads 1,2] [--streams 1] [--batch 1] [--rounds 3] [--seconds 1.5]
              [--jobs network,whole] [--precisions FP32,BF16,FP16,INT8] [--engines thaw,onnxruntime,...]
              [--out FIGURES.jsonl] [--report] [--models-only] [--no-venv]

Installs the peers (requirements.txt) into build/peers/venv, makes their models from the frozen graph
under build/peers/models, and prints Markdown tables: for each job and precision the fastest and
median run, process start to first result, peak memory, and how many times faster thaw is.

Each round runs every engine once, in turn, each in a process of its own; a ratio is taken within a
round and the median over rounds is shown. Network: from `Preprocessor/sub:0` to `concat:0` and
`concat_1:0`. Whole job: from decoded 1280x720 pixels to detections. With --streams 2 so many inputs are
worked on at once, on --threads each, by thaw and OpenVINO (its THROUGHPUT hint), and images per second
are shown. --out keeps each figure as a line,
so that a long comparison can be made in pieces; --report prints the tables of such a file. With
--no-venv the Python that runs this is used, and no model is made but those that --models-only left.
"""
import argparse
import collections
import itertools
import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
THAW = os.environ.get("THAW_BIN", str(ROOT / "build/release/thaw"))
PLACE = ROOT / "build/peers"
TF2ONNX = ["tf2onnx==1.16.1", "onnx==1.16.2", "flatbuffers"]  # of a day with TensorFlow's protobuf
# What can do which job in which precision. FP16 of OpenVINO is only another name for BF16 where the
# processor has no arithmetic in FP16.
ENTRIES = {
    ("network", "FP32"): ["tensorflow", "onnxruntime", "openvino", "litert", "mnn", "thaw"],
    ("network", "BF16"): ["openvino", "thaw"],
    ("network", "FP16"): ["openvino", "thaw"],
    ("network", "INT8"): ["onnxruntime", "openvino", "litert", "thaw"],
    ("whole", "FP32"): ["tensorflow", "onnxruntime", "openvino", "openvino-nms", "thaw"],
    ("whole", "BF16"): ["openvino-nms", "thaw"],
    ("whole", "FP16"): ["openvino-nms", "thaw"],
    ("whole", "INT8"): ["openvino-nms", "thaw"],
}
WITH_STREAMS = ["openvino", "openvino-nms", "thaw"]
NAMES = {"tensorflow": "TensorFlow", "onnxruntime": "ONNX Runtime", "openvino": "OpenVINO", "litert": "LiteRT",
         "openvino-nms": "OpenVINO, NMS put in by hand", "mnn": "MNN", "thaw": "thaw"}


def words(text):
    return text.split(",")


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("graph")
    parser.add_argument("images", nargs="*")
    parser.add_argument("--threads", type=words, default=["1", "2"])
    parser.add_argument("--streams", type=int, default=1)
    parser.add_argument("--batch", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=1.5)
    parser.add_argument("--jobs", type=words, default=["network", "whole"])
    parser.add_argument("--precisions", type=words, default=["FP32", "BF16", "FP16", "INT8"])
    parser.add_argument("--engines", type=words, default=list(NAMES))
    parser.add_argument("--out", type=Path)
    parser.add_argument("--report", action="store_true")
    parser.add_argument("--models-only", action="store_true")
    parser.add_argument("--no-venv", action="store_true")
    return parser.parse_args()


def python_of(args, engine):
    """TensorFlow has the tests' environment, for its packages exclude the peers'."""
    if args.no_venv:
        return sys.executable
    return str(ROOT / ".venv/bin/python" if engine == "tensorflow" else PLACE / "venv/bin/python")


def install():
    if not (PLACE / "venv/installed").exists():
        subprocess.run([sys.executable, "-m", "venv", PLACE / "venv"], check=True)
        subprocess.run([PLACE / "venv/bin/pip", "install", "-q", "-r", HERE / "requirements.txt"], check=True)
        (PLACE / "venv/installed").touch()
    if not (PLACE / "tf2onnx/tf2onnx").exists():
        subprocess.run([ROOT / ".venv/bin/pip", "install", "-q", "--no-deps", "--target", PLACE / "tf2onnx", *TF2ONNX],
                       check=True)


def models_folder(args):
    return PLACE / "models" / Path(args.graph).stem / f"b{args.batch}"


def make_models(args):
    environment = {**os.environ, "PYTHONPATH": str(PLACE / "tf2onnx"), "CUDA_VISIBLE_DEVICES": ""}
    models = [args.graph, str(models_folder(args)), str(args.batch)]
    inspected = subprocess.run([THAW, "inspect", "--json", args.graph], check=True, capture_output=True, text=True)
    nms = json.dumps(json.loads(inspected.stdout)["detector"]["nms"])
    subprocess.run([ROOT / ".venv/bin/python", HERE / "models_from_tensorflow.py", *models, *args.images], check=True,
                   env=environment, stdout=sys.stderr)
    subprocess.run([PLACE / "venv/bin/python", HERE / "models_of_peers.py", *models, nms], check=True, stdout=sys.stderr)


def last_json(command, environment=None):
    """The JSON in the last line of what a command prints; None, with its complaints shown, if it fails."""
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    if done.returncode != 0:
        print(f"{' '.join(command)}: {done.stderr.strip()[-300:]}", file=sys.stderr)
        return None
    return json.loads(done.stdout.strip().splitlines()[-1])


def measure_one(args, engine, job, precision, threads):
    """What one process of an engine measured, or None if it can't do that."""
    what = [job, precision, str(models_folder(args)), threads, str(args.streams), str(args.seconds)]
    if engine == "thaw":
        command = [str(HERE / "thaw_worker.py"), *what]
    else:
        command = [str(HERE / "worker.py"), engine, *what, str(time.monotonic())]
    return last_json([python_of(args, engine), *command, args.graph], {**os.environ, "OMP_NUM_THREADS": threads})


def thaw_has_precisions():
    return "--precision" in subprocess.run([THAW, "bench", "--help"], capture_output=True, text=True).stdout


def engines_of(args, job, precision):
    """Those asked for that can do it; thaw only where it knows the precision."""
    able = [e for e in ENTRIES[job, precision] if e in args.engines and (args.streams == 1 or e in WITH_STREAMS)]
    return able if precision == "FP32" or thaw_has_precisions() else [e for e in able if e != "thaw"]


def measure(args):
    """One dict a figure: job, precision, threads, batch, engine, round and what was measured."""
    figures = []
    for job, precision, threads in itertools.product(args.jobs, args.precisions, args.threads):
        engines = engines_of(args, job, precision)
        for turn in range(args.rounds if engines else 0):
            first = turn % len(engines)  # who begins changes with every round
            for engine in engines[first:] + engines[:first]:
                reply = measure_one(args, engine, job, precision, threads)
                if reply:
                    figures.append(dict(job=job, precision=precision, threads=int(threads), streams=args.streams,
                                        batch=args.batch, engine=engine, round=turn, **reply))
                    keep(args, figures[-1])
    return figures


def keep(args, figure):
    if args.out:
        with args.out.open("a") as out:
            out.write(json.dumps(figure) + "\n")


def by_engine(figures):
    groups = collections.defaultdict(list)
    for figure in figures:
        groups[figure["engine"]].append(figure)
    return groups


def ratio(theirs, ours):
    """Median over rounds of their time by ours, or None."""
    mine = {f["round"]: f["median_ms"] for f in ours}
    ratios = [f["median_ms"] / mine[f["round"]] for f in theirs if f["round"] in mine]
    return statistics.median(ratios) if ratios else None


def notes(figure):
    difference = figure.get("difference", {})
    if "of" in difference:
        return f"{difference['matched']} of {difference['of']}"
    return f"{difference['mean_logit']:.1e}" if difference else ""


def print_table(job, threads, batch, figures):
    says = "detections found" if job == "whole" else "mean logit difference"
    print(f"\n### {'Whole job' if job == 'whole' else 'Network alone'}, batch {batch}, {threads} thread{'s'[:threads > 1]}\n")
    print(f"| precision | engine | min ms | median ms | thaw is faster by | first result s | peak MB | {says} |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- |")
    for precision in ["FP32", "BF16", "FP16", "INT8"]:
        groups = by_engine(f for f in figures if f["precision"] == precision)
        peers = {e: g for e, g in groups.items() if e != "thaw"}
        best = min(peers, key=lambda e: min(f["min_ms"] for f in peers[e]), default=None)
        for engine, group in sorted(groups.items(), key=lambda item: min(f["min_ms"] for f in item[1])):
            faster = ratio(group, groups["thaw"]) if "thaw" in groups and engine != "thaw" else None
            shown = f"{faster:.2f}" if faster else ""
            name = f"**{NAMES[engine]}**" if engine in (best, "thaw") else NAMES[engine]
            median = lambda key: statistics.median(f[key] for f in group)
            print(f"| {precision} | {name} | {min(f['min_ms'] for f in group):.2f} | {median('median_ms'):.2f} | {shown} | "
                  f"{median('first_s'):.2f} | {max(f['peak_bytes'] for f in group) / 1e6:.0f} | {notes(group[0])} |")


def print_streams(job, streams, threads, batch, figures):
    what = "Whole job" if job == "whole" else "Network alone"
    print(f"\n### {what}, batch {batch}, {streams} streams of {threads} thread{'s'[:threads > 1]}\n")
    print("| precision | engine | images/s, best | images/s, median | thaw is faster by | peak MB |")
    print("| --- | --- | --- | --- | --- | --- |")
    for precision in ["FP32", "BF16", "FP16", "INT8"]:
        groups = by_engine(f for f in figures if f["precision"] == precision)
        ours = {f["round"]: f["images_per_s"] for f in groups.get("thaw", [])}
        for engine, group in sorted(groups.items()):
            ratios = [ours[f["round"]] / f["images_per_s"] for f in group if f["round"] in ours and engine != "thaw"]
            shown = f"{statistics.median(ratios):.2f}" if ratios else ""
            rates = [f["images_per_s"] for f in group]
            print(f"| {precision} | {NAMES[engine]} | {max(rates):.0f} | {statistics.median(rates):.0f} | {shown} | "
                  f"{max(f['peak_bytes'] for f in group) / 1e6:.0f} |")


def print_tables(figures):
    groups = collections.defaultdict(list)
    for figure in figures:
        groups[figure["job"], figure["batch"], figure["threads"], figure.get("streams", 1)].append(figure)
    for (job, batch, threads, streams), group in sorted(groups.items()):
        if streams > 1:
            print_streams(job, streams, threads, batch, group)
        else:
            print_table(job, threads, batch, group)


def main():
    args = parse_arguments()
    if args.report:
        print_tables([json.loads(line) for line in args.out.read_text().splitlines()])
        return
    if not args.no_venv:
        install()
        make_models(args)
    if not args.models_only:
        print_tables(measure(args))


if __name__ == "__main__":
    main()
