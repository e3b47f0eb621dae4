"""The compiled ops (`kernels/*_ops.cc`, built by setup.py) and their gradients; the only place that loads them."""
import functools
import pathlib

import tensorflow as tf


@functools.cache
def ops():
    """The module of compiled ops, loaded once, at the first call. Raises ImportError where `load` does."""
    return load(pathlib.Path(__file__).parent)


def load(folder):
    """Loads the library of compiled ops that fits the running TensorFlow: its file name says which it was built for.

    Args:
      folder: pathlib.Path, where the library lies.

    Raises:
      ImportError: the library was not built, or for another TensorFlow, or cannot be loaded.
    """
    library = folder / f"native_ops_tf{tf.__version__}.so"
    remedy = "build it with `pip install -e . --no-build-isolation` (or `make`) in the project's folder"
    if not library.exists():
        others = ", ".join(sorted(path.name for path in folder.glob("native_ops_tf*.so")))
        found = f"found only {others}, built for another TensorFlow" if others else "it has not been built"
        raise ImportError(f"{library}: no compiled renderer for TensorFlow {tf.__version__}, {found}: {remedy}")
    try:
        return tf.load_op_library(str(library))
    except tf.errors.NotFoundError as error:
        message = f"{library}: TensorFlow {tf.__version__} cannot load it ({error.message}): {remedy}"
        raise ImportError(message) from error


@tf.RegisterGradient("Morph3dRasterize")
def _rasterize_gradient(op, _, barycentrics_gradient, __):
    clip, triangles = op.inputs
    return ops().morph3d_rasterize_grad(clip, triangles, op.outputs[0], barycentrics_gradient), None


@tf.RegisterGradient("Morph3dInterpolate")
def _interpolate_gradient(op, output_gradient):
    attributes, barycentrics = ops().morph3d_interpolate_grad(*op.inputs, output_gradient)
    return attributes, None, None, barycentrics


@tf.RegisterGradient("Morph3dVertexNormals")
def _vertex_normals_gradient(op, normals_gradient, _):
    return ops().morph3d_vertex_normals_grad(*op.inputs, *op.outputs, normals_gradient), None


@tf.RegisterGradient("Morph3dShade")
def _shade_gradient(op, gradient):
    return ops().morph3d_shade_grad(*op.inputs, gradient, specular=op.get_attr("specular"), shininess=op.get_attr("shininess"))


@tf.RegisterGradient("Morph3dLinearFromSrgb")
def _linear_from_srgb_gradient(op, gradient):
    return ops().morph3d_linear_from_srgb_grad(op.inputs[0], gradient)


@tf.RegisterGradient("Morph3dSrgbFromLinear")
def _srgb_from_linear_gradient(op, gradient):
    return ops().morph3d_srgb_from_linear_grad(op.inputs[0], gradient)
