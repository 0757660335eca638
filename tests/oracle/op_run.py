"""The thaw side of the op cases: all cases of a family in one run of build/release/tests/op_cases."""

import json
import os
import pathlib
import subprocess

import numpy as np

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROGRAM = pathlib.Path(os.environ.get("THAW_OP_CASES_BIN", ROOT / "build/release/tests/op_cases"))


def _put(arrays, key, array):
    """npz has neither bfloat16 nor strings of any bytes: raw bits, and bytes with their ends."""
    if array.dtype.kind in "OSU":
        items = [v.encode() if isinstance(v, str) else bytes(v) for v in array.ravel().tolist()]
        arrays[key + ".bytes"] = np.frombuffer(b"".join(items), np.uint8)
        arrays[key + ".ends"] = np.cumsum([len(i) for i in items], dtype=np.int64).reshape(array.shape)
    elif array.dtype.kind == "V" or array.dtype.name == "bfloat16":
        arrays[key] = array.view(np.uint16)
    else:
        arrays[key] = array


def _get(arrays, key, dtype):
    if dtype == "string":
        raw, ends = arrays[key + ".bytes"].tobytes(), arrays[key + ".ends"]
        result, start = np.empty(ends.size, object), 0
        for i, end in enumerate(ends.ravel().tolist()):
            result[i], start = raw[start:end], end
        return result.reshape(ends.shape)
    if dtype == "bfloat16":
        import ml_dtypes
        return arrays[key].view(ml_dtypes.bfloat16)
    return arrays[key]


def run_thaw(jobs, folder):
    """jobs: (name, CaseGraph, modes). Gives {(name, mode): outputs, or (kind of error, message)}."""
    arrays, requests = {}, []
    for number, (name, graph, modes) in enumerate(jobs):
        path = folder / f"{number}.pb"
        path.write_bytes(graph.graph.SerializeToString())
        feeds = {}
        for feed, array in graph.feeds.items():
            feeds[feed] = f"{number}/{feed}"
            _put(arrays, feeds[feed], array)
        requests.append({"name": name, "graph": str(path), "outputs": graph.outputs, "feeds": feeds,
                         "modes": list(modes)})
    np.savez(folder / "feeds.npz", **arrays)
    results = {}
    while requests:
        answers, crashed = _run_once(requests, folder)
        results.update(answers)
        if not crashed:
            break
        name, mode, why = crashed
        results[name, mode] = ("crash", why)
        at = next(i for i, r in enumerate(requests) if r["name"] == name and mode in r["modes"])
        later = requests[at]["modes"][requests[at]["modes"].index(mode) + 1:]
        requests = [{**requests[at], "modes": later}] + requests[at + 1:]
    return results


def _run_once(requests, folder):
    """Answers, and (name, mode, why) when the program died; then those before it are answered."""
    answers, first = {}, 0
    while first < len(requests):
        part = requests[first:first + 400]
        first += len(part)
        (folder / "requests.json").write_text(json.dumps(part))
        run = subprocess.run([PROGRAM, folder / "requests.json", folder / "feeds.npz", folder / "results"],
                             capture_output=True, text=True, timeout=300)
        lines = run.stdout.strip().splitlines()
        if run.returncode != 0 and not lines:
            raise RuntimeError(f"{PROGRAM}: {run.stderr}")
        if run.returncode != 0:
            name, mode = lines[-1].split("\t")
            before = _before(part, name, mode)
            if before:
                answers.update(_run_once(before, folder)[0])
            return answers, (name, mode, f"status {run.returncode}: {run.stderr[-300:]}")
        answers.update(_read(folder))
    return answers, None


def _before(requests, name, mode):
    kept = []
    for request in requests:
        if request["name"] != name or mode not in request["modes"]:
            kept.append(request)
            continue
        modes = request["modes"][:request["modes"].index(mode)]
        return kept + ([{**request, "modes": modes}] if modes else [])
    return kept


def _read(folder):
    answers = {}
    with np.load(folder / "results.npz") as arrays:
        for answer in json.loads((folder / "results.json").read_text()):
            key = (answer["name"], answer["mode"])
            if "error" in answer:
                answers[key] = (answer["kind"], answer["error"])
            else:
                answers[key] = [_get(arrays, o["array"], o["dtype"]) for o in answer["outputs"]]
    return answers
