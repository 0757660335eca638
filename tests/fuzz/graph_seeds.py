"""Small graphs of TensorFlow's, a family of ops each: what graph targets begin with."""
import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import tensorflow as tf

v1 = tf.compat.v1
raw = tf.raw_ops


def feed(*shape, dtype=tf.float32):
    return v1.placeholder(dtype, shape)


def arithmetic():
    x, y = feed(None, 3), tf.constant([1.5, -2, 0.25])
    z = (x + y) * (x - y) / tf.maximum(tf.abs(y), 0.5)
    i = tf.cast(x, tf.int32)
    whole = raw.FloorDiv(x=i, y=3) + raw.FloorMod(x=i, y=3) - raw.TruncateDiv(x=i, y=2)
    return [raw.Pow(x=tf.minimum(z, 2.0), y=2.0), tf.math.squared_difference(x, y), raw.DivNoNan(x=x, y=y),
            raw.Atan2(y=x, x=y), raw.AddN(inputs=[x, z]), whole]


def unary():
    x = feed(2, 3)
    chain = x
    for op in (tf.exp, tf.math.log, tf.tanh, tf.sigmoid, tf.sqrt, tf.math.rsqrt, tf.nn.relu6, tf.nn.elu, tf.nn.selu,
               tf.math.erf, tf.nn.softplus, tf.nn.softsign, tf.square, tf.sign, tf.math.rint, tf.floor):
        chain = op(chain)
    return [chain, tf.cast(tf.math.is_nan(chain), tf.uint8), tf.cast(x, tf.half), tf.cast(x * 300, tf.uint8)]


def choosing():
    x = feed(2, 3)
    positive = tf.logical_and(x > 0, tf.logical_not(tf.equal(x, 2)))
    return [tf.where(positive, x, -x), v1.where(positive), v1.where(positive, x, x * 2),
            tf.clip_by_value(x, -0.5, 0.5), raw.Select(condition=[True, False], x=x, y=x + 1)]


def reductions():
    x = feed(2, None, 3)
    scores, places = tf.nn.top_k(x, 2)
    return [tf.reduce_sum(x, [0, 2]), tf.reduce_mean(x, 1, keepdims=True), tf.reduce_max(x), tf.reduce_prod(x, -1),
            tf.argmax(x, 2), tf.argmin(x, 0, tf.int32), tf.cumsum(x, 1, exclusive=True, reverse=True), scores, places,
            tf.reduce_any(x > 1, [1]), tf.reduce_all(x > 0)]


def layout():
    x = feed(2, 4, 3)
    a, b = tf.split(x, 2, 1)
    c, d = tf.split(x, [1, 3], 1)
    rows = tf.unstack(x, axis=0)
    return [tf.reshape(tf.transpose(x, [2, 0, 1]), [-1, 4]), tf.concat([a, b, d], 1), tf.stack(rows, 2),
            tf.squeeze(tf.expand_dims(c, 0)), tf.tile(c, [1, 2, 1]), tf.pad(x, [[0, 1], [2, 0], [1, 1]], constant_values=3),
            tf.pad(x, [[0, 0], [1, 2], [0, 1]], "REFLECT"), tf.reverse(x, [1]), tf.broadcast_to(c, [2, 5, 3])]


def slicing():
    x = feed(4, None, 3)
    i = feed(2, dtype=tf.int32)
    return [x[1:, ::-1, 0], x[..., tf.newaxis, 1:-1], tf.slice(x, [1, 0, 0], [2, -1, 2]), tf.gather(x, i, axis=1),
            tf.gather_nd(x, [[0, 0, 1], [1, 0, 2]]), tf.scatter_nd([[1], [3]], [2.0, 4.0], [5]), tf.one_hot(i, 4, axis=0),
            tf.range(0, tf.shape(x)[1] * 4, 2), tf.fill(tf.shape(x)[:2], 7.0), tf.size(x), tf.rank(x),
            raw.InvertPermutation(x=[2, 0, 1])]


