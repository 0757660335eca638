"""SavedModels that TensorFlow writes, frozen by `thaw convert` and run by TensorFlow and by `thaw run`:
the results must be those of the SavedModel itself."""

import os
import pathlib
import sys

import numpy as np
import pytest

sys.path.append(str(pathlib.Path(__file__).parents[1] / "end_to_end"))
from program import run_model, thaw  # noqa: E402

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
tf = pytest.importorskip("tensorflow", reason="TensorFlow is the oracle of these tests")
v1 = tf.compat.v1
X = np.linspace(-2, 3, 12, dtype=np.float32).reshape(4, 3)


def save_tf1(path, build):
    """`build` makes the output of a placeholder x; variables get values of their own."""
    with tf.Graph().as_default(), v1.Session() as session:
        x = v1.placeholder(tf.float32, [None, 3], name="x_in")
        y = build(x)
        session.run(v1.global_variables_initializer())
        for i, variable in enumerate(v1.global_variables()):
            values = np.arange(np.prod(variable.shape), dtype=np.float32).reshape(variable.shape) / 7 + i
            variable.load(values, session)
        v1.saved_model.simple_save(session, str(path), {"x": x}, {"y": y})


def reference_variables(x):
    w = v1.get_variable("w", [3, 4], use_resource=False)
    b = v1.get_variable("scope/b", [4], use_resource=False)
    return tf.matmul(x, w) + b


def resource_variables(x):
    w = v1.get_variable("w", [3, 4], use_resource=True)
    return tf.matmul(x, w) + v1.get_variable("scope/b", [4], use_resource=True)


def partitioned_variable(x):
    return tf.matmul(x, v1.get_variable("w", [3, 40], partitioner=v1.fixed_size_partitioner(4, axis=1)))


def partitioned_rows(x):
    table = v1.get_variable("rows", [7, 3], partitioner=v1.fixed_size_partitioner(3, axis=0))
    return x + tf.reduce_sum(tf.convert_to_tensor(table), axis=0)


def variable_in_loop_and_branch(x):
    """TF1 control flow with handles and references passed through Enter and Switch."""
    v1.disable_control_flow_v2()
    try:
        resource = v1.get_variable("r", [3], use_resource=True)
        reference = v1.get_variable("v", [3], use_resource=False)
        total = v1.while_loop(lambda i, a: i < 3, lambda i, a: (i + 1, a + resource), [tf.constant(0), x])[1]
        return v1.cond(tf.reduce_sum(x) > 0, lambda: total * reference, lambda: total - resource)
    finally:
        v1.enable_control_flow_v2()


class Plain(tf.Module):
    def __init__(self):
        # Both are called "Variable": only the restore function tells them apart.
        self.scale, self.shift = tf.Variable([1.0, 2, 3]), tf.Variable([[4.0, 5, 6]])

    @tf.function(input_signature=[tf.TensorSpec([None, 3], tf.float32)])
    def inner(self, x):
        return x * self.scale

    @tf.function(input_signature=[tf.TensorSpec([None, 3], tf.float32)])
    def serve(self, x):
        return {"y": self.inner(x) + self.inner(x + 1) + self.shift}


class ControlFlow(tf.Module):
    """Handles captured by a loop and a branch, and a branch within the loop."""

    def __init__(self):
        self.step, self.table = tf.Variable([0.5, -1.0, 2.0]), tf.Variable(np.arange(15.0).reshape(5, 3), dtype=tf.float32)

    @tf.function(input_signature=[tf.TensorSpec([None, 3], tf.float32)])
    def serve(self, x):
        y = x
        for i in tf.range(3):
            y += self.step if tf.reduce_sum(y) > 0 else -self.step
            y += tf.gather(self.table, i)
        if tf.reduce_max(y) > 4:
            y = y * self.step
        values, indices = tf.math.top_k(y, 2)
        return {"y": y, "values": values, "indices": indices}


class HalfAndInt(tf.Module):
    def __init__(self):
        self.half = tf.Variable(tf.constant([1.5, -2.25, 3.0], tf.float16))
        self.count = tf.Variable(tf.constant(2, tf.int64))

    @tf.function(input_signature=[tf.TensorSpec([None, 3], tf.float32)])
    def serve(self, x):
        return {"y": x * tf.cast(self.half, tf.float32) * tf.cast(self.count, tf.float32)}


def frozen_outputs(path, feeds, names):
    graph_def = v1.GraphDef()
    graph_def.ParseFromString(path.read_bytes())
    with tf.Graph().as_default() as graph:
        tf.import_graph_def(graph_def, name="")
        with v1.Session(graph=graph) as session:
            return session.run({name: name + ":0" for name in names}, feeds)


def check(saved, tmp_path, feed_name):
    function = tf.saved_model.load(str(saved)).signatures["serving_default"]
    for x in (X, -X):
        want = {name: value.numpy() for name, value in function(tf.constant(x)).items()}
        frozen = tmp_path / "frozen.pb"
        thaw("convert", saved, frozen, "--overwrite")
        got = frozen_outputs(frozen, {feed_name + ":0": x}, want)
        ours = run_model(frozen, {feed_name: x})
        for name, value in want.items():
            np.testing.assert_allclose(got[name], value, rtol=1e-6, atol=1e-6, err_msg=name)
            np.testing.assert_allclose(ours[name], value, rtol=1e-5, atol=1e-5, err_msg=name)


TF1 = [reference_variables, resource_variables, partitioned_variable, partitioned_rows, variable_in_loop_and_branch]


@pytest.mark.parametrize("build", TF1, ids=lambda f: f.__name__)
def test_tf1_form(tmp_path, build):
    save_tf1(tmp_path / "saved", build)
    check(tmp_path / "saved", tmp_path, "x_in")


@pytest.mark.parametrize("module", [Plain, ControlFlow, HalfAndInt], ids=lambda c: c.__name__)
def test_tf2_form(tmp_path, module):
    m = module()
    tf.saved_model.save(m, str(tmp_path / "saved"), signatures=m.serve)
    check(tmp_path / "saved", tmp_path, "x")


def test_frozen_loops_become_a_saved_model_again(tmp_path):
    m = ControlFlow()
    tf.saved_model.save(m, str(tmp_path / "saved"), signatures=m.serve)
    thaw("convert", tmp_path / "saved", tmp_path / "frozen.pb")
    thaw("convert", tmp_path / "frozen.pb", tmp_path / "again")
    first = tf.saved_model.load(str(tmp_path / "saved")).signatures["serving_default"](x=tf.constant(X))
    again = tf.saved_model.load(str(tmp_path / "again")).signatures["serving_default"](x=tf.constant(X))
    assert set(again) == set(first)
    for name, value in first.items():
        np.testing.assert_allclose(again[name].numpy(), value.numpy(), rtol=1e-6, atol=1e-6)


def test_damaged_variables_are_named(tmp_path):
    m = Plain()
    saved = tmp_path / "saved"
    tf.saved_model.save(m, str(saved), signatures=m.serve)
    shard = saved / "variables/variables.data-00000-of-00001"
    data = bytearray(shard.read_bytes())
    data[3] ^= 1
    shard.write_bytes(data)
    assert "checksum" in thaw("convert", saved, tmp_path / "a.pb", status=3).err
    shard.write_bytes(data[:10])
    assert shard.name in thaw("convert", saved, tmp_path / "a.pb", status=3).err
    shard.unlink()
    assert shard.name in thaw("convert", saved, tmp_path / "a.pb", status=3).err
