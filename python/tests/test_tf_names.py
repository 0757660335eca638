"""thaw.saved_model, thaw.config and thaw.tf: TensorFlow's names on thaw."""

import os

import numpy as np
import pytest

import graphs
import thaw
import thaw.trt_convert
import thaw.tf as tf
import thaw.tf.compat.v1 as tf1
from files import BUNDLED
from process import is_there, needs_tensorflow, python

A = np.arange(6, dtype="f4").reshape(2, 3)
B = A * 10


@pytest.fixture(scope="module")
def adding(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models")
    (folder / "adding.pbtxt").write_text(graphs.adding())
    thaw.convert(folder / "adding.pbtxt", folder / "adding")
    return str(folder / "adding")


# ---- saved_model ----

@pytest.mark.parametrize("call", [
    lambda f: f(A, B), lambda f: f(a=A, b=B), lambda f: f(A, b=B), lambda f: f(b=B.tolist(), a=A.tolist()),
    lambda f: f(tf.constant(A), tf.constant(B))])
def test_a_signature_is_called(call, adding):
    loaded = tf.saved_model.load(adding, tags=[tf.saved_model.SERVING])
    assert list(loaded.signatures) == ["serving_default"]
    infer = loaded.signatures["serving_default"]
    assert infer is loaded.signatures["serving_default"]
    out = call(infer)
    assert list(out) == ["total", "twice"]
    np.testing.assert_array_equal(out["total"].numpy(), A + B)
    assert type(out["total"].numpy()) is np.ndarray


def test_what_is_known_of_a_signature(adding):
    infer = thaw.saved_model.load(adding, "serve").signatures["serving_default"]
    assert [(e.name, e.shape.as_list(), e.dtype) for e in infer.inputs] == [
        ("a:0", [None, 3], np.float32), ("b:0", [None, 3], np.float32)]
    spec = infer.structured_outputs["twice"]
    assert (spec.shape, spec.dtype, spec.name) == ((None, 3), np.float32, "twice")
    positional, named = infer.structured_input_signature
    assert positional == () and sorted(named) == ["a", "b"]


@pytest.mark.parametrize("call, kind", [
    (lambda f: f(A), ValueError), (lambda f: f(A, B, A), TypeError), (lambda f: f(A, c=B), TypeError),
    (lambda f: f(A, a=A), TypeError), (lambda f: f(A.astype("i4"), B), ValueError),
    (lambda f: f(A[:, :2], B), ValueError)])
def test_inputs_that_do_not_fit(call, kind, adding):
    infer = thaw.saved_model.load(adding).signatures["serving_default"]
    with pytest.raises(kind):
        call(infer)


def test_models_that_are_not_there(adding, tmp_path):
    with pytest.raises(OSError, match="saved_model.pb"):
        thaw.saved_model.load(str(tmp_path))
    with pytest.raises(ValueError, match="train"):
        thaw.saved_model.load(adding, tags=["serve", "train"])
    with pytest.raises(KeyError):
        thaw.saved_model.load(adding).signatures["other"]
    with pytest.raises(TypeError, match="signatures"):
        thaw.saved_model.load(adding)(A, B)
    (tmp_path / "saved_model.pb").write_bytes(b"\x08\x01\x12\xff\xff\xff\xff\x0f")
    with pytest.raises(ValueError, match="saved_model.pb"):
        thaw.saved_model.load(str(tmp_path))
    assert thaw.saved_model.contains_saved_model(adding)
    assert not thaw.saved_model.contains_saved_model(str(BUNDLED))


@needs_tensorflow
def test_tensorflows_tensors_come_back_for_tensorflows_tensors(adding):
    import tensorflow
    infer = thaw.saved_model.load(adding).signatures["serving_default"]
    out = infer(tensorflow.constant(A), b=B)["total"]
    assert tensorflow.is_tensor(out)
    np.testing.assert_array_equal(out.numpy(), A + B)
    assert not tensorflow.is_tensor(infer(A, B)["total"])


@needs_tensorflow
def test_a_saved_model_of_tensorflow_2(tmp_path):
    import tensorflow

    class Scaled(tensorflow.Module):
        def __init__(self):
            super().__init__()
            self.factor = tensorflow.Variable(3.0)

        @tensorflow.function(input_signature=[tensorflow.TensorSpec([None, 3], tensorflow.float32)])
        def times(self, a):
            return {"product": self.factor * a}

        @tensorflow.function(input_signature=[tensorflow.TensorSpec([None, 3], tensorflow.float32)])
        def plus(self, a):
            return {"sum": self.factor + a}

    module = Scaled()
    tensorflow.saved_model.save(module, str(tmp_path), signatures={
        "serving_default": module.times, "plus": module.plus})
    loaded = tf.saved_model.load(str(tmp_path), tags=["serve"])
    assert sorted(loaded.signatures) == ["plus", "serving_default"]
    np.testing.assert_array_equal(loaded.signatures["serving_default"](a=A)["product"], 3 * A)
    np.testing.assert_array_equal(loaded.signatures["plus"](A)["sum"], 3 + A)


# ---- Tensors ----

def test_tensors_are_arrays_with_numpy():
    t = tf.constant([[1.5, 2], [3, 4]])
    assert t.dtype == tf.float32 and t.shape.as_list() == [2, 2] and t.shape == (2, 2)
    assert t[0].numpy().tolist() == [1.5, 2] and t[0, 0].numpy() == 1.5 and int(t[1, 0]) == 3
    assert [float(row[0].numpy()) for row in t] == [1.5, 3]
    assert "{:.2f}".format(t[0, 0]) == "1.50" and "%.1f" % t[0, 0] == "1.5"
    assert (t + 1).numpy().tolist() == [[2.5, 3], [4, 5]] and t.numpy().max() == 4
    assert tf.constant(7).dtype == tf.int32 and tf.constant(A, tf.uint8).dtype == tf.uint8
    assert tf.cast(tf.expand_dims(A, 0), tf.int32).shape == (1, 2, 3)
    random = tf.random.uniform((2, 3), maxval=255, dtype=tf.int32)
    assert random.shape == (2, 3) and random.dtype == tf.int32
    assert np.shares_memory(A, tf.convert_to_tensor(A))


# ---- config ----

@pytest.fixture
def no_configuration():
    yield
    thaw.config._configurations.clear()
    thaw.config.threading.set_intra_op_parallelism_threads(0)


@pytest.mark.parametrize("names", [
    ("list_physical_devices", "set_virtual_device_configuration", "VirtualDeviceConfiguration"),
    ("list_physical_devices", "set_logical_device_configuration", "LogicalDeviceConfiguration")])
def test_a_virtual_gpus_memory_is_thaws_limit(names, adding, no_configuration):
    where = tf.config.experimental if "virtual" in names[1] else tf.config
    listed, configure, configuration = (getattr(where, name) for name in names)
    gpus = listed("GPU")
    assert len(gpus) == 1 and gpus[0].device_type == "GPU"
    configure(gpus[0], [configuration(memory_limit=3072)])
    assert thaw.config.memory_limit() == 3072 << 20
    infer = thaw.saved_model.load(adding).signatures["serving_default"]
    assert infer.engine.options["memory_limit"] == 3072 << 20
    infer(A, B)


def test_the_limit_holds(no_configuration):
    gpu = tf.config.list_physical_devices("GPU")[0]
    tf.config.set_logical_device_configuration(
        gpu, [tf.config.LogicalDeviceConfiguration(memory_limit=2)])
    infer = thaw.saved_model.load(str(BUNDLED)).signatures["serving_default"]
    with pytest.raises(MemoryError, match="limit is 2.0 MiB|2097152 may be taken"):
        infer(np.zeros((1, 360, 640, 3), np.uint8))


def test_what_config_refuses(no_configuration):
    gpu, = tf.config.list_physical_devices("GPU")
    limit = tf.config.LogicalDeviceConfiguration(memory_limit=100)
    with pytest.raises(ValueError, match="2 logical devices"):
        tf.config.set_logical_device_configuration(gpu, [limit, limit])
    with pytest.raises(ValueError, match="list_physical_devices"):
        tf.config.set_memory_growth("GPU:0", True)
    with pytest.raises(ValueError, match="above 0"):
        tf.config.LogicalDeviceConfiguration(memory_limit=0)
    tf.config.experimental.set_memory_growth(gpu, True)
    assert tf.config.experimental.get_memory_growth(gpu)
    assert tf.config.experimental.get_device_details(gpu)["device_name"]


def test_threads_and_sessions_configuration(adding, no_configuration):
    tf.config.threading.set_intra_op_parallelism_threads(1)
    assert thaw.saved_model.load(adding).signatures["serving_default"].engine.threads == 1
    config = tf1.ConfigProto()
    config.gpu_options.allow_growth = True
    config.gpu_options.per_process_gpu_memory_fraction = 0.5
    tf1.Session(graph=tf1.Graph(), config=config)
    assert 0 < thaw.config.memory_limit() < thaw.devices()[0].memory


# ---- compat.v1 ----

def imported(text, **options):
    graph = tf1.Graph()
    with graph.as_default():
        tf1.import_graph_def(tf1.GraphDef.FromString(text), **options)
    return graph


@pytest.fixture(scope="module")
def adding_bytes(adding):
    folder = os.path.dirname(adding)
    thaw.convert(adding, os.path.join(folder, "adding.pb"))
    with open(os.path.join(folder, "adding.pb"), "rb") as stream:
        return stream.read()


def test_a_session_runs_a_graph(adding_bytes):
    graph = imported(adding_bytes)  # below "import/", as TensorFlow does
    with tf1.Session(graph=graph) as session:
        out = session.run({"sum": "import/total:0", "both": ["import/twice:0", "import/b:0"]},
                          feed_dict={"import/a:0": A, graph.get_tensor_by_name("import/b:0"): B})
    np.testing.assert_array_equal(out["sum"], A + B)
    np.testing.assert_array_equal(out["both"][1], B)
    with pytest.raises(KeyError, match="nothing"):
        graph.get_tensor_by_name("nothing:0")
    with pytest.raises(ValueError, match="total"):
        graph.get_tensor_by_name("import/total")
    with pytest.raises(thaw.UsageError), graph.as_default():
        tf1.import_graph_def(adding_bytes)


def test_graph_defs():
    with pytest.raises(ValueError, match="GraphDef"):
        tf1.GraphDef().ParseFromString(b"\xff\xff\xff")
    with tf.io.gfile.GFile(str(BUNDLED), "rb") as f:
        graph_def = tf1.GraphDef()
        graph_def.ParseFromString(f.read())
    assert "image_tensor" in [n.name for n in graph_def.node if n.op == "Placeholder"]


def test_a_saved_model_with_keys_of_ones_own(adding_bytes, tmp_path):
    graph = imported(adding_bytes, name="")
    with tf1.Session(graph=graph) as session:
        tf1.saved_model.simple_save(session, str(tmp_path / "out"),
                                    {"left": graph.get_tensor_by_name("a:0"),
                                     "right": graph.get_tensor_by_name("b:0")},
                                    {"sum": graph.get_tensor_by_name("total:0")})
    infer = tf.saved_model.load(str(tmp_path / "out")).signatures["serving_default"]
    np.testing.assert_array_equal(infer(left=A, right=B)["sum"], A + B)
    with pytest.raises(AssertionError, match="not empty"):
        tf1.saved_model.Builder(str(tmp_path / "out"))
    if is_there("tensorflow"):
        import tensorflow
        theirs = tensorflow.saved_model.load(str(tmp_path / "out")).signatures["serving_default"]
        np.testing.assert_array_equal(theirs(left=tensorflow.constant(A),
                                             right=tensorflow.constant(B))["sum"].numpy(), A + B)


def test_a_signature_that_is_not_the_default(adding_bytes, tmp_path):
    graph = imported(adding_bytes, name="")
    keys = tf1.saved_model
    signatures = {
        "sums": keys.predict_signature_def({"p": graph.get_tensor_by_name("a:0"),
                                            "q": graph.get_tensor_by_name("b:0")},
                                           {"r": graph.get_tensor_by_name("total:0")}),
        "doubles": keys.build_signature_def(
            {"p": keys.utils.build_tensor_info(graph.get_tensor_by_name("a:0"))},
            {"r": keys.build_tensor_info(graph.get_tensor_by_name("twice:0"))}, "some/method")}
    builder = keys.builder.SavedModelBuilder(str(tmp_path / "two"))
    with tf1.Session(graph=graph) as session:
        builder.add_meta_graph_and_variables(session, ["serve"], signature_def_map=signatures)
    builder.save()
    assert sorted(tf.saved_model.load(str(tmp_path / "two")).signatures) == ["doubles", "sums"]
    converter = thaw.trt_convert.TrtGraphConverterV2(str(tmp_path / "two"),
                                                     input_saved_model_signature_key="doubles")
    np.testing.assert_array_equal(converter.convert()(A)["r"], 2 * A)
    converter.save(str(tmp_path / "one"))
    loaded = tf.saved_model.load(str(tmp_path / "one"))
    np.testing.assert_array_equal(loaded.signatures["doubles"](p=A)["r"], 2 * A)


def test_a_missing_name_says_where_to_look():
    with pytest.raises(AttributeError, match="keras"):
        tf.keras


def test_import_thaw_is_enough():
    python("import sys, thaw\n"
           "assert 'thaw.saved_model' not in sys.modules\n"
           "thaw.saved_model.load, thaw.config.list_physical_devices, thaw.tf.constant\n"
           "thaw.experimental.tensorrt.Converter, thaw.trt_convert.TrtGraphConverterV2\n"
           "assert not hasattr(thaw, 'no_such_name')")


def test_tensorflow_is_not_loaded():
    python("import sys, thaw.tf, thaw.trt_convert, thaw.saved_model, thaw.experimental\n"
           "assert 'tensorflow' not in sys.modules")
