"""What TF-TRT's converters tell of a conversion: the summary's table, the report of ops that are left
out, the graph drawn."""

import collections
import csv
import itertools
import logging
import os

_log = logging.getLogger("thaw")

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


def op_name(layer):
    """The op of a layer without its attributes."""
    return layer.op.split(" ", 1)[0]


def is_converted(layer):
    """Whether it runs on a kernel of the device's, not on the slow one that takes everything."""
    return not layer.kernel.startswith("ref.")


def shapes_to_describe(engine, built):
    """The shapes, in the order of the inputs, that a summary is about: the first that was built, else
    the model's own with a batch of 1."""
    if built:
        return [built[0].get(info.name) for info in engine.inputs]
    shapes = []
    for info in engine.inputs:
        if info.optional:
            shapes.append(None)
            continue
        dims = list(info.shape if info.shape is not None else (None, None, None, 3))
        shapes.append([d if d is not None else 1 if i == 0 or len(dims) != 4 else _OPEN_EXTENT
                       for i, d in enumerate(dims)])
    return shapes


Segment = collections.namedtuple("Segment", "device why layers inputs outputs")


def described(engine, built):
    """The Segments, with their layers, of the plan that a summary is about."""
    request = engine.request()
    request.prepare(shapes_to_describe(engine, built))
    found = request.plan
    layers = iter(found.layers)
    return [Segment(s.device, s.why, list(itertools.islice(layers, s.layers)),
                    engine.inputs, engine.outputs)
            for s in found.segments]


def _shape(info):
    return None if info.shape is None else [-1 if d is None else d for d in info.shape]


def _fields(index, segment):
    return ["thaw_engine_%03d" % index, segment.device, len(segment.layers), len(segment.inputs),
            len(segment.outputs), [i.dtype for i in segment.inputs],
            [o.dtype for o in segment.outputs], [_shape(i) for i in segment.inputs],
            [_shape(o) for o in segment.outputs]]


def left_out(segments, engine):
    """{op: {reason: how many}} of the layers that are not converted."""
    found = collections.defaultdict(collections.Counter)
    for segment in segments:
        beside = segment.device != engine.device
        for layer in segment.layers:
            if beside:
                found[op_name(layer)]["runs on the %s: %s" % (segment.device, segment.why)] += 1
            elif not is_converted(layer):
                found[op_name(layer)][layer.why or "no fast kernel (%s)" % layer.kernel] += 1
    return found


def summary(engine, built, line_length, detailed, print_fn):
    """Prints the table, what is left out and why, and the totals."""
    segments = described(engine, built)
    print_fn(_row([name for name, _ in _COLUMNS], line_length))
    print_fn("=" * line_length)
    engines = [s for s in segments if s.device == engine.device]
    for index, segment in enumerate(engines):
        if index:
            print_fn("\n%s\n" % ("-" * 40))
        print_fn(_row(_fields(index, segment), line_length))
        if detailed:
            print_fn("")
            counts = collections.Counter(op_name(layer) for layer in segment.layers
                                         if is_converted(layer))
            for op, count in sorted(counts.items()):
                print_fn("\t- %s: %dx" % (op, count))
    missing = left_out(segments, engine)
    if missing:
        print_fn("\n%s" % ("-" * 40))
        print_fn("Not converted:")
        _print_left_out(missing, print_fn)
    total = sum(len(s.layers) for s in segments)
    converted = total - sum(sum(reasons.values()) for reasons in missing.values())
    print_fn("\n%s" % ("=" * line_length))
    print_fn("[*] Total number of TensorRT engines: %d" % len(engines))
    print_fn("[*] %% of OPs Converted: %.2f%% [%d/%d]\n"
             % (100.0 * converted / total if total else 100.0, converted, total))


def _print_left_out(missing, print_fn):
    for op, reasons in sorted(missing.items()):
        print_fn("\t- %s: %dx" % (op, sum(reasons.values())))
        for reason, count in sorted(reasons.items()):
            print_fn("\t\t[Count: %dx] %s" % (count, reason))


def after_conversion(graph_def, engine):
    """What TF_TRT_SHOW_DETAILED_REPORT and TF_TRT_EXPORT_GRAPH_VIZ_PATH ask for. `graph_def` is a
    function that gives the GraphDef."""
    report = os.environ.get("TF_TRT_SHOW_DETAILED_REPORT", "")
    if report and report != "0":
        missing = left_out(described(engine, []), engine)
        if report.isdigit():
            print("#" * 80)
            print("TensorRT unsupported/non-converted OP Report:")
            _print_left_out(missing, print)
            print("#" * 80)
        else:
            _write_report(report, missing)
    drawing = os.environ.get("TF_TRT_EXPORT_GRAPH_VIZ_PATH")
    if drawing:
        try:
            _draw(graph_def(), drawing)
        except OSError as error:
            _log.error("the graph is not drawn: %s", error)


def _write_report(path, missing):
    with open(path, "w", newline="") as stream:
        rows = csv.writer(stream, delimiter="|")
        rows.writerow(["OP Name", "Reason", "Count"])
        for op, reasons in sorted(missing.items()):
            for reason, count in sorted(reasons.items()):
                rows.writerow([op, reason, count])


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
