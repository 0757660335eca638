"""Models made ready to run on this machine."""

import collections
import ctypes
import weakref

from . import _arrays, _library, errors
from ._interrupt import interruptible
from ._options import engine_options, in_order
from .calibration import Calibration
from .device import warn_without_gain
from .model import Model, infos, load
from .request import LARGE, Request, Run

# Requests that may be kept by results at the same time; past them large results are copied.
_MOST_LEASES = 4


def optimize(model, precision=None, shapes=None, calibrate=None, device="auto", threads=0,
             memory_limit=0, max_cached_engines=None, tune=None, timing_cache=None, pin=False,
             outputs=None, max_workspace_size=0, minimum_segment_size=None, allow_build=None,
             strict=False):
    """Makes a model ready to run: an Engine.

    model: a Model, or what load() takes.
    precision: "FP32", "FP16", "BF16" or "INT8": the numbers in which layers take and give
        activations and hold weights. None: what the model was optimised for, or FP32.
    shapes: input shapes to build plans for now: a list of shapes (of a model of one input), or of
        lists or dicts by name of all inputs' shapes. Other shapes are built when they first come.
    calibrate: for INT8: photographs that layers' ranges are chosen by, of a model of one input of
        pictures: a folder, a glob, a path, or a list of paths, PIL images or Pictures. 32 at most
        are read, and brought to one size. Or batches, all of one shape: an iterable of arrays (of a
        model of one input), lists or dicts by name, or a function that gives one; a dict of ranges
        by the layers' names, {"Conv2d_0": (0, 6)}; the path of a calibration's table or of a model
        that was optimised with one; or a Calibration.
    device: "auto", or a name of devices().
    threads: of each request; 0: as many as the process may use.
    memory_limit: bytes (or "512MiB") that a plan, its weights and a run may take; 0: no limit.
    max_cached_engines: plans of so many input shapes are kept; None: the default.
    tune: race each layer's kernels when a plan is built. That takes seconds for a new model; later
        builds take the result from the timing cache. None: where `shapes` are given, so that no
        call to an engine without them waits for races.
    timing_cache: the file that races are kept in; None: the user's.
    pin: bind threads to processors.
    outputs: names of the outputs to compute; None: all.
    max_workspace_size: bytes (or "64MiB") of working memory that a kernel may ask for; 0: no limit.
    minimum_segment_size: smaller segments run beside the device; None: what the model was optimised
        for, or 3; -1: all do.
    allow_build: of plans for shapes that have none; None: what the model was optimised for. Without
        it such shapes run on the slower plan for all.
    strict: what would run slowly is an error: shapes on the slower plan, layers on reference
        kernels.

    Raises UsageError for options that can't be, InputError where model or shapes don't fit,
    ResourceError where memory or the device is missing."""
    options = {"precision": precision, "device": device, "threads": threads,
               "memory_limit": memory_limit, "max_cached_engines": max_cached_engines, "tune": tune,
               "timing_cache": timing_cache, "pin": pin, "outputs": outputs,
               "max_workspace_size": max_workspace_size,
               "minimum_segment_size": minimum_segment_size, "allow_build": allow_build,
               "strict": strict}
    sets = _sets(shapes)
    if tune is None:
        options["tune"] = bool(sets)
    if not isinstance(model, Model):
        model = load(model)
    if calibrate is not None and not isinstance(calibrate, Calibration):
        calibrate = Calibration.of(calibrate, model, device=device, threads=threads)
    engine = Engine(model, options, calibrate)
    warn_without_gain(precision, engine.device)
    for shape in sets:
        engine.prepare(shape)
    return engine


