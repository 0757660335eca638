"""Where the package, the test data and the test helpers of the repository are."""

import os
import pathlib

ROOT = pathlib.Path(__file__).resolve().parents[2]
SHARED = pathlib.Path(os.environ.get("THAW_SHARED", str(ROOT.parent / "shared")))
COCO = SHARED / "data/models/ssd_mobilenet_v1_coco.pb"
COCO_LABELS = SHARED / "data/models/mscoco_label_map.pbtxt"
BUNDLED = ROOT / "examples/traffic_lights/model/frozen_inference_graph.pb"
BUNDLED_LABELS = ROOT / "examples/traffic_lights/label_map.pbtxt"
GRAPHS = ROOT / "tests/fuzz/graph_run_fuzz"
