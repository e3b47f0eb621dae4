"""What pixels see against rays cast through them by trimesh, in world space and float64: no projection, no clip space."""
import math

import numpy as np
import pytest
import tensorflow as tf
from scipy.spatial.transform import Rotation
from trimesh.ray import ray_triangle

from morph3d.renderer import transforms
from morph3d.renderer.interpolate import interpolate
from morph3d.renderer.rasterize import rasterize
from morph3d.scene import Camera, Pose, identity_framing
from tests.renderer import meshes

SIZE = 40


class Boxes:
    """The triangles' bounding boxes, for the ray caster to search; it would use an R-tree, a package more to install."""

    def __init__(self, triangles):
        self.low, self.high = triangles.min(1), triangles.max(1)
        self.bounds = np.concatenate([self.low.min(0), self.high.max(0)])

    def intersection(self, box):
        return np.flatnonzero(((self.low <= box[3:]) & (self.high >= box[:3])).all(1))


def rays(camera, offset):
    """-> [SIZE * SIZE, 3] directions through points `offset` (x, y) pixels away from the pixels' centers, row by row."""
    x = (np.arange(SIZE) + .5 + offset[0]) * (2. / SIZE) - 1.
    y = 1. - (np.arange(SIZE) + .5 + offset[1]) * (2. / SIZE)
    framing = camera.framing[0].numpy().astype(np.float64)
    picture = np.stack([np.tile(x, SIZE), np.repeat(y, SIZE)], -1) - framing[:, 2]
    unframed = np.linalg.solve(framing[:, :2], picture.T).T * math.tan(camera.field_of_view.numpy()[0] / 2.)
    return np.insert(unframed, 2, -1., -1)


def cast(corners, directions):
    """-> the first triangle that each ray from the origin hits (-1: none), and where (NaN: nowhere)."""
    ids, points = np.full(len(directions), -1), np.full([len(directions), 3], np.nan)
    triangles, which, where = ray_triangle.ray_triangle_id(corners, np.zeros_like(directions), directions,
                                                           tree=Boxes(corners), multiple_hits=False)
    ids[which], points[which] = triangles, where
    return ids, points


def cast_scene(vertices, triangles, pose, camera):
    """-> ids [SIZE, SIZE], points [SIZE, SIZE, 3] mm, and which pixels are sure [SIZE, SIZE]: those whose center and four
    points a hundredth of a pixel from it see the same triangle, or nothing."""
    pitch, yaw, roll = pose.rotation.numpy()[0]
    turn = Rotation.from_euler("yxz", [yaw, pitch, roll])  # extrinsic: yaw first
    corners = (turn.apply(vertices) + pose.translation.numpy())[triangles]
    ids, points = cast(corners, rays(camera, (0., 0.)))
    around = [cast(corners, rays(camera, (x, y)))[0] for x in (-.01, .01) for y in (-.01, .01)]
    sure = np.all(around == ids, 0)
    return ids.reshape(SIZE, SIZE), points.reshape(SIZE, SIZE, 3), sure.reshape(SIZE, SIZE)


def rasterize_scene(vertices, triangles, pose, camera):
    """-> world [1, V, 3], clip [1, V, 4], Raster: what render computes."""
    world = transforms.world_from_model(tf.constant(vertices[None]), pose)
    clip = transforms.raster_from_clip(transforms.clip_from_world(world, camera))
    return world, clip, rasterize(clip, triangles, SIZE, SIZE)


@pytest.mark.parametrize("angle, distance, zoom", [(8., 1400., 1.), (30., 420., 1.), (90., 180., 1.4), (140., 130., 2.5)])
def test_pixels_see_the_triangle_and_the_point_that_their_ray_hits(angle, distance, zoom):
    """A head turned, shifted and framed askew; the nearer the camera, the wider the field of view (degrees), until
    the nose is 4 cm before the camera."""
    pose = Pose(tf.constant([[.2, -.5, .15]]), tf.constant([[8., -5., -distance]]))
    camera = Camera(tf.constant([math.radians(angle)]), zoom * tf.constant([[[.9, -.25, .1], [.25, .9, -.15]]]))
    mesh = *meshes.bumpy_head(), pose, camera
    ids, points, sure = cast_scene(*mesh)
    world, _, raster = rasterize_scene(*mesh)
    assert sure.mean() > .9 and .3 < (ids >= 0).mean() < .9
    np.testing.assert_array_equal(raster.triangle_ids[0].numpy()[sure], ids[sure])
    hit = sure & (ids >= 0)
    np.testing.assert_allclose(interpolate(world, raster, mesh[1])[0].numpy()[hit], points[hit], atol=1e-3)


@pytest.mark.parametrize("angle", [30., 100.])
def test_two_large_triangles_seen_at_a_grazing_angle(angle):
    """A floor 40 mm below the camera: weights that are linear in the picture would be wrong by half a meter."""
    floor = np.array([[-300., 0., 330.], [300., 0., 330.], [300., 0., -1500.], [-300., 0., -1500.]], np.float32)
    triangles = np.array([[0, 1, 2], [0, 2, 3]], np.int32)
    pose = Pose(tf.constant([[.02, .1, -.05]]), tf.constant([[0., -40., -400.]]))
    mesh = floor, triangles, pose, Camera(tf.constant([math.radians(angle)]), identity_framing(1))
    ids, points, sure = cast_scene(*mesh)
    world, clip, raster = rasterize_scene(*mesh)
    assert sure.mean() > .95 and min(np.sum(ids[sure] == k) for k in (-1, 0, 1)) > 10
    np.testing.assert_array_equal(raster.triangle_ids[0].numpy()[sure], ids[sure])
    hit = sure & (ids >= 0)
    np.testing.assert_allclose(interpolate(world, raster, triangles)[0].numpy()[hit], points[hit], atol=1e-3)
    linear = raster.barycentrics * tf.gather(clip[0, :, 3], tf.gather(triangles, tf.maximum(raster.triangle_ids, 0)))
    linear /= tf.reduce_sum(linear, -1, keepdims=True)
    wrong = interpolate(world, raster._replace(barycentrics=linear), triangles)[0].numpy()[hit] - points[hit]
    assert np.median(np.linalg.norm(wrong, axis=-1)) > 500.
