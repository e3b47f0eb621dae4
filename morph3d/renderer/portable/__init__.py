"""The compiled ops (kernels/) once more in TensorFlow's own ops, for machines without a compiler and for accelerators.

Same names, arguments, pictures, gradients and complaints, and XLA can compile all of it. Large tensors of integers are
int64: TensorFlow leaves arithmetic with int32 to the CPU, also where there is a GPU.
"""
from morph3d.renderer.portable.interpolate import morph3d_interpolate
from morph3d.renderer.portable.normals import morph3d_vertex_normals
from morph3d.renderer.portable.phong import morph3d_shade
from morph3d.renderer.portable.rasterize import morph3d_rasterize
from morph3d.renderer.portable.srgb import morph3d_linear_from_srgb, morph3d_srgb_from_linear

__all__ = ["morph3d_interpolate", "morph3d_linear_from_srgb", "morph3d_rasterize", "morph3d_shade",
           "morph3d_srgb_from_linear", "morph3d_vertex_normals"]
