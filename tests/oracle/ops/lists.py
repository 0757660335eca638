"""TensorArrays and TensorLists, in straight graphs and in loops."""

import itertools

import numpy as np

from op_case import BITS, graph_case

CASES = []
F = np.float32
ROWS = np.arange(12, dtype=F).reshape(4, 3)


MODES = ("ref", "cpu", "any_shape", "folded")


def graph(ops, build, modes=MODES, accepts=""):
    CASES.append(graph_case(ops.split(), build, tol=BITS, modes=modes, accepts=accepts))


def with_nodes(g, body):
    """What body makes of TF1's control flow, in nodes."""
    functions = g.v1.control_flow_v2_enabled()
    g.v1.disable_control_flow_v2()
    try:
        return body()
    finally:
        if functions:
            g.v1.enable_control_flow_v2()


def with_functions(g, body):
    """What body makes of TF2's, in functions."""
    functions = g.v1.control_flow_v2_enabled()
    g.v1.enable_control_flow_v2()
    try:
        return body()
    finally:
        if not functions:
            g.v1.disable_control_flow_v2()


# TensorArrays, whose ops TensorFlow still builds one by one.


def array(g, size, dtype="float32", shape=None, grows=False, same=True, clear=True):
    return g.tf.raw_ops.TensorArrayV3(size=size, dtype=dtype, element_shape=shape, dynamic_size=grows,
                                      identical_element_shapes=same, clear_after_read=clear, tensor_array_name="")


def write(g, a, index, value):
    handle, flow = a
    flow = g.tf.raw_ops.TensorArrayWriteV3(handle=handle, index=index, value=value, flow_in=flow)
    return handle, flow


def read(g, a, index, dtype="float32"):
    return g.tf.raw_ops.TensorArrayReadV3(handle=a[0], index=index, flow_in=a[1], dtype=dtype)


def gather(g, a, indices, dtype="float32", shape=None):
    return g.tf.raw_ops.TensorArrayGatherV3(handle=a[0], indices=indices, flow_in=a[1], dtype=dtype,
                                            element_shape=shape)


def size(g, a):
    return g.tf.raw_ops.TensorArraySizeV3(handle=a[0], flow_in=a[1])


def close(g, a):
    return g.tf.raw_ops.TensorArrayCloseV3(handle=a[0])


WRITES = "TensorArrayV3 TensorArrayWriteV3 TensorArraySizeV3 TensorArrayGatherV3"


def written(values, capacity, indices, grows, shape=None, same=True, order=None):
    """Writes values at `order` (0, 1 ...), gathers `indices`."""
    values = [np.asarray(v) for v in values]

    def build(g):
        a = array(g, g.feed(np.int32(capacity)), values[0].dtype if values else F, shape, grows, same)
        for at, value in zip(order or range(len(values)), values):
            a = write(g, a, at, g.feed(value))
        with g.tf.control_dependencies([a[1]]):
            return [size(g, a), gather(g, a, g.feed(np.int32(indices)), a_type(values), shape)]

    ops = WRITES if values else WRITES.replace("TensorArrayWriteV3 ", "")
    # Constants that don't fit are refused when TensorFlow's graph is made.
    fits = not values or shape is None or all(s in (None, n) for s, n in zip(shape, values[0].shape))
    fits = fits and len({v.shape for v in values}) < 2
    graph(ops, build, modes=MODES if fits else MODES[:-1])


def a_type(values):
    return values[0].dtype if values else np.dtype(F)


