"""Ranges for INT8: measured, as a table, by hand."""

import os
import pickle
import subprocess
import sys

import numpy as np
import pytest

import graphs
import thaw
from files import BUNDLED, ROOT

BATCHES = [np.random.RandomState(i).randint(0, 255, (1, 96, 96, 3)).astype("u1") for i in range(2)]


@pytest.fixture(scope="module")
def model():
    return thaw.load(BUNDLED)


@pytest.fixture(scope="module")
def calibration(model):
    return thaw.Calibration(model, BATCHES)


def optimize(model, calibrate):
    return thaw.optimize(model, precision="INT8", calibrate=calibrate, tune=False)


def same(a, b):
    got, want = a(BATCHES[0]), b(BATCHES[0])
    return all(np.array_equal(got[name], want[name]) for name in want)


@pytest.mark.parametrize("form", [
    lambda: iter(BATCHES), lambda: (lambda: BATCHES), lambda: [{"image_tensor": b} for b in BATCHES],
    lambda: [[b] for b in BATCHES]])
def test_by_batches(model, calibration, form):
    engine = optimize(model, form())
    assert engine.precision == "INT8" and engine.calibration.text == calibration.text
    assert same(engine, optimize(model, calibration))


def test_a_table_is_written_read_and_edited(model, calibration, tmp_path):
    path = tmp_path / "ranges.txt"
    calibration.write(path)
    assert path.read_text() == calibration.text and "range " in calibration.text
    assert thaw.Calibration.read(path).text == calibration.text
    engine = optimize(model, path)
    assert same(engine, optimize(model, calibration))
    first = [line for line in calibration.text.splitlines() if line.startswith("range ")][0].split()
    edited = "# thaw calibration 1\nrange {} -1 1 by-hand\n".format(first[1])
    assert " -1 1" in thaw.Calibration.parse(edited).text
    assert not same(engine, optimize(model, thaw.Calibration.parse(edited)))


def test_ranges_by_hand(model, calibration):
    ranges = {}
    for line in calibration.text.splitlines():
        if line.startswith("range "):
            _, layer, low, high = line.split()[:4]
            ranges[layer] = (float(low), float(high))
    assert len(ranges) > 5
    assert same(optimize(model, ranges), optimize(model, calibration))
    odd = thaw.Calibration.of({'a "name" \\ of # mine': (0, 1)}, model)
    assert thaw.Calibration.parse(odd.text).text == odd.text


@pytest.fixture(scope="module")
def photographs(tmp_path_factory):
    """A folder of small ones of different sizes."""
    folder = tmp_path_factory.mktemp("photographs")
    for i, (height, width) in enumerate([(96, 96), (70, 110), (200, 131)]):
        pixels = np.random.RandomState(i).randint(0, 255, (height, width, 3)).astype("u1")
        thaw.Picture.of(pixels).save(folder / "{}.png".format(i))
    (folder / "notes.txt").write_text("not read")
    (folder / "folder.png").mkdir()
    return folder


def test_by_photographs_as_the_command_does(model, photographs, tmp_path):
    table = tmp_path / "table.txt"
    subprocess.run([sys.executable, "-m", "thaw", "optimize", str(BUNDLED), str(tmp_path / "out"),
                    "--precision", "INT8", "--calibrate", str(photographs), "--no-build",
                    "--save-calibration", str(table)], check=True, stdout=subprocess.PIPE,
                   env=dict(os.environ, PYTHONPATH=str(ROOT / "python")))
    made = thaw.Calibration.of(photographs, model)
    assert made.text == table.read_text()
    assert thaw.Calibration(model, photographs, max_pictures=2).text != made.text


def test_photographs_of_all_kinds(photographs):
    from thaw._photographs import batches
    model = graphs.load(graphs.identity("uint8", (-1, -1, -1, 3)))
    want = list(batches(str(photographs), model))
    assert [one.shape for one in want] == [(1, 96, 96, 3)] * 3
    files = sorted(photographs.glob("?.png"))
    pictures = [thaw.Picture.of(path) for path in files]
    np.testing.assert_array_equal(want[0][0], pictures[0].numpy())
    for given in (photographs, str(photographs / "*.png"), files, map(str, files), pictures,
                  lambda: iter(files), [files[0], pictures[1], str(files[2])]):
        np.testing.assert_array_equal(list(batches(given, model)), want)
    assert len(list(batches(files[1], model))) == len(list(batches(files, model, 1))) == 1
    images = pytest.importorskip("PIL.Image")
    np.testing.assert_array_equal(list(batches([images.open(str(f)) for f in files], model)), want)


