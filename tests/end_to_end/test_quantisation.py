"""Few bits: how ranges are chosen and kept, graphs that bring their own, what layers lose, and the gate on accuracy."""

import json
import os

import numpy as np
import pytest

from program import DATA, ROOT, needs_data, photographs, pixels, thaw

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
FOLDER = ROOT / "examples/traffic_lights"
GRAPH = FOLDER / "model/frozen_inference_graph.pb"
VALIDATION = FOLDER / "validation"
TRUTH = VALIDATION / "instances.json"
FEW = VALIDATION / "1000000*.jpg"  # ten pictures
SEEN = VALIDATION / "1000000[0-3].jpg"


def table(path):
    """Ranges by layer, with methods, and the wide layers."""
    lines = [line.split() for line in path.read_text().splitlines() if line and not line.startswith("#")]
    ranges = {words[1]: (float(words[2]), float(words[3]), words[4]) for words in lines if words[0] == "range"}
    return ranges, {words[1] for words in lines if words[0] == "wide"}


def detections(model, *arguments):
    document = json.loads(thaw("detect", model, SEEN, "--score", "0.05", "--json", "-", *arguments).out)
    return [image["detections"] for image in document["images"]]


def calibrated(folder, *arguments):
    path = folder / "table.txt"
    thaw("detect", GRAPH, SEEN, "--precision", "INT8", "--calibrate", FEW, "--save-calibration", path, "--json", "/dev/null",
         *arguments)
    return path


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    return calibrated(tmp_path_factory.mktemp("plain"))


@pytest.mark.parametrize("method", ["entropy", "percentile:99.9", "min-max"])
def test_methods_choose_other_ranges(plain, tmp_path, method):
    ranges, wide = table(calibrated(tmp_path, "--calibrate-method", method))
    others, _ = table(plain)
    assert ranges.keys() == others.keys() and not wide
    assert {r[2] for r in ranges.values()} == {method} and {r[2] for r in others.values()} == {"mse"}
    assert sum(ranges[layer][:2] != others[layer][:2] for layer in ranges) > len(ranges) / 4
    if method == "min-max":
        assert all(low <= others[k][0] and high >= others[k][1] for k, (low, high, _) in ranges.items())


def test_channels_have_ranges_of_their_own(tmp_path):
    path = calibrated(tmp_path, "--calibrate-per-channel")
    ranges, _ = table(path)
    channels = [line.split()[1:] for line in path.read_text().splitlines() if line.startswith("channels ")]
    assert len(channels) > 10 and all(words[0] in ranges for words in channels)
    highs = np.array([float(word) for word in channels[0][2::2]])
    assert len(highs) % 8 == 0 and highs.max() <= ranges[channels[0][0]][1] and highs.min() < highs.max()
    assert detections(GRAPH, "--precision", "INT8", "--calibration", path)[0]


def test_table_gives_the_same_detections(plain):
    assert detections(GRAPH, "--precision", "INT8", "--calibration", plain) == \
        detections(GRAPH, "--precision", "INT8", "--calibrate", FEW)


def test_number_of_pictures(plain, tmp_path):
    ranges, _ = table(calibrated(tmp_path, "--calibrate-pictures", "1"))
    assert ranges != table(plain)[0]


def test_edited_table_counts(plain, tmp_path):
    """All layers wide is float32; a layer that is not there is told of."""
    ranges, _ = table(plain)
    everything = tmp_path / "wide.txt"
    everything.write_text("# thaw calibration 1\n" + "".join(f"wide {layer}\n" for layer in ranges))
    assert detections(GRAPH, "--precision", "INT8", "--calibration", everything) == detections(GRAPH)
    everything.write_text(everything.read_text() + "range no/such/layer -1 1\n")
    done = thaw("detect", GRAPH, SEEN, "--precision", "INT8", "--calibration", everything, "--json", "/dev/null")
    assert "warning: " in done.err and "has no layer 'no/such/layer'" in done.err


def test_faults_of_tables_and_options(plain, tmp_path):
    bad = tmp_path / "bad.txt"
    bad.write_text("# thaw calibration 1\nrange a/b 0 1\nrange c/d 0 much\n")
    command = ["detect", GRAPH, SEEN, "--precision", "INT8", "--json", "/dev/null"]
    done = thaw(*command, "--calibration", bad, status=3)
    assert f"{bad}:3: layer 'c/d': the high end is 'much', a number was expected" in done.err
    assert "no table of a calibration" in thaw(*command, "--calibration", GRAPH, status=3).err
    assert "one of them" in thaw(*command, "--calibration", plain, "--calibrate", FEW, status=2).err
    assert "percentile" in thaw(*command, "--calibrate", FEW, "--calibrate-method", "best", status=2).err
    mine = tmp_path / "mine.txt"
    mine.write_text("my own file\n")
    thaw(*command, "--calibrate", FEW, "--save-calibration", mine, status=2)
    assert mine.read_text() == "my own file\n"
    assert "--max-map-drop needs --truth" in thaw("optimize", GRAPH, tmp_path / "x", "--precision", "INT8", "--calibrate", FEW,
                                                  "--max-map-drop", "0.1", status=2).err
    assert "for INT8" in thaw("optimize", GRAPH, tmp_path / "x", "--sensitivity", "--images", FEW, status=2).err


