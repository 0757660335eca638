"""Loops and conditions: TF1's nodes and TF2's functions."""

import itertools

import numpy as np

from op_case import EXACT, graph_case
from ops.lists import with_functions, with_nodes

CASES = []
F = np.float32
# The state of a loop, a condition and their nodes.
LOOP = ["Enter", "Exit", "Merge", "Switch", "NextIteration", "LoopCond"]
COND = ["Switch", "Merge"]


def graph(ops, build, accepts=""):
    way = with_nodes if ops in (LOOP, COND, ["Assert"], ["_SwitchN", "Merge"]) else with_functions

    def built(g):
        return way(g, lambda: build(g))

    built.__name__ = build.__name__
    CASES.append(graph_case(ops, built, tol=EXACT, accepts=accepts))


def loops_of_nodes():
    for rounds, value in itertools.product((0, 1, 5), (F(1.5), F([1, 2, 3]), np.ones([0, 2], F), np.int32([7, -7]))):
        def counted(g, rounds=rounds, value=value):
            n, x = g.feed(np.int32(rounds), shape=[]), g.feed(value, shape=value.shape)
            return g.v1.while_loop(lambda i, y: i < n, lambda i, y: (i + 1, y + y), [np.int32(0), x])

        graph(LOOP, counted)

        def nested(g, rounds=rounds, value=value):
            n, x = g.feed(np.int32(rounds), shape=[]), g.feed(value, shape=value.shape)

            def outer(i, y):
                _, y = g.v1.while_loop(lambda j, z: j < i, lambda j, z: (j + 1, z + x), [np.int32(0), y])
                return i + 1, y

            return g.v1.while_loop(lambda i, y: i < n, outer, [np.int32(0), x])

        graph(LOOP, nested)

        def branching(g, rounds=rounds, value=value):
            n, x = g.feed(np.int32(rounds), shape=[]), g.feed(value, shape=value.shape)

            def body(i, y):
                return i + 1, g.v1.cond(i % 2 > 0, lambda: y + x, lambda: y - x)

            return g.v1.while_loop(lambda i, y: i < n, body, [np.int32(0), x])

        graph(LOOP, branching)

        def growing(g, rounds=rounds, value=value):
            n, x = g.feed(np.int32(rounds), shape=[]), g.feed(value.reshape(-1), shape=[None])
            shapes = [g.tf.TensorShape([]), g.tf.TensorShape([None])]
            return g.v1.while_loop(lambda i, y: i < n, lambda i, y: (i + 1, g.tf.concat([y, x], 0)), [np.int32(0), x],
                                   shape_invariants=shapes)

        graph(LOOP, growing)

        def bounded(g, rounds=rounds, value=value):
            x = g.feed(value, shape=value.shape)
            return [g.v1.while_loop(lambda y: True, lambda y: y + x, [x], maximum_iterations=rounds)]

        graph(LOOP, bounded)

        def swapped(g, rounds=rounds, value=value):
            n, a, b = g.feed(np.int32(rounds), shape=[]), g.feed(value, shape=value.shape), g.feed(value + value, shape=value.shape)
            return g.v1.while_loop(lambda i, x, y: i < n, lambda i, x, y: (i + 1, y, x), [np.int32(0), a, b])

        graph(LOOP, swapped)


def conditions_of_nodes():
    for predicate, value in itertools.product((True, False), (F([1, 2]), F(3), np.ones([0], F), np.int64([5]))):
        def simple(g, predicate=predicate, value=value):
            p, x = g.feed(np.bool_(predicate), shape=[]), g.feed(value)
            return [g.v1.cond(p, lambda: x + x, lambda: x - x), g.v1.cond(p, lambda: x, lambda: x * x)]

        graph(COND, simple)

        def nested(g, predicate=predicate, value=value):
            p, q, x = g.feed(np.bool_(predicate), shape=[]), g.feed(np.bool_(True), shape=[]), g.feed(value)
            return [g.v1.cond(p, lambda: g.v1.cond(q, lambda: x + x, lambda: x), lambda: g.v1.cond(q, lambda: x - x, lambda: x))]

        graph(COND, nested)

        def shapes_differ(g, predicate=predicate, value=value):
            p, x = g.feed(np.bool_(predicate), shape=[]), g.feed(value.reshape(-1))
            return [g.v1.cond(p, lambda: g.tf.concat([x, x], 0), lambda: x)]

        graph(COND, shapes_differ)

        def several(g, predicate=predicate, value=value):
            p, x = g.feed(np.bool_(predicate), shape=[]), g.feed(value)
            return list(g.v1.cond(p, lambda: (x + x, g.tf.size(x)), lambda: (x, g.tf.constant(-1))))

        graph(COND, several)

        def merged(g, predicate=predicate, value=value):
            p, x = g.feed(np.bool_(predicate), shape=[]), g.feed(value)
            no, yes = g.tf.raw_ops.Switch(data=x, pred=p)
            merged = g.tf.raw_ops.Merge(inputs=[no + no, yes * yes])
            return [merged.output, merged.value_index]

        graph(COND, merged)

        def asserted(g, predicate=predicate, value=value):
            p, x = g.feed(np.bool_(predicate), shape=[]), g.feed(value)
            check = g.tf.raw_ops.Assert(condition=p, data=[x], summarize=3)
            with g.tf.control_dependencies([check]):
                return [x + x]

        graph(["Assert"], asserted, accepts="" if predicate else "the pass remove_asserts drops them")
    for choice in range(4):
        def several_ways(g, choice=choice):
            c, x = g.feed(np.int32(choice), shape=[]), g.feed(F([1, 2]))
            ways = [(g.tf.equal(c, k), lambda k=k: x * F(k + 2)) for k in range(3)]
            return [g.v1.case(ways, default=lambda: x - 1)]

        graph(COND, several_ways)


