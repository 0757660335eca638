"""What runs where no plan serves, what a plan may take, and one builder at a time that goes on where another died."""

import fcntl
import json
import os
import pty
import re
import select
import shutil
import signal
import subprocess
import time

import numpy as np
import pytest

import fault
import small_models
from program import COCO, DATA, THAW, needs_data, photographs, pixels, run_model, thaw

SIZE = (320, 240)
SHAPE = f"1x{SIZE[1]}x{SIZE[0]}x3"
OTHER_PROCESSOR = "is for a processor with"


@pytest.fixture(scope="module")
def fast(tmp_path_factory):
    folder = tmp_path_factory.mktemp("fallback") / "fast"
    thaw("optimize", COCO, folder, "--shape", SHAPE, "--no-tune", "--no-build-at-runtime")
    return folder


@pytest.fixture()
def stacked(tmp_path):
    """Three pictures at once, for which there is no plan."""
    arrays = {"image_tensor": np.repeat(pixels(photographs()[0], (200, 150))[None], 3, 0)}
    np.savez(tmp_path / "in.npz", **arrays)
    return arrays, ["--inputs", tmp_path / "in.npz", "--outputs", tmp_path / "out.npz"]


def assert_close(path, want):
    with np.load(path) as got:
        for name in want:
            np.testing.assert_allclose(got[name], want[name], rtol=0, atol=2e-5, err_msg=name)


@needs_data
def test_without_building_other_shapes_run_slowly_and_right(fast, stacked, tmp_path):
    arrays, files = stacked
    done = thaw("run", fast, *files)
    assert "there is no plan for 3x150x200x3, and none may be built here (allow_build)" in done.err
    assert done.err.count("warning") == 1
    assert_close(tmp_path / "out.npz", run_model(COCO, arrays))
    done = thaw("run", fast, *files, "--strict", status=4)
    assert "strict does not allow: build not allowed: there is no plan for 3x150x200x3" in done.err


@needs_data
def test_a_plan_of_another_processor(fast, stacked, tmp_path, monkeypatch):
    """Of a model that may not be built for where it runs: slow; where the caller forbids it: an error."""
    monkeypatch.setenv("THAW_CPU_ISA", "generic")
    picture = {"image_tensor": pixels(photographs()[0], SIZE)[None]}
    np.savez(tmp_path / "in.npz", **picture)
    files = stacked[1]
    done = thaw("run", fast, *files)
    assert OTHER_PROCESSOR in done.err and "a slower one that is for all" in done.err
    assert_close(tmp_path / "out.npz", run_model(COCO, picture))
    for command in (["run", fast, *files], ["bench", fast, "--runs", "1", "--shape", SHAPE],
                    ["summary", fast, "--shape", SHAPE]):
        done = thaw(*command, "--no-build", status=4)
        assert OTHER_PROCESSOR in done.err and "none may be built here" in done.err, command


@needs_data
def test_strict(tmp_path):
    assert "[*] Total number of thaw engines: 1" in thaw("summary", COCO, "--strict").out
    face = DATA / "models/opencv_face_detector_uint8.pb"
    done = thaw("optimize", face, tmp_path / "face", "--shape", "1x300x300x3", "--strict", "--no-tune", status=None)
    assert done.status in (0, 3) and (done.status == 0 or "reference kernel" in done.err)
    done = thaw("summary", face, "--strict", "--shape", "1x301x299x3", status=None)
    assert done.status in (0, 3) and (done.status == 0 or "strict does not allow" in done.err)


def test_strict_names_the_layer(tmp_path):
    path = tmp_path / "sort.pbtxt"
    attributes = small_models.FLOAT + ' attr { key: "Tidx" value { type: DT_INT32 } }'
    path.write_text(small_models.placeholder("x", "DT_FLOAT", [1, 64, 64]) +
                    small_models.int_constant("axis", [1]).replace("dim { size: 1 }", "") +
                    small_models.node("y", "Cumsum", "x", "axis", attributes=attributes))
    thaw("summary", path)
    done = thaw("summary", path, "--strict", status=3)
    assert "node 'y': would run on the reference kernel ref.Cumsum" in done.err