def layers():
    x = feed(1, None, 8, 3)
    conv = raw.Conv2D(input=x, filter=np.linspace(-1, 1, 54, dtype=np.float32).reshape(3, 3, 3, 2), strides=[1, 2, 2, 1],
                      padding="SAME")
    conv = tf.nn.relu6(tf.nn.bias_add(conv, [0.5, -0.5]))
    norm = raw.FusedBatchNormV3(x=conv, scale=[1.0, 2.0], offset=[0.0, 1.0], mean=[0.1, 0.2], variance=[1.0, 0.5],
                                is_training=False).y
    deep = raw.DepthwiseConv2dNative(input=norm, filter=np.ones((3, 3, 2, 1), np.float32), strides=[1, 1, 1, 1],
                                     padding="SAME", dilations=[1, 2, 2, 1])
    pool = tf.nn.max_pool2d(deep, 2, 2, "VALID") + tf.nn.avg_pool2d(deep, 3, 2, "SAME")[:, :2, :2]
    return [pool, tf.nn.lrn(deep, 2)]


def dense():
    x = feed(None, 4)
    flat = tf.matmul(x, np.linspace(-1, 1, 12, dtype=np.float32).reshape(4, 3))
    batch = tf.matmul(tf.reshape(x, [-1, 2, 2]), tf.reshape(x, [-1, 2, 2]), transpose_b=True)
    return [tf.nn.softmax(flat), tf.nn.log_softmax(flat), tf.nn.leaky_relu(flat), tf.nn.l2_loss(flat), batch]


def images():
    x = feed(2, None, 6, 4)
    boxes = np.array([[0, 0, 1, 1], [0.2, 0.5, 0.1, 0.9]], np.float32)
    return [raw.ResizeBilinear(images=x, size=[5, 3]), raw.ResizeNearestNeighbor(images=x, size=[5, 3], half_pixel_centers=True),
            tf.image.crop_and_resize(x, boxes, [0, 1], [3, 2]), tf.nn.space_to_depth(x[:, :2], 2),
            tf.nn.depth_to_space(x, 2), raw.SpaceToBatchND(input=x[:, :2], block_shape=[2, 2], paddings=[[0, 0], [1, 1]])]


def boxes():
    x = feed(None, 4)
    scores = tf.reshape(x[:, 0], [-1])
    return [tf.image.non_max_suppression(x, scores, 3, 0.5), raw.NonMaxSuppressionV2(boxes=x, scores=scores,
                                                                                   max_output_size=2, iou_threshold=0.3),
            *raw.NonMaxSuppressionV4(boxes=x, scores=scores, max_output_size=4, iou_threshold=0.5, score_threshold=0.1,
                                     pad_to_max_output_size=True),
            *raw.NonMaxSuppressionV5(boxes=x, scores=scores, max_output_size=3, iou_threshold=0.5, score_threshold=0.1,
                                     soft_nms_sigma=0.5),
            *raw.CombinedNonMaxSuppression(boxes=x[tf.newaxis, :, tf.newaxis], scores=x[tf.newaxis], score_threshold=0.0,
                                           iou_threshold=0.5, max_output_size_per_class=2, max_total_size=3)]


def texts():
    x = feed(2, dtype=tf.string)
    return [tf.strings.join([x, "b", x], "-"), tf.strings.substr(x, 0, 1, unit="UTF8_CHAR"),
            tf.strings.regex_full_match(x, "a+(b|[^c-e])*"), raw.DecodeRaw(bytes=tf.constant([b"abcd"]), out_type=tf.uint16)]


def examples():
    example = tf.train.Example()
    example.features.feature["a"].float_list.value.extend([1, 2])
    example.features.feature["b"].bytes_list.value.append(b"x")
    parsed = tf.io.parse_example([example.SerializeToString()], {
        "a": tf.io.FixedLenFeature([2], tf.float32), "b": tf.io.FixedLenFeature([], tf.string, "?"),
        "c": tf.io.FixedLenSequenceFeature([], tf.int64, allow_missing=True)})
    return list(parsed.values())


