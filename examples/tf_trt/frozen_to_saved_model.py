"""Makes a SavedModel of a detector's frozen graph, as scripts for TensorFlow do.

    python frozen_to_saved_model.py frozen_inference_graph.pb saved_model
"""

import argparse

import thaw.tf as tf  # import tensorflow as tf
from thaw.saved_model import signature_constants  # from tensorflow.python.saved_model import signature_constants
from thaw.saved_model import tag_constants  # from tensorflow.python.saved_model import tag_constants

INPUT = "image_tensor"
OUTPUTS = ["num_detections", "detection_scores", "detection_boxes", "detection_classes"]

parser = argparse.ArgumentParser(description="Makes a SavedModel of a frozen graph.")
parser.add_argument("frozen_graph")
parser.add_argument("saved_model_dir")
args = parser.parse_args()

graph_def = tf.compat.v1.GraphDef()
with tf.io.gfile.GFile(args.frozen_graph, "rb") as f:
    graph_def.ParseFromString(f.read())

builder = tf.compat.v1.saved_model.builder.SavedModelBuilder(args.saved_model_dir)
with tf.compat.v1.Session(graph=tf.Graph()) as sess:
    # name="" keeps the names of the nodes as they are.
    tf.import_graph_def(graph_def, name="")
    graph = tf.compat.v1.get_default_graph()
    inputs = {INPUT: graph.get_tensor_by_name(INPUT + ":0")}
    outputs = {name: graph.get_tensor_by_name(name + ":0") for name in OUTPUTS}
    signature = tf.compat.v1.saved_model.signature_def_utils.predict_signature_def(inputs, outputs)
    builder.add_meta_graph_and_variables(
        sess, [tag_constants.SERVING],
        signature_def_map={signature_constants.DEFAULT_SERVING_SIGNATURE_DEF_KEY: signature})
builder.save()

print("Inputs:")
for name, tensor in sorted(inputs.items()):
    print("  {}: {}".format(name, tensor.name))
print("Outputs:")
for name, tensor in sorted(outputs.items()):
    print("  {}: {}".format(name, tensor.name))
print("Wrote {}".format(args.saved_model_dir))
