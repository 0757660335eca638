"""Every op that thaw imports against TensorFlow: op_case.py says how cases are written.

One process is TensorFlow's (this one), one runs thaw on all cases of a family.
"""

import collections
import concurrent.futures
import functools
import importlib
import json
import pathlib
import sys
import tempfile

import pytest

sys.path.append(str(pathlib.Path(__file__).parents[1] / "end_to_end"))
from op_case import compare  # noqa: E402
from op_run import PROGRAM, run_thaw  # noqa: E402
from program import thaw  # noqa: E402

FAMILIES = sorted(p.stem for p in (pathlib.Path(__file__).parent / "ops").glob("*.py"))
MIN_CASES = 3000
# TensorFlow does not have the op for the type or the rank, here at least: thaw may.
NO_KERNEL = ["No OpKernel was registered", "not in the list of allowed values", "not supported yet", "data type is not supported",
             "inputs rank not in [0,5]", "must be at least minimum"]
# Of one node: which graph a mode runs.
GRAPHS = {"ref": "fed", "cpu": "fed", "any_shape": "fed", "weights": "weights", "folded": "folded"}


@functools.cache
def cases_of(family):
    cases = importlib.import_module(f"ops.{family}").CASES
    numbers = collections.Counter()
    for case in cases:
        case.name = f"{family}/{case.ops[0]}-{numbers[case.ops[0]]}"
        numbers[case.ops[0]] += 1
    return cases


# TensorFlow runs these on variables and in functions alone: test_wire.py has SavedModels with them.
OF_VARIABLES = {"ReadVariableOp", "RefEnter", "RefExit", "RefMerge", "RefNextIteration", "RefSwitch", "_Arg"}


def test_each_op_has_a_case():
    importable = set(json.loads(thaw("inspect", "--ops", "--json").out)["ops"])
    held = {op for family in FAMILIES for case in cases_of(family) for op in case.ops}
    assert not importable - held - OF_VARIABLES, "importable ops without a case in tests/oracle/ops"
    assert not held - importable, "cases of ops that thaw does not import"


def test_there_are_many_cases():
    assert sum(len(cases_of(family)) for family in FAMILIES) >= MIN_CASES


def jobs_of(case, graphs):
    """The runs of thaw that the case needs, and the graphs they run on."""
    for graph in ("fed", "weights", "folded"):
        modes = [m for m in case.modes if GRAPHS[m] == graph]
        if graph == "weights" and (case.build or len(graphs["fed"].feeds) < 2):
            continue
        if modes:
            yield f"{case.name}/{graph}", graphs[graph], modes


@functools.cache
def results_of(family):
    """For each case what TensorFlow says and what thaw says in each mode."""
    from op_graphs import case_graph, ops_of, run_tensorflow
    cases = cases_of(family)
    graphs = [{g: case_graph(case, g) for g in {"fed", *(GRAPHS[m] for m in case.modes)}} for case in cases]
    for case, g in zip(cases, graphs):
        assert set(case.ops) <= ops_of(g["fed"].graph), f"{case.name} lacks {set(case.ops) - ops_of(g['fed'].graph)}"
    jobs = [job for case, g in zip(cases, graphs) for job in jobs_of(case, g)]
    with tempfile.TemporaryDirectory() as folder, concurrent.futures.ThreadPoolExecutor(1) as thread:
        waiting = thread.submit(run_thaw, jobs, pathlib.Path(folder))
        wanted = run_tensorflow([case_graph(case, "oracle") if case.oracle else g["fed"]
                                 for case, g in zip(cases, graphs)])
        answers = waiting.result()
    return {case.name: (want, {mode: answers[name, mode] for name, _, modes in jobs_of(case, g) for mode in modes})
            for case, g, want in zip(cases, graphs, wanted)}


def fault(case, want, got):
    """What is wrong with one answer of thaw's; empty when nothing is."""
    refused = isinstance(got, tuple)
    if refused and got[0] != "input":
        return f"{got[0]} error: {got[1]}"
    if isinstance(want, str) and any(text in want for text in NO_KERNEL):
        return ""
    if isinstance(want, str):
        if refused == (not case.accepts):
            return ""
        return f"refused, though the case says it is accepted: {got[1]}" if refused else \
            f"computed, TensorFlow refuses: {want}"
    if case.refuses:
        return "" if refused else "computed, though the case says that it is refused"
    if refused:
        return f"refused: {got[1]}"
    if len(want) != len(got):
        return f"{len(got)} outputs, expected {len(want)}"
    found = [(i, compare(w, g, case.tolerance)) for i, (w, g) in enumerate(zip(want, got))]
    return "; ".join(f"output {i}: {text}" for i, text in found if text)


OPS = [(family, op) for family in FAMILIES for op in sorted({c.ops[0] for c in cases_of(family)})]


@pytest.mark.skipif(not PROGRAM.exists(), reason=f"{PROGRAM} is not built")
@pytest.mark.parametrize("family, op", OPS, ids=[f"{f}-{o}" for f, o in OPS])
def test_op(family, op):
    pytest.importorskip("op_graphs", reason="TensorFlow is the oracle of these tests")
    faults, failed = [], 0
    for case in cases_of(family):
        if case.ops[0] != op:
            continue
        want, answers = results_of(family)[case.name]
        found = collections.defaultdict(list)
        for mode, got in answers.items():
            if text := fault(case, want, got):
                found[text].append(mode)
        faults += [f"{case.describe()}\n    {', '.join(modes)}: {text}" for text, modes in found.items()]
        failed += bool(found)
    assert not faults, f"{failed} cases fail:\n" + "\n".join(faults[:40])
