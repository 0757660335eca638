"""TF-TRT's converter of TensorFlow 1: GraphDefs, and SavedModels by their graph."""

import numbers

from . import _graph_def, _tensors, _trt_model, _trt_report
from ._settings import default_options
from ._trt_params import (DEFAULT_TRT_MAX_WORKSPACE_SIZE_BYTES, TrtConversionParams,
                          TrtPrecisionMode, check_params, engine_options, expect, is_int8, log,
                          named_inputs)
from .engine import Calibration, optimize
from .model import load
from .saved_model import DEFAULT_SERVING_SIGNATURE_DEF_KEY, SERVING


class TrtGraphConverter(object):
    """Makes a frozen graph ready for thaw, as TF-TRT's converter of TensorFlow 1.

    input_graph_def: a GraphDef (TensorFlow's own or thaw's) or a frozen graph's bytes; or
        input_saved_model_dir, input_saved_model_tags and input_saved_model_signature_key: a SavedModel.
    nodes_denylist: names (or tensors) of outputs, which stay as they are.
    max_batch_size: the batch that a plan is built for at once where is_dynamic_op is False and the
        model leaves nothing else open.
    The others are TrtGraphConverterV2's.

    convert() returns a GraphDef of the kind that came in. TensorFlow's own still runs in TensorFlow;
    thaw's runs on thaw, in a thaw.tf Session, with the precision and the limits of this converter.

    Raises ValueError for a combination of arguments that can't be.
    """

    def __init__(self, input_saved_model_dir=None, input_saved_model_tags=None,
                 input_saved_model_signature_key=None, input_graph_def=None, nodes_denylist=None,
                 max_batch_size=1, max_workspace_size_bytes=DEFAULT_TRT_MAX_WORKSPACE_SIZE_BYTES,
                 precision_mode=TrtPrecisionMode.FP32, minimum_segment_size=3, is_dynamic_op=False,
                 maximum_cached_engines=1, use_calibration=True):
        if input_graph_def is not None and input_saved_model_dir:
            raise ValueError("Can only specify one of input_graph_def and input_saved_model_dir")
        if input_graph_def is None and not input_saved_model_dir:
            raise ValueError("Must specify one of input_graph_def and input_saved_model_dir")
        self._params = TrtConversionParams(max_workspace_size_bytes, precision_mode,
                                           minimum_segment_size, maximum_cached_engines,
                                           use_calibration)
        check_params(self._params)
        self._need_calibration = is_int8(precision_mode) and bool(use_calibration)
        if self._need_calibration and not is_dynamic_op:
            log.warning("INT8 is calibrated on what is run: is_dynamic_op=False is not looked at")
            is_dynamic_op = True
        self._max_batch_size = None if is_dynamic_op else _batch_size(max_batch_size)
        self._input_graph_def = input_graph_def
        self._outputs = [_tensor_name(node) for node in nodes_denylist or []]
        self._input_saved_model_dir = input_saved_model_dir
        self._tags = input_saved_model_tags or [SERVING]
        self._signature_key = input_saved_model_signature_key or DEFAULT_SERVING_SIGNATURE_DEF_KEY
        self._source = self._model = self._engine = self._converted_graph_def = None
        self._calibration = None
        self._converted = self._calibration_data_collected = False

    def convert(self):
        """Checks that thaw can run the graph, and returns it. Raises AssertionError the second time,
        thaw.InputError for a graph that can't be used."""
        expect(not self._converted, "convert() is already called")
        if self._input_graph_def is not None:
            definition = _graph_def.as_graph_def(self._input_graph_def)
            self._model = load(definition.SerializeToString(), outputs=self._outputs or None)
        else:
            self._source = _trt_model.Source(self._input_saved_model_dir, self._tags,
                                             self._signature_key)
            self._model = self._source.model
        self._engine = self._make_engine()
        _trt_report.after_conversion(
            (lambda: definition) if self._source is None else self._source.graph.as_graph_def,
            self._engine)
        self._converted = True
        self._converted_graph_def = self._result()
        return self._converted_graph_def

    def _options(self):
        return engine_options(self._params, tune=False)

    def _make_engine(self):
        engine = optimize(self._model, calibrate=self._calibration, **self._options())
        shapes = _static_shapes(engine, self._max_batch_size)
        if shapes:
            engine.prepare(shapes)
        return engine

    def _result(self):
        how = {"engine_options": self._options(), "calibration": self._calibration}
        if self._source is not None:
            return _trt_model.frozen_graph_def(self._source, **how)
        given = self._input_graph_def
        if isinstance(given, (bytes, bytearray, memoryview, _graph_def.GraphDef)):
            return _graph_def.GraphDef(_graph_def.as_graph_def(given).SerializeToString(), **how)
        copy = type(given)()
        copy.CopyFrom(given)
        return copy

    def calibrate(self, fetch_names, num_runs, feed_dict_fn=None, input_map_fn=None):
        """For INT8 after convert(): chooses the layers' ranges by `num_runs` inputs; returns the GraphDef.

        fetch_names: tensors to compute meanwhile. feed_dict_fn, or input_map_fn: gives
        {"image_tensor:0": array} for each run; input_map_fn's values have to be tensors.

        Raises AssertionError for calls in the wrong order, ValueError where not exactly one of the two
        functions is there or what it gives is not as said.
        """
        expect(self._converted, "calibrate() before convert()")
        expect(self._need_calibration, "calibrate() is for INT8 with use_calibration=True")
        expect(not self._calibration_data_collected, "calibrate() is already called")
        if bool(feed_dict_fn) == bool(input_map_fn):
            raise ValueError("Should specify one and only one of feed_dict_fn and input_map_fn.")
        names = {info.tensor: info.name for info in self._model.inputs}
        known = {info.tensor for info in self._model.outputs}
        for name in fetch_names:
            if self._source is None and not self._outputs and _tensor_name(name) not in known:
                load(_graph_def.as_graph_def(self._input_graph_def).SerializeToString(),
                     outputs=[_tensor_name(name)])
        batches = []
        for _ in range(num_runs):
            given = feed_dict_fn() if feed_dict_fn else _mapped(input_map_fn())
            by_name = {names.get(_tensor_name(k), _tensor_name(k)): v for k, v in given.items()}
            batches.append(named_inputs(by_name, self._model.inputs))
        if not batches:
            raise ValueError("num_runs=%r: 1 or more was expected" % (num_runs,))
        threads = default_options().get("threads", 0)
        self._calibration = Calibration(self._model, batches, threads=threads)
        self._calibration_data_collected = True
        self._engine = self._make_engine()
        self._converted_graph_def = self._result()
        return self._converted_graph_def

    def save(self, output_saved_model_dir):
        """Writes a SavedModel, with plans where they were built. Raises AssertionError before convert()
        and for INT8 that is not calibrated, ValueError where the input was a GraphDef."""
        expect(self._converted, "save() before convert()")
        if self._need_calibration:
            expect(self._calibration_data_collected, "save() before calibrate()")
        if self._source is None:
            raise ValueError("Not able to save to a SavedModel since input is a GraphDef; "
                             "thaw.convert() writes one of a frozen graph")
        _trt_model.write(self._source, self._engine, output_saved_model_dir)


