"""The commands inspect, convert, compare, bench and summary: each runs the command line program in
a process of its own and gives the document that its --json prints (docs/commands.md)."""

import os
import sys

from . import _library, errors
from .model import Model

# What __main__ does, without this package and numpy.
_PROGRAM = """
import ctypes, os, signal, sys
signal.signal(signal.SIGINT, signal.SIG_DFL)
arguments = [os.fsencode(a) for a in ["thaw"] + sys.argv[2:]]
argv = (ctypes.c_char_p * (len(arguments) + 1))(*arguments)
sys.exit(ctypes.CDLL(sys.argv[1]).thaw_main(len(arguments), argv))
"""


def _text(value):
    """A value as the command line takes it: shapes as 1x300x300x3."""
    if isinstance(value, (tuple, list)) and value and all(isinstance(v, int) for v in value):
        return "x".join(str(v) for v in value)
    return os.fspath(value) if hasattr(value, "__fspath__") else str(value)


def _options(keywords):
    """tile_overlap=0.3, no_tune=True, shape=[(1, 2), (1, 3)] as --tile-overlap 0.3 --no-tune
    --shape 1x2 --shape 1x3."""
    arguments = []
    for name, value in keywords.items():
        option = "--" + name.rstrip("_").replace("_", "-")
        if value is None or value is False:
            continue
        if value is True:
            arguments.append(option)
        elif isinstance(value, list) and not all(isinstance(v, int) for v in value):
            for one in value:
                arguments += [option, _text(one)]
        else:
            arguments += [option, _text(value)]
    return arguments


def _model(model, keywords):
    """The path of a model, engine or path; a model's and an engine's options become keywords."""
    options = {}
    if not isinstance(model, Model) and hasattr(model, "model"):
        options = {"precision": model.precision, "device": model.device, "threads": model.threads}
        model = model.model
    if isinstance(model, Model):
        if model.path is None:
            raise errors.UsageError("a model that was loaded from bytes has no file to look at")
        names = {"signature": "signature", "outputs": "to", "inputs": "from_"}
        for option, value in model.options.items():
            options[names[option]] = value if isinstance(value, str) else ",".join(value)
        model = model.path
    for name, value in options.items():
        keywords.setdefault(name, value)
    return _text(model)


def _run(command, positionals, keywords):
    import json
    import subprocess
    arguments = [command] + positionals + ["--json"] + _options(keywords)
    done = subprocess.Popen(
        [sys.executable, "-I", "-S", "-c", _PROGRAM, _library.find()] + arguments,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        out, err = done.communicate()
    except BaseException:
        done.kill()
        done.wait()
        raise
    lines = err.decode("utf-8", "replace").splitlines()
    told = [line.split("thaw: warning: ", 1)[1] for line in lines if "thaw: warning: " in line]
    if told:
        from ._log import log
        for line in told:
            log.warning("%s", line)
    if done.returncode not in (0, 1):
        message = next((line.split("rror: ", 1)[1] for line in lines if "thaw: error: " in line),
                       "\n".join(lines) or "thaw {} ended with {}".format(command, done.returncode))
        kinds = {2: errors.UsageError, 3: errors.InputError, 4: errors.ResourceError}
        raise kinds.get(done.returncode, errors.InternalError)(message)
    return json.loads(out.decode("utf-8"))


def inspect(model, **options):
    """What a model holds: the document of `thaw inspect --json` as a dict. Options are the
    command's with underscores: shape=(1, 300, 300, 3), signature="..."."""
    keywords = dict(options)
    path = _model(model, keywords)
    for name in ("precision", "device", "threads", "to", "from_"):
        if name not in options:
            keywords.pop(name, None)
    return _run("inspect", [path], keywords)


def convert(source, destination, **options):
    """Frozen graph to SavedModel, or SavedModel to frozen graph where `destination` ends in .pb or
    .pbtxt; read back and run beside the source before it takes its place. The document of
    `thaw convert --json`. Options: outputs="a:0,b:0", signature, overwrite=True,
    check_seconds=60."""
    return _run("convert", [_text(source), _text(destination)], options)


def summary(model, **options):
    """The layers that run a model, their kernels and times: the document of `thaw summary --json`.
    Options are the command's: shape, time=True, precision, device, threads ..."""
    path = _model(model, options)
    return _run("summary", [path], options)


def bench(model, **options):
    """Times a model: the document of `thaw bench --json`, milliseconds. Options are the command's:
    warmup=50, runs=1000, batch, shape, images, streams, against, profile=True ..."""
    path = _model(model, options)
    return _run("bench", [path], options)


def compare(a, b, **options):
    """Which detections change between two models, or documents of `thaw detect --json`: the
    document of `thaw compare --json`. Options are the command's: images, labels, score=0.5, truth,
    report, max_map_drop, max_score_change, b_precision ... Whether a gate was missed stands in
    ["gates"]."""
    first = _model(a, options)
    others = {}
    second = _model(b, others)
    for name in ("precision", "device"):
        if name in others:
            options.setdefault("b_" + name, others[name])
    return _run("compare", [first, second], options)
