"""The three scripts of examples/tf_trt on thaw, and the first and third on TensorFlow: what they print,
side by side, as Markdown.

    .venv/bin/python bench/tf_trt_scripts.py [MODEL] [--runs 1000] > bench/results/tf_trt_scripts.md

TensorFlow runs them with their import lines as they were, on the SavedModel that its own first script
made. thaw runs without TensorFlow, on its own first script's SavedModel, converted by the second.
"""

import argparse
import os
import pathlib
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
SCRIPTS = ROOT / "examples/tf_trt"
BUNDLED = ROOT / "examples/traffic_lights/model/frozen_inference_graph.pb"
WITHOUT_TENSORFLOW = ("import runpy, sys\nsys.modules['tensorflow'] = None\nsys.argv = sys.argv[1:]\n"
                      "runpy.run_path(sys.argv[0], run_name='__main__')\n")
IMPORT = re.compile(r"^(?:import thaw|from thaw).*?  # ((?:import|from) tensorflow.*)$", re.M)


def run(*command, fails=False):
    """What it prints; where it `fails`, the error's line."""
    environment = dict(os.environ, PYTHONPATH=str(ROOT / "python"), TF_CPP_MIN_LOG_LEVEL="3")
    done = subprocess.run([sys.executable, *map(str, command)], env=environment, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    if fails != (done.returncode != 0):
        sys.exit(done.stderr)
    return done.stderr.rstrip().rsplit("\n", 1)[-1] if fails else done.stdout


def original(name, folder):
    path = folder / name
    path.write_text(IMPORT.sub(r"\1", (SCRIPTS / name).read_text()))
    return path


def beside(left, right):
    """Two transcripts in columns."""
    left, right = left.splitlines(), right.splitlines()
    width = max(map(len, left)) + 2
    rows = max(len(left), len(right))
    left += [""] * (rows - len(left))
    right += [""] * (rows - len(right))
    return "\n".join((a.ljust(width) + "| " + b).rstrip() for a, b in zip(left, right))


def number(text, pattern):
    return float(re.search(pattern, text).group(1))


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("model", nargs="?", default=BUNDLED, type=pathlib.Path)
    parser.add_argument("--runs", type=int, default=1000)
    parser.add_argument("--batch", type=int, default=16)
    args = parser.parse_args()
    size = ["--batch", args.batch]
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        thaw = lambda script, *rest: run("-c", WITHOUT_TENSORFLOW, SCRIPTS / script, *rest)
        ours = thaw("frozen_to_saved_model.py", args.model, folder / "saved_model")
        converted = thaw("convert.py", folder / "saved_model", folder / "saved_model_fp16", *size)
        timing = [*size, "--runs", args.runs]
        fast = thaw("benchmark.py", folder / "saved_model_fp16", *timing)
        same = thaw("benchmark.py", folder / "saved_model", *size, "--warmup", 1, "--runs", 50)
        theirs = run(original("frozen_to_saved_model.py", folder), args.model, folder / "tf" / "saved_model")
        slow = run(original("benchmark.py", folder), folder / "tf" / "saved_model", *timing)
        refused = run(original("convert.py", folder), folder / "saved_model", folder / "x", fails=True)
        shown = lambda text: text.replace(name + "/tf/", "").replace(name + "/", "")
        print("## frozen_to_saved_model.py\n\nTensorFlow | thaw\n\n```\n%s\n```\n" %
              beside(shown(theirs), shown(ours)))
        print("## convert.py\n\nTensorFlow ends with `%s`. thaw:\n\n```\n%s\n```\n" %
              (refused, shown(converted).rstrip()))
        print("## benchmark.py\n\nTensorFlow, the SavedModel | thaw, converted to FP16\n\n```\n%s\n```\n" %
              beside(slow, fast))
        ratio = number(fast, r"Throughput: (\d+)") / number(slow, r"Throughput: (\d+)")
        print("thaw runs %.1f times as many images a second. On the SavedModel that is not converted (FP32) "
              "it prints `%s`." % (ratio, re.search(r"Detections.*", same).group()))


main()
