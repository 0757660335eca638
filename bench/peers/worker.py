"""One engine on one job in one process: prints one JSON line.

usage: worker.py ENGINE JOB PRECISION FOLDER THREADS STREAMS SECONDS STARTED [GRAPH.pb]

ENGINE: onnxruntime, openvino, openvino-nms, litert, mnn, tensorflow. JOB: network or whole.
FOLDER has the model files and inputs of one batch (models_*.py). STARTED is the parent's monotonic
clock just before it started this process. The line has "median_ms" and "min_ms" of a run, from an
array in host memory to arrays in host memory; "first_s", process start to first result; "peak_bytes",
"base_bytes" (Python and NumPy alone) of memory; "difference" from TensorFlow's outputs. With several
STREAMS (OpenVINO alone) as many inputs are worked on at once, on THREADS each, and the line has
"images_per_s" in place of the times and the difference.
"""
import json
import os
import statistics
import sys
import time
from pathlib import Path

import numpy as np

WARM_UP, LEAST_RUNS = 5, 15


def memory(field):
    """VmHWM (peak) or VmRSS of this process in bytes."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(field):
            return int(line.split()[1]) * 1024
    return 0


def channels_first(pixels):
    return np.ascontiguousarray(pixels.transpose(0, 3, 1, 2))


def codes_and_logits(outputs):
    """The network's two outputs as [batch, anchors, 4] and [batch, anchors, classes], whatever their order."""
    flat = [o.reshape(o.shape[0], -1, o.shape[-1]) for o in map(np.asarray, outputs)]
    return sorted(flat, key=lambda o: o.shape[-1])


# Each engine: (folder, job, precision, threads, graph) -> (run, results). run() computes; results() are
# codes and logits of the network, or (boxes, scores, classes) of the first picture of the whole job.

def onnxruntime(folder, job, precision, threads, _):
    import onnxruntime as ort
    options = ort.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads, options.log_severity_level = threads, 1, 3
    name = {"network": {"FP32": "network.onnx", "INT8": "network_int8_ort.onnx"}, "whole": {"FP32": "whole.onnx"}}
    session = ort.InferenceSession(str(folder / name[job][precision]), options, providers=["CPUExecutionProvider"])
    pixels = np.load(folder / f"{job}_input.npy")
    if job == "whole":
        names, found = [output.name for output in session.get_outputs()], {}
        run = lambda: found.update(zip(names, session.run(None, {"image_tensor:0": pixels})))
        return run, lambda: [found[f"detection_{what}:0"][0] for what in ("boxes", "scores", "classes")]
    binding = session.io_binding()
    value = ort.OrtValue.ortvalue_from_numpy(channels_first(pixels))
    binding.bind_ortvalue_input(session.get_inputs()[0].name, value)
    for output in session.get_outputs():
        binding.bind_output(output.name)
    return lambda: session.run_with_iobinding(binding), lambda: codes_and_logits(binding.copy_outputs_to_cpu())


def openvino_model(path, precision, threads, streams):
    import openvino as ov
    hint = {"FP32": "f32", "BF16": "bf16", "FP16": "f16", "INT8": "f32"}[precision]
    return ov.Core().compile_model(str(path), "CPU", {
        "INFERENCE_PRECISION_HINT": hint, "INFERENCE_NUM_THREADS": threads * streams, "NUM_STREAMS": str(streams),
        "PERFORMANCE_HINT": "LATENCY" if streams == 1 else "THROUGHPUT"})


def openvino_request(path, precision, threads, pixels):
    import openvino as ov
    compiled = openvino_model(path, precision, threads, 1)
    request = compiled.create_infer_request()
    request.set_input_tensor(ov.Tensor(pixels))

    def run():
        request.start_async()
        request.wait()
    return compiled, request, run


def openvino_file(folder, job, precision, with_nms):
    if with_nms:
        return folder / ("whole_nms_int8.xml" if precision == "INT8" else "whole_nms_fp32.xml")
    if job == "whole":
        return folder / "whole_ov.xml"
    return folder / ("network_int8_ov.xml" if precision == "INT8" else "network.onnx")


def openvino(folder, job, precision, threads, _):
    pixels, path = np.load(folder / f"{job}_input.npy"), openvino_file(folder, job, precision, False)
    if job == "network":
        compiled, request, run = openvino_request(path, precision, threads, channels_first(pixels))
        return run, lambda: codes_and_logits(request.get_tensor(output).data for output in compiled.outputs)
    compiled, request, run = openvino_request(path, precision, threads, pixels)
    named = {name.split(":")[0]: output for output in compiled.outputs for name in output.get_names()}
    return run, lambda: [request.get_tensor(named[f"detection_{what}"]).data[0] for what in ("boxes", "scores", "classes")]


def openvino_nms(folder, job, precision, threads, _):
    path = openvino_file(folder, job, precision, True)
    _, request, run = openvino_request(path, precision, threads, np.load(folder / "whole_input.npy"))

    def results():
        rows = request.get_output_tensor(0).data.reshape(-1, 7)
        rows = rows[rows[:, 0] == 0]
        rows = rows[np.argsort(-rows[:, 2], kind="stable")]
        return rows[:, 3:7], rows[:, 2], rows[:, 1]
    return run, results


