"""The commands' own promises: help, exit statuses, JSON documents, configuration files."""

import json
import re

import numpy as np
import pytest

from program import COCO, COCO_LABELS, DATA, needs_data, thaw

COMMANDS = ["inspect", "convert", "run", "detect", "bench", "demo"]


@pytest.mark.parametrize("command", COMMANDS)
def test_help_has_an_example(command):
    text = thaw(command, "--help").out
    assert f"Example:\n  thaw {command} " in text
    for option in ("--log-level", "--config", "--dump-config"):
        assert option in text


def test_wrong_usage_is_status_2():
    for arguments in ([], ["frob"], ["inspect"], ["bench", "x", "--runs", "0"], ["detect", "x"],
                      ["bench", "x", "--shape", "1x"], ["run", "x"], ["bench", "x", "--nope"],
                      ["inspect", "x", "--config", "/not/there.toml"]):
        result = thaw(*arguments, status=2)
        assert result.out == ""
        assert result.err.startswith("thaw: error: ") or not arguments


@needs_data
def test_missing_resources_are_status_4(tmp_path):
    result = thaw("bench", COCO, "--device", "cuda:77", status=4)
    assert "device cuda" in result.err
    np.savez(tmp_path / "in.npz", image_tensor=np.zeros((1, 8, 8, 3), np.uint8))
    thaw("run", COCO, "--inputs", tmp_path / "in.npz", "--outputs", "/not/there/out.npz", status=4)
    result = thaw("bench", COCO, "--memory-limit", "100kB", "--runs", "1", status=4)
    assert "limit" in result.err


@needs_data
def test_inspect():
    document = json.loads(thaw("inspect", COCO, "--json").out)
    assert document["inputs"][0]["tensor"] == "image_tensor:0"
    assert document["inputs"][0]["shape"] == [None, None, None, 3]
    names = [output["name"] for output in document["outputs"]]
    assert names[:4] == ["num_detections", "detection_boxes", "detection_scores", "detection_classes"] or \
        {"num_detections", "detection_boxes", "detection_scores", "detection_classes"} <= set(names)
    assert all(output["why"] for output in document["outputs"])
    assert document["ops"]["Conv2D"] > 10 and not document["unsupported"]
    detector = document["detector"]
    assert detector["family"] == "SSD" and detector["anchors"] == 1917 and detector["classes"] == 90
    assert detector["nms"]["iou_threshold"] == 0.6 and detector["nms"]["max_total"] == 100
    assert 4.0e6 < document["parameters"] < 4.3e6
    assert 0.72e9 < document["macs"] < 0.74e9
    text = thaw("inspect", COCO).out
    assert "detection_boxes:0" in text and "1917" in text


@needs_data
def test_bench_report_and_json():
    text = thaw("bench", COCO, "--images", DATA / "images", "--runs", "100", "--warmup", "2").out
    assert re.search(r"^Step 50: \d+\.\dms$", text, re.M) and re.search(r"^Step 100: \d+\.\dms$", text, re.M)
    assert re.search(r"^Throughput: [\d.]+ images/s$", text, re.M)
    for word in ("p50", "p90", "p99", "preprocess", "network", "postprocess", "host peak"):
        assert word in text
    result = thaw("bench", COCO, "--runs", "3", "--warmup", "1", "--batch", "2", "--shape", "2x300x300x3", "--json",
                  "--threads", "1", "--profile", "--against", COCO)
    document = json.loads(result.out)
    assert document["batch"] == 2 and document["threads"] == 1 and document["runs"] == 3
    assert 0 < document["ms"]["min"] <= document["ms"]["p50"] <= document["ms"]["p99"]
    assert document["images_per_s"] > 0
    assert document["memory"]["host_peak_bytes"] > 1e6
    assert 0.05 < document["against"]["ratio"]["p50"] < 20
    assert any("few" in warning for warning in document["warnings"])
    assert any(layer["macs"] > 0 and layer["kernel"] for layer in document["layers"])
    assert all(0 < layer["share_of_peak"] and layer["numbers"] == "float32"
               for layer in document["layers"] if layer["macs"] > 0)
    distance = document["distance"]
    network = [layer for layer in document["layers"] if layer["stage"] == "network"]
    assert distance["network_ms"] == pytest.approx(sum(layer["ms"] for layer in network))
    best = max(peak["gmacs_per_s"] for peak in distance["peaks"]["arithmetic"] if peak["numbers"] == "float32")
    floor = distance["floor_ms"]
    assert floor["arithmetic"] == pytest.approx(sum(layer["macs"] for layer in network) / best / 1e6)
    assert floor["arithmetic"] < floor["arithmetic_and_traffic"]
    assert distance["over_floor"]["arithmetic"] == pytest.approx(distance["network_ms"] / floor["arithmetic"])
    stages = document["stages_ms"]
    assert stages["network"] > 0 and sum(stages.values()) < 1.5 * document["ms"]["mean"]


