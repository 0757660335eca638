"""Detectors as people export them: below scopes, of a fixed size or batch, on floats, with outputs that no name
tells. All are one small graph, written here: two boxes in every picture, the first's score its mean level / 255."""

import json

import numpy as np
import pytest
from PIL import Image

from program import run_model, thaw

LEVEL = 204  # of every pixel of the photograph: scores are 0.8 and 0.72
BOXES = [[0.1, 0.2, 0.5, 0.6], [0.25, 0.25, 0.75, 1.0]]


def node(name, op, inputs=(), **attributes):
    text = f'node {{ name: "{name}" op: "{op}"'
    for source in inputs:
        text += f' input: "{source}"'
    for key, value in attributes.items():
        text += f' attr {{ key: "{key}" value {{ {value} }} }}'
    return text + " }\n"


def shape_text(dims):
    return " ".join(f"dim {{ size: {d} }}" for d in dims)


def constant(name, value, dtype="DT_FLOAT"):
    array = np.asarray(value)
    field = {"DT_FLOAT": "float_val", "DT_INT32": "int_val"}[dtype]
    values = " ".join(f"{field}: {v}" for v in array.ravel().tolist())
    tensor = f"tensor {{ dtype: {dtype} tensor_shape {{ {shape_text(array.shape)} }} {values} }}"
    return node(name, "Const", dtype=f"type: {dtype}", value=tensor)


def binary(op, name, a, b):
    return node(name, op, (a, b), T="type: DT_FLOAT")


def detector(path, shape=(-1, -1, -1, 3), dtype="DT_UINT8", scope="", suffix="", classes_dtype="DT_FLOAT",
             num_dtype="DT_FLOAT", batch=True, names=("detection_boxes", "detection_scores", "detection_classes",
                                                      "num_detections")):
    """`names` may lack the last; without `batch` outputs have none."""
    float_type = "type: DT_FLOAT"
    text = node("image_tensor", "Placeholder", dtype=f"type: {dtype}", shape=f"shape {{ {shape_text(shape)} }}")
    image = "image_tensor"
    if dtype != "DT_FLOAT":
        text += node("pixels", "Cast", (image,), SrcT=f"type: {dtype}", DstT=float_type)
        image = "pixels"
    axes = list(range(1, len(shape))) if len(shape) == 4 else [0, 1, 2]
    text += constant("axes", axes, "DT_INT32") + node("mean", "Mean", (image, "axes"), T=float_type,
                                                       Tidx="type: DT_INT32")
    text += constant("zero", 0.0) + binary("Mul", "nothing", "mean", "zero")
    values = {"scores": [[1 / 255, 0.9 / 255]], "classes": [[1.0, 2.0]], "boxes": [BOXES]}
    lead = {"scores": [-1, 1], "classes": [-1, 1], "boxes": [-1, 1, 1]}
    made = {}
    for role, value in values.items():
        value = np.float32(value) if batch else np.float32(value)[0]
        source = "mean" if role == "scores" else "nothing"
        text += constant(f"{role}_rows", lead[role] if batch else [1] * value.ndim, "DT_INT32")
        text += node(f"{role}_in", "Reshape", (source, f"{role}_rows"), T=float_type, Tshape="type: DT_INT32")
        text += constant(f"{role}_of_one", value)
        text += binary("Mul" if role == "scores" else "AddV2", f"{role}_made", f"{role}_in", f"{role}_of_one")
        made[role] = f"{role}_made"
    text += constant("two", 2.0) + binary("AddV2", "num_made", "nothing", "two")
    order = ["boxes", "scores", "classes"] + (["num"] if len(names) == 4 else [])
    types = {"classes": classes_dtype, "num": num_dtype}
    for role, name in zip(order, names):
        made_name = made.get(role, "num_made")
        target = f"{scope}{name}{suffix}"
        if types.get(role, "DT_FLOAT") != "DT_FLOAT":
            text += node(target, "Cast", (made_name,), SrcT=float_type, DstT=f"type: {types[role]}")
        else:
            text += node(target, "Identity", (made_name,), T=float_type)
    path.write_text(text + "versions { producer: 27 }\n")
    return path


@pytest.fixture()
def photo(tmp_path):
    path = tmp_path / "photo.png"
    Image.fromarray(np.full((40, 60, 3), LEVEL, np.uint8)).save(path)
    return path


def found(model, photo, *arguments):
    """The detections of each picture as (class, score, box)."""
    document = json.loads(thaw("detect", model, photo, "--json", "-", "--threads", "1", *arguments).out)
    return [[(d["class_id"], round(d["score"], 4), d["box"]) for d in image["detections"]]
            for image in document["images"]]


WANTED = [(1, 0.8, pytest.approx(BOXES[0])), (2, 0.72, pytest.approx(BOXES[1]))]