def test_photographs_fill_the_models_shape(photographs):
    from thaw._photographs import batches
    fixed = graphs.load(graphs.identity("float32", (2, 50, 40, 3)))
    (batch,) = batches(photographs, fixed)
    assert batch.shape == (2, 50, 40, 3) and batch.dtype == "f4" and -1 <= batch.min() < 0
    (batch,) = batches(photographs / "0.png", fixed)
    np.testing.assert_array_equal(batch[0], batch[1])


@pytest.mark.parametrize("given, kind, words", [
    ("nothing.jpg", FileNotFoundError, "nothing.jpg"), ("nothing*", thaw.InputError, "no file"),
    (["nothing.jpg"], FileNotFoundError, "nothing.jpg"), ([], thaw.UsageError, ""),
    (os.path.dirname(__file__), thaw.InputError, "holds no pictures")])
def test_photographs_that_can_not_be(model, given, kind, words):
    with pytest.raises(kind, match=words):
        thaw.Calibration.of(given, model)
    if given:
        with pytest.raises(thaw.Error):
            thaw.Calibration.of(given, graphs.load(graphs.adding()))


def test_photographs_are_for_models_of_pictures(photographs):
    with pytest.raises(thaw.UsageError, match="a float32.*give arrays"):
        thaw.Calibration.of(photographs, graphs.load(graphs.adding()))


def test_it_says_what_it_is(calibration, model):
    assert repr(calibration) == "<thaw.Calibration mse: ranges of {} layers>".format(
        sum(line.startswith("range ") for line in calibration.text.splitlines()))
    by_hand = thaw.Calibration.of({'a "name" \\ of # mine': (0, 1)}, model)
    assert repr(by_hand) == "<thaw.Calibration by-hand: ranges of 1 layers>"


def test_methods(model, calibration):
    told = []
    other = thaw.Calibration(model, BATCHES, method="min-max", per_channel=True,
                             progress=lambda done, total: told.append((done, total)))
    assert other.text != calibration.text and "channels " in other.text
    assert told and all(0 <= done <= total for done, total in told)


@pytest.mark.parametrize("make, kind, words", [
    (lambda m: thaw.Calibration(m, []), thaw.UsageError, ""),
    (lambda m: thaw.Calibration(m, BATCHES, method="guess"), thaw.UsageError, "guess"),
    (lambda m: thaw.Calibration(m, [BATCHES[0].astype("f4")]), thaw.InputError,
     "image_tensor.*is uint8.*batch of float32"),
    (lambda m: thaw.Calibration(m, [BATCHES[0], BATCHES[0][:, :64]]), thaw.InputError,
     "image_tensor.*behind one of"),
    (lambda m: thaw.Calibration(m, [BATCHES[0][0]]), thaw.InputError, "image_tensor"),
    (lambda m: thaw.Calibration.read("nothing.txt"), FileNotFoundError, "nothing.txt"),
    (lambda m: thaw.Calibration.parse("no table"), thaw.InputError, ""),
    (lambda m: thaw.Calibration.of({"layer": 7}, m), thaw.UsageError, "'layer' has 7"),
    (lambda m: optimize(m, {"layer": (1, 2)}), thaw.Error, "layer")])
def test_errors(model, make, kind, words):
    with pytest.raises(kind, match=words or None):
        make(model)


def test_pickling_passes_the_table(model, calibration):
    engine = optimize(model, calibration)
    again = pickle.loads(pickle.dumps(engine))
    assert again.precision == "INT8" and same(again, engine)
    assert pickle.loads(pickle.dumps(calibration)).text == calibration.text


def test_what_was_saved_keeps_its_ranges(model, calibration, tmp_path):
    engine = optimize(model, calibration)
    engine.save(tmp_path / "fast")
    assert same(thaw.optimize(tmp_path / "fast"), engine)
    assert thaw.Calibration.read(tmp_path / "fast").text == calibration.text