def array_cases():
    shapes = [(), (3,), (2, 1), (0,)]
    for shape, grows, stated in itertools.product(shapes, (False, True), (False, True)):
        values = [np.full(shape, i + 1, F) for i in range(4)]
        known = list(shape) if stated else None
        written(values, 4, [0, 1, 2, 3], grows, known)
        written(values, 0, [0, 1, 2, 3], grows, known)  # refused unless it grows
        written(values, 2, [3, 0], grows, known)
        written(values[:2], 4, [1, 0], grows, known)
        written(values[:2], 4, [0, 1, 2, 3], grows, known)  # elements that nobody wrote
        written(values[:2], 0, [0, 1, 2, 3, 4], grows, known, order=[4, 1])
        written(values[:1], 0, [], grows, known)
        written([], 3, [0, 2], grows, known)
        written([], 0, [], grows, known)
    for dtype in (np.int32, np.int64, np.uint8, np.float64, np.bool_, np.float16):
        written([np.array([1, 0], dtype), np.array([0, 1], dtype)], 0, [1, 0], True, [2])
        written([np.array([1, 0], dtype), np.array([0, 1], dtype)], 3, [1, 0, 2], False, [2])
    written([np.array([b"a", b"bc"], object), np.array([b"", b"\0x"], object)], 0, [1, 0], True)
    # What doesn't fit.
    written([np.zeros([3], F), np.zeros([2], F)], 2, [0, 1], False, same=False)
    written([np.zeros([3], F), np.zeros([2], F)], 2, [1], False, same=False)
    written([np.zeros([3], F)], 2, [0], False, [2])
    written([np.zeros([3], F)], 2, [0], False, [None])
    written([np.zeros([3], F)], 2, [0, 1], False, [None])
    written([np.zeros([3], F)], 2, [5], True, [3])
    written([np.zeros([3], F)], 2, [-1], True, [3])
    written([np.zeros([3], F)], 2, [0], True, [3], order=[-1])
    written([np.zeros([3], F)], -1, [0], True, [3])


def array_access():
    def scatter(indices, capacity, grows, take, shape=None):
        def build(g):
            handle, flow = array(g, g.feed(np.int32(capacity)), shape=shape, grows=grows)
            flow = g.tf.raw_ops.TensorArrayScatterV3(handle=handle, indices=g.feed(np.int32(indices)),
                                                     value=g.feed(ROWS[:len(indices)]), flow_in=flow)
            with g.tf.control_dependencies([flow]):
                return [size(g, (handle, flow)), gather(g, (handle, flow), np.int32(take), shape=shape)]

        # Constants tell their shape where TensorFlow, fed, does not know it.
        modes = MODES if shape == [3] else MODES[:-1]
        graph("TensorArrayV3 TensorArrayScatterV3 TensorArraySizeV3 TensorArrayGatherV3", build, modes)

    for grows, shape in itertools.product((False, True), (None, [3], [None])):
        scatter([0, 1, 2, 3], 4, grows, [0, 3], shape)
        scatter([3, 1], 4, grows, [1, 3], shape)
        scatter([2, 5], 0, grows, [5, 2], shape)
        scatter([1, 2], 2, grows, [1], shape)
        scatter([0, 2], 3, grows, [0, 1, 2], shape)
        scatter([], 3, grows, [], shape)

    def reading(index, capacity, grows, shape, same=True):
        def build(g):
            a = array(g, capacity, shape=shape, grows=grows, same=same, clear=False)
            a = write(g, a, 1, g.feed(ROWS[1]))
            first = read(g, a, g.feed(np.int32(index)))
            with g.tf.control_dependencies([first]):
                second = read(g, a, index)
                with g.tf.control_dependencies([second]):
                    done = close(g, a)
            with g.tf.control_dependencies([done]):
                return [g.tf.identity(first), g.tf.identity(second)]

        graph("TensorArrayV3 TensorArrayWriteV3 TensorArrayReadV3 TensorArrayCloseV3", build)

    for grows, shape in itertools.product((False, True), (None, [3], [None])):
        for index in (1, 0, 2, 3, -1):
            reading(index, 2, grows, shape)