def check_peaks(peaks, threads):
    assert peaks["threads"] == threads
    assert any(peak["numbers"] == "float32" for peak in peaks["arithmetic"])
    assert all(peak["gmacs_per_s"] > 0 and peak["instructions"] for peak in peaks["arithmetic"])
    sizes = [level["bytes"] for level in peaks["memory"]]
    assert len(sizes) == 5 and sizes == sorted(sizes)
    assert all(level["read_gb_per_s"] > 0 and level["copy_gb_per_s"] > 0 for level in peaks["memory"])


def test_bench_peaks_of_the_machine_alone():
    document = json.loads(thaw("bench", "--peaks", "--threads", "2", "--json").out)
    assert document["machine"]
    for peaks, threads in zip(document["peaks"], (1, 2), strict=True):
        check_peaks(peaks, threads)
        assert peaks["products"] == []
    text = thaw("bench", "--peaks", "--threads", "1").out
    assert "float32" in text and "1 thread" in text and "2 threads" not in text
    assert "MODEL" in thaw("bench", status=2).err


@needs_data
def test_bench_peaks_on_a_models_shapes():
    peaks, = json.loads(thaw("bench", COCO, "--peaks", "--threads", "1", "--json").out)["peaks"]
    products = {(p["rows"], p["length"], p["columns"], p["numbers"]): p for p in peaks["products"]}
    assert len(products) == len(peaks["products"])  # each shape once
    for numbers in ("float32", "float16", "bfloat16", "int8"):
        pointwise = products[(22500, 24, 48, numbers)]
        assert pointwise["kernel"].startswith("cpu.") and pointwise["gmacs_per_s"] > 0
        assert pointwise["share_of_peak"] > 0


@needs_data
def test_bench_streams():
    arguments = ["bench", COCO, "--shape", "1x300x300x3", "--warmup", "1", "--json"]
    one = json.loads(thaw(*arguments, "--runs", "20", "--threads", "1").out)
    two = json.loads(thaw(*arguments, "--runs", "21", "--threads", "1", "--streams", "2", "--pin").out)
    assert "streams" not in one and two["threads"] == 1 and two["runs"] == 21
    each = two["streams"]["each"]
    assert two["streams"]["count"] == len(each) == 2 and sum(stream["runs"] for stream in each) == 21
    assert all(0 < stream["ms"]["min"] <= stream["ms"]["p50"] <= stream["ms"]["p99"] for stream in each if stream["runs"])
    assert abs(two["images_per_s"] * two["streams"]["seconds"] - 21) < 1e-6
    # Weights are there once.
    assert two["memory"]["weights_bytes"] == one["memory"]["weights_bytes"]
    assert two["memory"]["arena_bytes"] == 2 * one["memory"]["arena_bytes"]
    grown = two["memory"]["host_peak_bytes"] - one["memory"]["host_peak_bytes"]
    assert grown < one["memory"]["arena_bytes"] + 0.5 * one["memory"]["weights_bytes"]
    crowded = json.loads(thaw(*arguments, "--runs", "4", "--streams", "2", "--threads", "100").out)
    assert any("2 streams of 100 threads" in warning for warning in crowded["warnings"])
    assert "--against" in thaw(*arguments, "--streams", "2", "--against", COCO, status=2).err


@needs_data
def test_bench_from_and_to(tmp_path):
    np.save(tmp_path / "x.npy", np.zeros((1, 300, 300, 3), np.float32))
    result = thaw("bench", COCO, "--feed", f"Preprocessor/sub:0={tmp_path}/x.npy", "--to", "concat:0,concat_1:0",
                  "--runs", "2", "--warmup", "1", "--json")
    assert "float32[1,300,300,3]" in json.loads(result.out)["input"]


@needs_data
def test_detect_filters_and_shards(tmp_path):
    folder = DATA / "images"
    everything = json.loads(thaw("detect", COCO, folder, "--labels", COCO_LABELS, "--json", "-").out)["images"]
    assert [e["file"] for e in everything] == sorted(e["file"] for e in everything) and len(everything) > 5
    parts = [json.loads(thaw("detect", COCO, folder, "--shard", f"{i}/2", "--json", "-").out)["images"] for i in (1, 2)]
    assert sorted(e["file"] for part in parts for e in part) == [e["file"] for e in everything]
    cars = json.loads(thaw("detect", COCO, folder, "--labels", COCO_LABELS, "--classes", "car", "--score", "0.4",
                           "--json", "-").out)["images"]
    labels = {d["label"] for e in cars for d in e["detections"]}
    assert labels == {"car"}
    result = thaw("detect", COCO, folder, "--labels", COCO_LABELS, "--classes", "caar", "--json", "-", status=None)
    assert result.status in (2, 3) and "car" in result.err


@needs_data
def test_config_file(tmp_path):
    config = tmp_path / "bench.toml"
    config.write_text(thaw("bench", "--dump-config", "--runs", "7", "--threads", "1").out)
    result = thaw("bench", COCO, "--config", config, "--warmup", "1", "--runs", "2", "--json", "--shape", "1x300x300x3")
    document = json.loads(result.out)
    assert document["runs"] == 2 and document["threads"] == 1
    config.write_text("rnus = 3\n")
    assert "rnus" in thaw("bench", COCO, "--config", config, status=2).err
