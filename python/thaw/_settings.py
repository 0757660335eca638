"""What thaw.config and TF-TRT's environment variables say, as options of engines."""

import os
import warnings

from . import config

# Variables of TF-TRT that thaw goes by, and those it has no use for, with the reason.
HONOURED = {"TF_TRT_SHOW_DETAILED_REPORT", "TF_TRT_TIMING_CACHE_DIR",
            "TF_TRT_EXPORT_GRAPH_VIZ_PATH", "TF_TRT_FIXED_ALGORITHM_ID",
            "TF_TRT_ALLOW_ENGINE_NATIVE_SEGMENT_EXECUTION"}
_WITHOUT_USE = {
    "TF_TRT_OP_DENYLIST": "an op that has no fast kernel runs on a slow one, none is left out",
    "TF_TRT_OP_FAKELIST": "for TF-TRT's own tests",
    "TF_TRT_MAX_ALLOWED_ENGINES": "segments are not pruned",
    "TF_TRT_EXPERIMENTAL_FEATURES": "graphs are frozen always, native segments are not kept",
    "TF_TRT_FORCE_BILINEAR_RESIZE_WAR": "resizing needs no workaround",
    "TF_TRT_ENABLE_LAYOUT_OPTIMIZER": "layouts are the kernels' own",
    "TF_TRT_ABORT_CUDA_ENGINE_BUILD": "for TF-TRT's own tests",
    "TF_TRT_ALLOW_NMS_TOPK_OVERRIDE": "NMS takes any number of boxes",
}
_warned = set()


def warn_of_environment():
    """One warning that names the variables of TF-TRT that are set and do nothing here; once each."""
    names = sorted(name for name in os.environ
                   if name.startswith("TF_TRT_") and name not in HONOURED | _warned)
    if not names:
        return
    _warned.update(names)
    warnings.warn("these environment variables of TF-TRT do nothing in thaw: " + "; ".join(
        "%s (%s)" % (name, _WITHOUT_USE.get(name, "unknown here")) for name in names),
                  stacklevel=3)


def default_options(**options):
    """Options of an Engine: the caller's, and for what he leaves out those of thaw.config and the
    environment."""
    warn_of_environment()
    if config.memory_limit():
        options.setdefault("memory_limit", config.memory_limit())
    if config.threading.get_intra_op_parallelism_threads():
        options.setdefault("threads", config.threading.get_intra_op_parallelism_threads())
    if os.environ.get("TF_TRT_FIXED_ALGORITHM_ID"):
        options["tune"] = False  # the first kernel that can run a layer
    cache = os.environ.get("TF_TRT_TIMING_CACHE_DIR")
    if cache:
        options.setdefault("timing_cache", os.path.join(cache, "thaw_timings"))
    if os.environ.get("TF_TRT_ALLOW_ENGINE_NATIVE_SEGMENT_EXECUTION", "1").lower() in (
            "0", "false"):
        options.setdefault("strict", True)
    return options
