"""Compares thaw with TensorFlow's recorded outputs on genuine Object Detection API exports.

usage: genuine_graphs.py [FOLDER] [NAME ...]     (FOLDER: default the environment's THAW_GRAPHS)

FOLDER holds one folder a graph: frozen_inference_graph.pb and/or saved_model, and golden_*.npz with
an image (or the encoded bytes of one) and TensorFlow's outputs. Each form of each graph runs on each
golden. Raw outputs must agree within 1e-4 of their magnitude, detections row by row within 1e-4.

Graphs with random weights amplify the last bits of a float, and quantised ones round them to steps:
TensorFlow differs from itself there, with oneDNN and without. Where that difference is larger, four
times it is the tolerance (tensorflow_variation.py measures it, results kept in build/variation), and
the line says so. Prints one line a form and exits with the number of forms that differ.
"""

import json
import os
import pathlib
import subprocess
import sys
import time

import numpy as np

import program

TOLERANCE = 1e-4
OWN_FACTOR = 4
MATCHED = ["detection_scores", "detection_boxes", "detection_multiclass_scores"]
NO_OUTPUTS = {"image", "encoded", "image_pil"}
VARIATION = program.ROOT / "build/variation"


def forms(folder):
    return [path for path in (folder / "frozen_inference_graph.pb", folder / "saved_model") if path.exists()]


def feed(model, golden):
    """The input by its name in the model's signature."""
    inputs = json.loads(program.thaw("inspect", model, "--json").out)["inputs"]
    name = inputs[0]["name"]
    if inputs[0]["dtype"] == "string":
        return {name: np.array([golden["encoded"].tobytes()])}
    return {name: golden["image"][None]}


def output_names(golden):
    return [name for name in golden if name not in NO_OUTPUTS]


def magnitude_error(got, want):
    """The largest difference, by the magnitude of what was wanted."""
    if got.shape != want.shape:
        return float("inf")
    scale = max(float(np.abs(want).max(initial=0)), 1e-6)
    return float(np.abs(got.astype(np.float64) - want).max(initial=0)) / scale


def partners(got, want, tolerance):
    """For each detection of `want` the row of `got` with the same class, box and score, or None. A
    rank may change only among scores that are equal within the tolerance."""
    count = int(want["num_detections"])
    free, rows = set(range(count)), []
    for row in range(count):
        score = want["detection_scores"][row]
        near = {r: max(float(np.abs(got[name][r] - want[name][row]).max()) for name in MATCHED if name in want)
                for r in free if got["detection_classes"][r] == want["detection_classes"][row]}
        best = min(near, key=lambda r: (near[r] > TOLERANCE and near[r], abs(r - row)), default=None)
        in_order = best == row or abs(float(got["detection_scores"][row] - score)) <= tolerance
        rows.append(best if best is not None and near[best] <= tolerance and in_order else None)
        free.discard(rows[-1])
    return rows


def lost_rows(rows, want, tolerance):
    """Detections without a partner, but for those at the end of a full list whose score is the last
    one's: others of that score may have taken their place."""
    scores, count = want["detection_scores"], int(want["num_detections"])
    last = scores[count - 1] if count else 0
    return [row for row, partner in enumerate(rows) if partner is None and scores[row] - last > tolerance]


def aligned(got, want, tolerance):
    """`got` with rows exchanged where that makes them `want`'s: proposals of equal scores may come in
    either order. Both: name -> [1, rows, ...] of the outputs that share rows."""
    flat = lambda outputs: np.concatenate([a[0].reshape(a.shape[1], -1) / max(np.abs(a).max(), 1e-6)
                                           for _, a in sorted(outputs.items())], axis=1)
    if any(got[name].shape != want[name].shape for name in want):
        return got
    ours, theirs = flat(got), flat(want)
    order = np.arange(len(ours))
    odd = np.flatnonzero(np.abs(ours - theirs).max(axis=1) > tolerance)
    free = list(odd) if len(odd) <= 400 else []
    for row in odd if free else []:
        best = min(free, key=lambda r: np.abs(ours[r] - theirs[row]).max())
        order[row] = best
        free.remove(best)
    return {name: array[:, order] for name, array in got.items()}


def raw_errors(got, golden):
    """name -> error by magnitude of the outputs that have a row an anchor or proposal."""
    names = [name for name in golden if name.startswith("raw_")]
    ours = aligned({n: got[n] for n in names}, {n: golden[n] for n in names}, TOLERANCE) if names else {}
    return {name: magnitude_error(ours[name], golden[name]) for name in names}


