"""TF-TRT's converters on thaw: arguments, order of calls, kinds of errors, what they write and print."""

import csv
import glob

import numpy as np
import pytest

import graphs
import thaw
from files import BUNDLED
from process import needs_tensorflow, python
from thaw import trt_convert as trt

X = np.arange(8, dtype="f4").reshape(2, 4)


def product(rows=-1):
    """y = x @ matrix, x float32 [rows, 4]."""
    values = " ".join("float_val: %g" % (i / 8) for i in range(16))
    return (graphs.placeholder("x", "float32", (rows, 4)) +
            graphs.node("matrix", "Const", dtype="type: DT_FLOAT",
                        value="tensor { dtype: DT_FLOAT tensor_shape { dim { size: 4 } dim { size: 4 "
                              "} } %s }" % values) +
            graphs.node("y", "MatMul", ["x", "matrix"], T="type: DT_FLOAT",
                        transpose_a="b: false", transpose_b="b: false"))


MATRIX = (np.arange(16, dtype="f4") / 8).reshape(4, 4)


@pytest.fixture(scope="module")
def saved_model(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models")
    (folder / "product.pbtxt").write_text(product())
    thaw.convert(folder / "product.pbtxt", folder / "product")
    return str(folder / "product")


@pytest.fixture(autouse=True)
def no_races(monkeypatch):
    """Kernels are not raced, which takes seconds."""
    monkeypatch.setenv("TF_TRT_FIXED_ALGORITHM_ID", "1")


def converter(saved_model, **options):
    return trt.TrtGraphConverterV2(input_saved_model_dir=saved_model, **options)


def inputs():
    yield X


# ---- Parameters ----

def test_defaults():
    params = trt.DEFAULT_TRT_CONVERSION_PARAMS
    assert params == trt.TrtConversionParams()
    assert params._asdict() == {
        "max_workspace_size_bytes": trt.DEFAULT_TRT_MAX_WORKSPACE_SIZE_BYTES, "precision_mode": "FP32",
        "minimum_segment_size": 3, "maximum_cached_engines": 1, "use_calibration": True,
        "allow_build_at_runtime": True}
    assert trt.DEFAULT_TRT_MAX_WORKSPACE_SIZE_BYTES == 1 << 30
    assert {"FP32", "fp32", "FP16", "fp16", "INT8", "int8"} <= set(
        trt.TrtPrecisionMode.supported_precision_modes())


def test_parameters_of_older_tensorflows_are_taken():
    params = trt.DEFAULT_TRT_CONVERSION_PARAMS._replace(
        precision_mode="fp16", is_dynamic_op=True, max_batch_size=8, rewriter_config_template=None)
    assert params.precision_mode == "fp16" and isinstance(params, trt.TrtConversionParams)
    with pytest.raises(ValueError, match="is_dynamic_op"):
        params._replace(is_dynamic_op=False)
    with pytest.raises(TypeError, match="workspace"):
        params._replace(workspace=1)


@pytest.mark.parametrize("options, what", [
    ({"precision_mode": "FP8"}, "precision mode"), ({"precision_mode": "Fp16"}, "precision mode"),
    ({"minimum_segment_size": 0}, "minimum_segment_size"),
    ({"minimum_segment_size": -2}, "minimum_segment_size"),
    ({"max_workspace_size_bytes": 0}, "max_workspace_size_bytes"),
    ({"use_dynamic_shape": True, "dynamic_shape_profile_strategy": "Best"}, "profile_strategy")])
def test_values_that_can_not_be(options, what, saved_model):
    with pytest.raises(ValueError, match=what):
        converter(saved_model, **options)


def test_experimental_names():
    from thaw.experimental import tensorrt
    assert tensorrt.Converter is trt.TrtGraphConverterV2
    assert tensorrt.ConversionParams is trt.TrtConversionParams
    assert trt.trt_utils.is_loaded_tensorrt_version_greater_equal(7, 0, 0)


# ---- The converter of TensorFlow 2 ----

@pytest.mark.parametrize("precision", ["FP32", "fp16", "BF16"])
def test_convert_build_save(precision, saved_model, tmp_path):
    c = converter(saved_model, precision_mode=precision)
    function = c.convert()
    np.testing.assert_allclose(function(X)["y"].numpy(), X @ MATRIX, rtol=0.02)
    c.build(inputs)
    c.save(str(tmp_path / "fast"))
    assert glob.glob(str(tmp_path / "fast/assets.extra/thaw/*.plan"))
    infer = thaw.saved_model.load(str(tmp_path / "fast")).signatures["serving_default"]
    assert infer.engine.precision == precision.upper()
    np.testing.assert_array_equal(infer(x=X)["y"], function(x=X)["y"])
    assert [p.rung for p in infer.engine.plans()] == ["stored"]


def test_build_races_and_convert_does_not(saved_model, monkeypatch):
    monkeypatch.delenv("TF_TRT_FIXED_ALGORITHM_ID")
    c = converter(saved_model)
    assert c.convert().engine.options["tune"] is False
    c.build(inputs)
    assert c._converted_func.engine.options["tune"] is True


def test_a_precision_without_gain_is_told_once(saved_model, monkeypatch, caplog):
    from thaw import device
    cpu = thaw.devices()[0]
    monkeypatch.setattr(device, "_warned", set())
    monkeypatch.setattr(device, "devices", lambda: [cpu._replace(fast=["FP32", "INT8"])])
    c = converter(saved_model, precision_mode="FP16")
    c.convert()
    c.build(inputs)
    assert [record.getMessage() for record in caplog.records] == [
        "FP16 is not faster than FP32 on this device (cpu); INT8 is"]


def test_a_saved_model_is_replaced(saved_model, tmp_path):
    for _ in range(2):
        c = converter(saved_model)
        c.convert()
        c.save(str(tmp_path / "fast"))
    assert not glob.glob(str(tmp_path / "fast/assets.extra/thaw/*.plan"))


@pytest.mark.parametrize("given", [
    inputs, lambda: [[X]], lambda: [(X,)], lambda: [{"x": X}], lambda: X, [X[:1], X], X, {"x": X},
    lambda: (batch for batch in (X, X[:1], X))])
def test_build_takes_what_input_functions_give(given, saved_model):
    c = converter(saved_model, maximum_cached_engines=2)
    c.convert()
    c.build(given)
    shapes = [plan.shapes for plan in c._converted_func.engine.plans()]
    assert [(2, 4)] in shapes


def test_order_of_calls(saved_model, tmp_path):
    c = converter(saved_model)
    with pytest.raises(AssertionError):
        c.save(str(tmp_path / "fast"))
    with pytest.raises(RuntimeError, match="convert"):
        c.summary()
    with pytest.raises(RuntimeError, match="convert"):
        c.build(inputs)
    with pytest.raises(RuntimeError, match="input_fn"):
        c.build(None)
    with pytest.raises(ValueError, match="calibration"):
        c.convert(calibration_input_fn=inputs)
    c.convert()
    with pytest.raises(AssertionError):
        c.convert()
    c.build(input_fn=inputs)
    with pytest.raises(NotImplementedError, match="already"):
        c.build(input_fn=inputs)


@pytest.mark.parametrize("given, kind, what", [
    ({"x": [[1, 2], [3]]}, RuntimeError, "convert input"), (np.zeros((2, 5), "f4"), ValueError, "x"),
    ([X, X], ValueError, "2 inputs"), ({"z": X}, TypeError, "z")])
def test_inputs_that_do_not_fit(given, kind, what, saved_model):
    c = converter(saved_model)
    c.convert()
    with pytest.raises(kind, match=what):
        c.build(lambda: [given])


def test_models_that_are_not_there(saved_model, tmp_path):
    with pytest.raises(OSError, match="saved_model.pb"):
        converter(str(tmp_path)).convert()
    with pytest.raises(ValueError, match="train"):
        converter(saved_model, input_saved_model_tags=["train"]).convert()
    with pytest.raises(KeyError, match="serving_default"):
        converter(saved_model, input_saved_model_signature_key="other").convert()
    with pytest.raises(ValueError, match="input_saved_model_dir"):
        trt.TrtGraphConverterV2().convert()


def test_int8_needs_its_calibration(saved_model, tmp_path):
    c = converter(saved_model, precision_mode="INT8")
    with pytest.raises(ValueError, match="calibration_input_fn"):
        c.convert()
    c.convert(calibration_input_fn=lambda: iter([X, X * 2]))
    c.save(str(tmp_path / "fast"))
    assert thaw.load(str(tmp_path / "fast")).inputs[0].name == "x"

    c = converter(saved_model, precision_mode="int8", use_dynamic_shape=True)
    c.convert(calibration_input_fn=inputs)
    with pytest.raises(RuntimeError, match="build"):
        c.save(str(tmp_path / "later"))
    c.build(inputs)
    c.save(str(tmp_path / "later"))

    c = converter(saved_model, precision_mode="INT8", use_calibration=False)
    assert c.convert().engine.precision == "INT8"


def test_builds_at_runtime_can_be_forbidden(saved_model, tmp_path):
    c = converter(saved_model, allow_build_at_runtime=False)
    c.convert()
    c.build(inputs)
    c.save(str(tmp_path / "fast"))
    infer = thaw.saved_model.load(str(tmp_path / "fast")).signatures["serving_default"]
    np.testing.assert_array_equal(infer(X[:1])["y"], infer(X)["y"][:1])
    assert "build not allowed" in [plan.rung for plan in infer.engine.plans()]


def test_plans_can_be_left_out(saved_model, tmp_path):
    c = converter(saved_model)
    c.convert()
    c.build(inputs)
    c.save(str(tmp_path / "fast"), save_gpu_specific_engines=False, options=None)
    assert not glob.glob(str(tmp_path / "fast/assets.extra/thaw/*.plan"))


def test_a_frozen_graph_is_taken_too(tmp_path):
    c = converter(str(BUNDLED))
    assert [e.name for e in c.convert().inputs] == ["image_tensor:0"]
    assert "NonMaxSuppressionV5" in {node.op for node in c._converted_func.graph.as_graph_def().node}


def summary_of(c, **options):
    lines = []
    c.summary(print_fn=lines.append, **options)
    return "\n".join(lines).split("\n")


def test_summary(saved_model, capsys):
    c = converter(str(BUNDLED))
    c.convert()
    lines = summary_of(c)
    assert lines[0].split() == ("TRTEngineOP Name Device # Nodes # Inputs # Outputs Input DTypes "
                                "Output Dtypes Input Shapes Output Shapes").split()
    assert 150 < len(lines[0]) <= 160 and lines[1] == "=" * 160
    assert lines[2].split()[1] == "cpu" and "['uint8']" in lines[2]
    counts = [line for line in lines if line.startswith("\t- ")]
    assert "\t- DepthwiseConv2dNative: 25x" in counts
    assert "[*] Total number of TensorRT engines: 1" in lines
    (total,) = [line for line in lines if line.startswith("[*] % of OPs Converted: ")]
    converted, ops = map(int, total.split("[")[-1].rstrip("]").split("/"))
    left = lines[lines.index("Left out:"):] if "Left out:" in lines else []
    assert ops - converted == sum(int(line.split("Count: ")[1].split("x]")[0])
                                  for line in left if "[Count: " in line)
    assert "%.2f%%" % (100.0 * converted / ops) in total and 0 < converted <= ops
    assert len(summary_of(c, detailed=False)) < len(lines)
    assert len(summary_of(c, line_length=200)[1]) == 200
    with pytest.raises(ValueError, match="line_length"):
        c.summary(line_length=159)
    assert capsys.readouterr().out == ""
    c.summary()
    assert "% of OPs Converted" in capsys.readouterr().out


# ---- The converter of TensorFlow 1 ----

def test_a_graph_def_is_converted_and_runs_in_a_session():
    tf1 = pytest.importorskip("thaw.tf.compat.v1")
    graph_def = tf1.GraphDef.FromString(BUNDLED.read_bytes())
    converted = trt.create_inference_graph(
        input_graph_def=graph_def, outputs=["num_detections", "detection_scores"], max_batch_size=1,
        max_workspace_size_bytes=1 << 25, precision_mode="FP16", minimum_segment_size=50)
    assert converted.engine_options["precision"] == "FP16" and converted == graph_def
    picture = np.zeros((1, 64, 64, 3), np.uint8)
    with tf1.Session(graph=tf1.Graph()) as session:
        tf1.import_graph_def(converted, name="")
        scores = session.graph.get_tensor_by_name("detection_scores:0")
        got, number = session.run([scores, "num_detections:0"], {"image_tensor:0": picture})
    assert got.shape == (1, 100) and number.shape == (1,)
    want = thaw.optimize(str(BUNDLED), precision="FP16", tune=False)(picture)
    np.testing.assert_array_equal(got, want["detection_scores"])


def test_v1_takes_bytes_and_gives_thaws_graph_def():
    c = trt.TrtGraphConverter(input_graph_def=product().encode(), nodes_denylist=["y"])
    assert c.convert().SerializeToString() == product().encode()
    with pytest.raises(AssertionError):
        c.convert()
    with pytest.raises(ValueError, match="GraphDef"):
        c.save("anywhere")


def test_v1_converts_a_saved_model(saved_model, tmp_path):
    c = trt.TrtGraphConverter(input_saved_model_dir=saved_model, is_dynamic_op=False, max_batch_size=2)
    with pytest.raises(AssertionError):
        c.save(str(tmp_path / "fast"))
    graph_def = c.convert()
    assert "MatMul" in [node.op for node in graph_def.node]
    c.save(str(tmp_path / "fast"))
    infer = thaw.saved_model.load(str(tmp_path / "fast")).signatures["serving_default"]
    np.testing.assert_allclose(infer(X)["y"], X @ MATRIX)
    assert [plan.rung for plan in infer.engine.plans()] == ["stored"]


@pytest.mark.parametrize("options", [
    {}, {"input_graph_def": b"x", "input_saved_model_dir": "x"},
    {"input_graph_def": product().encode(), "max_batch_size": None},
    {"input_graph_def": product().encode(), "precision_mode": "FP8"}])
def test_v1_arguments_that_can_not_be(options):
    with pytest.raises(ValueError):
        trt.TrtGraphConverter(**options)


def test_v1_is_calibrated_after_it_is_converted(saved_model, tmp_path):
    c = trt.TrtGraphConverter(input_saved_model_dir=saved_model, precision_mode="INT8",
                              is_dynamic_op=True, max_batch_size=None)
    with pytest.raises(AssertionError):
        c.calibrate(["y:0"], 1, lambda: {"x:0": X})
    c.convert()
    with pytest.raises(AssertionError):
        c.save(str(tmp_path / "fast"))
    for functions in ({}, {"feed_dict_fn": dict, "input_map_fn": dict}):
        with pytest.raises(ValueError, match="one and only one"):
            c.calibrate(["y:0"], 1, **functions)
    with pytest.raises(ValueError, match="tf.Tensor"):
        c.calibrate(["y:0"], 1, input_map_fn=lambda: {"x:0": X})
    fed = []
    graph_def = c.calibrate(["y:0"], 3, feed_dict_fn=lambda: fed.append(1) or {"x:0": X})
    assert len(fed) == 3 and graph_def.engine_options["precision"] == "INT8"
    c.save(str(tmp_path / "fast"))


@needs_tensorflow
def test_v1_with_tensorflows_own_graph_def(saved_model):
    tf1 = pytest.importorskip("tensorflow").compat.v1
    graph_def = tf1.GraphDef.FromString(product_bytes(saved_model))
    converted = trt.create_inference_graph(graph_def, ["y"], precision_mode="FP16")
    assert isinstance(converted, tf1.GraphDef) and converted is not graph_def
    with tf1.Session(graph=tf1.Graph()) as session:
        tf1.import_graph_def(converted, name="")
        np.testing.assert_allclose(session.run("y:0", {"x:0": X}), X @ MATRIX, rtol=1e-5)


def product_bytes(saved_model):
    c = trt.TrtGraphConverter(input_saved_model_dir=saved_model)
    return c.convert().SerializeToString()


def test_v1_is_calibrated_by_tensors(saved_model):
    import thaw.tf as tf
    c = trt.TrtGraphConverter(input_graph_def=product_bytes(saved_model), precision_mode="int8",
                              nodes_denylist=["y:0"], is_dynamic_op=True, max_batch_size=None)
    c.convert()
    graph_def = c.calibrate(["y:0"], 2, input_map_fn=lambda: {"x:0": tf.constant(X)})
    with tf.compat.v1.Session(graph=tf.Graph()) as session:
        tf.import_graph_def(graph_def, name="")
        y, = session.run(["y:0"], {"x:0": X})
    np.testing.assert_allclose(y, X @ MATRIX, atol=0.2)


# ---- The environment ----

def test_variables_without_use_are_named_once(saved_model, monkeypatch):
    monkeypatch.setenv("TF_TRT_OP_DENYLIST", "Conv2D")
    monkeypatch.setenv("TF_TRT_NO_SUCH", "1")
    monkeypatch.setattr("thaw._settings._warned", set())
    with pytest.warns(UserWarning, match="TF_TRT_NO_SUCH.*TF_TRT_OP_DENYLIST"):
        converter(saved_model).convert()
    import warnings
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        converter(saved_model).convert()


def test_report_and_drawing(saved_model, monkeypatch, tmp_path, capsys):
    monkeypatch.setenv("TF_TRT_SHOW_DETAILED_REPORT", str(tmp_path / "report.csv"))
    monkeypatch.setenv("TF_TRT_EXPORT_GRAPH_VIZ_PATH", str(tmp_path / "graph.dot"))
    converter(str(BUNDLED)).convert()
    with open(str(tmp_path / "report.csv"), newline="") as stream:
        rows = list(csv.reader(stream, delimiter="|"))
    assert rows[0] == ["OP Name", "Reason", "Count"]
    assert all(len(row) == 3 and int(row[2]) > 0 for row in rows[1:])
    drawing = (tmp_path / "graph.dot").read_text()
    assert drawing.startswith("digraph") and '"image_tensor" -> ' in drawing
    monkeypatch.setenv("TF_TRT_SHOW_DETAILED_REPORT", "1")
    converter(saved_model).convert()
    assert "non-converted OP Report" in capsys.readouterr().out


def test_native_segments_can_be_forbidden(saved_model, monkeypatch, tmp_path):
    monkeypatch.setenv("TF_TRT_ALLOW_ENGINE_NATIVE_SEGMENT_EXECUTION", "0")
    c = converter(saved_model, allow_build_at_runtime=False)
    c.convert()
    c.build(inputs)
    c.save(str(tmp_path / "fast"))
    infer = thaw.saved_model.load(str(tmp_path / "fast")).signatures["serving_default"]
    infer(X)
    with pytest.raises(thaw.ResourceError):
        infer(X[:1])


# ---- The command ----

def test_command(saved_model, tmp_path):
    run = "import runpy; runpy.run_module('thaw.trt_convert', run_name='__main__', alter_sys=True)"
    out = python(run, "convert", "--dir", saved_model, "--output_dir", tmp_path / "fast", "--tag_set",
                 "serve", "tensorrt", "--precision_mode", "FP16", "--max_workspace_size_bytes", 1 << 26,
                 "--minimum_segment_size", 3)
    assert "[*] Total number of TensorRT engines: 1" in out
    assert "\nWrote {}\n".format(tmp_path / "fast") in out
    assert thaw.optimize(str(tmp_path / "fast")).precision == "FP16"
    missing = python(run, "convert", "--dir", tmp_path / "none", "--output_dir", tmp_path / "x",
                     status=3)
    assert missing.startswith("thaw: error: ") and missing.count("\n") == 1
    assert "--precision_mode" in python(run, "convert", "--help")
    python(run, status=2)
