"""Tuned plans: the same results from kernels that were raced, and the cache that keeps the races."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest

from program import ROOT, assert_same_detections, batch_row, pixels, run_model, thaw

EXAMPLE = ROOT / "examples/traffic_lights"
GRAPH = EXAMPLE / "model/frozen_inference_graph.pb"
SIZE = (320, 180)
SHAPE = f"1x{SIZE[1]}x{SIZE[0]}x3"


@pytest.fixture(scope="module")
def timings(tmp_path_factory):
    return tmp_path_factory.mktemp("tuning") / "timings"


@pytest.fixture(scope="module")
def report(timings):
    return json.loads(thaw("optimize", GRAPH, timings.parent / "fast", "--shape", SHAPE, "--threads", "2",
                           "--timing-cache", timings, "--json").out)


@pytest.fixture(scope="module")
def races(report, timings):
    """The cache, where nothing disturbed what should be in it."""
    if report["plans"][0]["layers_left_out"]:
        pytest.skip("other work on this machine disturbed the races: there are none to look at")
    return timings


def listed(timings):
    return json.loads(thaw("cache", "list", "--timing-cache", timings, "--json").out)["layers"]


def raced_layers(timings):
    return [layer for layer in listed(timings) if not layer["layer"].startswith("whole plan")]


def planned_layers(folder, threads=2):
    return json.loads(thaw("summary", folder, "--threads", threads, "--json").out)["plans"][0]["layers"]


def test_optimize_tunes_and_keeps_the_races(report, timings):
    plan = report["plans"][0]
    assert report["checked"] and 0 < plan["tune_seconds"] < plan["seconds"]
    layers = raced_layers(timings)
    assert len(layers) + plan["layers_left_out"] > 5
    for layer in layers:
        assert layer["applies"] and layer["threads"] == 2
        first = layer["raced"][0]
        assert first["ms"] > 0 and first["threads"] in (1, 2)
        assert not first["kernel"].startswith("ref.")
    if plan["layers_left_out"] == 0:
        assert any(len({timing["kernel"] for timing in layer["raced"]}) > 2 for layer in layers)
    for whole in [layer for layer in listed(timings) if layer["layer"].startswith("whole plan")]:
        assert {timing["kernel"] for timing in whole["raced"]} == {"tuned", "untuned"}
        assert all(timing["ms"] > 0 for timing in whole["raced"])


def test_summary_names_the_choice(report, timings):
    layers = planned_layers(timings.parent / "fast")
    assert len({layer["threads"] for layer in layers}) == 1, "one number of threads for the plan"
    raced = [layer for layer in layers if layer["why"].startswith("raced ")]
    if report["plans"][0]["tuned_speedup"] > 1:
        timed = {timing["kernel"] for layer in raced_layers(timings) for timing in layer["raced"]}
        assert raced and {layer["kernel"] for layer in raced} <= timed
    else:
        assert not raced
    assert all(layer["ms"] > 0 for layer in raced) and any(layer["ms"] > 0 for layer in layers)
    assert "threads" in thaw("summary", timings.parent / "fast").out


def test_beside_other_work_the_plan_is_the_one_without_tuning_or_clearly_faster(tmp_path):
    """On processors that others keep busy nothing is timed that counts, and nothing of it is kept."""
    spinners = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(2 * os.cpu_count())]
    try:
        done = thaw("optimize", GRAPH, tmp_path / "busy", "--shape", SHAPE, "--threads", "2", "--timing-cache",
                    tmp_path / "timings", "--json")
    finally:
        for spinner in spinners:
            spinner.kill()
            spinner.wait()
    plan = json.loads(done.out)["plans"][0]
    assert plan["layers_left_out"] > 0 and "other work on this machine" in done.err
    assert plan["tuned_speedup"] == 0 or plan["tuned_speedup"] >= 1
    assert {layer["threads"] for layer in planned_layers(tmp_path / "busy")} == {2}


def test_results_are_those_of_an_engine_that_is_not_tuned(report, timings):
    for photo in sorted((EXAMPLE / "validation").glob("*.jpg"))[:4]:
        inputs = {"image_tensor": pixels(photo, SIZE)[None]}
        plain = batch_row(run_model(GRAPH, inputs), 0)
        assert_same_detections(batch_row(run_model(timings.parent / "fast", inputs), 0), plain)
        in_memory = run_model(GRAPH, inputs, "--tune", "--timing-cache", timings, "--threads", "2")
        assert_same_detections(batch_row(in_memory, 0), plain)


def test_known_races_are_not_run_again(report, races, timings, tmp_path):
    before = timings.read_bytes()
    again = json.loads(thaw("optimize", GRAPH, tmp_path / "again", "--shape", SHAPE, "--threads", "2",
                            "--timing-cache", timings, "--json").out)
    assert timings.read_bytes() == before
    assert again["plans"][0]["tune_seconds"] < report["plans"][0]["tune_seconds"] / 2
    kernels = [[(layer["kernel"], layer["threads"]) for layer in planned_layers(folder)]
               for folder in (timings.parent / "fast", tmp_path / "again")]
    assert kernels[0] == kernels[1]


def test_no_tune_takes_the_first_rows(report, timings, tmp_path):
    plain = json.loads(thaw("optimize", GRAPH, tmp_path / "plain", "--shape", SHAPE, "--no-tune", "--timing-cache",
                            tmp_path / "none", "--json").out)
    assert plain["plans"][0]["tune_seconds"] == 0 and not (tmp_path / "none").exists()
    layers = json.loads(thaw("summary", tmp_path / "plain", "--json").out)["plans"][0]["layers"]
    assert not any(layer["why"].startswith("raced ") for layer in layers)


def test_a_damaged_cache_is_set_aside(races, timings, tmp_path):
    bad = tmp_path / "timings"
    bytes_ = bytearray(timings.read_bytes())
    bytes_[len(bytes_) // 2] ^= 1
    bad.write_bytes(bytes_)
    assert "is damaged" in thaw("cache", "verify", "--timing-cache", bad, status=3).err
    assert "is damaged" in thaw("cache", "list", "--timing-cache", bad, status=3).err
    done = thaw("bench", GRAPH, "--shape", SHAPE, "--tune", "--timing-cache", bad, "--runs", "2", "--warmup", "1")
    assert "set aside as" in done.err
    assert (tmp_path / "timings.damaged").read_bytes() == bytes_
    assert "whole" in thaw("cache", "verify", "--timing-cache", bad).out


def test_cache_commands(races, timings, tmp_path):
    copy = tmp_path / "timings"
    copy.write_bytes(timings.read_bytes())
    text = thaw("cache", "list", "--timing-cache", copy).out
    assert "cpu." in text and "for this machine and this thaw" in text
    verified = json.loads(thaw("cache", "verify", "--timing-cache", copy, "--json").out)
    assert verified["whole"] and verified["layers"] == verified["applying"] == len(listed(timings))
    assert json.loads(thaw("cache", "clear", "--timing-cache", copy, "--json").out)["removed"]
    assert not copy.exists()
    assert not json.loads(thaw("cache", "clear", "--timing-cache", copy, "--json").out)["removed"]
    assert listed(copy) == []
    letter = tmp_path / "letter"
    letter.write_text("not ours")
    thaw("cache", "clear", "--timing-cache", letter, status=3)
    assert letter.exists()
    thaw("cache", "sell", status=2)
    thaw("cache", status=2)
    assert "thaw cache list" in thaw("cache", "--help").out


def test_the_default_place_is_the_users_cache(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    np.savez(tmp_path / "in.npz", image_tensor=np.zeros((1, 64, 64, 3), np.uint8))
    thaw("run", GRAPH, "--inputs", tmp_path / "in.npz", "--outputs", tmp_path / "out.npz")
    assert not (tmp_path / "thaw").exists()
    done = thaw("run", GRAPH, "--inputs", tmp_path / "in.npz", "--outputs", tmp_path / "out.npz", "--tune")
    if "other work on this machine" not in done.err:
        assert (tmp_path / "thaw/timings").read_bytes().startswith(b"thawtime")