def pictures():
    pixels = np.arange(18, dtype=np.uint8).reshape(2, 3, 3) * 14
    png, jpeg = tf.io.encode_png(pixels).numpy(), tf.io.encode_jpeg(pixels).numpy()
    with tf.Graph().as_default() as graph:
        outputs = [tf.io.decode_png(png, 3), raw.DecodeJpeg(contents=jpeg, channels=1), tf.io.decode_image(png)]
    return graph, outputs


def fake_quant():
    x = feed(2, 3)
    return [raw.FakeQuantWithMinMaxArgs(inputs=x), raw.FakeQuantWithMinMaxVars(inputs=x, min=-1.0, max=1.0, narrow_range=True),
            raw.FakeQuantWithMinMaxVarsPerChannel(inputs=x, min=[-1.0, 0, 0], max=[1.0, 2, 3], num_bits=4)]


def loop():
    n = feed(dtype=tf.int32)
    array = tf.TensorArray(tf.float32, 4, element_shape=[2])
    _, x, array = tf.while_loop(lambda i, x, a: i < tf.minimum(n, 4),
                                lambda i, x, a: (i + 1, x * 2, a.write(i, x)),
                                (0, tf.constant([1.0, 2]), array.write(3, [0.0, 0.0])))
    return [x, array.gather([0, 1, 3]), array.size()]


def branches():
    x = feed(3)
    return [tf.cond(x[0] > 0, lambda: x * 2, lambda: x - 1), tf.cond(x[1] < x[2], lambda: tf.reduce_sum(x), lambda: 0.0)]


def lists():
    x = feed(None, 2)
    handle = raw.TensorListFromTensor(tensor=x, element_shape=[2])
    handle = raw.TensorListSetItem(input_handle=handle, index=0, item=[5.0, 6.0])
    pushed = raw.TensorListPushBack(input_handle=handle, tensor=[7.0, 8.0])
    return [raw.TensorListStack(input_handle=pushed, element_shape=[2], element_dtype=tf.float32),
            raw.TensorListLength(input_handle=pushed),
            raw.TensorListGetItem(input_handle=handle, index=0, element_shape=[2], element_dtype=tf.float32)]


def calls():
    @tf.function
    def twice(x):
        return x * 2 + 1
    return [twice(twice(feed(2)))]


def optional_input():
    return [v1.placeholder_with_default(tf.constant([1.0, 2.0]), [None]) + feed(1)]


PLAIN = (arithmetic, unary, choosing, reductions, layout, slicing, layers, dense, images, boxes, texts, examples, fake_quant,
         calls, optional_input)
CONTROL = (loop, branches, lists)


def built(build):
    with tf.Graph().as_default() as graph:
        outputs = build()
    return graph, outputs


def graph_def(graph, outputs):
    """The graph with each output under a name, without what nothing here reads."""
    with graph.as_default():
        for i, output in enumerate(outputs):
            tf.identity(output, f"result{i}")
    definition = graph.as_graph_def()
    for nodes in [definition.node, *(f.node_def for f in definition.library.function)]:
        for node in nodes:
            for name in [a for a in node.attr if a.startswith("_")]:
                del node.attr[name]
    return definition


def graphs():
    """Name -> GraphDef; control flow in TensorFlow 1's form and in 2's."""
    made = {build.__name__: graph_def(*built(build)) for build in PLAIN}
    made["pictures"] = graph_def(*pictures())
    for form, switch in (("v2", v1.enable_control_flow_v2), ("v1", v1.disable_control_flow_v2)):
        switch()
        for build in CONTROL if form == "v2" else CONTROL[:2]:
            made[f"{build.__name__}_{form}"] = graph_def(*built(build))
    return made
