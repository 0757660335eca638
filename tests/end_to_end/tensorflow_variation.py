"""TensorFlow's outputs of a frozen graph on its goldens' pictures, computed the other way.

usage: TF_ENABLE_ONEDNN_OPTS=0 tensorflow_variation.py GRAPH_FOLDER OUT_FOLDER
"""

import pathlib
import sys

import numpy as np
import tensorflow as tf

import genuine_graphs

tf1 = tf.compat.v1


def main():
    folder, out = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    graph_def = tf1.GraphDef()
    graph_def.ParseFromString((folder / "frozen_inference_graph.pb").read_bytes())
    placeholder = next(node for node in graph_def.node if node.op == "Placeholder")
    with tf.Graph().as_default() as graph:
        tf.import_graph_def(graph_def, name="")
        with tf1.Session(graph=graph) as session:
            for path in sorted(folder.glob("golden_*.npz")):
                golden = dict(np.load(path))
                encoded = placeholder.attr["dtype"].type == tf.string.as_datatype_enum
                value = [golden["encoded"].tobytes()] if encoded else golden["image"][None]
                names = genuine_graphs.output_names(golden)
                results = session.run([f"{name}:0" for name in names], {f"{placeholder.name}:0": value})
                np.savez(out / f"{folder.name}_{path.stem}.npz", **dict(zip(names, results)))


if __name__ == "__main__":
    main()
