"""Odd but legal forms of graphs: what is found in them, and that run and convert give TensorFlow's answers."""

import json
import os

import numpy as np
import pytest

from program import thaw
from test_post_processing import one_image

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
tf = pytest.importorskip("tensorflow")
v1 = tf.compat.v1


class Frozen:
    """A TF1 graph in a file, and TensorFlow's answers for it."""

    def __init__(self, path, build, keep=None):
        """`build()` makes the nodes; `keep` names those that freezing is asked for (None: no pruning)."""
        v1.disable_control_flow_v2()
        with tf.Graph().as_default() as graph:
            build()
        self.graph_def = graph.as_graph_def()
        if keep:
            self.graph_def = v1.graph_util.extract_sub_graph(self.graph_def, keep)
        self.path = path
        path.write_bytes(self.graph_def.SerializeToString())

    def answers(self, feeds, fetches):
        with tf.Graph().as_default() as graph:
            tf.import_graph_def(self.graph_def, name="")
            with v1.Session(graph=graph) as session:
                return session.run({name: name + ":0" for name in fetches}, {k + ":0": v for k, v in feeds.items()})


def inspected(model, *arguments):
    return json.loads(thaw("inspect", model, "--json", *arguments).out)


def names(infos):
    return [info["name"] for info in infos]


def run(model, feeds, folder, *arguments):
    np.savez(folder / "in.npz", **feeds)
    thaw("run", model, "--inputs", folder / "in.npz", "--outputs", folder / "out.npz", *arguments)
    with np.load(folder / "out.npz") as out:
        return {name: out[name] for name in out.files}


def assert_close(got, want):
    for name, value in want.items():
        np.testing.assert_allclose(got[name], value, rtol=1e-5, atol=1e-5, err_msg=name)


def noise(*shape):
    return np.random.default_rng(len(shape)).standard_normal(shape).astype(np.float32)


def retrained():
    image = v1.placeholder(tf.float32, [None, 8, 8, 3], name="image")
    features = tf.reduce_mean(tf.nn.relu(tf.nn.conv2d(image, noise(3, 3, 3, 5), 1, "SAME")), [1, 2])
    bottleneck = v1.placeholder_with_default(features, [None, 5], name="bottleneck")
    tf.nn.softmax(tf.matmul(bottleneck, noise(5, 4)), name="final_result")


def dropout():
    x = v1.placeholder(tf.float32, [2, 3], name="x")
    keep = v1.placeholder_with_default(tf.constant(1.0), [], name="keep_prob")
    tf.identity(x * keep, name="y")


def training_switch():
    x = v1.placeholder(tf.float32, [2, 3], name="x")
    training = v1.placeholder_with_default(False, [], name="is_training")
    y = v1.cond(training, lambda: x * 2.0, lambda: tf.nn.relu(x))
    tf.identity(y, name="y")


def refined():
    """The default is of a shape that the placeholder leaves open."""
    x = v1.placeholder(tf.float32, [2, 3], name="x")
    scale = v1.placeholder_with_default(tf.constant([1.0, 2.0, 3.0]), [None], name="scale")
    tf.identity(x * scale, name="y")


def chained():
    """The default of one is computed from another."""
    x = v1.placeholder(tf.float32, [3], name="x")
    a = v1.placeholder_with_default(x + 1.0, [3], name="a")
    b = v1.placeholder_with_default(a * 2.0, [3], name="b")
    tf.identity(a - b, name="y")


OPTIONAL = [
    (retrained, {"image": noise(1, 8, 8, 3)}, {"bottleneck": noise(1, 5)}, "final_result"),
    (dropout, {"x": noise(2, 3)}, {"keep_prob": np.float32(0.25)}, "y"),
    (training_switch, {"x": noise(2, 3)}, {"is_training": np.array(True)}, "y"),
    (refined, {"x": noise(2, 3)}, {"scale": noise(3)}, "y"),
    (chained, {"x": noise(3)}, {"a": noise(3)}, "y"),
    (chained, {"x": noise(3)}, {"b": noise(3)}, "y"),
]


