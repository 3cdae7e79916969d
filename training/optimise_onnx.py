"""The same network in a form that runs with less memory and less work."""

from __future__ import annotations

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper, numpy_helper


def without_concatenations(model: onnx.ModelProto) -> onnx.ModelProto:
    """Replace each convolution of two concatenated tensors by the sum of two convolutions.

    That is the same number but for rounding, and spares the largest tensors there are: memory falls by two fifths.

    Parameters
    ----------
    model
        Every ``Concat`` in it is read by one ``Conv``; changed in place.
    """
    graph = model.graph
    joined = {node.output[0]: node for node in graph.node if node.op_type == "Concat"}
    weights = {tensor.name: tensor for tensor in graph.initializer}
    nodes = []
    for node in graph.node:
        if node.op_type == "Conv" and node.input[0] in joined:
            nodes += _summed(graph, node, joined[node.input[0]], weights)
        elif node.op_type != "Concat":
            nodes.append(node)
    del graph.node[:]
    graph.node.extend(nodes)
    onnx.checker.check_model(model)
    return model


def _summed(
    graph: onnx.GraphProto, conv: onnx.NodeProto, concat: onnx.NodeProto, weights: dict[str, onnx.TensorProto]
) -> list[onnx.NodeProto]:
    deep, skipped = concat.input
    name, bias = conv.input[1:]
    weight = numpy_helper.to_array(weights[name])
    channels = _channels(graph, skipped, weights)
    graph.initializer.remove(weights[name])
    graph.initializer.append(numpy_helper.from_array(weight[:, :-channels].copy(), f"{name}_deep"))
    graph.initializer.append(numpy_helper.from_array(weight[:, -channels:].copy(), f"{name}_skipped"))
    how = {each.name: helper.get_attribute_value(each) for each in conv.attribute}
    parts = [f"{conv.output[0]}_deep", f"{conv.output[0]}_skipped"]
    return [
        helper.make_node("Conv", [skipped, f"{name}_skipped", bias], [parts[1]], f"{conv.output[0]}_of_skipped", **how),
        helper.make_node("Conv", [deep, f"{name}_deep"], [parts[0]], f"{conv.output[0]}_of_deep", **how),
        helper.make_node("Add", parts, list(conv.output), f"{conv.output[0]}_sum"),
    ]


def _channels(graph: onnx.GraphProto, tensor: str, weights: dict[str, onnx.TensorProto]) -> int:
    """Return how many channels a tensor has, going back to the convolution it comes from."""
    (node,) = (each for each in graph.node if tensor in each.output)
    return weights[node.input[1]].dims[0] if node.op_type == "Conv" else _channels(graph, node.input[0], weights)


def enlarged_last(model: onnx.ModelProto) -> onnx.ModelProto:
    """Work the convolutions of enlarged maps out before they are enlarged.

    Where each pixel stands four times, three by three of them hold at most two by two different ones. So the same
    numbers, but for rounding, come from four convolutions of two by two, one for each place among the four, with less
    than half the products and no large map in between.

    Parameters
    ----------
    model
        Every ``Resize`` in it doubles a map by repeating pixels and is read by one ``Conv`` of three by three with a
        border of zeros; changed in place.
    """
    graph = model.graph
    enlarged = {node.output[0]: node.input[0] for node in graph.node if node.op_type == "Resize"}
    weights = {tensor.name: tensor for tensor in graph.initializer}
    nodes = []
    for node in graph.node:
        if node.op_type == "Conv" and node.input[0] in enlarged:
            nodes += _four_places(graph, node, enlarged[node.input[0]], weights)
        elif node.op_type not in ("Resize", "Constant"):
            nodes.append(node)
    del graph.node[:]
    graph.node.extend(nodes)
    onnx.checker.check_model(model)
    return model