def openvino_streams(engine, folder, job, precision, threads, streams):
    """Starts one inference more whenever it may; as many requests as OpenVINO itself takes for the best."""
    import openvino as ov
    pixels = np.load(folder / f"{job}_input.npy")
    path = openvino_file(folder, job, precision, engine == "openvino-nms")
    compiled = openvino_model(path, precision, threads, streams)
    queue = ov.AsyncInferQueue(compiled, compiled.get_property("OPTIMAL_NUMBER_OF_INFER_REQUESTS"))
    for request in queue:
        request.set_input_tensor(ov.Tensor(pixels if job == "whole" else channels_first(pixels)))
    return queue


def litert(folder, job, precision, threads, _):
    from ai_edge_litert.interpreter import Interpreter
    interpreter = Interpreter(str(folder / f"network_{precision.lower()}.tflite"), num_threads=threads)
    interpreter.allocate_tensors()
    interpreter.set_tensor(interpreter.get_input_details()[0]["index"], np.load(folder / "network_input.npy"))
    outputs = [detail["index"] for detail in interpreter.get_output_details()]
    return interpreter.invoke, lambda: codes_and_logits(interpreter.get_tensor(index) for index in outputs)


def mnn(folder, job, precision, threads, _):
    import MNN
    network = MNN.Interpreter(str(folder / "network.mnn"))
    session = network.createSession({"backend": "CPU", "numThread": threads,
                                     "precision": "high"})
    pixels, target = channels_first(np.load(folder / "network_input.npy")), network.getSessionInput(session)
    host = MNN.Tensor(pixels.shape, MNN.Halide_Type_Float, pixels, MNN.Tensor_DimensionType_Caffe)
    outputs = []

    def run():
        target.copyFrom(host)
        network.runSession(session)
        outputs.clear()
        for tensor in network.getSessionOutputAll(session).values():
            shape = tensor.getShape()
            copy = MNN.Tensor(shape, MNN.Halide_Type_Float, np.zeros(shape, np.float32), MNN.Tensor_DimensionType_Caffe)
            tensor.copyToHostTensor(copy)
            outputs.append((copy, shape))
    return run, lambda: codes_and_logits(np.array(c.getNumpyData(), np.float32).reshape(s) for c, s in outputs)


def tensorflow(folder, job, precision, threads, graph_path):
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    import tensorflow_worker
    session = tensorflow_worker.open_session(graph_path, threads)
    source, fetches = {"network": ("Preprocessor/sub:0", ["concat:0", "concat_1:0"]), "whole": (
        "image_tensor:0", ["detection_boxes:0", "detection_scores:0", "detection_classes:0", "num_detections:0"])}[job]
    call, found = session.make_callable(fetches, feed_list=[source]), []
    pixels = np.load(folder / f"{job}_input.npy")

    def run():
        found[:] = call(pixels)
    return run, lambda: codes_and_logits(found) if job == "network" else [output[0] for output in found[:3]]


def network_difference(results, expected):
    """Mean difference of the class logits."""
    return {"mean_logit": float(np.abs(results[1] - expected["logits"]).mean()),
            "mean_code": float(np.abs(results[0] - expected["codes"]).mean())}


def whole_difference(results, expected):
    """How many of TensorFlow's detections above a score of 0.3 are there, by class, score and box."""
    boxes, scores, classes = results
    rows = np.flatnonzero(expected["scores"][0] >= 0.3)
    matched = sum(bool(np.any((classes == expected["classes"][0][r]) & (np.abs(scores - expected["scores"][0][r]) < 0.1)
                              & (np.abs(boxes - expected["boxes"][0][r]).max(axis=1) < 0.05))) for r in rows)
    return {"matched": matched, "of": len(rows)}


def difference(job, results, expected):
    return (network_difference if job == "network" else whole_difference)(results, expected)


def timed(run, seconds):
    for _ in range(WARM_UP):
        run()
    times, begin = [], time.perf_counter()
    while len(times) < LEAST_RUNS or time.perf_counter() - begin < seconds:
        start = time.perf_counter()
        run()
        times.append(1e3 * (time.perf_counter() - start))
    return times


def images_per_second(queue, batch, seconds):
    for _ in range(WARM_UP * len(queue)):
        queue.start_async()
    queue.wait_all()
    runs, begin = 0, time.perf_counter()
    while runs < LEAST_RUNS * len(queue) or time.perf_counter() - begin < seconds:
        queue.start_async()
        runs += 1
    queue.wait_all()
    return runs * batch / (time.perf_counter() - begin)


def main():
    base = memory("VmRSS")
    engine, job, precision, folder, threads, streams, seconds, started = sys.argv[1:9]
    graph = sys.argv[9] if len(sys.argv) > 9 else None
    make = globals()[engine.replace("-", "_")]
    folder = Path(folder)
    if int(streams) > 1:
        queue = openvino_streams(engine, folder, job, precision, int(threads), int(streams))
        batch = len(np.load(folder / f"{job}_input.npy", mmap_mode="r"))
        reply = {"images_per_s": images_per_second(queue, batch, float(seconds)), "peak_bytes": memory("VmHWM")}
        print("\n" + json.dumps(reply), flush=True)
        os._exit(0)
    run, results = make(folder, job, precision, int(threads), graph)
    run()
    reply = {"first_s": time.monotonic() - float(started)}
    times = timed(run, float(seconds))
    reply["median_ms"], reply["min_ms"] = statistics.median(times), min(times)
    reply["peak_bytes"], reply["base_bytes"] = memory("VmHWM"), base
    with np.load(folder / "expected.npz") as expected:
        reply["difference"] = difference(job, results(), expected)
    print("\n" + json.dumps(reply), flush=True)
    os._exit(0)  # engines' threads and static destructors have nothing to add


if __name__ == "__main__":
    main()
