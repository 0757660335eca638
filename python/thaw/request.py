"""One inference at a time: what a run needs beside the engine."""

import ctypes
import threading
from threading import get_ident

import numpy as np

from . import _arrays, _library, errors
from .plan import MemoryUse, StageTimes, plan_of, stages_of

# How long a signal may wait for a run, microseconds.
_SLICE = 50000
# A result of so many bytes or more is not copied out of the request that has it.
LARGE = 1 << 18
_dense = np.ndarray


class Run:
    """What a Request and an engine's own calls stand on; it holds the engine's handle, not the
    Engine, which holds it."""

    def __init__(self, engine):
        library = _library.library()
        self._infos, self._output_names = engine.inputs, engine._output_names
        self._handle = _library.create("request", library.thaw_request_create,
                                       engine._handle.pointer, needs=engine._handle)
        self._pointer = self._handle.pointer
        self._set_input = library.thaw_request_set_input
        self._get = library.thaw_request_output
        self._start, self._wait_for = library.thaw_request_start, library.thaw_request_wait_for
        self._run = library.thaw_request_run
        count = len(engine.inputs)
        self._inputs = (_library.Tensor * count)()
        self._references = [ctypes.byref(tensor) for tensor in self._inputs]
        self._keepers = [None] * count  # of the inputs' memory
        # What results lie in: a result may be an input's memory itself.
        self._memory = (self._handle, self._keepers)
        self._shapes = [None] * count  # of arrays whose shape and type are written already
        self._results = (_library.Tensor * len(engine.outputs))()
        self._gets = [(index, ctypes.byref(tensor)) for index, tensor in enumerate(self._results)]
        self._known = None  # the bytes of _results that _views are of
        self._views = []
        self.is_large = False  # whether a result is better not copied
        self._ended = ctypes.c_int()
        self._ended_reference = ctypes.byref(self._ended)
        self._callback = None

    def _feed(self, index, value):
        if value is None:
            if self._keepers[index] is not None:
                _library.check(self._set_input(self._pointer, index, None))
                self._keepers[index] = self._shapes[index] = None
            return
        tensor = self._inputs[index]
        if type(value) is _dense and (value.shape, value.dtype) == self._shapes[index] and \
                value.flags.c_contiguous:
            address = value.__array_interface__["data"][0]
            if tensor.data == address:  # as it is set already
                self._keepers[index] = value
                return
            tensor.data = address
            keeper = value
        else:
            self._shapes[index] = None
            given = _arrays.fed(value, self._infos[index])
            given.fill(tensor)
            keeper = given.keeper
            if keeper is value:
                self._shapes[index] = (value.shape, value.dtype)
        status = self._set_input(self._pointer, index, self._references[index])
        if status:
            self._shapes[index] = None
            _library.check(status)
        self._keepers[index] = keeper

    def _let_go(self):
        """Keeps inputs' memory no longer; each input must be fed, or None, before the next run."""
        keepers = self._keepers
        for index, keeper in enumerate(keepers):
            if keeper is not None:
                keepers[index] = True  # it is set

    def run(self):
        """Runs; results are then what output() and outputs() give. The GIL is free meanwhile, and
        Ctrl-C ends the run with KeyboardInterrupt.

        Raises InputError where the graph itself fails or an input is missing, ResourceError where
        memory is short, Cancelled."""
        self._handle.check_process()
        # Signals are handled by the main thread alone, and only between calls into the library.
        if get_ident() != threading.main_thread().ident:
            status = self._run(self._pointer)
            if status:
                _library.check(status)
            return
        try:
            status = self._start(self._pointer)
            if status:
                _library.check(status)
            status = self._wait_for(self._pointer, _SLICE, self._ended_reference)
            while not (status or self._ended.value):
                status = self._wait_for(self._pointer, _SLICE, self._ended_reference)
        except errors.Error:
            raise
        except BaseException:  # KeyboardInterrupt, or whatever a signal's handler raised
            self.cancel()
            _library.library().thaw_request_wait(self._pointer)
            raise
        if status:
            _library.check(status)

    def cancel(self):
        """Ends the run that goes on, if one does, with Cancelled. From any thread."""
        _library.library().thaw_request_cancel(self._pointer)

    def _collect(self):
        """Views of the latest run's results, None for those that have to be copied. Where they lie
        as those of the run before did the views are the same."""
        for index, reference in self._gets:
            status = self._get(self._pointer, index, reference)
            if status:
                _library.check(status)
        where = bytes(self._results)
        if where != self._known:
            self._views = [_arrays.viewed(*_arrays.result(tensor), keeper=self._memory)
                           for tensor in self._results]
            self._known = where
            self.is_large = any(tensor.size >= LARGE for tensor in self._results)
        return self._views


    def _copies(self):
        """The results that _collect() found, by name, as new arrays."""
        return {name: _arrays.copied(*_arrays.result(tensor)) if view is None else view.copy()
                for name, view, tensor in zip(self._output_names, self._views, self._results)}