@needs_data
def test_the_memory_limit_holds_for_the_build(tmp_path):
    done = thaw("optimize", COCO, tmp_path / "small", "--shape", SHAPE, "--memory-limit", "12MiB", status=4)
    assert not (tmp_path / "small").exists() and not list(tmp_path.iterdir())
    assert "building the plan takes more than the limit of 12.0 MiB" in done.err
    free = thaw("optimize", COCO, tmp_path / "free", "--shape", SHAPE, "--no-tune")
    held = thaw("optimize", COCO, tmp_path / "held", "--shape", SHAPE, "--memory-limit", "256MiB", "--no-tune")
    assert held.peak_bytes < free.peak_bytes + 20e6 and held.peak_bytes < 256 * 2**20


@needs_data
def test_kernels_keep_to_the_workspace(tmp_path):
    def layers(*arguments):
        return json.loads(thaw("summary", COCO, "--json", *arguments).out)["plans"][0]["layers"]

    narrow = layers("--max-workspace-size", "1")
    why = [layer for layer in narrow if "max_workspace_size is" in layer["why"]]
    assert why and "asks for" in why[0]["why"]
    assert [layer["kernel"] for layer in narrow] != [layer["kernel"] for layer in layers()]
    picture = {"image_tensor": pixels(photographs()[0], SIZE)[None]}
    got, want = run_model(COCO, picture, "--max-workspace-size", "1"), run_model(COCO, picture)
    for name in want:
        np.testing.assert_allclose(got[name], want[name], rtol=0, atol=2e-5, err_msg=name)
    done = thaw("summary", COCO, "--minimum-segment-size", "0", status=2)
    assert "above 0" in done.err


def open_scaling(path, factor=2.0):
    path.write_text(small_models.scaling(factor).replace("size: 1 ", "size: -1 "))
    return path


SHAPES = ["--shape", "1x4", "--shape", "5x4"]


def test_one_builder_at_a_time_and_readers_don_t_wait(tmp_path):
    model, target = open_scaling(tmp_path / "m.pbtxt"), tmp_path / "fast"
    thaw("optimize", model, target, *SHAPES, "--no-tune")
    np.savez(tmp_path / "in.npz", x=np.ones((5, 4), np.float32))
    work = tmp_path / "fast.work"
    work.mkdir()
    lock = os.open(work, os.O_RDONLY)
    fcntl.flock(lock, fcntl.LOCK_EX)
    second = subprocess.Popen([THAW, "optimize", model, target, *SHAPES, "--overwrite", "--no-tune"],
                              stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert "is being written by another process; waiting" in second.stderr.readline()
    thaw("run", target, "--inputs", tmp_path / "in.npz", "--outputs", tmp_path / "out.npz")
    assert second.poll() is None
    os.close(lock)
    second.communicate(timeout=30)
    assert second.returncode == 0 and not work.exists()


def test_builders_at_the_same_time(tmp_path):
    model, target = open_scaling(tmp_path / "m.pbtxt"), tmp_path / "fast"
    command = [THAW, "optimize", model, target, *SHAPES, "--overwrite", "--timing-cache", tmp_path / "timings"]
    done = [subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) for _ in range(4)]
    for process in done:
        _, err = process.communicate(timeout=60)
        assert process.returncode == 0, err
    assert sorted(p.name for p in tmp_path.iterdir() if p.name != "timings") == ["fast", "m.pbtxt"]
    thaw("summary", target)


def test_something_else_in_the_way_of_the_work(tmp_path):
    model = open_scaling(tmp_path / "m.pbtxt")
    (tmp_path / "fast.work").mkdir()
    (tmp_path / "fast.work/mine.txt").write_text("mine")
    done = thaw("optimize", model, tmp_path / "fast", *SHAPES, status=2)
    assert "fast.work: is in the way: it holds mine.txt" in done.err
    assert (tmp_path / "fast.work/mine.txt").read_text() == "mine"


