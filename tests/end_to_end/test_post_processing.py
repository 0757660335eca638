"""The Object Detection API's post-processing, built anew as a small graph, on inputs that break shortcuts:
equal scores, equal and inverted boxes, NaN, infinities, nothing above the threshold. thaw gives TensorFlow's
own results to the bit, with the idiom recognised and without, as loops over the batch and as a static batch."""

import os

import numpy as np
import pytest

from program import run_model, thaw

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
tf = pytest.importorskip("tensorflow", reason="TensorFlow is the oracle of these tests")
v1 = tf.compat.v1
BATCH, BOXES, CLASSES, SLOTS, MOST = 3, 60, 4, 20, 25
IDIOMS = ["recognise_multi_class_nms", "batch_map_loops", "batch_branches", "lower_list_reads"]


def area(boxes):
    ymin, xmin, ymax, xmax = tf.split(boxes, 4, axis=1)
    return tf.squeeze((ymax - ymin) * (xmax - xmin), [1])


def choose(boxes, scores, with_scores):
    """One class: indices and scores, padded to the slots."""
    slots = tf.minimum(SLOTS, tf.shape(boxes)[0])
    if with_scores:
        chosen, kept = tf.image.non_max_suppression_with_scores(boxes, scores, slots, 0.6, 1e-8, 0.0)
    else:
        chosen, kept = tf.image.non_max_suppression(boxes, scores, slots, 0.6, 1e-8), None
    count = tf.shape(chosen)[0]
    indices = tf.concat([chosen, tf.zeros([slots - count], tf.int32)], 0)
    if with_scores:
        kept = tf.concat([kept, tf.zeros([slots - count])], -1)
    else:
        kept = tf.gather(scores, indices)
    return indices, v1.where(tf.less(tf.range(slots), count), kept, -1 * tf.ones([slots]))


def pad(rows):
    rest = rows.shape[1:].as_list()
    cut = tf.where(tf.shape(rows)[0] - MOST > 0, MOST, -1)
    rows = tf.slice(rows, [0] * (1 + len(rest)), tf.stack([cut] + [-1] * len(rest)))
    return tf.pad(rows, tf.stack([tf.zeros([1 + len(rest)], tf.int32),
                                  tf.stack([MOST - tf.shape(rows)[0]] + [0] * len(rest))], axis=1))


def one_image(boxes, scores, window, field, with_scores):
    branches = []
    for c in range(CLASSES):
        indices, kept = choose(boxes, tf.reshape(tf.slice(scores, [0, c], [tf.shape(scores)[0], 1]), [-1]), with_scores)
        branches.append((tf.gather(boxes, indices), kept, tf.zeros_like(kept) + float(c), tf.gather(field, indices)))
    boxes, scores, labels, field = (tf.concat(parts, 0) for parts in zip(*branches))
    order = tf.nn.top_k(scores, tf.shape(boxes)[0], sorted=True).indices
    boxes, scores, labels, field = (tf.gather(x, order) for x in (boxes, scores, labels, field))
    ymin, xmin, ymax, xmax = tf.split(boxes, 4, axis=1)
    low_y, low_x, high_y, high_x = tf.unstack(window)
    boxes = tf.concat([tf.maximum(tf.minimum(ymin, high_y), low_y), tf.maximum(tf.minimum(xmin, high_x), low_x),
                       tf.maximum(tf.minimum(ymax, high_y), low_y), tf.maximum(tf.minimum(xmax, high_x), low_x)], 1)
    left = tf.cast(tf.reshape(v1.where(tf.greater(area(boxes), 0)), [-1]), tf.int32)
    boxes, scores, labels, field = (tf.gather(x, left) for x in (boxes, scores, labels, field))
    scores = v1.where(tf.cast(area(boxes), tf.bool), scores, -1 * tf.ones([tf.shape(boxes)[0]]))
    valid = tf.reduce_sum(tf.cast(tf.greater_equal(scores, 0), tf.int32))
    order = tf.nn.top_k(scores, tf.shape(boxes)[0], sorted=True).indices
    results = [tf.gather(x, order) for x in (boxes, scores, labels, field)]
    most = tf.minimum(MOST, tf.shape(results[0])[0])
    count = tf.where(most > valid, valid, most)
    results = [tf.gather(tf.gather(x, tf.range(most)), tf.range(count)) for x in results]
    return [pad(x) for x in results] + [count]


