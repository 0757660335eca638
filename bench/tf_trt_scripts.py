"""The three scripts of examples/tf_trt on thaw, and the first and third on TensorFlow: what they print,
side by side, as Markdown.

    .venv/bin/python bench/tf_trt_scripts.py FOLDER [--model MODEL] [--runs 1000]

TensorFlow runs them with their import lines as they were, on the SavedModel that its own first script
made. thaw runs without TensorFlow, on its own first script's SavedModel, converted by the second. Models
and transcripts are kept in FOLDER, and a transcript that is there is not made again.
"""

import argparse
import os
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
SCRIPTS = ROOT / "examples/tf_trt"
BUNDLED = ROOT / "examples/traffic_lights/model/frozen_inference_graph.pb"
WITHOUT_TENSORFLOW = ("import runpy, sys\nsys.modules['tensorflow'] = None\nsys.argv = sys.argv[1:]\n"
                      "runpy.run_path(sys.argv[0], run_name='__main__')\n")
IMPORT = re.compile(r"^(?:import thaw|from thaw).*?  # ((?:import|from) tensorflow.*)$", re.M)


class Bench:
    def __init__(self, folder):
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def _transcript(self, name, command, fails):
        kept = self.folder / f"{name}.txt"
        if not kept.exists():
            environment = dict(os.environ, PYTHONPATH=str(ROOT / "python"), TF_CPP_MIN_LOG_LEVEL="3")
            done = subprocess.run([sys.executable, *map(str, command)], env=environment, text=True,
                                  cwd=self.folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            if fails != (done.returncode != 0):
                sys.exit(done.stderr)
            kept.write_text(done.stderr.rstrip().rsplit("\n", 1)[-1] if fails else done.stdout)
        return kept.read_text().rstrip()

    def thaw(self, script, *arguments, name=""):
        return self._transcript(f"thaw_{script}{name}", ["-c", WITHOUT_TENSORFLOW, SCRIPTS / f"{script}.py",
                                                         *arguments], False)

    def tensorflow(self, script, *arguments, fails=False):
        """The script as it was; where it `fails`, the error's line."""
        path = self.folder / f"{script}.py"
        path.write_text(IMPORT.sub(r"\1", (SCRIPTS / f"{script}.py").read_text()))
        return self._transcript(f"tensorflow_{script}", [path, *arguments], fails)


def beside(left, right):
    """Two transcripts in columns."""
    left, right = left.splitlines(), right.splitlines()
    width = max(map(len, left)) + 2
    rows = max(len(left), len(right))
    left += [""] * (rows - len(left))
    right += [""] * (rows - len(right))
    return "\n".join((a.ljust(width) + "| " + b).rstrip() for a, b in zip(left, right))


def images_per_second(text):
    return float(re.search(r"Throughput: (\d+)", text).group(1))


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--model", default=BUNDLED, type=pathlib.Path)
    parser.add_argument("--runs", type=int, default=1000)
    parser.add_argument("--batch", type=int, default=16)
    args = parser.parse_args()
    size = ["--batch", args.batch]
    timing = [*size, "--runs", args.runs]
    bench = Bench(args.folder)
    model = args.model.resolve()
    ours = bench.thaw("frozen_to_saved_model", model, "saved_model")
    converted = bench.thaw("convert", "saved_model", "saved_model_fp16", *size)
    fast = bench.thaw("benchmark", "saved_model_fp16", *timing)
    same = bench.thaw("benchmark", "saved_model", *size, "--warmup", 1, "--runs", 50, name="_fp32")
    theirs = bench.tensorflow("frozen_to_saved_model", model, "tensorflow/saved_model")
    slow = bench.tensorflow("benchmark", "tensorflow/saved_model", *timing)
    refused = bench.tensorflow("convert", "tensorflow/saved_model", "refused", fails=True)
    print("## frozen_to_saved_model.py\n\nTensorFlow | thaw\n\n```\n%s\n```\n" %
          beside(theirs.replace("tensorflow/", ""), ours))
    print("## convert.py\n\nTensorFlow ends with `%s`. thaw:\n\n```\n%s\n```\n" % (refused, converted))
    print("## benchmark.py\n\nTensorFlow, the SavedModel | thaw, converted to FP16\n\n```\n%s\n```\n" %
          beside(slow, fast))
    print("thaw runs %.1f times as many images a second. On the SavedModel that is not converted (FP32) "
          "it prints `%s`." % (images_per_second(fast) / images_per_second(slow),
                               re.search(r"Detections.*", same).group()))


main()