def test_a_killed_run_is_resumed(tmp_path):
    model, target = open_scaling(tmp_path / "m.pbtxt"), tmp_path / "fast"
    command = ["optimize", model, target, *SHAPES, "--no-tune"]
    syncs = fault.count(*command, call="sync")
    shutil.rmtree(target)
    assert fault.run(*command, call="sync", at=syncs - 2, how="kill").status == fault.KILLED
    assert not target.exists()
    other = json.loads(thaw(*command, "--precision", "BF16", "--json").out)
    assert not any(plan["kept"] for plan in other["plans"])
    shutil.rmtree(target)
    assert fault.run(*command, call="sync", at=syncs - 2, how="kill").status == fault.KILLED
    (damaged,) = sorted((tmp_path / "fast.work").glob("*.plan"))[:1]
    shutil.copytree(tmp_path / "fast.work", tmp_path / "saved")
    done = thaw(*command)
    assert "Kept 2 of 2 plans that a run before had built" in done.out and "bit for bit" in done.out
    assert not (tmp_path / "fast.work").exists()
    shutil.rmtree(target)
    shutil.move(tmp_path / "saved", tmp_path / "fast.work")
    damaged.write_bytes(damaged.read_bytes()[:-1])
    assert [plan["kept"] for plan in json.loads(thaw(*command, "--json").out)["plans"]].count(True) == 1


def test_killed_at_every_write(tmp_path):
    """At each call that changes a file: the old model or the new one is there, whole, and the next run ends the work
    and leaves nothing beside it."""
    target = tmp_path / "fast"
    models = [open_scaling(tmp_path / f"m{factor}.pbtxt", factor) for factor in (2.0, 3.0)]
    np.savez(tmp_path / "in.npz", x=np.ones((5, 4), np.float32))

    def command(turn):
        return ["optimize", models[turn % 2], target, *SHAPES, "--no-tune", "--overwrite"]

    calls = "write,rename,unlink,mkdir,open,sync,truncate"
    thaw(*command(0))
    before = {path.name for path in tmp_path.iterdir()} | {"out.npz"}
    count, kept, turn = fault.count(*command(1), call=calls), 0, 1
    assert count > 20
    right = set()
    for at in range(1, count + 1):
        result = fault.run(*command(turn + 1), call=calls, at=at, how="kill")
        assert result.status in (fault.KILLED, 0), (at, result)
        content = tuple(path.read_bytes() for path in sorted(target.rglob("*")) if path.is_file())
        if content not in right:
            done = thaw("run", target, "--inputs", tmp_path / "in.npz", "--outputs", tmp_path / "out.npz",
                        "--log-level", "info")
            assert "the plan for 5x4 FP32" in done.err, (at, done.err)
            with np.load(tmp_path / "out.npz") as got:
                assert got["y"].tolist() in ([[2.0] * 4] * 5, [[3.0] * 4] * 5), at
            right.add(content)
        if at % 8 == 0:
            kept += "Kept" in thaw(*command(turn + 1)).out
            assert {path.name for path in tmp_path.iterdir()} == before, at
            turn += 1
    assert kept > 0


def test_races_that_were_timed_are_not_run_again(tmp_path):
    model, timings = tmp_path / "product.pbtxt", tmp_path / "timings"
    model.write_text(small_models.product())
    command = ["optimize", model, tmp_path / "fast", "--timing-cache", timings]
    syncs = fault.count(*command, call="sync")
    shutil.rmtree(tmp_path / "fast")
    timings.unlink()
    for at in range(1, syncs + 1):  # up to the first write behind that of the timings
        fault.run(*command, call="sync", at=at, how="kill")
        if timings.exists():
            break
    assert not (tmp_path / "fast").exists() and not list((tmp_path / "fast.work").glob("*.done"))
    raced = json.loads(thaw("cache", "list", "--timing-cache", timings, "--json").out)["layers"]
    (plan,) = json.loads(thaw(*command, "--json").out)["plans"]
    if all(race["layer"].startswith("whole plan") for race in raced) or plan["layers_left_out"] > 0:
        pytest.skip("other work disturbed the races")
    assert 0 < plan["known_races"] <= plan["races"] and not plan["kept"]


@needs_data
def test_progress_with_time_left(tmp_path):
    parent, child = pty.openpty()
    process = subprocess.Popen([THAW, "optimize", COCO, tmp_path / "fast", "--shape", SHAPE, "--timing-cache",
                                tmp_path / "timings"], stdout=subprocess.DEVNULL, stderr=child)
    os.close(child)
    text = b""
    while process.poll() is None or select.select([parent], [], [], 0)[0]:
        if select.select([parent], [], [], 0.1)[0]:
            try:
                text += os.read(parent, 65536)
            except OSError:  # the other end is closed
                break
    assert process.wait() == 0
    assert re.search(rb"1/2 timing kernels: layer \d+ of \d+, [^\r]*, (\d+ min )?\d+ s left", text), text[-2000:]