def save(path, with_scores, loops, static):
    batch = BATCH if static else None
    shapes = {"boxes": [BOXES, 4], "scores": [BOXES, CLASSES], "window": [4], "field": [BOXES, 2]}
    names = ["out_boxes", "out_scores", "out_labels", "out_field", "out_count"]
    with tf.Graph().as_default() as graph:
        inputs = [v1.placeholder(tf.float32, [batch] + shape, name=name) for name, shape in shapes.items()]
        if loops:
            results = tf.map_fn(lambda x: one_image(*x, with_scores), inputs,
                                fn_output_signature=[tf.float32] * 4 + [tf.int32])
        else:
            images = [one_image(*x, with_scores) for x in zip(*map(tf.unstack, inputs))]
            results = [tf.stack(parts) for parts in zip(*images)]
        for result, name in zip(results, names):
            tf.identity(result, name=name)
    path.write_bytes(graph.as_graph_def().SerializeToString())
    return graph, names


def hard_inputs(seed):
    random = np.random.default_rng(seed)
    corner = random.random((BATCH, BOXES, 2)) * 1.1 - 0.1
    if seed % 2 == 0:
        corner = np.round(corner * 4) / 4
    size = np.round(random.random((BATCH, BOXES, 2)) * 4) / 8
    boxes = np.concatenate([corner, corner + size], 2).astype(np.float32)
    scores = random.random((BATCH, BOXES, CLASSES)).astype(np.float32) ** 4
    if seed % 2 == 0:
        scores = np.round(scores * 4) / 4
    if seed % 3 == 0:
        for array in (boxes, scores):
            odd = random.random(array.shape) < 0.05
            array[odd] = random.choice([np.nan, np.inf, -np.inf, 0, -1], odd.sum())
        boxes[:, ::7] = boxes[:, ::7][..., [2, 3, 0, 1]]
    if seed % 5 == 4:
        scores[0] = 1e-9
    window = np.tile(np.float32([0, 0, 0.75, 1]), (BATCH, 1))
    window[0, 2] = 1
    return {"boxes": boxes, "scores": scores, "window": window,
            "field": random.random((BATCH, BOXES, 2)).astype(np.float32)}


@pytest.mark.parametrize("form", ["loops", "static loops", "branches"])
@pytest.mark.parametrize("with_scores", [True, False], ids=["V5", "V3"])
@pytest.mark.parametrize("control_flow", [1, 2])
def test_bit_for_bit(tmp_path, form, with_scores, control_flow):
    if form == "branches" and control_flow == 2:
        pytest.skip("there is no control flow")
    (v1.enable_control_flow_v2 if control_flow == 2 else v1.disable_control_flow_v2)()
    path = tmp_path / "model.pb"
    graph, names = save(path, with_scores, form != "branches", form != "loops")
    outputs = [word for name in names for word in ("--to", name + ":0")]
    disabled = [word for name in IDIOMS for word in ("--disable-pass", name)]
    with v1.Session(graph=graph) as session:
        for seed in range(8):
            inputs = hard_inputs(seed)
            want = session.run([name + ":0" for name in names], {k + ":0": v for k, v in inputs.items()})
            for options in ([], disabled, ["--device", "ref"]):
                got = run_model(path, inputs, *outputs, *options)
                assert len(got) == len(names)
                for name, expected in zip(names, want):
                    result = got.get(name + ":0", got.get(name))
                    np.testing.assert_array_equal(result, expected, f"{name}, seed {seed}, {options}")


def test_is_recognised(tmp_path):
    """Otherwise the comparison above would hold loops against loops."""
    v1.disable_control_flow_v2()
    path = tmp_path / "model.pb"
    _, names = save(path, True, True, False)
    np.savez(tmp_path / "in.npz", **hard_inputs(1))
    outputs = [word for name in names for word in ("--to", name + ":0")]
    (tmp_path / "dump").mkdir()
    thaw("run", path, "--inputs", tmp_path / "in.npz", "--outputs", tmp_path / "out.npz", *outputs, "--dump-graphs",
         tmp_path / "dump")
    last = sorted((tmp_path / "dump").iterdir())[-1].read_text()
    assert "= MultiClassNms(" in last and "While" not in last and "NonMaxSuppression(" not in last