@pytest.mark.parametrize("build,feeds,optional,output", OPTIONAL, ids=[f"{o[0].__name__}_{list(o[2])[0]}" for o in OPTIONAL])
def test_optional_inputs(tmp_path, build, feeds, optional, output):
    model = Frozen(tmp_path / "m.pb", build)
    infos = {info["name"]: info for info in inspected(model.path)["inputs"]}
    assert set(feeds) | set(optional) <= set(infos)
    assert all(infos[name].get("optional") for name in optional)
    assert not any(infos[name].get("optional") for name in feeds)
    assert "optional" in thaw("inspect", model.path).out
    saved, back = tmp_path / "saved", tmp_path / "back.pb"
    assert "bit for bit" in thaw("convert", model.path, saved).out
    thaw("convert", saved, back, "--signature", "serving_with_optional_inputs")
    unfed = model.answers(feeds, [output])
    fed = model.answers({**feeds, **optional}, [output])
    for form in (model.path, saved, back):
        assert_close(run(form, feeds, tmp_path), unfed)
    assert_close(run(model.path, {**feeds, **optional}, tmp_path), fed)
    assert_close(run(back, {**feeds, **optional}, tmp_path), fed)
    everything = "serving_with_optional_inputs"
    assert_close(run(saved, {**feeds, **optional}, tmp_path, "--signature", everything), fed)
    loaded = tf.saved_model.load(str(saved))
    assert_close({output: loaded.signatures["serving_default"](**{k: tf.constant(v) for k, v in feeds.items()})[output]}, unfed)
    listed = loaded.signatures[everything].structured_input_signature[1]
    if set(listed) == set(feeds) | set(optional):
        given = {k: tf.constant(v) for k, v in {**feeds, **optional}.items()}
        assert_close({output: loaded.signatures[everything](**given)[output]}, fed)


def test_required_inputs_that_are_not_fed(tmp_path):
    model = Frozen(tmp_path / "m.pb", dropout)
    np.savez(tmp_path / "in.npz", keep_prob=np.float32(1))
    result = thaw("run", model.path, "--inputs", tmp_path / "in.npz", "--outputs", tmp_path / "o.npz", status=3)
    assert "'x' was expected" in result.err


def test_a_signature_that_leaves_the_optional_input_out(tmp_path):
    with tf.Graph().as_default(), v1.Session() as session:
        dropout()
        v1.saved_model.simple_save(session, str(tmp_path / "one"), {"x": session.graph.get_tensor_by_name("x:0")},
                                   {"y": session.graph.get_tensor_by_name("y:0")})
        tensors = {name: session.graph.get_tensor_by_name(name + ":0") for name in ("x", "keep_prob")}
        v1.saved_model.simple_save(session, str(tmp_path / "two"), tensors, {"y": session.graph.get_tensor_by_name("y:0")})
    x = noise(2, 3)
    assert names(inspected(tmp_path / "one")["inputs"]) == ["x"]
    assert names(inspected(tmp_path / "two")["inputs"]) == ["keep_prob", "x"]
    for form in ("one", "two"):
        np.testing.assert_array_equal(run(tmp_path / form, {"x": x}, tmp_path)["y"], x)
        thaw("convert", tmp_path / form, tmp_path / f"{form}.pb")
        np.testing.assert_array_equal(run(tmp_path / f"{form}.pb", {"x": x}, tmp_path)["y"], x)
    fed = {"x": x, "keep_prob": np.float32(0.5)}
    np.testing.assert_array_equal(run(tmp_path / "two", fed, tmp_path)["y"], x / 2)


def test_optimised_models_have_optional_inputs(tmp_path):
    model = Frozen(tmp_path / "m.pb", retrained)
    thaw("optimize", model.path, tmp_path / "plans", "--no-tune", "--threads", 1)
    feeds = {"image": noise(1, 8, 8, 3)}
    assert_close(run(tmp_path / "plans", feeds, tmp_path), model.answers(feeds, ["final_result"]))
    thaw("summary", tmp_path / "plans")
    thaw("bench", model.path, "--runs", 1, "--warmup", 1)


def several_inputs():
    b = v1.placeholder(tf.float32, [2, 2], name="b")
    a = v1.placeholder(tf.float32, [2, 2], name="a")
    flag = v1.placeholder(tf.bool, [], name="z_flag")
    count = v1.placeholder(tf.int32, [], name="count")
    y = v1.cond(flag, lambda: a - 2.0 * b, lambda: b - a)
    tf.identity(y * tf.cast(count, tf.float32), name="y")


