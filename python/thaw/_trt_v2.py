"""TF-TRT's converter of TensorFlow 2."""

from . import _trt_model, _trt_report
from ._function import Function
from ._settings import default_options
from ._trt_params import (DEFAULT_TRT_MAX_WORKSPACE_SIZE_BYTES, TrtConversionParams,
                          TrtPrecisionMode, check_params, elements, engine_options, expect, is_int8,
                          named_inputs, profile_strategy)
from .engine import Calibration, optimize
from .saved_model import DEFAULT_SERVING_SIGNATURE_DEF_KEY, SERVING


class TrtGraphConverterV2(object):
    """Converts a SavedModel into one that has thaw's plans, as TF-TRT's converter of TensorFlow 2.

    input_saved_model_dir: a SavedModel's folder; a frozen graph's file does as well.
    input_saved_model_tags: default ["serve"]. input_saved_model_signature_key: default
        "serving_default"; only this signature is kept.
    use_dynamic_shape, dynamic_shape_profile_strategy: checked and otherwise without effect: plans are
        made for the shapes of build(), and one plan takes pictures of all sizes where the model brings
        them to one.
    max_workspace_size_bytes: working memory that a kernel may ask for.
    precision_mode: one of TrtPrecisionMode.supported_precision_modes().
    minimum_segment_size: smaller pieces run beside the device; -1: all of the graph does.
    maximum_cached_engines: plans of so many input shapes are kept; an odd one runs on a slower plan.
    use_calibration: of INT8: ranges come from the calibration function; otherwise from the graph.
    allow_build_at_runtime: of what save() writes: whether plans that are missing are built.
    conversion_params: a TrtConversionParams (deprecated), in place of the single ones.

    Raises ValueError for a value that can't be.
    """

    def __init__(self, input_saved_model_dir=None, input_saved_model_tags=None,
                 input_saved_model_signature_key=None, use_dynamic_shape=None,
                 dynamic_shape_profile_strategy=None,
                 max_workspace_size_bytes=DEFAULT_TRT_MAX_WORKSPACE_SIZE_BYTES,
                 precision_mode=TrtPrecisionMode.FP32, minimum_segment_size=3,
                 maximum_cached_engines=1, use_calibration=True, allow_build_at_runtime=True,
                 conversion_params=None):
        if conversion_params is None:
            conversion_params = TrtConversionParams(
                max_workspace_size_bytes, precision_mode, minimum_segment_size,
                maximum_cached_engines, use_calibration, allow_build_at_runtime)
        check_params(conversion_params)
        self._conversion_params = conversion_params
        self._input_saved_model_dir = input_saved_model_dir
        self._input_saved_model_tags = input_saved_model_tags or [SERVING]
        self._input_saved_model_signature_key = (
            input_saved_model_signature_key or DEFAULT_SERVING_SIGNATURE_DEF_KEY)
        self._need_calibration = (is_int8(conversion_params.precision_mode) and
                                  bool(conversion_params.use_calibration))
        self._use_dynamic_shape = bool(use_dynamic_shape)
        self._profile_strategy = "Unknown"
        if self._use_dynamic_shape:
            self._profile_strategy = profile_strategy(dynamic_shape_profile_strategy)
        self._source = None
        self._converted_func = None
        self._calibration = None
        self._calibration_input_fn = None
        self._converted = self._calibrated = self._build_called_once = False
        self._shapes = []

    def convert(self, calibration_input_fn=None):
        """Reads the model and makes it ready; returns it as something that is called as TensorFlow's
        function is: with the signature's inputs by position or by name, giving {name: tensor}.

        calibration_input_fn: for INT8, and only then: a function whose elements (arrays, lists or
        dicts, all of one shape) choose the layers' ranges, here or, with use_dynamic_shape, in build().

        Raises AssertionError the second time, ValueError where the calibration function is missing or
        not wanted, thaw.InputError (a ValueError or OSError) for a model that can't be used.
        """
        expect(not self._converted, "convert() is already called")
        if self._need_calibration and calibration_input_fn is None:
            raise ValueError("Should specify calibration_input_fn: INT8 needs it to choose ranges")
        if not self._need_calibration and calibration_input_fn is not None:
            raise ValueError("Should not specify calibration_input_fn: only INT8 with "
                             "use_calibration=True is calibrated")
        if self._input_saved_model_dir is None:
            raise ValueError("input_saved_model_dir is None: a SavedModel's folder was expected")
        self._source = _trt_model.Source(self._input_saved_model_dir, self._input_saved_model_tags,
                                         self._input_saved_model_signature_key)
        if self._need_calibration and self._use_dynamic_shape:
            self._calibration_input_fn = calibration_input_fn
        elif self._need_calibration:
            self._calibrate(calibration_input_fn)
        engine = self._engine(tune=False)
        self._converted_func = Function(engine, self._input_saved_model_signature_key,
                                        self._source.graph)
        self._converted = True
        _trt_report.after_conversion(self._source.graph.as_graph_def, engine)
        return self._converted_func

    def _calibrate(self, input_fn):
        model = self._source.model
        batches = [named_inputs(given, model.inputs) for given in elements(input_fn)]
        if not batches:
            raise ValueError("calibration_input_fn gave nothing: one batch or more was expected")
        options = default_options()
        self._calibration = Calibration(model, batches, threads=options.get("threads", 0))
        self._calibrated = True

    def _engine(self, tune):
        return optimize(self._source.model, calibrate=self._calibration,
                        **engine_options(self._conversion_params, tune=tune))

    def build(self, input_fn):
        """Builds plans for the shapes of what input_fn yields: arrays, lists or tuples of them, or
        dicts by name. The kernels are raced on this machine; each shape is run once.

        Raises NotImplementedError the second time, RuntimeError where there is no input_fn, before
        convert() or for inputs that are no arrays.
        """
        if self._build_called_once:
            raise NotImplementedError("build() is already called; it can be called once")
        if input_fn is None:
            raise RuntimeError("input_fn is None: build() needs the inputs to build plans for")
        if not self._converted:
            raise RuntimeError("Need to call convert() before build()")
        if self._need_calibration and not self._calibrated:
            self._calibrate(self._calibration_input_fn)
        engine = self._engine(tune=True)
        for given in elements(input_fn):
            inputs = named_inputs(given, engine.inputs)
            shapes = {name: value.shape for name, value in inputs.items()}
            if shapes not in self._shapes:
                engine.prepare(shapes)
                engine(inputs)
                self._shapes.append(shapes)
        self._converted_func._engine = engine
        self._build_called_once = True

    def save(self, output_saved_model_dir, save_gpu_specific_engines=True, options=None):
        """Writes a SavedModel that TensorFlow still loads, with the plans of build() in it. A SavedModel
        that is there is replaced.

        save_gpu_specific_engines: False leaves the plans out, for another machine: they are built there,
        by the ranges of the calibration. options: tf.saved_model.SaveOptions, not looked at.

        Raises AssertionError before convert(), RuntimeError for INT8 that is not calibrated.
        """
        expect(self._converted, "save() before convert()")
        if self._need_calibration and not self._calibrated:
            raise RuntimeError("INT8 has to be calibrated before it is saved: call build() first")
        _trt_model.write(self._source, self._converted_func.engine, output_saved_model_dir,
                         build=bool(save_gpu_specific_engines),
                         allow_build=bool(self._conversion_params.allow_build_at_runtime))

    def summary(self, line_length=160, detailed=True, print_fn=None):
        """Prints TF-TRT's table: each segment that runs on the device with its nodes, inputs and
        outputs, its ops where `detailed`, then what is left out and why, and the totals.

        line_length: 160 or more. print_fn: called with each line; default print.

        Raises RuntimeError before convert(), ValueError for a shorter line.
        """
        if not self._converted:
            raise RuntimeError("Impossible to call `%s.summary()` before calling `convert()`"
                               % type(self).__name__)
        if line_length < 160:
            raise ValueError("Invalid `line_length`: %r; 160 or more was expected" % (line_length,))
        _trt_report.summary(self._converted_func.engine, self._shapes, line_length, detailed,
                            print if print_fn is None else print_fn)