@pytest.fixture(scope="module")
def held(tmp_path_factory):
    """Optimised with the gate, on ten pictures; what the command printed."""
    folder = tmp_path_factory.mktemp("held")
    done = thaw("optimize", GRAPH, folder / "fast", "--precision", "INT8", "--calibrate", FEW, "--truth", TRUTH,
                "--max-map-drop", "0.0005", "--no-tune", "--json")
    return folder / "fast", json.loads(done.out)


def test_sensitivity_names_the_worst_layers_first(held):
    layers = held[1]["sensitivity"]
    decibels = [layer["signal_to_noise_db"] for layer in layers]
    assert len(layers) > 20 and decibels == sorted(decibels) and 0 < decibels[0] < decibels[-1] < 120


def test_gate_keeps_layers_wide(held):
    fast, report = held
    accuracy = report["accuracy"]
    assert accuracy["held"] and accuracy["ap"]["float32"] - accuracy["ap"]["result"] <= 0.0005
    # With these pictures all layers in few bits lose more than that, so that something had to stay.
    assert accuracy["ap"]["float32"] - accuracy["ap"]["all_layers"] > 0.0005 and accuracy["wide"]
    assert accuracy["wide"] == [layer["layer"] for layer in report["sensitivity"][:len(accuracy["wide"])]]
    manifest = json.loads((fast / "assets.extra/thaw/manifest.json").read_text())
    assert sorted(accuracy["wide"]) == manifest["wide"]
    done = thaw("compare", GRAPH, fast, "--images", FEW, "--truth", TRUTH, "--max-map-drop", "0.0005", "--json")
    b = json.loads(done.out)["truth"]["coco"]["b"]
    assert b["ap"] == pytest.approx(accuracy["ap"]["result"], abs=1e-9)


def test_rebuilding_keeps_ranges_and_wide_layers(held, tmp_path):
    fast, report = held
    thaw("optimize", fast, tmp_path / "again", "--precision", "INT8", "--no-tune")
    manifests = [json.loads((folder / "assets.extra/thaw/manifest.json").read_text()) for folder in (fast, tmp_path / "again")]
    assert manifests[0]["calibration"] == manifests[1]["calibration"] and manifests[0]["wide"] == manifests[1]["wide"]
    # In memory, where no plan serves; and as a table of another model's run.
    want = detections(fast)
    assert want == detections(tmp_path / "again") == detections(fast, "--verify")
    assert want == detections(GRAPH, "--precision", "INT8", "--calibration", fast)


def test_gate_that_cannot_hold(plain, tmp_path):
    """One layer is left that may go to few bits, and its range clips everything: nothing is found."""
    left = "FeatureExtractor/MobilenetV1/MobilenetV1/Conv2d_1_pointwise/Conv2D"
    ranges, _ = table(plain)
    assert left in ranges
    clipped = tmp_path / "clipped.txt"
    clipped.write_text("# thaw calibration 1\n" + "".join(f"wide {layer}\n" for layer in ranges if layer != left) +
                       f"range {left.replace('pointwise/Conv2D', 'depthwise/depthwise')} 0 1e-6\n")
    done = thaw("optimize", GRAPH, tmp_path / "fast", "--precision", "INT8", "--calibration", clipped, "--images", SEEN,
                "--truth", TRUTH, "--max-map-drop", "0.001", "--sensitivity", "--json", status=1)
    assert "thaw: gate missed: --max-map-drop: AP falls from" in done.err
    assert not (tmp_path / "fast").exists()
    report = json.loads(done.out)
    (layer,) = report["sensitivity"]
    assert layer["layer"] == left and layer["signal_to_noise_db"] < 10
    accuracy = report["accuracy"]
    assert not accuracy["held"] and accuracy["wide"] == [left] and layer["ap"] == accuracy["ap"]["all_layers"]
    assert accuracy["ap"]["all_layers"] < accuracy["ap"]["float32"] - 0.1


# Quantisation-aware graphs: TensorFlow computes the same levels in float32.


def filters(tf, rng, shape, per_channel=True):
    kernel = rng.normal(0, 0.3, shape).astype(np.float32)
    if not per_channel:
        return tf.quantization.fake_quant_with_min_max_args(kernel, -1, 1, narrow_range=True)
    most = np.abs(kernel).max(axis=(0, 1, 2))
    return tf.quantization.fake_quant_with_min_max_vars_per_channel(kernel, -most, most, narrow_range=True)