def test_inputs_in_any_order(tmp_path):
    model = Frozen(tmp_path / "m.pb", several_inputs)
    feeds = {"a": noise(2, 2), "b": noise(2, 2) * 3, "z_flag": np.array(True), "count": np.int32(3)}
    for form in ("saved", "back.pb", "again"):
        source = {"saved": model.path, "back.pb": tmp_path / "saved", "again": tmp_path / "back.pb"}[form]
        assert "bit for bit" in thaw("convert", source, tmp_path / form).out
        assert_close(run(tmp_path / form, feeds, tmp_path), model.answers(feeds, ["y"]))


def pipeline():
    """What a queue gives, decoded from strings, is the batch."""
    queue = v1.FIFOQueue(10, [tf.string], shapes=[[]])
    files = queue.dequeue_many(2)
    batch = tf.reshape(v1.py_func(lambda b: np.zeros([2, 4], np.float32), [files], tf.float32), [2, 4], name="batch")
    logits = tf.matmul(batch, noise(4, 3), name="logits")
    tf.nn.softmax(logits, name="probabilities")
    v1.py_func(lambda v: v, [logits], tf.float32, name="beyond")


def test_a_part_of_a_graph_needs_no_more(tmp_path):
    model = Frozen(tmp_path / "m.pb", pipeline)
    x = noise(2, 4)
    got = run(model.path, {"batch": x}, tmp_path, "--from", "batch:0", "--to", "logits:0,probabilities")
    assert_close({"logits": got["logits:0"]}, {"logits": x @ noise(4, 3)})
    got = run(model.path, {"logits": x}, tmp_path, "--from", "logits", "--to", "probabilities:0")
    assert_close({"p": got["probabilities:0"]}, {"p": tf.nn.softmax(x).numpy()})


def test_parts_of_splits_and_constants_are_fed(tmp_path):
    def build():
        x = v1.placeholder(tf.float32, [4, 2], name="x")
        first, second = tf.split(x, 2, name="halves")
        tf.identity(first * tf.constant(2.0, name="two") + second, name="y")

    model = Frozen(tmp_path / "m.pb", build)
    a, b = noise(2, 2), noise(2, 2) + 1
    np.savez(tmp_path / "in.npz", **{"halves:1": b, "x": np.concatenate([a, a])})
    got = run(model.path, {"halves:1": b, "x": np.concatenate([a, a])}, tmp_path, "--from", "halves:1,x")
    assert_close(got, {"y": a * 2 + b})
    got = run(model.path, {"two": np.float32(3), "x": np.concatenate([a, b])}, tmp_path, "--from", "two,x")
    assert_close(got, {"y": a * 3 + b})
    result = thaw("run", model.path, "--inputs", tmp_path / "in.npz", "--outputs", tmp_path / "o", "--from", "two", status=2)
    assert "the outputs need 'x' too" in result.err
    result = thaw("run", model.path, "--inputs", tmp_path / "in.npz", "--outputs", tmp_path / "o", "--from", "three", status=2)
    assert "no tensor 'three' leads to the outputs" in result.err


def test_outputs_that_are_asked_for_need_no_other_inputs(tmp_path):
    def build():
        x = v1.placeholder(tf.float32, [2], name="x")
        labels = v1.placeholder(tf.float32, [2], name="labels")
        logits = tf.identity(x * 2.0, name="logits")
        tf.reduce_sum(tf.square(logits - labels), name="loss")

    model = Frozen(tmp_path / "m.pb", build)
    x = noise(2)
    np.testing.assert_array_equal(run(model.path, {"x": x}, tmp_path, "--to", "logits:0")["logits:0"], x * 2)
    thaw("convert", model.path, tmp_path / "saved", "--outputs", "logits:0")
    assert names(inspected(tmp_path / "saved")["inputs"]) == ["x"]


