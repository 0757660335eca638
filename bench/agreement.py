"""How far thaw's detections are from TensorFlow's on photographs, in every form and way of running.

usage: agreement.py [--also coco=SAVED_MODEL] ... [--also traffic=SAVED_MODEL]

Prints one Markdown row each for the frozen graph and the SavedModel that `thaw convert` makes of it
(and more SavedModels of the same weights), with the post-processing recognised and as loops, in
batches of 1 (TensorFlow's recorded outputs on each photograph at its own size) and 4 (TensorFlow run
here, on the photographs at 1280x720). Rows are paired as the tests pair them: in order, but for
scores of TensorFlow's that are less than 4e-6 apart; the last column counts the rows that changed
places so. Needs what tests/requirements.txt lists.
"""
import argparse
import json
import os
import sys
import tempfile
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests/end_to_end"))
import program

GRAPHS = {"coco": program.COCO, "traffic": program.TRAFFIC}
BATCH, SIZE = 4, (1280, 720)


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--also", action="append", default=[], metavar="GRAPH=SAVED_MODEL")
    return parser.parse_args()


def run_tensorflow(graph_path, batches):
    """TensorFlow's outputs of each batch, by name."""
    import tensorflow.compat.v1 as tf
    graph_def = tf.GraphDef.FromString(graph_path.read_bytes())
    with tf.Graph().as_default() as graph, tf.Session(graph=graph) as session:
        tf.import_graph_def(graph_def, name="")
        fetches = {name: f"{name}:0" for name in program.OUTPUTS}
        return [session.run(fetches, {"image_tensor:0": batch}) for batch in batches]


def photographs_one_by_one(name):
    """(batch, TensorFlow's outputs for it) of each photograph."""
    golden = np.load(program.DATA / "golden" / (GRAPHS[name].stem + ".npz"))
    for path in program.photographs():
        yield program.pixels(path)[None], {key: golden[f"{path.name}/{key}"][None] for key in program.OUTPUTS}


def photographs_in_batches(name):
    pictures = [program.pixels(path, SIZE) for path in program.photographs()]
    pictures += pictures[:-len(pictures) % BATCH]
    batches = [np.stack(pictures[i:i + BATCH]) for i in range(0, len(pictures), BATCH)]
    return list(zip(batches, run_tensorflow(GRAPHS[name], batches)))


def input_of(model):
    return json.loads(program.thaw("inspect", model, "--json").out)["inputs"][0]


def difference(got, want):
    """(worst score difference, worst box difference, detections, those that changed places) of one
    picture; fails when the detections aren't the same ones."""
    program.assert_same_detections(got, want, 1.0)
    count = int(np.ravel(want["num_detections"])[0])
    order = program.same_order(got, want, count)
    worst = lambda key: float(np.abs(got[key][order] - want[key][:count]).max(initial=0))
    moved = sum(place != row for row, place in enumerate(order))
    return worst("detection_scores"), worst("detection_boxes"), count, moved


def agreement(model, cases, options):
    """(photographs, detections, worst score and box difference, detections that changed places)."""
    figures = []
    name = input_of(model)["name"]
    for batch, want in cases:
        got = program.run_model(model, {name: batch}, *options)
        for row in range(len(batch)):
            figures.append(difference(program.batch_row(got, row), program.batch_row(want, row)))
    scores, boxes, counts, moved = zip(*figures)
    return len(figures), sum(counts), max(scores), max(boxes), sum(moved)


def main():
    args = parse_arguments()
    recognisers = [p for p in program.thaw("inspect", "--passes").out.split() if p.startswith("recognise_")]
    ways = {"recognised": [], "as loops": ["--disable-pass", ",".join(recognisers)]}
    print("| graph | form | post-processing | batch | pictures | detections | worst score difference | "
          "worst box difference | changed places |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- | --- |")
    for name, frozen in GRAPHS.items():
        cases = {1: list(photographs_one_by_one(name)), BATCH: photographs_in_batches(name)}
        with tempfile.TemporaryDirectory() as folder:
            converted = Path(folder) / "saved_model"
            program.thaw("convert", frozen, converted)
            forms = {"frozen graph": frozen, "SavedModel by `thaw convert`": converted}
            forms.update({f"SavedModel {Path(p).parent.name}": p for n, p in (a.split("=", 1) for a in args.also)
                          if n == name})
            for form, model in forms.items():
                for way, options in ways.items():
                    for batch, pairs in cases.items():
                        if batch > 1 == input_of(model)["shape"][0]:
                            continue  # TF2 exports take one picture at a time
                        pictures, count, score, box, moved = agreement(model, pairs, options)
                        print(f"| {name} | {form} | {way} | {batch} | {pictures} | {count} | {score:.1e} | {box:.1e} | "
                              f"{moved} |", flush=True)


if __name__ == "__main__":
    main()