class Request(Run):
    """An inference with memory of its own: engine.request() makes it. Several requests of one
    engine run at the same time and share plans and weights. One thread at a time may use a request,
    but cancel() may be called from any.

        request.set_input("image_tensor", batch)       # read where it lies, in every run to come
        request.run()
        boxes = request.output("detection_boxes")      # valid until the next run
    """

    def __init__(self, engine):
        super().__init__(engine)
        self.engine = engine
        self._targets = {}

    def set_input(self, name, value):
        """What an input is read from in the runs to come, until it is set again: an array, or what
        stands for one (docs/python.md). Dense memory of the host is read where it lies, so what is
        written to it between runs the next run sees; it must not change while one goes on. None:
        not fed, for optional inputs.

        name: of the input or its tensor, or its place among engine.inputs.
        Raises InputError for another type or shape than the model has, UsageError for no such
        input."""
        self._feed(self.engine._input_index(name), value)

    def set_output(self, name, array):
        """Where the runs to come write a result: a C-contiguous, writable array of the result's
        type and shape, which is written in place where the plan allows (64-byte aligned memory of a
        static shape) and copied to otherwise. None: memory of the request's. A run whose result has
        another shape raises InputError."""
        index = self.engine._output_index(name)
        pointer = None
        if array is not None:
            if not isinstance(array, np.ndarray) or not array.flags.c_contiguous or \
                    not array.flags.writeable:
                raise errors.UsageError(
                    "output '{}': a C-contiguous, writable numpy array was expected".format(
                        self.engine.outputs[index].name))
            tensor = _library.Tensor()
            _arrays.fed(array, self.engine.outputs[index]).fill(tensor)
            pointer = ctypes.byref(tensor)
        _library.check(_library.library().thaw_request_set_output(self._pointer, index, pointer))
        self._targets.pop(index, None)
        if array is not None:
            self._targets[index] = array

    def start(self):
        """Begins a run and returns at once; wait() says what came of it. Until then only wait() and
        cancel() may be called."""
        self._handle.check_process()
        _library.check(self._start(self._pointer))

    def wait(self, timeout=None):
        """Whether the run that start() began has ended, after at most `timeout` seconds (None: when
        it ends). Raises what run() raises."""
        left = None if timeout is None else int(timeout * 1e6)
        while True:
            step = _SLICE if left is None else min(_SLICE, left)
            _library.check(self._wait_for(self._pointer, step, self._ended_reference))
            if self._ended.value:
                return True
            if left is not None:
                left -= step
                if left <= 0:
                    return False

    def prepare(self, shapes):
        """Builds the plan for these input shapes now, and all that this request needs to run it.
        Shapes as Engine.prepare has them. Results of runs before are gone."""
        self.engine._prepare(shapes, self, _library.library().thaw_request_prepare)

    def output(self, name):
        """A result of the latest run: an array of the request's own memory, or the one that
        set_output() named. It is valid until the next run or prepare(), and must not be read after
        that; copy what is to stay. bfloat16 comes as float32 and strings as an object array of
        bytes, both copied."""
        return self._arrays()[self.engine._output_index(name)]

    def outputs(self):
        """All results by name, as output() gives them."""
        return dict(zip(self._output_names, self._arrays()))

    def _arrays(self):
        views = [_arrays.copied(*_arrays.result(tensor)) if view is None else view
                 for view, tensor in zip(self._collect(), self._results)]
        for index, target in self._targets.items():
            views[index] = target
        return views

    def tensors(self):
        """All results by name as thaw.Tensor, for DLPack; valid until the next run."""
        self._collect()
        return {name: _arrays.Tensor(name, *_arrays.result(tensor), keeper=self._memory)
                for name, tensor in zip(self._output_names, self._results)}

    @property
    def stages(self):
        """StageTimes of the latest run."""
        return stages_of(_library.library().thaw_request_stages, self._pointer)

    @property
    def memory(self):
        """MemoryUse of the latest plan; zeros before the first run."""
        use = _library.MemoryUse()
        _library.check(_library.library().thaw_request_memory(self._pointer, ctypes.byref(use)))
        return MemoryUse(use.arena, use.weights, use.scratch)

    def set_profiling(self, on=True):
        """Times each layer from the next run on, for plan."""
        _library.check(_library.library().thaw_request_set_profiling(self._pointer, bool(on)))

    @property
    def plan(self):
        """The Plan of the latest run with its layers and segments; None before the first."""
        return plan_of(self)

    def __reduce__(self):
        raise errors.UsageError("a request can't be pickled; its engine can")
