"""TensorFlow's tensorflow.python.compiler.tensorrt.trt_convert on thaw: the classes, arguments,
defaults, order of calls and kinds of errors of TF-TRT's converters. docs/from_tf_trt.md says what
differs.

    from thaw import trt_convert as trt
    converter = trt.TrtGraphConverterV2(input_saved_model_dir="saved_model", precision_mode="FP16")
    converter.convert()
    converter.build(input_fn=batches)
    converter.save("fast")

Where TF-TRT speaks of the GPU it is thaw's device. `python -m thaw.trt_convert convert --help` is
what saved_model_cli's "convert ... tensorrt" was.
"""

from . import trt_utils
from ._trt_params import (DEFAULT_TRT_CONVERSION_PARAMS, DEFAULT_TRT_MAX_WORKSPACE_SIZE_BYTES,
                          PROFILE_STRATEGY_IMPLICIT_BATCH_MODE_COMPATIBLE, PROFILE_STRATEGY_OPTIMAL,
                          PROFILE_STRATEGY_RANGE, PROFILE_STRATEGY_RANGE_OPTIMAL,
                          TrtConversionParams, TrtPrecisionMode, get_tensorrt_rewriter_config,
                          supported_profile_strategies)
from ._trt_v1 import TrtGraphConverter, create_inference_graph
from ._trt_v2 import TrtGraphConverterV2
from .trt_utils import (get_linked_tensorrt_version, get_loaded_tensorrt_version,
                        is_experimental_feature_activated,
                        is_linked_tensorrt_version_greater_equal,
                        is_loaded_tensorrt_version_greater_equal, is_tensorrt_enabled)

__all__ = [
    "DEFAULT_TRT_CONVERSION_PARAMS", "DEFAULT_TRT_MAX_WORKSPACE_SIZE_BYTES",
    "PROFILE_STRATEGY_IMPLICIT_BATCH_MODE_COMPATIBLE", "PROFILE_STRATEGY_OPTIMAL",
    "PROFILE_STRATEGY_RANGE", "PROFILE_STRATEGY_RANGE_OPTIMAL", "TrtConversionParams",
    "TrtGraphConverter", "TrtGraphConverterV2", "TrtPrecisionMode", "create_inference_graph",
    "get_linked_tensorrt_version", "get_loaded_tensorrt_version", "get_tensorrt_rewriter_config",
    "is_experimental_feature_activated", "is_linked_tensorrt_version_greater_equal",
    "is_loaded_tensorrt_version_greater_equal", "is_tensorrt_enabled",
    "supported_profile_strategies", "trt_utils"]

if __name__ == "__main__":
    from ._trt_command import main
    main()
