"""Models and engines: loading, calling, shapes, options, errors, pickling, saving."""

import pickle

import numpy as np
import pytest

import graphs
import thaw
from files import BUNDLED, GRAPHS
from process import python


def test_model_tells_its_inputs_and_outputs():
    model = thaw.load(str(BUNDLED))
    (image,) = model.inputs
    assert image.name == "image_tensor" and image.tensor == "image_tensor:0"
    assert image.dtype == "uint8" and image.shape[0] is None and image.shape[-1] == 3
    assert {"detection_boxes", "num_detections"} <= {info.name for info in model.outputs}
    assert model.path == str(BUNDLED)


def test_a_path_object_and_bytes_load_too():
    by_path, by_bytes = thaw.load(BUNDLED), thaw.load(BUNDLED.read_bytes())
    assert by_path.outputs == by_bytes.outputs
    assert by_bytes.path is None


def test_parts_of_a_model():
    model = graphs.load(graphs.adding(), outputs=["twice:0"], inputs=["a:0"])
    assert [i.name for i in model.inputs] == ["a"] and [o.name for o in model.outputs] == ["twice"]
    out = thaw.optimize(model, tune=False)(np.ones((1, 3), "f4"))
    np.testing.assert_array_equal(out["twice"], np.full((1, 3), 2, "f4"))


A = np.arange(6, dtype="f4").reshape(2, 3)
B = A * 10


@pytest.mark.parametrize("call", [
    lambda e: e(A, B), lambda e: e(a=A, b=B), lambda e: e(A, b=B), lambda e: e({"a": A, "b:0": B}),
    lambda e: e.run([A, B]), lambda e: e.run((A, B)), lambda e: e.run({"a:0": A, "b": B})])
def test_inputs_by_place_and_by_name(call):
    out = call(graphs.engine(graphs.adding()))
    assert list(out) == ["total", "twice"]
    np.testing.assert_array_equal(out["total"], A + B)
    np.testing.assert_array_equal(out["twice"], A + A)


def test_a_model_without_inputs():
    engine = graphs.engine(graphs.constant_int("six", 6) + graphs.unary("same", "Identity", "six", "int32"))
    assert engine.inputs == [] and engine()["same"] == 6
    with pytest.raises(thaw.UsageError, match="1 inputs were given, the model has 0"):
        engine(A)


def test_a_bare_shape_is_one():
    for shapes in ((2, 3), [(2, 3)], {"x": (2, 3)}):
        engine = graphs.engine(graphs.identity("float32", (-1, 3)), shapes=shapes)
        assert engine._shapes == [[(2, 3)]] and len(engine.plans()) == 1


def test_chosen_outputs():
    engine = graphs.engine(graphs.adding())
    assert list(engine.run([A, B], outputs=["twice:0"])) == ["twice:0"]
    assert [o.name for o in graphs.engine(graphs.adding(), outputs=["total"]).outputs] == ["total"]


def test_results_are_the_callers():
    engine = graphs.engine(graphs.adding())
    first = engine(A, B)
    kept = {name: array.copy() for name, array in first.items()}
    engine(B, B)
    for name, array in first.items():
        np.testing.assert_array_equal(array, kept[name])


def test_optional_inputs_are_not_fed_by_the_call_before():
    engine = thaw.optimize(str(GRAPHS / "optional_input.pb"), tune=False)
    names = {info.name: info.optional for info in engine.inputs}
    assert names == {"PlaceholderWithDefault": True, "Placeholder": False}
    x = np.array([1], "f4")
    alone = engine(Placeholder=x)["result0"]
    fed = engine(Placeholder=x, PlaceholderWithDefault=np.array([100, 200], "f4"))["result0"]
    assert alone.tolist() != fed.tolist()
    np.testing.assert_array_equal(engine(Placeholder=x)["result0"], alone)


