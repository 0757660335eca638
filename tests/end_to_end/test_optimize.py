"""thaw optimize: what it writes is a SavedModel to TensorFlow, starts fast, and is never trusted blindly."""

import json
import shutil

import numpy as np
import pytest
from PIL import Image

from program import COCO, COCO_LABELS, needs_data, photographs, pixels, run_model, thaw

pytestmark = needs_data
SIZE = (320, 240)  # width and height of what plans are built for here


@pytest.fixture(scope="module")
def fast(tmp_path_factory):
    folder = tmp_path_factory.mktemp("optimize") / "fast"
    thaw("optimize", COCO, folder, "--shape", f"1x{SIZE[1]}x{SIZE[0]}x3", "--shape", "2x160x160x3",
         "--no-tune")
    return folder


@pytest.fixture()
def copy(fast, tmp_path):
    return shutil.copytree(fast, tmp_path / "copy")


def picture(size=SIZE):
    return {"image_tensor": pixels(photographs()[0], size)[None]}


def assert_identical(got, want):
    assert got.keys() == want.keys()
    for name in want:
        np.testing.assert_array_equal(got[name], want[name], err_msg=name)


def said(model, shape=SIZE, level="info"):
    """What `thaw run` says on standard error, and its outputs."""
    inputs = picture(shape)
    folder = model.parent
    np.savez(folder / "in.npz", **inputs)
    done = thaw("run", model, "--inputs", folder / "in.npz", "--outputs", folder / "out.npz", "--log-level", level)
    with np.load(folder / "out.npz") as out:
        return done.err, {name: out[name] for name in out.files}


def test_plan_and_memory_agree_bit_for_bit(fast):
    text, got = said(fast)
    assert "1.plan: the plan for 1x240x320x3 FP32" in text
    assert_identical(got, run_model(COCO, picture()))


def test_detections_alone_are_the_same(fast, tmp_path):
    """`detect` leaves out what only a model's further outputs need; `run` computes them all."""
    photo = tmp_path / "photo.png"
    Image.fromarray(picture()["image_tensor"][0]).save(photo)
    everything = run_model(COCO, picture())
    count = int(everything["num_detections"][0])
    for model, precision in ((fast, None), (COCO, None), (COCO, "BF16")):
        options = ["--precision", precision] if precision else []
        want = run_model(COCO, picture(), *options) if precision else everything
        done = thaw("detect", model, photo, "--score", "0", "--json", "-", "--log-level", "info", *options)
        assert ("1.plan: the plan for" in done.err) == (model == fast)
        found = json.loads(done.out)["images"][0]["detections"]
        assert len(found) == count > 50
        np.testing.assert_array_equal(np.float32([d["score"] for d in found]), want["detection_scores"][0, :count])
        np.testing.assert_array_equal(np.float32([d["box"] for d in found]), want["detection_boxes"][0, :count])
        assert [d["class_id"] for d in found] == want["detection_classes"][0, :count].tolist()


def test_a_plan_serves_pictures_of_all_sizes(fast):
    """The graph's resizer brings all to 300x300; the plan gives what the frozen graph gives."""
    for size in ((200, 150), (300, 300), (641, 77)):
        text, got = said(fast, size)
        assert f"1.plan: the plan for 1x{size[1]}x{size[0]}x3 FP32" in text
        assert_identical(got, run_model(COCO, picture(size)))


def test_other_shapes_are_built_in_memory(fast):
    inputs = {"image_tensor": np.repeat(picture((200, 150))["image_tensor"], 3, 0)}
    np.savez(fast.parent / "in.npz", **inputs)
    done = thaw("run", fast, "--inputs", fast.parent / "in.npz", "--outputs", fast.parent / "out.npz", "--log-level",
                "info")
    assert "has no plan for 3x150x200x3 FP32 on cpu; built in memory" in done.err
    with np.load(fast.parent / "out.npz") as got:
        assert_identical(dict(got), run_model(COCO, inputs))