def flatten_of(side):
    def build():
        x = v1.placeholder(tf.float32, [None, None, None, 3], name="x")
        y = tf.nn.max_pool2d(x, 2, 2, "VALID")
        tf.matmul(tf.reshape(y, [1, -1]), noise(side // 2 * (side // 2) * 3, 2), name="y")

    return build


@pytest.mark.parametrize("side", [16, 50])
def test_sizes_that_a_flattened_layer_wants(tmp_path, side):
    model = Frozen(tmp_path / "m.pb", flatten_of(side))
    found = inspected(model.path)
    assert found["macs"] == (side // 2) ** 2 * 3 * 2
    assert "bit for bit" in thaw("convert", model.path, tmp_path / "saved").out


def test_sizes_that_are_not_found(tmp_path):
    def build():  # 8 x 31 pixels
        x = v1.placeholder(tf.float32, [None, None, None, 3], name="x")
        tf.matmul(tf.reshape(x, [1, -1]), noise(8 * 31 * 3, 2), name="y")

    model = Frozen(tmp_path / "m.pb", build)
    found = inspected(model.path)
    assert found["macs"] is None and found["parameters"] == 8 * 31 * 3 * 2
    assert any("costs are unknown" in note for note in found["notes"])
    assert "read back but not run" in thaw("convert", model.path, tmp_path / "saved").out
    thaw("inspect", model.path, "--shape", "1x9x31x3", status=3)
    assert inspected(model.path, "--shape", "1x8x31x3")["macs"] == 8 * 31 * 3 * 2


def loop():
    x = v1.placeholder(tf.float32, [2, 2], name="input")
    v1.while_loop(lambda i, v: i < 3, lambda i, v: [i + 1, v * 2.0], [tf.constant(0), x])


def summary():
    x = v1.placeholder(tf.float32, [2, 3], name="x")
    y = tf.identity(x * 2.0, name="y")
    v1.summary.scalar("loss", tf.reduce_mean(y))
    v1.summary.scalar("deviation", tf.sqrt(tf.reduce_mean(tf.square(y - tf.reduce_mean(y)))))
    v1.summary.merge_all()


def histogram():
    x = v1.placeholder(tf.float32, [2, 3], name="x")
    hidden = tf.nn.relu(x)
    v1.summary.scalar("sparsity", tf.nn.zero_fraction(hidden))
    v1.summary.histogram("weights", tf.identity(tf.constant([1.0, 2.0])))
    y = tf.nn.softmax(hidden, name="y")
    v1.summary.histogram("activations", tf.argmax(y, 1, name="classes"))


def printed():
    x = v1.placeholder(tf.float32, [2, 3], name="x")
    y = tf.identity(x + 1.0, name="y")
    v1.print("y is", y)


def unpruned_cond():
    x = v1.placeholder(tf.float32, [2, 3], name="x")
    y = v1.cond(tf.reduce_sum(x) > 0, lambda: tf.nn.relu(x), lambda: -x)
    tf.identity(y, name="y")
    v1.cond(tf.reduce_sum(x) > 1, lambda: tf.constant(1.0), lambda: tf.constant(2.0), name="other")


def checked():
    x = v1.placeholder(tf.float32, [2, 3], name="x")
    with tf.control_dependencies([v1.assert_equal(tf.shape(x)[0], 2), v1.check_numerics(x, "bad")]):
        y = tf.identity(x * 3.0, name="y")
    tf.group(y, name="all")


def saver():
    x = v1.placeholder(tf.float32, [2, 3], name="x")
    kernel = tf.constant(noise(3, 2), name="kernel")
    name = v1.placeholder_with_default("model", [], name="save/Const")
    save = tf.raw_ops.SaveV2(prefix=name, tensor_names=["kernel"], shape_and_slices=[""], tensors=[kernel])
    with tf.control_dependencies([save]):
        tf.identity(name, name="save/control_dependency")
    tf.identity(tf.raw_ops.RestoreV2(prefix=name, tensor_names=["k"], shape_and_slices=[""], dtypes=[tf.float32])[0],
                name="save/restored")
    tf.matmul(x, kernel, name="y")


def array():
    x = v1.placeholder(tf.float32, [3, 2], name="x")
    array = tf.TensorArray(tf.float32, 3).unstack(x)
    rows = tf.TensorArray(tf.float32, 3, element_shape=[2])
    _, rows = v1.while_loop(lambda i, rows: i < 3, lambda i, rows: [i + 1, rows.write(i, array.read(i) * 2.0)], [0, rows])
    tf.identity(rows.stack(), name="y")


def flag_and_merge():
    """The predicate itself is a result, and so is what a condition gives."""
    x = v1.placeholder(tf.float32, [2, 3], name="x")
    flag = tf.reduce_sum(x) > 0
    tf.identity(flag, name="flag")
    v1.cond(flag, lambda: x * 2.0, lambda: x)


FOUND = [
    (loop, ["while/Exit_1"], {"while/Exit_1"}),
    (loop, None, {"while/Exit", "while/Exit_1"}),
    (summary, None, {"y"}),
    (histogram, None, {"classes"}),
    (printed, None, {"y"}),
    (unpruned_cond, None, {"y", "other/Merge"}),
    (checked, None, {"y"}),
    (saver, None, {"y"}),
    (array, None, {"y", "while/Exit"}),
    (flag_and_merge, None, {"flag", "cond/Merge"}),
]


@pytest.mark.parametrize("build,keep,outputs", FOUND, ids=[f"{f[0].__name__}{'_pruned' if f[1] else ''}" for f in FOUND])
def test_outputs_that_are_found(tmp_path, build, keep, outputs):
    model = Frozen(tmp_path / "m.pb", build, keep)
    found = inspected(model.path)
    assert set(names(found["outputs"])) == outputs
    assert len(found["inputs"]) == 1, found["inputs"]
    feeds = {info["name"]: noise(*info["shape"]) for info in found["inputs"]}
    assert_close(run(model.path, feeds, tmp_path), model.answers(feeds, outputs))


def branches(x, count):
    return [lambda k=k: x * (k + 1.0) if k % 2 else x - k for k in range(count)]


def saved_function(path, function, *specs):
    module = tf.Module()
    module.f = tf.function(function, input_signature=specs)
    tf.saved_model.save(module, str(path), signatures=module.f)
    return module.f


X, I = tf.TensorSpec([2, 3], tf.float32, name="x"), tf.TensorSpec([], tf.int32, name="i")


def nested_case(x, i):
    inner = [lambda: x + 1.0, lambda: x + 2.0, lambda: x + 3.0]
    return {"y": tf.switch_case(i, [lambda: tf.switch_case(i + 1, inner), lambda: x, lambda: tf.switch_case(i - 2, inner)])}


def case_in_loop(x, i):
    n, y = tf.constant(0), x
    while n < 5:
        y = tf.switch_case(n + i, [lambda: y + 1.0, lambda: y * 2.0, lambda: y - 3.0])
        n += 1
    return {"y": y, "n": n}


def loop_in_cond(x, i):
    def looped():
        return tf.while_loop(lambda k, v: k < i, lambda k, v: (k + 1, tf.where(v > 1.0, v / 2.0, v * 3.0)), (0, x))[1]

    return {"y": tf.cond(i > 0, looped, lambda: tf.cond(i < -1, lambda: -x, lambda: x))}


FUNCTIONS = {
    "case_of_one": lambda x, i: {"y": tf.switch_case(i, branches(x, 1))},
    "case_of_two": lambda x, i: {"y": tf.switch_case(i, branches(x, 2))},
    "case_of_three": lambda x, i: {"y": tf.switch_case(i, branches(x, 3)), "z": x + 1.0},
    "case_of_nine": lambda x, i: {"y": tf.switch_case(i, branches(x, 9))},
    "nested_case": nested_case,
    "case_in_loop": case_in_loop,
    "loop_in_cond": loop_in_cond,
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_conditions_of_many_branches(tmp_path, name):
    """As a SavedModel, frozen with functions, and lowered to Switch and Merge."""
    from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

    v1.enable_control_flow_v2()
    function = saved_function(tmp_path / "saved", FUNCTIONS[name], X, I)
    concrete = function.get_concrete_function()
    forms = {"saved": tmp_path / "saved"}
    for form, lower in (("functions", False), ("lowered", True)):
        frozen = convert_variables_to_constants_v2(concrete, lower_control_flow=lower)
        forms[form] = tmp_path / f"{form}.pb"
        forms[form].write_bytes(frozen.graph.as_graph_def().SerializeToString())
        keys = dict(zip(sorted(concrete.structured_outputs), names(inspected(forms[form])["outputs"])))
        forms[form] = (forms[form], keys)
    thaw("convert", tmp_path / "saved", tmp_path / "back.pb")
    thaw("convert", tmp_path / "back.pb", tmp_path / "again")
    forms.update(back=tmp_path / "back.pb", again=tmp_path / "again")
    for i in (-3, 0, 1, 2, 3, 20):
        feeds = {"x": noise(2, 3), "i": np.int32(i)}
        want = {k: v.numpy() for k, v in function(**{k: tf.constant(v) for k, v in feeds.items()}).items()}
        for form, path in forms.items():
            path, keys = path if isinstance(path, tuple) else (path, {})
            got = run(path, feeds, tmp_path)
            assert_close(got, {keys.get(k, k): v for k, v in want.items()})


def test_what_fails_leaves_nothing(tmp_path):
    """A source that can't be imported, or whose result is wrong, does not touch the destination."""
    model = Frozen(tmp_path / "m.pb", pipeline)
    good = Frozen(tmp_path / "good.pb", dropout)
    for destination in ("saved", "frozen.pb"):
        thaw("convert", model.path, tmp_path / destination, status=3)
        assert not (tmp_path / destination).exists()
        thaw("convert", good.path, tmp_path / destination)
        thaw("convert", model.path, tmp_path / destination, "--overwrite", status=3)
        assert names(inspected(tmp_path / destination)["outputs"]) == ["y"]
    thaw("optimize", model.path, tmp_path / "plans", "--no-tune", status=3)
    assert not (tmp_path / "plans").exists()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["frozen.pb", "good.pb", "m.pb", "saved"]


def keep_aspect(picture, low, high):
    """The Object Detection API's: the short side to `low`, unless the long one is past `high` then."""
    height, width = (tf.cast(tf.shape(picture)[i], tf.float32) for i in (0, 1))

    def scaled(scale):
        return tf.stack([tf.cast(tf.round(height * scale), tf.int32), tf.cast(tf.round(width * scale), tf.int32)])

    large = scaled(float(low) / tf.minimum(height, width))
    small = scaled(float(high) / tf.maximum(height, width))
    size = v1.cond(tf.cast(tf.reduce_max(large), tf.float32) > high, lambda: small, lambda: large)
    return v1.image.resize_images(picture, size)


def padded(picture, low, high):
    return tf.image.pad_to_bounding_box(keep_aspect(picture, low, high), 0, 0, high, high)


RESIZERS = {
    "fixed": (lambda p: v1.image.resize_images(p, [48, 64]), "to 48x64", [48, 64]),
    "keep aspect": (lambda p: keep_aspect(p, 40, 80), "keep aspect ratio 40..80", [None, None]),
    "keep aspect, padded": (lambda p: padded(p, 40, 80), "keep aspect ratio 40..80", [None, None]),
    "none": (None, "none", [None, None]),
}


def detector(resize, masks):
    """Preprocessing, a layer, and the post-processing by which a detector is known."""
    image = v1.placeholder(tf.uint8, [None, None, None, 3], name="image_tensor")
    x = tf.cast(image, tf.float32)
    if resize:
        x = tf.map_fn(resize, x, fn_output_signature=tf.TensorSpec([None, None, 3], tf.float32))
    x = tf.nn.relu(tf.nn.conv2d(x * (2 / 255) - 1, noise(3, 3, 3, 8), 4, "SAME"))
    if masks:
        x = v1.image.resize_images(x, [14, 14])
        x = tf.nn.relu(tf.nn.conv2d(x, noise(1, 1, 8, 8), 1, "SAME"))
    rows = tf.reshape(x, tf.stack([tf.shape(image)[0], -1, 8]))
    window = tf.tile([[0.0, 0.0, 1.0, 1.0]], tf.stack([tf.shape(image)[0], 1]))
    results = tf.map_fn(lambda x: one_image(*x, True), [rows[..., :4], tf.sigmoid(rows[..., 4:]), window, rows[..., :2]],
                        fn_output_signature=[tf.float32] * 4 + [tf.int32])
    for result, name in zip(results, ("boxes", "scores", "labels", "field", "count")):
        tf.identity(result, name=name)


@pytest.mark.parametrize("masks", [False, True], ids=["", "resized features"])
@pytest.mark.parametrize("kind", RESIZERS)
def test_resizer_that_inspect_shows(tmp_path, kind, masks):
    resize, words, size = RESIZERS[kind]
    model = Frozen(tmp_path / "model.pb", lambda: detector(resize, masks))
    shown = inspected(model.path)["detector"]
    assert shown["resizer"] == words, shown
    assert shown["input_size"] == size, shown