@pytest.mark.parametrize("call, kind, words", [
    (lambda e: e(A, B, A), thaw.UsageError, "3 inputs were given, the model has 2"),
    (lambda e: e(A, nothing=B), thaw.UsageError, "no input 'nothing', but a, b"),
    (lambda e: e(A, a=B), thaw.UsageError, "'a' was given twice"),
    (lambda e: e(A), thaw.InputError, "'b'"),
    (lambda e: e(A, B.astype("f8")), thaw.InputError, "'b' takes float32"),
    (lambda e: e(A, np.ones((2, 4), "f4")), thaw.InputError, "'b'"),
    (lambda e: e(A, np.ones((1,) * 9, "f4")), thaw.InputError, "9 dimensions, at most 8"),
    (lambda e: e(A, B.astype("c8")), thaw.InputError, "'b'.*float32.*complex64"),
    (lambda e: e(A, object()), thaw.InputError, "'b'"),
    (lambda e: e(A, [[1, 2], [3]]), thaw.InputError, "'b'"),
    (lambda e: e.run([A, B], outputs=["nothing"]), thaw.UsageError, "no output 'nothing'"),
])
def test_errors_of_a_call(call, kind, words):
    engine = graphs.engine(graphs.adding())
    with pytest.raises(kind, match=words):
        call(engine)
    np.testing.assert_array_equal(engine(A, B)["total"], A + B)  # and it still works


@pytest.mark.parametrize("kind, standard", [
    (thaw.InputError, ValueError), (thaw.UsageError, TypeError), (thaw.ResourceError, MemoryError),
    (thaw.ResourceError, OSError), (thaw.NotFoundError, FileNotFoundError),
    (thaw.InternalError, RuntimeError), (thaw.Cancelled, thaw.ResourceError)])
def test_errors_are_standard_ones_too(kind, standard):
    error = kind("file: what was wrong")
    assert isinstance(error, standard) and isinstance(error, thaw.Error)
    assert str(error) == "file: what was wrong"
    assert str(pickle.loads(pickle.dumps(error))) == str(error)


def test_errors_of_loading(tmp_path):
    with pytest.raises(FileNotFoundError, match="nothing.pb: no such file or folder"):
        thaw.load(str(tmp_path / "nothing.pb"))
    (tmp_path / "bad.pb").write_bytes(b"\xff" * 50)
    with pytest.raises(thaw.InputError, match="bad.pb"):
        thaw.load(str(tmp_path / "bad.pb"))
    with pytest.raises(thaw.UsageError, match="path"):
        thaw.load(7)
    with pytest.raises(thaw.UsageError, match="zero byte"):
        thaw.load("a\0b")
    with pytest.raises(thaw.UsageError, match="no node 'nothing'"):
        thaw.load(str(BUNDLED), outputs=["nothing:0"])


@pytest.mark.parametrize("options, kind, words", [
    ({"precision": "FP8"}, thaw.UsageError, "'FP8'; one of FP32, FP16, BF16, INT8"),
    ({"device": "abacus"}, thaw.Error, "abacus"),
    ({"threads": -1}, thaw.UsageError, "-1"),
    ({"memory_limit": "many"}, thaw.UsageError, "'many'"),
    ({"outputs": ["nothing"]}, thaw.UsageError, "nothing"),
    ({"shapes": [(1, 2)]}, thaw.InputError, "image_tensor"),
    ({"shapes": [(1, 300, 300, 4)]}, thaw.InputError, "image_tensor"),
])
def test_errors_of_options(options, kind, words):
    with pytest.raises(kind, match=words):
        thaw.optimize(str(BUNDLED), tune=False, **options)


def test_options_hold():
    engine = graphs.engine(graphs.adding(), device="cpu", threads=1, precision="fp32",
                           memory_limit="1GiB", max_cached_engines=0)
    assert (engine.device, engine.threads, engine.precision) == ("cpu", 1, "FP32")
    with pytest.raises(MemoryError, match="limit"):
        graphs.engine(graphs.adding(), memory_limit=64)(A, B)