def test_shapes_that_one_plan_serves_share_it(tmp_path):
    report = json.loads(thaw("optimize", COCO, tmp_path / "model", "--shape", "1x100x100x3", "--shape", "1x200x300x3",
                             "--no-tune", "--json").out)
    assert [plan["shapes"] for plan in report["plans"]] == [[[1, None, None, 3]]]


def test_the_graph_is_not_read_when_a_plan_serves(copy):
    graph = copy / "saved_model.pb"
    graph.write_bytes(bytes(graph.stat().st_size))
    text, got = said(copy)
    assert "the plan for" in text
    assert_identical(got, run_model(COCO, picture()))


def test_tensorflow_loads_it(fast):
    tf = pytest.importorskip("tensorflow")
    function = tf.saved_model.load(str(fast)).signatures["serving_default"]
    got = function(tf.constant(picture()["image_tensor"]))
    graph = tf.compat.v1.GraphDef.FromString(COCO.read_bytes())
    frozen = tf.compat.v1.wrap_function(lambda: tf.import_graph_def(graph, name=""), [])
    names = sorted(got)
    pruned = frozen.prune("image_tensor:0", [f"{name}:0" for name in names])
    for name, want in zip(names, pruned(tf.constant(picture()["image_tensor"]))):
        np.testing.assert_array_equal(got[name].numpy(), want.numpy(), err_msg=name)


@pytest.mark.parametrize("place", [0, 9, 40, 70, 3000, 0.1, 0.5, 0.999])
@pytest.mark.parametrize("damage", ["flip", "cut"])
def test_a_damaged_plan_is_set_aside(copy, place, damage):
    plan = copy / "assets.extra/thaw/1.plan"
    data = bytearray(plan.read_bytes())
    at = place if isinstance(place, int) else int(len(data) * place)
    if damage == "flip":
        data[at] ^= 1
    else:
        del data[at:]
    plan.write_bytes(data)
    text, got = said(copy, level="warning")
    assert "1.plan: " in text and "built in memory" in text
    assert_identical(got, run_model(COCO, picture()))


@pytest.mark.parametrize("change", ["remove plan", "cut manifest", "change manifest", "change model"])
def test_what_lies_beside_is_checked_too(copy, change):
    own = copy / "assets.extra/thaw"
    if change == "remove plan":
        (own / "1.plan").unlink()
    elif change == "cut manifest":
        (own / "manifest.json").write_text((own / "manifest.json").read_text()[:100])
    elif change == "change manifest":
        text = (own / "manifest.json").read_text()
        (own / "manifest.json").write_text(text.replace("FP32", "FP16"))
    else:
        with (copy / "saved_model.pb").open("ab") as file:
            file.write(b"\x08\x01")
    text, got = said(copy, level="warning")
    assert "warning: " in text
    assert_identical(got, run_model(COCO, picture()))


def test_a_plan_of_another_processor_is_not_used(fast, monkeypatch):
    monkeypatch.setenv("THAW_CPU_ISA", "generic")
    text, _ = said(fast, level="warning")
    assert "is for a processor with" in text and "built in memory" in text


def test_optimising_an_optimised_model_again(fast, tmp_path):
    again = tmp_path / "again"
    report = json.loads(thaw("optimize", fast, again, "--shape", "1x100x100x3", "--json").out)
    assert report["checked"] and [plan["shapes"] for plan in report["plans"]] == [[[1, None, None, 3]]]
    assert sorted(p.name for p in (again / "assets.extra/thaw").iterdir()) == ["1.plan", "manifest.json"]
    assert (again / "saved_model.pb").read_bytes() == (fast / "saved_model.pb").read_bytes()
    thaw("optimize", COCO, again, status=2)  # it is there
    thaw("optimize", COCO, again, "--no-build", "--overwrite")
    assert [p.name for p in (again / "assets.extra/thaw").iterdir()] == ["manifest.json"]
    _, got = said(again)
    assert_identical(got, run_model(COCO, picture()))


