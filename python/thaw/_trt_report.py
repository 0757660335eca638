"""What TF-TRT's converters tell of a conversion: the summary's table, the report of ops that are left
out, the graph drawn."""

import contextlib
import csv
import os
import shutil
import tempfile

from . import commands
from ._log import log
from .model import load

# Of the line's length, as TF-TRT has them.
_COLUMNS = (("TRTEngineOP Name", .20), ("Device", .09), ("# Nodes", .05), ("# Inputs", .09),
            ("# Outputs", .09), ("Input DTypes", .12), ("Output Dtypes", .12), ("Input Shapes", .12),
            ("Output Shapes", .12))
# What an extent that the model leaves open is taken as, where nothing was built yet.
_OPEN_EXTENT = 300


def _row(fields, line_length):
    line, end = "", 0
    for field, (_, share) in zip(fields, _COLUMNS):
        end += int(line_length * share)
        line = ("%s %s" % (line, field) if line else str(field)).ljust(end)
        if len(line) > end:
            line = line[:end - 4] + " ..."
    return line


def shapes_to_describe(engine, built):
    """The shapes, in the order of the inputs, that a summary is about: the first that was built, else
    the model's own with a batch of 1. None for an input that takes its default."""
    if built:
        return [built[0].get(info.name) for info in engine.inputs]
    shapes = []
    for info in engine.inputs:
        if info.optional:
            continue
        dims = list(info.shape if info.shape is not None else (None, None, None, 3))
        shapes.append(tuple(d if d is not None else 1 if i == 0 or len(dims) != 4 else _OPEN_EXTENT
                            for i, d in enumerate(dims)))
    return shapes


def described(engine, built, graph_def=None):
    """What `thaw summary` tells of the plan for these shapes: its engines, and what became of the
    graph's ops."""
    shapes = [shape for shape in shapes_to_describe(engine, built) if shape is not None]
    how = {"precision": engine.precision, "device": engine.device, "threads": engine.threads}
    for name in ("max_workspace_size", "minimum_segment_size", "memory_limit"):
        if engine.options[name]:
            how[name] = engine.options[name]
    with _on_disk(engine.model, graph_def) as model:
        return commands.summary(model, shape=shapes, **how)["plans"][0]


@contextlib.contextmanager
def _on_disk(model, graph_def):
    """The model itself, or for a while a file of one that was loaded from bytes."""
    if model.path is not None:
        yield model
        return
    folder = tempfile.mkdtemp(prefix="thaw_graph_")
    try:
        path = os.path.join(folder, "graph.pb")
        with open(path, "wb") as stream:
            stream.write(graph_def().SerializeToString())
        yield load(path, **model.options)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _shapes(shapes):
    return [[-1 if d is None else d for d in shape] if shape is not None else None
            for shape in shapes]


def _fields(engine):
    return [engine["name"], engine["device"], engine["nodes"], engine["inputs"], engine["outputs"],
            engine["input_dtypes"], engine["output_dtypes"], _shapes(engine["input_shapes"]),
            _shapes(engine["output_shapes"])]


def summary(engine, built, line_length, detailed, print_fn):
    """Prints the table, what is left out and why, and the totals."""
    plan = described(engine, built)
    conversion = plan["conversion"]
    print_fn(_row([name for name, _ in _COLUMNS], line_length))
    print_fn("=" * line_length)
    for index, one in enumerate(plan["engines"]):
        if index:
            print_fn("\n%s\n" % ("-" * 40))
        print_fn(_row(_fields(one), line_length))
    if detailed:
        print_fn("")
        for op, count in sorted(conversion["ops"].items()):
            print_fn("\t- %s: %dx" % (op, count))
    if conversion["left_out"]:
        print_fn("\n%s\n\nLeft out:" % ("-" * 40))
        _print_left_out(conversion["left_out"], print_fn)
    print_fn("\n%s" % ("=" * line_length))
    print_fn("[*] Total number of TensorRT engines: %d" % len(plan["engines"]))
    print_fn("[*] %% of OPs Converted: %.2f%% [%d/%d]\n" % (
        conversion["percent"], conversion["ops_converted"], conversion["ops_total"]))


def _print_left_out(left_out, print_fn):
    """Each reason once, with the ops below it."""
    by_reason = {}
    for one in left_out:
        by_reason.setdefault(one["why"], []).append(one)
    for reason, ops in by_reason.items():
        print_fn("\t[Count: %dx] %s" % (sum(one["count"] for one in ops), reason))
        for one in ops:
            print_fn("\t\t- %s: %dx (%s)" % (one["op"], one["count"], one["node"]))


def after_conversion(graph_def, engine):
    """What TF_TRT_SHOW_DETAILED_REPORT and TF_TRT_EXPORT_GRAPH_VIZ_PATH ask for. `graph_def` is a
    function that gives the GraphDef."""
    report = os.environ.get("TF_TRT_SHOW_DETAILED_REPORT", "")
    if report and report != "0":
        left_out = described(engine, [], graph_def)["conversion"]["left_out"]
        if report.isdigit():
            print("#" * 80)
            print("TensorRT unsupported/non-converted OP Report:")
            _print_left_out(left_out, print)
            print("#" * 80)
        else:
            _write_report(report, left_out)
    drawing = os.environ.get("TF_TRT_EXPORT_GRAPH_VIZ_PATH")
    if drawing:
        try:
            _draw(graph_def(), drawing)
        except OSError as error:
            log.error("the graph is not drawn: %s", error)


def _write_report(path, left_out):
    with open(path, "w", newline="") as stream:
        rows = csv.writer(stream, delimiter="|")
        rows.writerow(["OP Name", "Reason", "Count"])
        rows.writerows([one["op"], one["why"], one["count"]] for one in left_out)


def _quoted(name):
    return '"%s"' % name.replace("\\", "\\\\").replace('"', '\\"')


def _draw(graph_def, path):
    """The graph as GraphViz's dot has it: a box for each node, with its op."""
    with open(path, "w", errors="replace") as stream:
        stream.write("digraph thaw_graph {\n  node [shape=box];\n")
        for node in graph_def.node:
            label = "%s\\n%s" % (node.op, node.name)
            stream.write("  %s [label=%s];\n" % (_quoted(node.name),
                                                 _quoted(label).replace("\\\\n", "\\n")))
            for name in node.input:
                source = name.lstrip("^").split(":")[0]
                stream.write("  %s -> %s;\n" % (_quoted(source), _quoted(node.name)))
        stream.write("}\n")
