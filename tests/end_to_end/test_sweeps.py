"""Each write, renaming, removal ... of a command fails, or the command is killed there: what it replaces is the old
one or the new one, whole, and nothing is left beside it."""

import dataclasses
import json
import shutil

import numpy as np
import pytest
from PIL import Image

import fault
import small_models
from program import thaw

FILE_CALLS = "write,rename,unlink,mkdir,open,sync,truncate"


def check_json(path):
    assert len(json.loads(path.read_text())["images"]) == 2


def check_csv(path):
    assert path.read_text().count("\n") == 3


def check_trace(path):
    assert json.loads(path.read_text())["traceEvents"]


def check_pictures(path):
    for picture in path.iterdir():
        if ".tmp-" not in picture.name:  # of one that was killed
            Image.open(picture).load()


def check_arrays(path):
    assert np.load(path)["y"].tolist() in ([[2, 2, 2, 2]], [[3, 3, 3, 3]])


def check_report(path):
    assert path.read_text().endswith("</html>\n")


def check_timings(path):
    thaw("cache", "verify", "--timing-cache", path)


def check_model(path):
    result = thaw("run", path, "--inputs", path.parent / "in.npz", "--outputs", path.parent / "check.npz",
                  "--log-level", "info")
    check_arrays(path.parent / "check.npz")
    (path.parent / "check.npz").unlink()
    assert "damaged" not in result.err and "cut short" not in result.err, result.err


@dataclasses.dataclass
class Case:
    command: list  # with {0}: the model that is new the second time
    written: dict  # name: check
    begins_anew: bool = False  # has nothing to do with an old one; that it can't be written is a warning


CASES = {
    "convert": Case(["convert", "{0}", "saved", "--overwrite"], {"saved": check_model}),
    "convert_frozen": Case(["convert", "{0}.saved", "frozen.pb", "--overwrite"], {"frozen.pb": check_model}),
    "optimize": Case(["optimize", "{0}", "saved", "--overwrite", "--shape", "1x4", "--no-tune"], {"saved": check_model}),
    "optimize_again": Case(["optimize", "saved", "saved", "--overwrite", "--shape", "1x4", "--no-tune"],
                           {"saved": check_model}),
    "detect": Case(["detect", "detector.pbtxt", "a.png", "b.jpg", "--json", "d.json", "--csv", "d.csv", "--annotate",
                    "out"], {"d.json": check_json, "d.csv": check_csv, "out": check_pictures}),
    "run": Case(["run", "{0}", "--inputs", "in.npz", "--outputs", "out.npz"], {"out.npz": check_arrays}),
    "trace": Case(["bench", "{0}", "--runs", "1", "--warmup", "1", "--trace", "t.json"], {"t.json": check_trace}),
    "report": Case(["compare", "detector.pbtxt", "detector.pbtxt", "--images", "a.png", "--report", "r.html"],
                   {"r.html": check_report}),
    "cache": Case(["bench", "matmul.pbtxt", "--runs", "1", "--warmup", "1", "--tune", "--timing-cache", "timings"], {"timings": check_timings}, begins_anew=True),
}


@pytest.fixture
def place(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name, factor in (("old.pbtxt", 2.0), ("new.pbtxt", 3.0)):
        (tmp_path / name).write_text(small_models.scaling(factor))
    (tmp_path / "matmul.pbtxt").write_text(small_models.product())
    (tmp_path / "detector.pbtxt").write_text(small_models.detector())
    np.savez(tmp_path / "in.npz", x=np.ones((1, 4), np.float32))
    pixels = np.full((24, 32, 3), 99, np.uint8)
    Image.fromarray(pixels).save(tmp_path / "a.png")
    Image.fromarray(pixels).save(tmp_path / "b.jpg")
    return tmp_path


def command_of(name, model):
    case = CASES[name]
    return [part.format(model) for part in case.command]


def prepare(place, name):
    """What the command writes is there in its old form."""
    if name == "convert_frozen":
        for model in ("old.pbtxt", "new.pbtxt"):
            thaw("convert", model, f"{model}.saved", "--overwrite")
    if name == "optimize_again":
        thaw("convert", "old.pbtxt", "saved", "--overwrite")
    thaw(*command_of(name, "old.pbtxt"))


def names(place):
    return {path.name for path in place.rglob("*")}


def content_of(path):
    files = [path] if path.is_file() else [file for file in sorted(path.rglob("*")) if file.is_file()]
    return tuple((file.name, file.read_bytes()) for file in files)


def check(place, name, whole):
    """What is whole once is whole the next time."""
    for written, is_whole in CASES[name].written.items():
        if CASES[name].begins_anew and not (place / written).exists():
            continue
        assert (place / written).exists(), "neither the old nor the new one is there"
        content = content_of(place / written)
        if content not in whole:
            is_whole(place / written)
            whole.add(content)


def begin(place, name):
    if CASES[name].begins_anew:
        for written in CASES[name].written:
            (place / written).unlink(missing_ok=True)


def at_most(count, most):
    """All of 1..count, or so many of them, evenly."""
    return sorted({1 + i * (count - 1) // (most - 1) for i in range(most)}) if count > most else range(1, count + 1)


@pytest.mark.parametrize("name", CASES)
def test_a_disk_that_becomes_full(place, name):
    prepare(place, name)
    command = command_of(name, "new.pbtxt")
    begin(place, name)
    count = fault.count(*command, call="write")
    assert count > 0
    before, whole = names(place), set()
    for at in at_most(count, 8):
        begin(place, name)
        result = fault.run(*command, call="write", at=at, how="from")
        assert result.status == (0 if CASES[name].begins_anew else 4), (at, result)
        assert "No space left on device" in result.err
        check(place, name, whole)
        assert names(place) <= before, at


@pytest.mark.parametrize("name", CASES)
def test_any_one_call_fails(place, name):
    prepare(place, name)
    command = command_of(name, "new.pbtxt")
    begin(place, name)
    count = fault.count(*command, call="rename,mkdir,open,sync,truncate")
    before, whole = names(place), set()
    for at in at_most(count, 10):
        begin(place, name)
        result = fault.run(*command, call="rename,mkdir,open,sync,truncate", at=at, FAULT_ERRNO=5)
        assert result.status in (0, 4), (at, result)
        check(place, name, whole)
        assert names(place) <= before, at


@pytest.mark.parametrize("name", CASES)
def test_killed_anywhere(place, name):
    prepare(place, name)
    command = command_of(name, "new.pbtxt")
    begin(place, name)
    count = fault.count(*command, call=FILE_CALLS)
    prepare(place, name)
    before, whole, killed = names(place), set(), 0
    for at in at_most(count, 24):
        begin(place, name)
        killed += fault.run(*command, call=FILE_CALLS, at=at, how="kill").status == fault.KILLED
        check(place, name, whole)
    assert killed > 0
    begin(place, name)
    thaw(*command)
    check(place, name, whole)
    assert names(place) <= before, "what a killed process has left is cleared at the next write"

