"""Small models as text: what is tested with them is not the network, and TensorFlow is not needed."""

FLOAT = 'attr { key: "T" value { type: DT_FLOAT } }'


def constant(name, values, dims):
    shape = "".join(f"dim {{ size: {dim} }} " for dim in dims)
    numbers = "".join(f"float_val: {value} " for value in values)
    return (f'node {{ name: "{name}" op: "Const" attr {{ key: "dtype" value {{ type: DT_FLOAT }} }} attr {{ '
            f'key: "value" value {{ tensor {{ dtype: DT_FLOAT tensor_shape {{ {shape}}} {numbers}}} }} }} }}\n')


def int_constant(name, values):
    numbers = "".join(f"int_val: {value} " for value in values)
    return (f'node {{ name: "{name}" op: "Const" attr {{ key: "dtype" value {{ type: DT_INT32 }} }} attr {{ '
            f'key: "value" value {{ tensor {{ dtype: DT_INT32 tensor_shape {{ dim {{ size: {len(values)} }} }} '
            f'{numbers}}} }} }} }}\n')


def node(name, op, *inputs, attributes=FLOAT):
    return f'node {{ name: "{name}" op: "{op}" {"".join(f"""input: "{i}" """ for i in inputs)}{attributes} }}\n'


def placeholder(name, dtype, dims):
    shape = "".join(f"dim {{ size: {dim} }} " for dim in dims)
    return (f'node {{ name: "{name}" op: "Placeholder" attr {{ key: "dtype" value {{ type: {dtype} }} }} '
            f'attr {{ key: "shape" value {{ shape {{ {shape}}} }} }} }}\n')


def scaling(factor=2.0, name="y"):
    """y = factor * x, x float32 [1, 4]."""
    return placeholder("x", "DT_FLOAT", [1, 4]) + constant("factor", [factor], []) + node(name, "Mul", "x", "factor")


def detector():
    """Finds one object of class 1 in the middle of any picture."""
    reduce = FLOAT + ' attr { key: "Tidx" value { type: DT_INT32 } }'
    graph = placeholder("image_tensor", "DT_UINT8", [1, -1, -1, 3])
    graph += node("pixels", "Cast", "image_tensor", attributes='attr { key: "SrcT" value { type: DT_UINT8 } } '
                  'attr { key: "DstT" value { type: DT_FLOAT } }')
    graph += int_constant("axes", [1, 2, 3]) + node("sum", "Sum", "pixels", "axes", attributes=reduce)
    graph += constant("zero", [0.0], []) + node("nothing", "Mul", "sum", "zero")
    for name, values, dims in (("num_detections", [1.0], [1]), ("detection_scores", [0.9], [1, 1]),
                               ("detection_classes", [1.0], [1, 1]),
                               ("detection_boxes", [0.25, 0.25, 0.75, 0.75], [1, 1, 4])):
        graph += constant(name + "/value", values, dims) + node(name, "Add", name + "/value", "nothing")
    return graph


def product():
    """y = x times a matrix: a layer that kernels are raced for."""
    attributes = FLOAT + "".join(f' attr {{ key: "transpose_{side}" value {{ b: false }} }}' for side in "ab")
    return (placeholder("x", "DT_FLOAT", [1, 4]) + constant("matrix", [0.5] * 16, [4, 4]) +
            node("y", "MatMul", "x", "matrix", attributes=attributes))