class Engine:
    """A model made ready for a device: optimize() makes it. It is called with inputs by place or by
    name and gives a dict of arrays by the outputs' names:

        out = engine(image_tensor=batch)

    Any number of threads may call it at once; calls at the same time run at the same time, each on
    a request of its own. The GIL is free meanwhile.

    inputs, outputs: lists of TensorInfo. device: "cpu". threads: of each request.
    precision: "FP32", "FP16", "BF16" or "INT8". model: the Model. options: of optimize().

    Pickling passes the model's path, the options and a calibration's ranges, never weights."""

    def __init__(self, model, options, calibration=None):
        library = _library.library()
        given = engine_options(options, calibration)
        self._handle = _library.create("engine", library.thaw_engine_create, model._handle.pointer,
                                       ctypes.byref(given), needs=model._handle)
        pointer = self._handle.pointer
        self.model, self.options, self.calibration = model, options, calibration
        self.inputs = infos(self._handle, "engine", "input")
        self.outputs = infos(self._handle, "engine", "output")
        self.device = library.thaw_engine_device(pointer).decode()
        self.threads = library.thaw_engine_threads(pointer)
        self.precision = _library.PRECISIONS[library.thaw_engine_precision(pointer)]
        self._places = _places(self.inputs)
        self._output_places = _places(self.outputs)
        self._output_names = [info.name for info in self.outputs]
        self._count = len(self.inputs)
        self._shapes = []  # that prepare() was called with
        self._idle = collections.deque()  # requests that nobody uses
        self._leases = weakref.WeakSet()
        self._async = None

    def __repr__(self):
        return "<thaw.Engine {!r} on {} in {}, {} threads>".format(
            self.model.path or "(memory)", self.device, self.precision, self.threads)

    def _input_index(self, name):
        return _place(self._places, name, self.inputs, "input")

    def _output_index(self, name):
        return _place(self._output_places, name, self.outputs, "output")

    def _ordered(self, args, kwargs):
        """A call's inputs in the order of self.inputs; None for those that are not given."""
        if not kwargs and 0 < len(args) == self._count and type(args[0]) is not dict:
            return args
        if len(args) == 1 and isinstance(args[0], dict) and not kwargs:
            args, kwargs = (), args[0]
        if len(args) > self._count:
            raise errors.UsageError("{} inputs were given, the model has {}: {}".format(
                len(args), self._count, ", ".join(info.name for info in self.inputs)))
        values = list(args) + [None] * (self._count - len(args))
        for name, value in kwargs.items():
            index = self._input_index(name)
            if values[index] is not None:
                raise errors.UsageError("input '{}' was given twice".format(name))
            values[index] = value
        return values

    def __call__(self, *args, **kwargs):
        """Runs the model: inputs by place or by name (or one dict), results as a dict of new arrays
        by name. An input is an array or what stands for one (docs/python.md); optional inputs may
        be left out. Raises what Request.run and Request.set_input raise."""
        idle = self._idle
        try:
            run = idle.pop()
        except IndexError:
            run = Run(self)
        try:
            for index, value in enumerate(self._ordered(args, kwargs)):
                run._feed(index, value)
            run.run()
            run._collect()
        except errors.Error:
            idle.append(run)
            raise
        if run.is_large and len(self._leases) < _MOST_LEASES:
            lease = _Lease(run, idle)
            self._leases.add(lease)
            return dict(zip(self._output_names, lease.results()))
        out = run._copies()
        run._let_go()
        idle.append(run)
        return out

    async def infer_async(self, *args, **kwargs):
        """The same as a call, awaited: the event loop goes on meanwhile. So many run at the same
        time as the processors have room for, two at least; others wait their turn. Where the task
        is cancelled its run is, too."""
        if self._async is None:
            from ._async import AsyncRuns
            self._async = AsyncRuns(self)
        return await self._async.infer(self._ordered(args, kwargs))

    def run(self, inputs, outputs=None):
        """The same with inputs as a dict by name, a list or tuple, or the value of the only one,
        and the results that `outputs` names alone, under these names."""
        if isinstance(inputs, (list, tuple)) and len(inputs) == self._count:
            results = self(*inputs)
        else:
            results = self(inputs)
        if outputs is None:
            return results
        return {name: results[self.outputs[self._output_index(name)].name] for name in outputs}

    def prepare(self, shapes):
        """Builds the plan for these input shapes now: one shape (of a model of one input), or a
        list or dict by name of all inputs' shapes; None for an optional input that is not fed.
        Raises InputError where they don't fit the model."""
        ordered = self._prepare(shapes, self, _library.library().thaw_engine_prepare)
        if ordered not in self._shapes:
            self._shapes.append(ordered)

    def _prepare(self, shapes, owner, function):
        """Calls thaw_engine_prepare or thaw_request_prepare; shapes in the order of the inputs."""
        owner._handle.check_process()
        names = [info.name for info in self.inputs]
        ordered = in_order(_as_set(shapes, self._count), names, "shapes")
        table = (_library.Shape * self._count)(
            *[_library.shape_of(shape, "shapes") for shape in ordered])
        interruptible(owner, function, owner._handle.pointer, table, self._count)
        return ordered

    def plans(self):
        """The Plans that the engine keeps, the latest used first and the slower one, which stands
        in for those past max_cached_engines, last. They have no layers: Request.plan has."""
        from .plan import plans
        return plans(self)

    def request(self):
        """A new Request: an inference with memory of its own."""
        return Request(self)

    def save(self, path, overwrite=False, progress=None):
        """Writes a SavedModel that TensorFlow still loads, with plans for the shapes that prepare()
        or optimize() were given: thaw starts from it in milliseconds. It appears whole or not at
        all.

        overwrite: an existing SavedModel is replaced. progress: called with a text when a step
        begins.
        Raises InputError, UsageError where `path` is in the way, ResourceError."""
        from ._save import save
        save(self, path, overwrite, progress)

    def __reduce__(self):
        return _optimize_again, (self.model, self.options, self._shapes, self.calibration)


