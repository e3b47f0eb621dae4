"""The speed of the renderer, on a mesh of the Basel Face Model's size and on a small one, beside its two other paths.

Everything is measured in one run, the paths in turn, so that their ratios hold on a busy machine too. Times are medians, in
milliseconds per picture.
"""
import functools
import math
from typing import NamedTuple

import tensorflow as tf
from absl import app
from tensorflow_graphics.geometry.representation.mesh import normals as tfg_normals
from tensorflow_graphics.rendering import interpolate as tfg_interpolate

from benchmarks import measuring
from morph3d import scene as scenes
from morph3d.renderer import phong, srgb, tfg, transforms
from morph3d.renderer.interpolate import interpolate
from morph3d.renderer.normals import vertex_normals
from morph3d.renderer.rasterize import rasterize
from morph3d.renderer.render import render
from tests.renderer import meshes

MESHES = {"basel": 130.1, "small": 47.2}  # rings: 53,173 and 7,009 vertices, see meshes.face
SIZE, BATCH = 224, 16
STEPS = {"size": (112, 224, 448, 896), "rings": (47.2, 66.8, 94.5, 130.1, 184., 252.3), "batch": (1, 4, 16, 64)}


class View(NamedTuple):
    """A face in a batch of poses, on its way to the picture."""
    triangles: tf.Tensor  # [F, 3]
    vertices: tf.Tensor  # [B, V, 3] mm in model space
    colors: tf.Tensor  # [B, V, 3]
    scene: scenes.Scene
    world: tf.Tensor  # [B, V, 3]
    clip: tf.Tensor  # [B, V, 4]
    size: int  # pixels


def view(rings=MESHES["basel"], size=SIZE, batch=BATCH):
    """-> View of a face that covers two thirds of the picture, turned from side to side."""
    vertices, triangles = meshes.face(rings)
    vertices = tf.repeat(vertices[None], batch, 0)
    scene = scenes.studio(batch, tf.linspace(-.6, .6, batch), distance=1000., field_of_view=math.radians(11.))
    world, clip = transformed(vertices, scene)
    return View(tf.constant(triangles), vertices, .5 + .4 * tf.sin(vertices / 20.), scene, world, clip, size)


def transformed(vertices, scene):
    """-> vertices in world space, and in clip space."""
    world = transforms.world_from_model(vertices, scene.pose)
    return world, transforms.raster_from_clip(transforms.clip_from_world(world, scene.camera))


def buffers(face, clip, world, colors, backend="auto"):
    """From clip space to colors and normals at the pixels: what all paths are asked for."""
    raster = rasterize(clip, face.triangles, face.size, face.size, backend=backend)
    normals = vertex_normals(world, face.triangles, backend)
    return [interpolate(values, raster, face.triangles, backend) for values in (colors, normals)]


def tensorflow_graphics_buffers(face, clip, world, colors):
    """The same by TensorFlow Graphics; only the triangle ids are ours, as its own rasterizer cannot be loaded."""
    raster = rasterize(clip, face.triangles, face.size, face.size, gradient="tfg")
    frame = tfg.frame_of(raster, face.triangles)
    normals = tfg_normals.vertex_normals(world, tf.repeat(face.triangles[None], len(world), 0))
    return [tfg_interpolate.interpolate_vertex_attribute(values, frame).value for values in (colors, normals)]


PATHS = {"": buffers, "tensorflow_": functools.partial(buffers, backend="tensorflow"), "tfg_": tensorflow_graphics_buffers}


def path_functions(face, paths=PATHS):
    functions = {}
    for name, path in paths.items():
        functions |= with_backward(f"{name}forward", f"{name}forward_backward", functools.partial(path, face),
                                   (face.clip, face.world, face.colors))
    return functions


def stage_functions(face):
    """Each stage of a whole picture by itself, and the whole."""
    raster = rasterize(face.clip, face.triangles, face.size, face.size)
    pixels = [interpolate(values, raster, face.triangles)
              for values in (face.colors, vertex_normals(face.world, face.triangles), face.world)]
    stages = {
        "transform": (lambda vertices: transformed(vertices, face.scene), [face.vertices]),
        "rasterize": (lambda clip: [rasterize(clip, face.triangles, face.size, face.size).barycentrics], [face.clip]),
        "normals": (lambda world: [vertex_normals(world, face.triangles)], [face.world]),
        "interpolate": (lambda *buffers: [interpolate(values, raster, face.triangles) for values in buffers],
                        [face.colors, face.world, face.vertices]),
        "linear_from_srgb": (lambda colors: [srgb.linear_from_srgb(colors)], [face.colors]),
        "shade": (lambda *buffers: [phong.shade(*buffers, face.scene.lights)], pixels),
        "srgb_from_linear": (lambda light: [srgb.srgb_from_linear(light)], pixels[:1]),
        "picture": (lambda *mesh: [render(*mesh, face.triangles, face.scene, face.size).image], [face.vertices, face.colors]),
    }
    functions = {}
    for name, (stage, inputs) in stages.items():
        functions |= with_backward(name, f"{name}_forward_backward", stage, inputs)
    return functions


def with_backward(forward_name, both_name, function, inputs):
    """-> two functions to be measured: the given one, and the same with the gradient of its weighted outputs to all inputs."""
    weights = [tf.random.stateless_normal(output.shape, [0, 1]) for output in function(*inputs)]

    def both(*inputs):
        with tf.GradientTape() as tape:
            tape.watch(inputs)
            outputs = function(*inputs)
        return outputs, tape.gradient(outputs, inputs, weights)

    graphs = {forward_name: tf.function(function), both_name: tf.function(both)}
    return {name: functools.partial(graph, *inputs) for name, graph in graphs.items()}


def milliseconds(functions, batch, rounds=9):
    """{name: function} -> {name_ms: milliseconds per picture}."""
    return {f"{name}_ms": 1e3 * seconds / batch for name, seconds in measuring.medians(functions, rounds).items()}


def growth(axis):
    """What a picture of our path costs, forward and backward, along an axis of STEPS."""
    figures = {}
    for value in STEPS[axis]:
        face = view(**{axis: value})
        name = f"vertices_{face.clip.shape[1]}_ms" if axis == "rings" else f"{axis}_{value}_ms"
        figures[name] = milliseconds(path_functions(face, {"": buffers}), len(face.clip), rounds=5)["forward_backward_ms"]
    return figures


def main(_):
    every = {}
    for mesh, rings in MESHES.items():
        face = view(rings)
        for kind, functions in (("paths", path_functions(face)), ("stages", stage_functions(face))):
            figures = milliseconds(functions, BATCH)
            sizes = f"{face.clip.shape[1]:,} vertices, {len(face.triangles):,} triangles, {SIZE} px, batch {BATCH}"
            print(f"\n{kind} of {mesh}: {sizes}")
            measuring.show(figures)
            every |= {f"{mesh}_{name}": value for name, value in figures.items()}
        ratio = every[f"{mesh}_tfg_forward_backward_ms"] / every[f"{mesh}_forward_backward_ms"]
        print(f"\n{ratio:.1f} times faster than TensorFlow Graphics, forward and backward", flush=True)
    for axis in STEPS:
        figures = growth(axis)
        print(f"\ngrowth with {axis}, forward and backward")
        measuring.show(figures)
        every |= figures
    measuring.keep(every)


if __name__ == "__main__":
    app.run(main)