def functional():
    for rounds, value in itertools.product((0, 1, 4), (F(1.5), F([1, 2, 3]), np.ones([0, 2], F), np.int64([7, -7]))):
        def counted(g, rounds=rounds, value=value):
            n, x = g.feed(np.int32(rounds), shape=[]), g.feed(value, shape=value.shape)
            return g.tf.while_loop(lambda i, y: i < n, lambda i, y: (i + 1, y + x), [np.int32(0), x])

        graph(["StatelessWhile"], counted)

        def nested(g, rounds=rounds, value=value):
            n, x = g.feed(np.int32(rounds), shape=[]), g.feed(value, shape=value.shape)

            def outer(i, y):
                y = g.tf.while_loop(lambda j, z: j < i, lambda j, z: (j + 1, z + x), [np.int32(0), y])[1]
                return i + 1, g.tf.cond(i > 1, lambda: y - x, lambda: y)

            return g.tf.while_loop(lambda i, y: i < n, outer, [np.int32(0), x])

        graph(["StatelessWhile", "StatelessIf"], nested)
    for predicate, value in itertools.product((True, False), (F([1, 2]), F(3), np.ones([0], F), np.int64([5]))):
        def chosen(g, predicate=predicate, value=value):
            p, x = g.feed(np.bool_(predicate), shape=[]), g.feed(value)
            return [g.tf.cond(p, lambda: x + x, lambda: x - x)]

        graph(["StatelessIf"], chosen)

        def sizes_differ(g, predicate=predicate, value=value):
            p, x = g.feed(np.bool_(predicate), shape=[]), g.feed(value.reshape(-1))
            return [g.tf.cond(p, lambda: g.tf.concat([x, x], 0), lambda: x[:1])]

        graph(["StatelessIf"], sizes_differ)
    for predicate in (F(0), F(2.5), F(np.nan), np.int32(0), np.int64(-1), np.array(b"", object), np.array(b"x", object),
                      F([]), F([0]), np.float64(0)):
        for kind in ("If", "StatelessIf"):
            def by_value(g, predicate=predicate, kind=kind):
                yes = g.tf.function(lambda x: x + 1).get_concrete_function(g.tf.TensorSpec([2], g.tf.float32))
                no = g.tf.function(lambda x: x - 1).get_concrete_function(g.tf.TensorSpec([2], g.tf.float32))
                yes.add_to_graph()
                no.add_to_graph()
                op = getattr(g.tf.raw_ops, kind)
                return op(cond=g.feed(predicate), input=[g.feed(F([1, 2]))], Tout=[g.tf.float32], then_branch=yes,
                          else_branch=no, output_shapes=[[2]])

            graph([kind], by_value)
    for rounds in (0, 3):
        def stateful(g, rounds=rounds):
            spec = [g.tf.TensorSpec([], g.tf.int32), g.tf.TensorSpec([2], g.tf.float32)]
            cond = g.tf.function(lambda i, x: i < rounds).get_concrete_function(*spec)
            body = g.tf.function(lambda i, x: (i + 1, x * 2)).get_concrete_function(*spec)
            cond.add_to_graph()
            body.add_to_graph()
            return g.tf.raw_ops.While(input=[g.feed(np.int32(0), shape=[]), g.feed(F([1, 2]), shape=[2])], cond=cond,
                                      body=body)

        graph(["While"], stateful)


def of_many_branches():
    """An index that no branch has takes the last."""
    for index, count in itertools.product((-7, 0, 1, 2, 4, 5, 99), (1, 2, 3, 5)):
        for kind in ("Case", "StatelessCase"):
            def by_function(g, index=index, count=count, kind=kind):
                branches = [g.tf.function(lambda x, k=k: x * F(k + 1)).get_concrete_function(g.tf.TensorSpec([2], g.tf.float32))
                            for k in range(count)]
                for branch in branches:
                    branch.add_to_graph()
                op = getattr(g.tf.raw_ops, kind)
                return op(branch_index=g.feed(np.int32(index), shape=[]), input=[g.feed(F([1, 2]))], Tout=[g.tf.float32],
                          branches=branches, output_shapes=[[2]])

            graph([kind], by_function)
        if count < 2:
            continue

        def by_nodes(g, index=index, count=count):
            i, x = g.feed(np.int32(index), shape=[]), g.feed(F([1, 2]))
            ways = g.tf.compat.v1.get_default_graph().create_op(
                "_SwitchN", [x, i], [g.tf.float32] * count, name="ways",
                attrs={"num_outs": g.tf.compat.v1.AttrValue(i=count),
                       "T": g.tf.compat.v1.AttrValue(type=g.tf.float32.as_datatype_enum)}).outputs
            merged = g.tf.raw_ops.Merge(inputs=[way * F(k + 1) for k, way in enumerate(ways)][::-1])
            return [merged.output, merged.value_index]

        graph(["_SwitchN", "Merge"], by_nodes)


loops_of_nodes()
conditions_of_nodes()
functional()
of_many_branches()