def detection_errors(got, golden, tolerance):
    """(problems, name -> error) of what has a row a detection."""
    row_of = lambda outputs: {name: outputs[name][0] for name in {*program.OUTPUTS, *MATCHED} if name in golden}
    want = row_of(golden)
    if int(got["num_detections"][0]) != int(want["num_detections"]):
        return [f"{int(got['num_detections'][0])} detections, {int(want['num_detections'])} were expected"], {}
    rows = partners(row_of(got), want, tolerance)
    lost = lost_rows(rows, want, tolerance)
    problems = [f"{len(lost)} of {len(rows)} detections have no partner"] if lost else []
    kept = [(row, partner) for row, partner in enumerate(rows) if partner is not None]
    errors = {}
    for name in golden:
        if name.startswith("detection_") and name not in {*program.OUTPUTS, *MATCHED} and kept:
            ours, theirs = got[name][:, [p for _, p in kept]], golden[name][:, [r for r, _ in kept]]
            errors[name] = magnitude_error(ours, theirs)
    return problems, errors


def compare(got, golden, tolerance):
    """(problems, largest error by magnitude) of one picture."""
    missing = [f"{name} is missing" for name in output_names(golden) if name not in got]
    if missing:
        return missing, float("inf")
    problems, errors = detection_errors(got, golden, tolerance)
    errors.update(raw_errors(got, golden))
    problems += [f"{name} differs by {error:.1e} of its magnitude, at most {tolerance:.1e} was expected"
                 for name, error in errors.items() if not error <= tolerance]
    return problems, max(errors.values(), default=0.0)


def own_difference(folder, golden_path):
    """How far TensorFlow's raw outputs are from themselves; 0 where that can't be measured."""
    graph = folder / "frozen_inference_graph.pb"
    kept = VARIATION / f"{folder.name}_{golden_path.stem}.npz"
    if not graph.exists():
        return 0.0
    if not kept.exists():
        kept.parent.mkdir(parents=True, exist_ok=True)
        environment = {**os.environ, "TF_ENABLE_ONEDNN_OPTS": "0", "TF_CPP_MIN_LOG_LEVEL": "3"}
        script = pathlib.Path(__file__).with_name("tensorflow_variation.py")
        subprocess.run([sys.executable, str(script), str(folder), str(kept.parent)], env=environment, check=True,
                       stderr=subprocess.DEVNULL)
    return max(raw_errors(dict(np.load(kept)), dict(np.load(golden_path))).values(), default=0.0)


def check_form(folder, model):
    """(problems, largest raw error, largest tolerance) over all goldens."""
    problems, worst, loosest = [], 0.0, 0.0
    for path in sorted(folder.glob("golden_*.npz")):
        golden = dict(np.load(path))
        try:
            got = program.run_model(model, feed(model, golden))
        except AssertionError as error:
            problems.append(f"{path.stem[7:]}: {str(error).strip().splitlines()[-1]}")
            continue
        tolerance = TOLERANCE
        found, error = compare(got, golden, tolerance)
        if found:  # TensorFlow's own difference is only asked for where it matters
            tolerance = max(TOLERANCE, OWN_FACTOR * own_difference(folder, path))
            found, error = compare(got, golden, tolerance)
        problems += [f"{path.stem[7:]}: {text}" for text in found]
        worst, loosest = max(worst, error), max(loosest, tolerance)
    return problems, worst, loosest


def graph_folders(root, names=()):
    return sorted(p for p in pathlib.Path(root).iterdir()
                  if p.is_dir() and list(p.glob("golden_*.npz")) and (not names or p.name in names))


def main():
    root = sys.argv[1] if len(sys.argv) > 1 else os.environ["THAW_GRAPHS"]
    failed = 0
    for folder in graph_folders(root, sys.argv[2:]):
        for model in forms(folder):
            start = time.monotonic()
            problems, worst, loosest = check_form(folder, model)
            failed += bool(problems)
            note = f" (tolerance {loosest:.1e}: TensorFlow's own difference)" if loosest > TOLERANCE else ""
            print(f"{'FAILED' if problems else 'ok':6} {folder.name}/{model.name}: raw {worst:.1e}{note}, "
                  f"{time.monotonic() - start:.1f} s", flush=True)
            for problem in problems:
                print(f"       {problem}")
    sys.exit(failed)


if __name__ == "__main__":
    main()
