"""Makes the models that the peers' own tools write: OpenVINO IR, INT8 networks, MNN.

usage: models_of_peers.py GRAPH.pb FOLDER BATCH NMS      (after models_from_tensorflow.py)

NMS is what `thaw inspect --json` says of the graph's. Writes to FOLDER, unless they are there:
  network_int8_ort.onnx   ONNX Runtime's static quantisation: QDQ, uint8 activations, int8 weights per channel
  network_int8_ov.xml     NNCF's quantisation for OpenVINO
  whole_ov.xml            OpenVINO's converter on the frozen graph as it is
  whole_nms_fp32.xml, whole_nms_int8.xml   OpenVINO with the post-processing put in by hand (see whole_with_nms)
  network.mnn
Runs in the environment of requirements.txt.
"""
import json
import sys
from pathlib import Path

import numpy as np

PIXELS = (720, 1280, 3)


def calibration_batches(folder, batch):
    """Photographs as [batch, 3, height, width], each photograph at least once."""
    pictures = np.load(folder / "calibration.npy").transpose(0, 3, 1, 2)
    return [np.ascontiguousarray(pictures[(i + np.arange(batch)) % len(pictures)])
            for i in range(0, len(pictures), batch)]


def quantise_ort(path, source, batches):
    from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static
    from onnxruntime.quantization.shape_inference import quant_pre_process
    import onnxruntime

    class Photographs(CalibrationDataReader):
        def __init__(self):
            self.name = onnxruntime.InferenceSession(str(source), providers=["CPUExecutionProvider"]).get_inputs()[0].name
            self.rest = iter(batches)

        def get_next(self):
            batch = next(self.rest, None)
            return None if batch is None else {self.name: batch}

    prepared = path.with_suffix(".prepared")
    quant_pre_process(str(source), str(prepared), skip_symbolic_shape=True)
    quantize_static(str(prepared), str(path), Photographs(), quant_format=QuantFormat.QDQ, per_channel=True,
                    activation_type=QuantType.QUInt8, weight_type=QuantType.QInt8)
    prepared.unlink()


def save_openvino(path, model):
    import openvino as ov
    ov.save_model(model, str(path), compress_to_fp16=False)


def quantise_openvino(source, batches):
    import nncf
    import openvino as ov
    return nncf.quantize(ov.Core().read_model(str(source)), nncf.Dataset(batches), subset_size=len(batches),
                         preset=nncf.QuantizationPreset.PERFORMANCE)


def convert_whole(graph_path, batch):
    import openvino as ov
    return ov.convert_model(str(graph_path), input=[[batch, *PIXELS]])


def whole_with_nms(network_path, anchors, batch, nms):
    """uint8 pixels, resize and scaling in OpenVINO's preprocessor, the network, sigmoid, and its
    DetectionOutput with the graph's thresholds in place of decoding and the per-class NMS."""
    import openvino as ov
    from openvino import opset8 as op
    from openvino.preprocess import PrePostProcessor, ResizeAlgorithm
    model = ov.Core().read_model(str(network_path))
    codes, logits = sorted((result.get_node().input_value(0) for result in model.outputs),
                           key=lambda value: value.get_partial_shape()[len(value.get_partial_shape()) - 1].get_length())
    # The graph's codes are y, x, h, w; DetectionOutput decodes the same formula with x, y, w, h, so
    # priors with their axes exchanged give boxes with theirs exchanged.
    centre, extent = anchors[:, :2], anchors[:, 2:]
    corners = np.concatenate([centre - extent / 2, centre + extent / 2], axis=1).reshape(1, -1)
    variances = np.tile(np.float32([0.1, 0.1, 0.2, 0.2]), len(anchors)).reshape(1, -1)
    found = op.detection_output(
        op.reshape(codes, np.array([batch, -1]), False), op.reshape(op.sigmoid(logits), np.array([batch, -1]), False),
        op.constant(np.stack([corners, variances], axis=1).astype(np.float32)),
        dict(background_label_id=0, top_k=nms["max_per_class"], keep_top_k=[nms["max_total"]],
             variance_encoded_in_target=False, normalized=True, code_type="caffe.PriorBoxParameter.CENTER_SIZE",
             share_location=True, nms_threshold=nms["iou_threshold"], confidence_threshold=nms["score_threshold"], clip_before_nms=False, clip_after_nms=True))
    model = ov.Model([found], [model.input(0).get_node()], "whole_with_nms")
    steps = PrePostProcessor(model)
    steps.input().tensor().set_element_type(ov.Type.u8).set_layout(ov.Layout("NHWC")).set_shape([batch, *PIXELS])
    steps.input().preprocess().convert_element_type(ov.Type.f32).resize(ResizeAlgorithm.RESIZE_LINEAR)
    steps.input().preprocess().mean([127.5] * 3).scale([127.5] * 3)
    steps.input().model().set_layout(ov.Layout("NCHW"))
    return steps.build()


def convert_mnn(path, source):
    # MNN's command-line tools install a telemetry package and report usage; the extension module doesn't.
    import _tools
    _tools.mnnconvert(["mnnconvert", "-f", "ONNX", "--modelFile", str(source), "--MNNModel", str(path),
                       "--bizCode", "peers"])


def main():
    graph_path, folder, batch, nms = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]), json.loads(sys.argv[4])
    network, anchors = folder / "network.onnx", np.load(folder / "anchors.npy")
    batches = calibration_batches(folder, batch)
    makers = {
        "network_int8_ort.onnx": lambda path: quantise_ort(path, network, batches),
        "network_int8_ov.xml": lambda path: save_openvino(path, quantise_openvino(network, batches)),
        "whole_ov.xml": lambda path: save_openvino(path, convert_whole(graph_path, batch)),
        "whole_nms_fp32.xml": lambda path: save_openvino(path, whole_with_nms(network, anchors, batch, nms)),
        "whole_nms_int8.xml": lambda path: save_openvino(
            path, whole_with_nms(folder / "network_int8_ov.xml", anchors, batch, nms)),
        "network.mnn": lambda path: convert_mnn(path, network),
    }
    for name, make in makers.items():
        if not (folder / name).exists():
            print("making", folder / name, flush=True)
            make(folder / name)


if __name__ == "__main__":
    main()
