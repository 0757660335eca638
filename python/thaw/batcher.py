"""Single inferences of many threads, run together."""

import ctypes
import threading

from . import _arrays, _library, errors


class Pending:
    """An inference that was submitted to a Batcher."""

    def __init__(self, handle, names, keepers):
        self._handle, self._names, self._keepers = handle, names, keepers
        self._lock = threading.Lock()
        self._results = None

    def result(self):
        """Waits, and gives the results by name: arrays that are the caller's. Raises what
        Request.run raises. Any number of threads may call it."""
        with self._lock:
            if self._results is None:
                results = _library.create("results", _library.library().thaw_pending_wait,
                                          self._handle.pointer)
                self._results, self._keepers = _arrays_of(results, self._names), None
            return self._results


def _arrays_of(results, names):
    library = _library.library()
    out = {}
    tensor = _library.Tensor()
    for index, name in enumerate(names):
        _library.check(library.thaw_results_get(results.pointer, index, ctypes.byref(tensor)))
        found = _arrays.result(tensor)
        view = _arrays.viewed(*found, keeper=results)
        out[name] = _arrays.copied(*found) if view is None else view
    return out


class Batcher:
    """Runs single inferences of many threads together, where the device gains by that.

    engine: its inputs must leave their first extent open, or fix it to 1 where max_batch is 1.
        A call gives one inference: each of its inputs keeps a first extent of 1, [1, 300, 300, 3]
        for one picture.
    max_batch: inferences that run together at most.
    requests: batches that run at the same time.
    max_wait_ms: that one waits for others, milliseconds.

    Any number of threads may use it. The GIL is free while they wait."""

    def __init__(self, engine, max_batch=8, requests=1, max_wait_ms=2.0):
        options = _library.BatcherOptions()
        options.max_batch, options.requests = max_batch, requests
        options.max_wait_microseconds = int(max_wait_ms * 1000)
        self.engine = engine
        self._handle = _library.create(
            "batcher", _library.library().thaw_batcher_create, engine._handle.pointer,
            ctypes.byref(options), needs=engine._handle)

    def _tensors(self, args, kwargs):
        self._handle.check_process()
        values = self.engine._ordered(args, kwargs)
        if any(value is None for value in values):
            raise errors.UsageError("a batcher wants all inputs: {}".format(
                ", ".join(info.name for info in self.engine.inputs)))
        given = [_arrays.fed(value, info) for value, info in zip(values, self.engine.inputs)]
        tensors = (_library.Tensor * len(given))()
        for tensor, one in zip(tensors, given):
            one.fill(tensor)
        return tensors, given

    def __call__(self, *args, **kwargs):
        """One inference: inputs as an engine's, each with a first extent of 1. Results by name,
        which are the caller's."""
        tensors, given = self._tensors(args, kwargs)
        results = _library.create("results", _library.library().thaw_batcher_run,
                                  self._handle.pointer, tensors, len(given))
        return _arrays_of(results, self.engine._output_names)

    def submit(self, *args, **kwargs):
        """The same without waiting: a Pending. The inputs must not change until it is done."""
        tensors, given = self._tensors(args, kwargs)
        handle = _library.create("pending", _library.library().thaw_batcher_submit,
                                 self._handle.pointer, tensors, len(given), needs=self._handle)
        return Pending(handle, self.engine._output_names, given)

    async def infer_async(self, *args, **kwargs):
        """The same, awaited."""
        import asyncio
        pending = self.submit(*args, **kwargs)
        return await asyncio.get_event_loop().run_in_executor(None, pending.result)

    def __reduce__(self):
        raise errors.UsageError("a batcher can't be pickled; its engine can")