def _batch_size(value):
    if not isinstance(value, numbers.Integral):
        raise ValueError("When is_dynamic_op==False max_batch_size should be an integer, it is %r"
                         % (value,))
    return int(value)


def _tensor_name(node):
    """ "op:0" of a name, a tensor or anything that has a name."""
    name = node if isinstance(node, str) else getattr(node, "name", None)
    if isinstance(node, bytes):
        name = node.decode()
    if not name:
        raise ValueError("%r: the name of a node or tensor was expected" % (node,))
    return name if ":" in name else name + ":0"


def _static_shapes(engine, batch):
    """{name: shape} with `batch` for the first extent; None where more is open, or no batch is set."""
    shapes = {}
    for info in engine.inputs:
        if batch is None or not info.shape or None in info.shape[1:]:
            return None
        first = info.shape[0] if info.shape[0] is not None else batch
        shapes[info.name] = (first,) + tuple(info.shape[1:])
    return shapes


def _mapped(inputs):
    for key, value in inputs.items():
        if not isinstance(key, str):
            raise ValueError("Keys of input_map_fn must be of type str")
        if not isinstance(value, _tensors.Tensor) and not _tensors.is_tensorflow_tensor(value):
            raise ValueError("Values of input_map_fn must be of type tf.Tensor")
        if not hasattr(value, "numpy"):
            raise ValueError("Values of input_map_fn must have a value: %r is a tensor of a graph; "
                             "give feed_dict_fn in its place" % (value,))
    return inputs


def create_inference_graph(input_graph_def, outputs, max_batch_size=1,
                           max_workspace_size_bytes=DEFAULT_TRT_MAX_WORKSPACE_SIZE_BYTES,
                           precision_mode=TrtPrecisionMode.FP32, minimum_segment_size=3,
                           is_dynamic_op=False, maximum_cached_engines=1,
                           input_saved_model_dir=None, input_saved_model_tags=None,
                           input_saved_model_signature_key=None, output_saved_model_dir=None):
    """TensorFlow 1's wrapper: TrtGraphConverter without calibration, whose `nodes_denylist` is
    `outputs`; saved where `output_saved_model_dir` is given. Returns the GraphDef."""
    converter = TrtGraphConverter(
        input_saved_model_dir=input_saved_model_dir, input_saved_model_tags=input_saved_model_tags,
        input_saved_model_signature_key=input_saved_model_signature_key,
        input_graph_def=input_graph_def, nodes_denylist=outputs, max_batch_size=max_batch_size,
        max_workspace_size_bytes=max_workspace_size_bytes, precision_mode=precision_mode,
        minimum_segment_size=minimum_segment_size, is_dynamic_op=is_dynamic_op,
        maximum_cached_engines=maximum_cached_engines, use_calibration=False)
    converted = converter.convert()
    if output_saved_model_dir:
        converter.save(output_saved_model_dir)
    return converted
