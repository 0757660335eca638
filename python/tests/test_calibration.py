"""Ranges for INT8: measured, as a table, by hand."""

import pickle

import numpy as np
import pytest

import thaw
from files import BUNDLED

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