def array_loops():
    """TF1's loops that fill arrays, of sizes known and not."""

    def filled(rounds, capacity, grows, element, stated=None, take=None):
        def made(g):
            n = g.feed(np.int32(rounds), shape=[])
            a = g.v1.TensorArray("float32", size=capacity, dynamic_size=grows, element_shape=stated, infer_shape=False)
            x = g.feed(element)

            def body(i, a):
                return i + 1, a.write(i, x * g.tf.cast(i, "float32"))

            _, a = g.v1.while_loop(lambda i, a: i < n, body, [np.int32(0), a])
            stacked = a.stack() if take is None else a.gather(np.int32(take))
            return [a.size(), stacked]

        def build(g):
            return with_nodes(g, lambda: made(g))

        lacking = stated is None and take is None and capacity > rounds
        accepts = "what nobody wrote is zeros of the shape of what was written" if lacking else ""
        graph("TensorArrayV3 TensorArrayWriteV3 TensorArrayGatherV3 Enter Exit Merge Switch "
              "NextIteration LoopCond", build, accepts=accepts)

    for element, capacity, grows in itertools.product((F(2), F([1, 2, 3]), np.ones([2, 2], F)), (0, 1, 5, 7),
                                                      (False, True)):
        filled(5, capacity, grows, element, stated=list(element.shape))
        filled(5, capacity, grows, element)
        filled(5, capacity, grows, element, take=[4, 0])
    filled(0, 0, True, F([1, 2]), stated=[2])
    filled(0, 3, True, F([1, 2]), stated=[2])
    filled(0, 0, True, F([1, 2]))


# TensorLists.