def test_prepared_shapes_need_no_plan_later():
    engine = graphs.engine(graphs.adding(), shapes=[{"a": (2, 3), "b": (2, 3)}, [(5, 3), (5, 3)]])
    request = engine.request()
    request.set_input("a", A)
    request.set_input("b", B)
    request.run()
    assert request.stages.prepare < 50


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_pickling_passes_path_and_options(bundled_engine, protocol):
    model = thaw.load(str(BUNDLED), outputs=["detection_scores:0"])
    data = pickle.dumps(model, protocol)
    assert len(data) < 1000
    again = pickle.loads(data)
    assert (again.path, again.outputs) == (model.path, model.outputs)

    engine = thaw.optimize(model, threads=1, tune=False, precision="BF16")
    data = pickle.dumps(engine, protocol)
    assert len(data) < 2000
    again = pickle.loads(data)
    assert (again.threads, again.precision, again.outputs) == (1, "BF16", engine.outputs)


def test_what_has_no_path_is_not_pickled():
    with pytest.raises(thaw.UsageError, match="from bytes"):
        pickle.dumps(graphs.engine(graphs.adding()))


def test_saved_engines_start_again(tmp_path):
    source = tmp_path / "adding.pbtxt"
    source.write_text(graphs.adding())
    told = []
    engine = thaw.optimize(str(source), shapes=[[(2, 3), (2, 3)]], tune=False)
    engine.save(str(tmp_path / "fast"), progress=told.append)
    assert told
    again = thaw.optimize(str(tmp_path / "fast"))
    np.testing.assert_array_equal(again(A, B)["total"], A + B)
    with pytest.raises(thaw.UsageError, match="fast: .*overwrite=True"):
        engine.save(str(tmp_path / "fast"))
    engine.save(str(tmp_path / "fast"), overwrite=True)


def test_kernels_are_raced_where_shapes_are_given():
    model = graphs.load(graphs.identity("float32", (-1, 3)))
    assert thaw.optimize(model).options["tune"] is False
    assert thaw.optimize(model, shapes=[]).options["tune"] is False
    assert thaw.optimize(model, shapes=[(2, 3)]).options["tune"] is True
    assert thaw.optimize(model, shapes=iter([(2, 3)]))._shapes == [[(2, 3)]]
    assert thaw.optimize(model, shapes=[(2, 3)], tune=False).options["tune"] is False
    assert thaw.optimize(model, tune=True).options["tune"] is True


def test_a_precision_without_gain_is_told_once(monkeypatch, caplog):
    from thaw import device
    cpu = thaw.devices()[0]
    monkeypatch.setattr(device, "_warned", set())
    monkeypatch.setattr(device, "devices", lambda: [cpu._replace(fast=["FP32", "BF16", "INT8"])])
    for precision in ("FP16", "fp16", "BF16", "FP32", None):
        graphs.engine(graphs.adding(), precision=precision)
    thaw.Detector(str(BUNDLED), precision="FP16")
    assert [record.getMessage() for record in caplog.records] == [
        "FP16 is not faster than FP32 on this device (cpu); BF16 and INT8 are"]


@pytest.mark.parametrize("name", ["/GPU:77", "GPU:77", "/device:GPU:77", "cuda:77"])
def test_tensorflows_names_of_gpus(name):
    with pytest.raises(thaw.ResourceError, match="device cuda"):
        graphs.engine(graphs.adding(), device=name)


def test_warnings_say_whose_they_are():
    program = "from thaw._log import log\n{}\nlog.warning('a %s', 'word')"
    alone = python(program.format(""))
    assert alone == "thaw: a word\n"
    set_up = python(program.format("import logging; logging.basicConfig()"))
    assert set_up == "WARNING:thaw:a word\n"


@pytest.mark.parametrize("option, value", [
    ("threads", "2"), ("threads", -1), ("threads", 1.5), ("minimum_segment_size", "3"),
    ("max_cached_engines", -1)])
def test_options_that_are_no_numbers(option, value):
    with pytest.raises(thaw.UsageError, match="was expected"):
        graphs.engine(graphs.adding(), **{option: value})


@pytest.mark.parametrize("shape", [(1, "a"), (1, -2), (1, 2.5), 7])
def test_shapes_that_are_none(shape):
    with pytest.raises(thaw.UsageError, match="extents"):
        graphs.engine(graphs.adding()).prepare([shape, (1, 3)])


def test_labels_that_are_not_there():
    with pytest.raises(thaw.NotFoundError, match="no.txt"):
        thaw.Detector(str(BUNDLED), labels="no.txt")
