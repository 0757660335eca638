# Types of TF-TRT's converters; docstrings are with the code.
import os
from typing import Any, Callable, Dict, Iterable, List, Mapping, NamedTuple, Optional, Sequence, Union

from . import trt_utils as trt_utils
from ._function import Function
from ._trt_params import TrtConversionParams as TrtConversionParams
from .trt_utils import get_linked_tensorrt_version as get_linked_tensorrt_version
from .trt_utils import get_loaded_tensorrt_version as get_loaded_tensorrt_version
from .trt_utils import is_experimental_feature_activated as is_experimental_feature_activated
from .trt_utils import (
    is_linked_tensorrt_version_greater_equal as is_linked_tensorrt_version_greater_equal)
from .trt_utils import (
    is_loaded_tensorrt_version_greater_equal as is_loaded_tensorrt_version_greater_equal)
from .trt_utils import is_tensorrt_enabled as is_tensorrt_enabled

_Path = Union[str, "os.PathLike[str]"]
_Tags = Optional[Sequence[str]]
# Each element is an array, a list or tuple of them, or a dict by name.
_InputFn = Callable[[], Iterable[Any]]

__all__: List[str]

DEFAULT_TRT_MAX_WORKSPACE_SIZE_BYTES: int
PROFILE_STRATEGY_RANGE: str
PROFILE_STRATEGY_OPTIMAL: str
PROFILE_STRATEGY_RANGE_OPTIMAL: str
PROFILE_STRATEGY_IMPLICIT_BATCH_MODE_COMPATIBLE: str

class TrtPrecisionMode:
    FP32: str
    FP16: str
    INT8: str
    BF16: str
    @staticmethod
    def supported_precision_modes() -> List[str]: ...

DEFAULT_TRT_CONVERSION_PARAMS: TrtConversionParams

def supported_profile_strategies() -> List[str]: ...
def get_tensorrt_rewriter_config(
    conversion_params: TrtConversionParams, is_dynamic_op: Optional[bool] = ...,
    max_batch_size: Optional[int] = ..., is_v2: bool = ...,
    disable_non_trt_optimizers: bool = ...) -> None: ...

class TrtGraphConverterV2:
    def __init__(
        self, input_saved_model_dir: Optional[_Path] = ..., input_saved_model_tags: _Tags = ...,
        input_saved_model_signature_key: Optional[str] = ...,
        use_dynamic_shape: Optional[bool] = ...,
        dynamic_shape_profile_strategy: Optional[str] = ..., max_workspace_size_bytes: int = ...,
        precision_mode: str = ..., minimum_segment_size: int = ...,
        maximum_cached_engines: int = ..., use_calibration: bool = ...,
        allow_build_at_runtime: bool = ...,
        conversion_params: Optional[TrtConversionParams] = ...) -> None: ...
    def convert(self, calibration_input_fn: Optional[_InputFn] = ...) -> Function: ...
    def build(self, input_fn: _InputFn) -> None: ...
    def save(self, output_saved_model_dir: _Path, save_gpu_specific_engines: bool = ...,
             options: Any = ...) -> None: ...
    def summary(self, line_length: int = ..., detailed: bool = ...,
                print_fn: Optional[Callable[[str], Any]] = ...) -> None: ...

class TrtGraphConverter:
    def __init__(
        self, input_saved_model_dir: Optional[_Path] = ..., input_saved_model_tags: _Tags = ...,
        input_saved_model_signature_key: Optional[str] = ..., input_graph_def: Any = ...,
        nodes_denylist: Optional[Sequence[Any]] = ..., max_batch_size: Optional[int] = ...,
        max_workspace_size_bytes: int = ..., precision_mode: str = ...,
        minimum_segment_size: int = ..., is_dynamic_op: bool = ...,
        maximum_cached_engines: int = ..., use_calibration: bool = ...) -> None: ...
    # A GraphDef of the kind that came in.
    def convert(self) -> Any: ...
    def calibrate(self, fetch_names: Sequence[str], num_runs: int,
                  feed_dict_fn: Optional[Callable[[], Mapping[str, Any]]] = ...,
                  input_map_fn: Optional[Callable[[], Mapping[str, Any]]] = ...) -> Any: ...
    def save(self, output_saved_model_dir: _Path) -> None: ...

def create_inference_graph(
    input_graph_def: Any, outputs: Optional[Sequence[Any]], max_batch_size: Optional[int] = ...,
    max_workspace_size_bytes: int = ..., precision_mode: str = ...,
    minimum_segment_size: int = ..., is_dynamic_op: bool = ..., maximum_cached_engines: int = ...,
    input_saved_model_dir: Optional[_Path] = ..., input_saved_model_tags: _Tags = ...,
    input_saved_model_signature_key: Optional[str] = ...,
    output_saved_model_dir: Optional[_Path] = ...) -> Any: ...