def _optimize_again(model, options, shapes, calibration):
    return optimize(model, shapes=shapes, calibrate=calibration, **options)


def _sets(shapes):
    """optimize()'s shapes as a list, where a bare shape is one."""
    if shapes is None:
        return []
    if isinstance(shapes, dict) or (isinstance(shapes, tuple) and
                                    all(isinstance(d, int) for d in shapes)):
        return [shapes]
    return list(shapes)


def _as_set(shapes, count):
    """A bare shape of a model of one input, as the list of one shape."""
    if count == 1 and isinstance(shapes, (list, tuple)) and \
            all(d is None or not hasattr(d, "__len__") for d in shapes) and shapes != [None]:
        return [shapes]
    return shapes


def _places(found):
    places = {}
    for index, info in enumerate(found):
        places.setdefault(info.name, index)
        places.setdefault(info.tensor, index)
    return places


def _place(places, name, found, kind):
    if isinstance(name, int) and 0 <= name < len(found):
        return name
    try:
        return places[name]
    except (KeyError, TypeError):
        raise errors.UsageError("has no {} {!r}, but {}".format(
            kind, name, ", ".join(info.name for info in found)))


class _Lease:
    """Keeps a run for those of its results that lie in its memory; when they are gone it is idle
    again."""

    def __init__(self, run, idle):
        self._run, self._idle = run, idle

    def results(self):
        inputs = [(tensor.data, tensor.data + tensor.size)
                  for tensor, keeper in zip(self._run._inputs, self._run._keepers)
                  if keeper is not None and tensor.data]
        for tensor in self._run._results:
            found = _arrays.result(tensor)
            address, size = found[2:]
            # A result that is an input's memory itself would change with that.
            stays = size >= LARGE and not any(begin <= address < end for begin, end in inputs)
            view = _arrays.viewed(*found, keeper=self) if stays else None
            yield _arrays.copied(*found) if view is None else view

    def __del__(self):
        self._run._let_go()
        self._idle.append(self._run)
