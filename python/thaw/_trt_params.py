"""Parameters of TF-TRT's converters: names, defaults and what they may be."""

import collections
import numpy as np

from ._log import log
from ._settings import default_options


class TrtPrecisionMode(object):
    """Names of precisions; lower case does as well. BF16 is thaw's addition."""
    FP32 = "FP32"
    FP16 = "FP16"
    INT8 = "INT8"
    BF16 = "BF16"

    @staticmethod
    def supported_precision_modes():
        modes = [TrtPrecisionMode.FP32, TrtPrecisionMode.FP16, TrtPrecisionMode.INT8,
                 TrtPrecisionMode.BF16]
        return modes + [mode.lower() for mode in modes]


DEFAULT_TRT_MAX_WORKSPACE_SIZE_BYTES = 1 << 30

PROFILE_STRATEGY_RANGE = "Range"
PROFILE_STRATEGY_OPTIMAL = "Optimal"
PROFILE_STRATEGY_RANGE_OPTIMAL = "Range+Optimal"
PROFILE_STRATEGY_IMPLICIT_BATCH_MODE_COMPATIBLE = "ImplicitBatchModeCompatible"


def supported_profile_strategies():
    return [PROFILE_STRATEGY_RANGE, PROFILE_STRATEGY_OPTIMAL, PROFILE_STRATEGY_RANGE_OPTIMAL,
            PROFILE_STRATEGY_IMPLICIT_BATCH_MODE_COMPATIBLE]


# Fields of the parameters of older TensorFlows that no longer say anything.
_FORMER_PARAMS = {"rewriter_config_template": None, "is_dynamic_op": True, "max_batch_size": None}


class TrtConversionParams(collections.namedtuple(
        "TrtConversionParams",
        ["max_workspace_size_bytes", "precision_mode", "minimum_segment_size",
         "maximum_cached_engines", "use_calibration", "allow_build_at_runtime"])):
    """Parameters of a conversion; TrtGraphConverterV2's arguments of the same names say what they
    mean. Names of older TensorFlows (is_dynamic_op, max_batch_size, rewriter_config_template) are
    taken too and say nothing."""
    __slots__ = ()

    def __new__(_cls, max_workspace_size_bytes=DEFAULT_TRT_MAX_WORKSPACE_SIZE_BYTES,
                precision_mode=TrtPrecisionMode.FP32, minimum_segment_size=3,
                maximum_cached_engines=1, use_calibration=True, allow_build_at_runtime=True,
                **former):
        _check_former(former)
        return super(TrtConversionParams, _cls).__new__(
            _cls, max_workspace_size_bytes, precision_mode, minimum_segment_size,
            maximum_cached_engines, use_calibration, allow_build_at_runtime)

    def _replace(self, **changes):
        fields = self._asdict()
        fields.update(changes)
        return type(self)(**fields)


def _check_former(former):
    for name, value in former.items():
        if name not in _FORMER_PARAMS:
            raise TypeError("TrtConversionParams has no field %r" % (name,))
        if name == "is_dynamic_op" and value is not None and not value:
            raise ValueError("is_dynamic_op=%r: None or True was expected, plans are built for the "
                             "shapes that come" % (value,))


DEFAULT_TRT_CONVERSION_PARAMS = TrtConversionParams()


def check_params(params):
    modes = TrtPrecisionMode.supported_precision_modes()
    if params.precision_mode not in modes:
        raise ValueError("precision mode %r is not supported, one of %s was expected"
                         % (params.precision_mode, ", ".join(modes)))
    size = params.minimum_segment_size
    if size <= 0 and size != -1:
        raise ValueError("minimum_segment_size=%r: a number above 0 was expected, or -1 for a graph "
                         "that is not converted" % (size,))
    if not params.max_workspace_size_bytes > 0:
        raise ValueError("max_workspace_size_bytes=%r: a number above 0 was expected"
                         % (params.max_workspace_size_bytes,))


def is_int8(precision_mode):
    return precision_mode.upper() == TrtPrecisionMode.INT8


def engine_options(params, tune):
    """thaw.optimize's options that stand for these parameters."""
    options = default_options(
        precision=params.precision_mode.upper(), tune=tune,
        max_workspace_size=params.max_workspace_size_bytes,
        minimum_segment_size=params.minimum_segment_size,
        max_cached_engines=params.maximum_cached_engines, allow_build=True)
    return options


def expect(condition, message):
    """An AssertionError, as TF-TRT raises for calls in the wrong order, with `python -O` too."""
    if not condition:
        raise AssertionError(message)


def as_inputs(given):
    """What an input_fn yields, as (args, kwargs) of arrays: an array, a list or tuple of them or a
    dict by name."""
    try:
        if isinstance(given, dict):
            return [], {name: _as_array(value) for name, value in given.items()}
        if isinstance(given, (list, tuple)):
            return [_as_array(value) for value in given], {}
        return [_as_array(given)], {}
    except Exception as error:
        raise RuntimeError("Failed to convert input to tensor: %s: %s"
                           % (type(given).__name__, error))


def _as_array(value):
    array = np.asarray(value.numpy() if hasattr(value, "numpy") else value)
    if array.dtype == object:
        raise ValueError("an array of numbers was expected, found rows of different lengths or "
                         "objects")
    return array


def elements(input_fn):
    """What an input_fn yields. What it would yield does in its place: a list or generator; an array or
    a dict is one element."""
    given = input_fn() if callable(input_fn) else input_fn
    one = isinstance(given, (np.ndarray, dict)) or hasattr(given, "numpy")
    return [given] if one else given


def named_inputs(inputs, infos):
    """{name: array} of an input_fn's element for the model's inputs."""
    args, kwargs = as_inputs(inputs)
    if len(args) > len(infos):
        raise ValueError("input_fn gave %d inputs, the model has %d: %s"
                         % (len(args), len(infos), ", ".join(info.name for info in infos)))
    named = {info.name: value for info, value in zip(infos, args)}
    named.update(kwargs)
    return named


def profile_strategy(strategy):
    if strategy is None:
        return PROFILE_STRATEGY_RANGE
    if strategy.lower() not in [name.lower() for name in supported_profile_strategies()]:
        raise ValueError("profile_strategy %r is not supported, one of %s was expected"
                         % (strategy, ", ".join(supported_profile_strategies())))
    if strategy == PROFILE_STRATEGY_IMPLICIT_BATCH_MODE_COMPATIBLE:
        log.warning("the profile strategy %s is deprecated; thaw needs none", strategy)
    return strategy


def get_tensorrt_rewriter_config(conversion_params, is_dynamic_op=None, max_batch_size=None,
                                 is_v2=False, disable_non_trt_optimizers=False):
    """Checks the parameters and returns None: thaw has no TensorFlow session to configure."""
    check_params(conversion_params)
    return None
