"""The trained network as one file for other runtimes: ONNX (onnxruntime and many others) and LiteRT, the former TensorFlow Lite.

Both take crops and give what the signature `reconstruct_crops` of the SavedModel does, under the same names; see signatures.py.
"""
import tensorflow as tf
from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

from morph3d import extras
from morph3d.atomic_files import replacing
from morph3d.inference import signatures


def save_onnx(network, path):
    """Writes a network as an ONNX file, for batches of any size.

    Args:
      network: a ReconstructionNetwork, or one that was loaded.
      path: of the file.

    Raises:
      ImportError: tf2onnx is not installed.
      OSError: the file cannot be written.
    """
    extras.require("export", "tf2onnx")
    import tf2onnx
    function = signatures.of(network)[signatures.DEFAULT].get_concrete_function()
    names = {tensor.name: name for name, tensor in zip(sorted(function.structured_outputs), function.outputs)}
    with replacing(path) as beside:
        model, _ = tf2onnx.convert.from_graph_def(_frozen(function), input_names=["crops:0"], output_names=[*names],
                                                  tensors_to_rename={"crops:0": "crops", **names})
        beside.write_bytes(model.SerializeToString())


def _frozen(function):
    """The graph of a ConcreteFunction without variables, and with the tensors that it captured, such as the modes of faces, as
    constants: TensorFlow's freezing leaves these as inputs."""
    graph = convert_variables_to_constants_v2(function, lower_control_flow=False, aggressive_inlining=True).graph.as_graph_def()
    captured = {inside.op.name: outside for outside, inside in function.graph.captures if outside.dtype != tf.resource}
    for node in graph.node:
        if node.name in captured:
            constant = tf.make_tensor_proto(captured[node.name].numpy())
            node.op = "Const"
            node.attr.clear()
            node.attr["dtype"].type = constant.dtype
            node.attr["value"].tensor.CopyFrom(constant)
    return graph


def save_litert(network, path):
    """Writes a network as a LiteRT file; its batches are of one crop until the interpreter resizes its input; see `save_onnx`."""
    function = signatures.of(network)[signatures.DEFAULT]
    with replacing(path) as beside:
        converter = tf.lite.TFLiteConverter.from_concrete_functions([function.get_concrete_function()], network)
        beside.write_bytes(converter.convert())