def test_precision_is_the_plans(tmp_path):
    model = tmp_path / "narrow"
    shape = f"1x{SIZE[1]}x{SIZE[0]}x3"
    thaw("optimize", COCO, model, "--shape", shape, "--precision", "BF16", "--no-tune")
    text, got = said(model)
    assert "the plan for 1x240x320x3 BF16" in text
    assert_identical(got, run_model(COCO, picture(), "--precision", "BF16"))
    assert_identical(run_model(model, picture(), "--precision", "FP32"), run_model(COCO, picture()))
    _, got = said(model, (200, 150))
    assert_identical(got, run_model(COCO, picture((200, 150)), "--precision", "BF16"))


def test_wrong_usage(tmp_path):
    for arguments in (["--shape", "1x2x3"], ["--precision", "FP8"], ["--shape", "1x100x100x4"]):
        done = thaw("optimize", COCO, tmp_path / "out", *arguments, status=2)
        assert done.err.startswith("thaw: error: ") and not (tmp_path / "out").exists()
    thaw("optimize", tmp_path / "nothing.pb", tmp_path / "out", status=3)


def test_summary(fast):
    text = thaw("summary", fast).out
    assert "as measured by thaw optimize" in text and "cpu.conv2d" in text
    summary = json.loads(thaw("summary", fast, "--json").out)
    first, second = summary["plans"]
    assert first["shapes"] == [[1, None, None, 3]] and second["shapes"] == [[2, None, None, 3]]
    assert first["plan"].endswith("1.plan") and first["ms"] > 0
    assert second["macs"] == 2 * first["macs"]  # the network's own input is 300x300
    assert first["distance"]["network_ms"] < first["ms"] and "arithmetic alone" in text
    assert first["fast_layers"] <= first["layer_count"] == len(first["layers"])
    timed = json.loads(thaw("summary", fast, "--time", "--json", "--shape", "1x240x320x3").out)["plans"][0]
    assert timed["times"].startswith("mean of 50 runs") and timed["ms"] > 0
    built = json.loads(thaw("summary", COCO, "--shape", "1x240x320x3", "--json").out)["plans"][0]
    assert built["plan"] == "built in memory" and "distance" not in built
    # A SavedModel's outputs are sorted by name, a frozen graph's are not: layers may come in another order.
    assert sorted(layer["kernel"] for layer in built["layers"]) == sorted(layer["kernel"] for layer in first["layers"])


def test_summary_shows_the_cuts():
    """A device that leaves non-maximum suppression to the host: what lies before and after it stays there."""
    text = thaw("summary", COCO, "--device", "null").out
    assert "3 segments on null" in text and "minimum_segment_size is 3" in text
    all_of_them = ["summary", COCO, "--device", "null", "--minimum-segment-size", "1"]
    assert "1 step on cpu: null.MultiClassNms: non-maximum suppression stays on the host" in thaw(*all_of_them).out
    segments = json.loads(thaw(*all_of_them, "--json").out)["plans"][0]["segments"]
    assert [segment["device"] for segment in segments] == ["cpu", "null", "cpu", "null"]  # the resizer takes any size
    nothing = thaw("summary", COCO, "--device", "null", "--minimum-segment-size", "-1").out
    assert "nothing is given to null" in nothing and "Total number of thaw engines: 0" in nothing
    assert "one segment on cpu" in thaw("summary", COCO).out


def test_a_small_start(fast, tmp_path):
    photo = tmp_path / "photo.png"
    Image.fromarray(pixels(photographs()[0], SIZE)).save(photo)
    done = thaw("detect", fast, photo, "--labels", COCO_LABELS, "--threads", "1")
    assert done.peak_bytes < 60e6, done.peak_bytes