FORMS = {
    "plain": {},
    "scope": dict(scope="import/"),
    "scopes": dict(scope="a/b/c/"),
    "scope and suffix": dict(scope="import/", suffix="_1"),
    "fixed size": dict(shape=(1, 24, 32, 3)),
    "fixed height": dict(shape=(-1, 24, -1, 3)),
    "fixed width": dict(shape=(1, -1, 24, 3)),
    "fixed batch": dict(shape=(3, -1, -1, 3)),
    "fixed batch and size": dict(shape=(2, 24, 32, 3), dtype="DT_FLOAT"),
    "no batch": dict(shape=(-1, -1, 3), batch=False, num_dtype="DT_INT32"),
    "outputs without batch": dict(shape=(1, -1, -1, 3), batch=False),
    "floats": dict(dtype="DT_FLOAT"),
    "int32 pixels": dict(dtype="DT_INT32"),
    "grey": dict(shape=(-1, -1, -1, 1)),
    "int64 classes": dict(classes_dtype="DT_INT64", num_dtype="DT_INT32"),
    "no number": dict(names=("detection_boxes", "detection_scores", "detection_classes")),
    "shapes tell": dict(names=("x/Identity", "x/Identity_1", "x/Identity_2", "x/Identity_3"),
                        classes_dtype="DT_INT64"),
    "all but one named": dict(names=("output", "detection_scores", "detection_classes", "num_detections")),
}


@pytest.mark.parametrize("form", FORMS)
def test_forms(tmp_path, photo, form):
    assert found(detector(tmp_path / "model.pbtxt", **FORMS[form]), photo) == [WANTED]


def test_forms_in_tiles_and_after_conversion(tmp_path, photo):
    model = detector(tmp_path / "model.pbtxt", shape=(2, 24, 32, 3), scope="import/")
    tiled = found(model, photo, "--tiles", "1x2", "--tiles-only", "--tile-overlap", "0")[0]
    assert sorted(d[0] for d in tiled) == [1, 1, 2, 2]
    thaw("optimize", model, tmp_path / "fast", "--no-tune")
    assert found(tmp_path / "fast", photo) == [WANTED]


def test_outputs_that_no_name_tells(tmp_path, photo):
    model = detector(tmp_path / "model.pbtxt", names=("a", "b/c", "d", "e"))
    done = thaw("detect", model, photo, status=3)
    for text in ("a float32[?,2,4]", "b/c float32[?,2]", "--outputs", "scores=TENSOR"):
        assert text in done.err, done.err
    for roles in ("boxes=a,scores=b/c,classes=d,num=e", "boxes=a:0,scores=b/c:0,classes=d:0", "scores=b/c,classes=d",
                  "boxes=boxes_made,scores=scores_made,classes=d"):
        assert found(model, photo, "--outputs", roles) == [WANTED], roles
    done = thaw("detect", model, photo, "--outputs", "boxes=a,scores=e,classes=d", status=3)
    assert "detection_scores is float32[1]; float32[1,2] was expected" in done.err
    for roles in ("boxes=nothing_such,scores=b/c,classes=d", "boxes", "boxes=", "box=a", "boxes=a,boxes=a"):
        assert thaw("detect", model, photo, "--outputs", roles, status=2).err.startswith("thaw: error: "), roles


def test_roles_reach_compare_and_demo(tmp_path, photo):
    model = detector(tmp_path / "model.pbtxt", names=("a", "b/c", "d", "e"))
    plain = detector(tmp_path / "plain.pbtxt")
    roles = "boxes=a,scores=b/c,classes=d,num=e"
    document = json.loads(thaw("compare", plain, model, "--images", photo, "--b-outputs", roles, "--json").out)
    assert document["total"]["matched"] == 2 and document["total"]["lost"] == document["total"]["new"] == 0
    document = json.loads(thaw("compare", model, model, "--images", photo, "--outputs", roles, "--json").out)
    assert document["total"]["matched"] == 2
    document = json.loads(thaw("demo", "--model", model, "--images", photo, "--outputs", roles, "--out",
                               tmp_path / "demo", "--threads", "1", "--json").out)
    assert document["objects"] == 2


def test_a_model_whose_plans_are_for_its_sizes_says_when_they_run_out(tmp_path, photo):
    """Nothing brings pictures to one size here: each has a plan, up to max_cached_engines."""
    model = detector(tmp_path / "model.pbtxt")
    pictures = []
    for i in range(6):
        pictures.append(tmp_path / f"{i}.png")
        Image.fromarray(np.full((20 + i, 30, 3), LEVEL, np.uint8)).save(pictures[-1])
    done = thaw("detect", model, *pictures, "--json", "-")
    assert all(len(image["detections"]) == 2 for image in json.loads(done.out)["images"])
    assert done.err.count("max_cached_engines") == 1 and "1x24x30x3" in done.err
    assert "max_cached_engines" not in thaw("detect", model, *pictures[:4], "--json", "-").err


def test_float_pixels_are_levels(tmp_path):
    """What `detect` feeds a float model is what `run` gets by feeding the picture's levels."""
    model = detector(tmp_path / "model.pbtxt", dtype="DT_FLOAT")
    levels = np.random.default_rng(1).integers(0, 256, (20, 30, 3), dtype=np.uint8)
    Image.fromarray(levels).save(tmp_path / "noise.png")
    want = run_model(model, {"image_tensor": levels[None].astype(np.float32)})["detection_scores"][0]
    got = found(model, tmp_path / "noise.png", "--score", "0")[0]
    np.testing.assert_allclose([d[1] for d in got], want, rtol=0, atol=1e-4)