def lists():
    def made(build_list, ops, element=(3,), dtype=F, count=None, more=(), modes=MODES):
        """The list's length, its elements stacked and gathered."""

        def build(g):
            r = g.tf.raw_ops
            h = build_list(g, r)
            shape = g.tf.constant(element, "int32") if element is not None else np.int32(-1)
            outputs = [r.TensorListLength(input_handle=h),
                       r.TensorListStack(input_handle=h, element_shape=shape, element_dtype=dtype,
                                         num_elements=-1 if count is None else count)]
            for indices in more:
                outputs.append(r.TensorListGather(input_handle=h, indices=g.feed(np.int32(indices)),
                                                  element_shape=shape, element_dtype=dtype))
            return outputs

        graph("TensorListLength TensorListStack " + ("TensorListGather " if more else "") + ops, build, modes)

    def reserved(size, sets, element=(3,), dtype=F, grow=False, stated=(3,), **more):
        """modes=...: what TensorFlow refuses when its graph is made can't be fed constants."""
        def build_list(g, r):
            shape = np.int32(-1) if stated is None else g.tf.constant(stated, "int32")
            h = r.TensorListReserve(element_shape=shape, num_elements=g.feed(np.int32(size)), element_dtype=dtype)
            for index, value in sets:
                h = r.TensorListSetItem(input_handle=h, index=g.feed(np.int32(index)), item=g.feed(value),
                                        resize_if_index_out_of_bounds=grow)
            return h

        made(build_list, "TensorListReserve" + (" TensorListSetItem" if sets else ""), element, dtype, **more)

    for grow, stated, element in itertools.product((False, True), ((3,), (-1,), None), ((3,), (-1,), None)):
        common = {"grow": grow, "stated": stated, "element": element}
        reserved(4, list(enumerate(ROWS)), more=([3, 0, 0], []), **common)
        reserved(4, [(2, ROWS[0]), (1, ROWS[1])], more=([1, 2, 3],), **common)
        reserved(2, [(3, ROWS[0])], more=([3, 0],), **common)
        reserved(0, [(5, ROWS[0]), (1, ROWS[3])], **common)
        reserved(0, [], **common)
        reserved(2, [], more=([1],), **common)
        if not grow:  # TensorFlow ends when such a list grows
            reserved(2, [(-1, ROWS[0])], **common)
    for value in (F(3), np.ones([2, 0], F), np.ones([2, 1, 2], F)):
        for grow in (False, True):
            reserved(2, [(1, value), (0, value)], element=value.shape, stated=value.shape, grow=grow, more=([1],))
            reserved(0, [(1, value)], element=value.shape, stated=value.shape, grow=grow)
    for dtype in (np.int32, np.int64, np.float64, np.uint8, np.bool_, np.float16):
        reserved(3, [(1, np.array([1, 0, 1], dtype))], dtype=dtype, more=([1, 2],))
    strings = np.array([b"a", b"", b"\xff\0"], object)
    reserved(1, [(0, strings), (2, strings)], dtype=np.str_, grow=True)
    # What doesn't fit.
    reserved(2, [(0, ROWS[0][:2])], modes=MODES[:-1])
    reserved(2, [(0, ROWS[0][:2]), (1, ROWS[1])], stated=None, element=None)
    reserved(-1, [])
    reserved(2, [(0, ROWS[0])], more=([2],))
    reserved(2, [(0, ROWS[0])], more=([-1],))
    reserved(2, [(0, ROWS[0])], count=2)

    def pushed(values, most=-1, stated=(3,), **more):
        def build_list(g, r):
            shape = np.int32(-1) if stated is None else g.tf.constant(stated, "int32")
            h = r.EmptyTensorList(element_shape=shape, max_num_elements=most, element_dtype=F)
            for value in values:
                h = r.TensorListPushBack(input_handle=h, tensor=g.feed(value))
            return h

        made(build_list, "EmptyTensorList" + (" TensorListPushBack" if len(values) else ""), **more)

    for stated, element in itertools.product(((3,), (-1,), None), ((3,), (-1,), None)):
        pushed([], stated=stated, element=element)
        pushed(ROWS, stated=stated, element=element, more=([3, 1],))
    pushed(ROWS[:2], most=2)
    pushed([F(1), F(2)], stated=(), element=())
    pushed([ROWS[0], ROWS[0][:2]], stated=(-1,), element=(-1,))

    def from_tensor(value, then=None, ops="", **more):
        def build_list(g, r):
            shape = g.tf.constant(value.shape[1:], "int32")
            h = r.TensorListFromTensor(tensor=g.feed(value), element_shape=shape)
            return then(g, r, h) if then else h

        made(build_list, "TensorListFromTensor " + ops, value.shape[1:], value.dtype, **more)

    for value in (ROWS, ROWS[:0], ROWS[:, :0], ROWS[:, 0], ROWS.astype(np.int64), ROWS.reshape(2, 2, 3) > 4):
        from_tensor(value)
        if len(value):
            from_tensor(value, more=([len(value) - 1, 0],))
    for count in (0, 2, 4, 7, -1):
        from_tensor(ROWS, lambda g, r, h, n=count: r.TensorListResize(input_handle=h, size=g.feed(np.int32(n))),
                    "TensorListResize", more=([0],))
    from_tensor(ROWS, lambda g, r, h: r.TensorListPushBack(
        input_handle=r.TensorListResize(input_handle=h, size=2), tensor=g.feed(ROWS[3])),
        "TensorListResize TensorListPushBack")

    def item(index, stated, element, sets=((1, ROWS[2]),), size=3):
        def build(g):
            r = g.tf.raw_ops
            as_shape = lambda s: np.int32(-1) if s is None else g.tf.constant(s, "int32")
            h = r.TensorListReserve(element_shape=as_shape(stated), num_elements=size, element_dtype=F)
            for at, value in sets:
                h = r.TensorListSetItem(input_handle=h, index=at, item=g.feed(value))
            return [r.TensorListGetItem(input_handle=h, index=g.feed(np.int32(index)), element_shape=as_shape(element),
                                        element_dtype=F)]

        graph("TensorListReserve TensorListGetItem" + (" TensorListSetItem" if sets else ""), build)

    for stated, element, index in itertools.product(((3,), (-1,), None), ((3,), (-1,), None), (1, 0, 3)):
        item(index, stated, element)
        item(index, stated, element, sets=())
    item(0, (-1,), (-1,), sets=((1, ROWS[0]), (2, ROWS[0][:2])))