def aware_graph(tf, path):
    """A small network whose every activation has a range of its own; each kind of node is there."""
    rng = np.random.default_rng(5)
    fake = tf.quantization
    with tf.Graph().as_default() as graph:
        x = tf.compat.v1.placeholder(tf.float32, (1, 32, 32, 8), "x")
        x = fake.fake_quant_with_min_max_args(x, 0, 1)
        bias = rng.normal(0, 0.1, 16).astype(np.float32)
        x = tf.nn.relu6(tf.nn.conv2d(x, filters(tf, rng, (3, 3, 8, 16)), 1, "SAME") + bias)
        a = fake.fake_quant_with_min_max_vars(x, 0.0, 4.5)
        x = tf.nn.relu6(tf.nn.depthwise_conv2d(a, filters(tf, rng, (3, 3, 16, 1), False), [1, 1, 1, 1], "SAME"))
        x = fake.fake_quant_with_min_max_vars(x, 0.0, 5.0)
        x = tf.nn.conv2d(x, filters(tf, rng, (1, 1, 16, 16), False), 1, "SAME")
        x = tf.raw_ops.QuantizeAndDequantizeV4(input=x, input_min=-8.0, input_max=8.0, range_given=True)
        x = tf.nn.max_pool2d(fake.fake_quant_with_min_max_vars(a + x, -8.0, 9.0), 2, 2, "VALID")
        x = tf.nn.conv2d(x, filters(tf, rng, (3, 3, 16, 24)), 2, "SAME")
        x = fake.fake_quant_with_min_max_vars(x, -20.0, 25.0)
        tf.identity(tf.nn.conv2d(x, filters(tf, rng, (1, 1, 24, 5)), 1, "SAME"), name="scores")
    path.write_bytes(graph.as_graph_def().SerializeToString())


def tensorflow_answer(tf, path, feeds, fetch):
    graph_def = tf.compat.v1.GraphDef.FromString(path.read_bytes())
    with tf.Graph().as_default() as graph:
        tf.import_graph_def(graph_def, name="")
        with tf.compat.v1.Session(graph=graph) as session:
            return session.run(fetch + ":0", {name + ":0": value for name, value in feeds.items()})


def thaw_answer(model, feeds, fetch, folder, *arguments):
    np.savez(folder / "in.npz", **feeds)
    thaw("run", model, "--inputs", folder / "in.npz", "--outputs", folder / "out.npz", "--to", fetch + ":0", *arguments)
    with np.load(folder / "out.npz") as out:
        return next(iter(out.values()))


def decibels(got, want):
    return 10 * np.log10((want.astype(np.float64)**2).sum() / ((got.astype(np.float64) - want)**2).sum())


def layers_of(model, *arguments):
    plan = json.loads(thaw("summary", model, "--json", *arguments).out)["plans"][0]
    return [layer for layer in plan["layers"] if layer["macs"] > 0], plan["layers"]


def test_quantisation_aware_graph_as_tensorflow_has_it(tmp_path):
    """Every layer multiplies bytes without a calibration, and the result is what TensorFlow's float32 emulation gives."""
    tf = pytest.importorskip("tensorflow")
    model = tmp_path / "aware.pb"
    aware_graph(tf, model)
    feeds = {"x": np.random.default_rng(6).random((1, 32, 32, 8), np.float32)}
    want = tensorflow_answer(tf, model, feeds, "scores")
    assert decibels(thaw_answer(model, feeds, "scores", tmp_path), want) > 50
    # Four layers, for a depthwise one and the next are one: all take bytes.
    layers, everything = layers_of(model, "--precision", "INT8", "--to", "scores:0")
    assert len(layers) in (4, 5) and all("in_scale" in layer["op"] for layer in layers)
    # The sum reads what a node has rounded, and the pool what another has; behind layers that only layers read none is left.
    assert sum("FakeQuant" in layer["op"] for layer in everything) <= 2
    got = thaw_answer(model, feeds, "scores", tmp_path, "--precision", "INT8")
    assert decibels(got, want) > 35


@needs_data
def test_genuine_quantisation_aware_classifier(tmp_path):
    """MobileNet with FakeQuant nodes. Many of its weights lie so close to a tie that the last bit of TensorFlow's own
    arithmetic decides their level, so that logits agree as well as FP32's do (20 dB on one machine) and no better."""
    tf = pytest.importorskip("tensorflow")
    model = DATA / "models/mobilenet_v1_0.25_128_quant_frozen.pb"
    layers, _ = layers_of(model, "--precision", "INT8")
    assert sum("in_scale" in layer["op"] for layer in layers) == len(layers) - 2  # not the first, nor behind the mean
    fetch = "MobilenetV1/Logits/Conv2d_1c_1x1/act_quant/FakeQuantWithMinMaxVars"
    for photo in photographs()[:6]:
        feeds = {"input": pixels(photo, (128, 128))[None].astype(np.float32) / 127.5 - 1}
        want = tensorflow_answer(tf, model, feeds, fetch)
        got = thaw_answer(model, feeds, fetch, tmp_path, "--precision", "INT8")
        assert decibels(got, want) > 12, photo.name