def _four_places(
    graph: onnx.GraphProto, conv: onnx.NodeProto, small: str, weights: dict[str, onnx.TensorProto]
) -> list[onnx.NodeProto]:
    name, rest = conv.input[1], conv.input[2:]
    weight = numpy_helper.to_array(weights[name])
    graph.initializer.remove(weights[name])
    nodes, parts = [], []
    for down, along in ((0, 0), (0, 1), (1, 0), (1, 1)):
        rows, columns = _taps(down), _taps(along)
        place = f"{down}{along}"
        of_place = np.einsum("oiyx,ry,cx->oirc", weight, rows, columns).astype(np.float32)
        graph.initializer.append(numpy_helper.from_array(of_place, f"{name}_{place}"))
        parts.append(f"{conv.output[0]}_{place}")
        pads = [1 - down, 1 - along, down, along]
        inputs, label = [small, f"{name}_{place}", *rest], f"{conv.output[0]}_at_{place}"
        nodes.append(helper.make_node("Conv", inputs, [parts[-1]], label, kernel_shape=[2, 2], pads=pads))
    joined = f"{conv.output[0]}_places"
    return [
        *nodes,
        helper.make_node("Concat", parts, [joined], f"{conv.output[0]}_joined", axis=1),
        helper.make_node(
            "DepthToSpace", [joined], list(conv.output), f"{conv.output[0]}_enlarged", blocksize=2, mode="DCR"
        ),
    ]


def _taps(odd: int) -> NDArray[np.float32]:
    """Return which of three taps (2, 3) fall on the first and on the second of two pixels, at an even or odd place."""
    return np.array([[1, 1, 0], [0, 0, 1]] if odd else [[1, 0, 0], [0, 1, 1]], np.float32)


def enlarged_by_pixels(model: onnx.ModelProto) -> onnx.ModelProto:
    """Put the four places of each pixel side by side by moving all channels of a pixel together: the same numbers.

    Convolutions in 8 bits keep the channels of a pixel together. ``DepthToSpace`` wants maps one after another, and
    moves byte by byte: a tenth of the network's time.

    Parameters
    ----------
    model
        In 8 bits, from `enlarged_last`; changed in place.
    """
    graph = model.graph
    made_by = {output: node for node in graph.node for output in node.output}
    nodes: list[onnx.NodeProto] = []
    for node in graph.node:
        nodes += _moves(graph, node, made_by[node.input[0]]) if node.op_type == "DepthToSpace" else [node]
    del graph.node[:]
    graph.node.extend(nodes)
    onnx.checker.check_model(model)
    return model


def _moves(graph: onnx.GraphProto, enlarge: onnx.NodeProto, given: onnx.NodeProto) -> list[onnx.NodeProto]:
    """Return the nodes in the place of ``enlarge``; all values keep the scale of what is ``given``."""
    name, unit = enlarge.name, given.input[1:]  # scale and zero point
    sizes = {f"{name}_pixels": [0, 0, 0, 2, 2, -1], f"{name}_twice": [1, 2, 2, 1], f"{name}_parts": [1, 1, 1, 4]}
    for key, size in sizes.items():
        graph.initializer.append(numpy_helper.from_array(np.array(size, np.int64), key))
    pixels, twice, parts = sizes
    nodes: list[onnx.NodeProto] = []

    def move(kind: str, *inputs: str, **how: list[int]) -> str:
        at = f"{name}_{len(nodes)}"
        nodes.extend((
            helper.make_node(kind, inputs, [at], at, **how),
            helper.make_node("QuantizeLinear", [at, *unit], [f"{at}_q"], f"{at}_q"),
            helper.make_node("DequantizeLinear", [f"{at}_q", *unit], [f"{at}_dq"], f"{at}_dq"),
        ))  # fmt: skip
        return f"{at}_dq"

    together = move("Transpose", enlarge.input[0], perm=[0, 2, 3, 1])
    by_rows = move("Transpose", move("Reshape", together, pixels), perm=[0, 1, 3, 2, 4, 5])
    shape, wide, large = (f"{name}_{what}" for what in ("shape", "wide", "large"))
    nodes += [
        helper.make_node("Shape", [together], [shape], shape),
        helper.make_node("Mul", [shape, twice], [wide], wide),
        helper.make_node("Div", [wide, parts], [large], large),
    ]
    apart = move("Reshape", by_rows, large)
    return [*nodes, helper.make_node("Transpose", [apart], list(enlarge.output), name, perm=[0, 3, 1, 2])]