def list_loops():
    """TF2's loops and map_fn, which make lists."""

    arrays = "TensorArrayV3 TensorArrayScatterV3 TensorArrayReadV3 TensorArrayWriteV3 TensorArrayGatherV3"
    listed = "TensorListFromTensor TensorListGetItem TensorListReserve TensorListSetItem TensorListStack"
    for x, ways in itertools.product((ROWS, ROWS[:1], ROWS[:0], ROWS[:, 0]), ((with_nodes, arrays), (with_functions, listed))):
        for stated in (x.shape, [None, *x.shape[1:]], None):
            def mapped(g, x=x, way=ways[0], stated=stated):
                fed = g.feed(x, shape=stated)
                return way(g, lambda: [g.tf.map_fn(lambda row: row * 2 + 1, fed)])

            graph(ways[1], mapped, MODES if stated else MODES[:-1])

    def grown(rounds, element, capacity, stated):
        def build(g):
            x = g.feed(element)
            n = g.feed(np.int32(rounds), shape=[])

            @g.tf.function
            def run(x, n):
                a = g.tf.TensorArray("float32", size=capacity, dynamic_size=True, element_shape=stated)
                for i in g.tf.range(n):
                    a = a.write(i, x + g.tf.cast(i, "float32"))
                return a.stack(), a.size()

            return with_functions(g, lambda: list(run(x, n)))

        graph("TensorListReserve TensorListSetItem TensorListStack TensorListLength", build)

    for element, capacity in itertools.product((F(1), F([1, 2])), (0, 2, 6)):
        grown(4, element, capacity, list(element.shape))
        grown(0, element, capacity, list(element.shape))
        grown(4, element, capacity, None)


    def pushed(rounds, element, stated):
        def build(g):
            r = g.tf.raw_ops
            x, n = g.feed(element, shape=element.shape), g.feed(np.int32(rounds), shape=[])
            shape = np.int32(-1) if stated is None else g.tf.constant(stated, "int32")

            def looped():
                h = r.EmptyTensorList(element_shape=shape, max_num_elements=-1, element_dtype=F)
                _, h = g.tf.while_loop(lambda i, h: i < n, lambda i, h: (i + 1, r.TensorListPushBack(
                    input_handle=h, tensor=x * g.tf.cast(i, "float32"))), [np.int32(0), h])
                return [r.TensorListLength(input_handle=h),
                        r.TensorListStack(input_handle=h, element_shape=shape, element_dtype=F)]

            return with_functions(g, looped)

        graph("EmptyTensorList TensorListPushBack TensorListStack TensorListLength StatelessWhile", build)

    for rounds, element, stated in itertools.product((0, 1, 4), (F(2), F([1, 2])), (True, False)):
        pushed(rounds, element, element.shape if stated else None)

    def sometimes(rounds, every):
        """An array that grows in some rounds only."""

        def build(g):
            x, n = g.feed(F([1, 2]), shape=[2]), g.feed(np.int32(rounds), shape=[])

            def looped():
                a = g.v1.TensorArray("float32", size=0, dynamic_size=True, element_shape=[2], infer_shape=False)

                def body(i, a):
                    return i + 1, g.v1.cond(g.tf.equal(i % every, 0), lambda: a.write(a.size(), x), lambda: a)

                _, a = g.v1.while_loop(lambda i, a: i < n, body, [np.int32(0), a])
                return [a.size(), a.stack()]

            return with_functions(g, looped)

        graph("TensorListReserve TensorListSetItem TensorListStack TensorListLength", build)

    for rounds, every in ((0, 1), (5, 1), (5, 2), (7, 3)):
        sometimes(rounds, every)


array_cases()
array_access()
array_loops()
lists()
list_loops()
