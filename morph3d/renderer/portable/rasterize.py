"""The rasterizer; see renderer/rasterize.py, and kernels/rasterize.cc for the rules, which are followed to the bit."""
from typing import NamedTuple

import tensorflow as tf

from morph3d.renderer.portable import checks
from morph3d.renderer.portable.interpolate import at_seen_corners

LARGEST_SIDE = 16384  # pixels
FARTHEST = 1e6  # pixels; there float32 has no fraction of a pixel left
BEYOND = 2.  # a depth beyond the far plane
# So many pairs of a triangle and a pixel are looked at together, a few hundred bytes each: as many as there are pixels or
# triangles, within these bounds.
SMALLEST_CHUNK, LARGEST_CHUNK = 1 << 14, 1 << 19


class _Corner(NamedTuple):
    """The same corner of N triangles, [N] each; see _screen."""
    x: tf.Tensor
    y: tf.Tensor
    z: tf.Tensor
    column: tf.Tensor
    row: tf.Tensor


def morph3d_rasterize(clip, triangles, height, width):
    """[B, V, 4], [F, 3] -> triangle_ids [B, H, W] int32, barycentrics [B, H, W, 3], depth [B, H, W].

    Only the barycentrics have a gradient.
    """
    checks.require(max(height, width) <= LARGEST_SIDE,
                   f"height and width must be at most {LARGEST_SIDE}, but are {height} and {width}")
    clip = checks.floats("clip", clip, "B V 4")
    triangles = checks.indices("triangles", triangles, "F 3", 0, tf.shape(clip)[1])
    # Stopped before, lest tapes keep every chunk, and behind, lest graphs differentiate the loop.
    ids, depth = _nearest(_screen(tf.stop_gradient(clip), height, width), triangles, height, width)
    depth = tf.stop_gradient(depth)
    barycentrics = _barycentrics(at_seen_corners(clip, triangles, ids))
    seen = tf.reduce_any(barycentrics > 0., -1)
    return tf.cast(tf.where(seen, ids, -1), tf.int32), barycentrics, tf.where(seen, depth, 1.)


def _screen(clip, height, width):
    """[B, V, 4] -> [B, V, 5]: x and y in pixels, z / w, and the vertex' cell: a column and a row.

    These are the first whose pixel centers lie at or beyond the vertex, clamped to the picture: a triangle holds no pixel
    center outside of [smallest, largest) of its vertices' cells. The cell is -1 where the vertex spoils its triangles: not
    finite, w <= 0, or too far away.
    """
    size = tf.constant([width, height], tf.float32)
    # In float32, graphs approximate the inverse. The bound has no effect but to keep XLA from fusing the product with the
    # sum that follows, which would round once instead of twice.
    inverse_w = tf.cast(1. / tf.cast(clip[..., 3:], tf.float64), tf.float32)
    device = tf.clip_by_value(clip[..., :3] * inverse_w, -1e30, 1e30)
    pixels = (device[..., :2] + 1.) * (.5 * size)
    position = tf.concat([pixels, device[..., 2:]], -1)
    valid = (inverse_w > 0.) & tf.reduce_all(tf.abs(position) < FARTHEST, -1, keepdims=True)
    cell = tf.math.ceil(tf.clip_by_value(pixels - .5, 0., size))
    return tf.concat([position, tf.where(valid, cell, -1.)], -1)


def _nearest(screen, triangles, height, width):
    """The nearest triangle at every pixel; of equals the first.

    All pairs of a triangle and a pixel of its box are numbered, picture after picture and triangle after triangle, and
    looked at in chunks of a fixed size. So memory is bounded however large the triangles are, and all shapes are fixed.

    Args:
      screen: [B, V, 5], see _screen.
      triangles: [F, 3] int64.

    Returns:
      ids [B, H, W] int64, -1 where there is none; depth [B, H, W].
    """
    batch, vertex_count = tf.unstack(tf.shape(screen, tf.int64)[:2])
    triangle_count, pixel_count = tf.shape(triangles, tf.int64)[0], batch * height * width
    chunk = tf.minimum(tf.reduce_max([pixel_count, batch * triangle_count, SMALLEST_CHUNK]), LARGEST_CHUNK)
    sizes = _box_sizes(screen[..., 3:], triangles)
    total = tf.reduce_sum(sizes)
    begins = tf.concat([tf.cumsum(sizes, exclusive=True), tf.fill([chunk + 1], total)], 0)
    vertices = tf.reshape(screen, [-1, 5])

    def look_at_chunk(box, start, ids, depth):
        owners, numbers, end = _pairs(begins, box, start, chunk)
        picture, triangle = tf.minimum(owners // triangle_count, batch - 1), owners % triangle_count
        corners = tf.gather(vertices, tf.gather(triangles, triangle) + (picture * vertex_count)[:, None])
        corners = [_Corner(*tf.unstack(corner)) for corner in tf.unstack(tf.transpose(corners, [1, 2, 0]))]
        column, row = _pixel_of_box(corners, numbers)
        z = _depth_if_covered(corners, column + .5, row + .5)
        pixel = (picture * height + tf.cast(row, tf.int64)) * width + tf.cast(column, tf.int64)
        pixel = tf.where(numbers >= 0, pixel, -1)
        return owners[-1] + 1, end, *_keep_nearest(ids, depth, pixel, triangle, z)

    zero = tf.constant(0, tf.int64)
    nothing = tf.fill([pixel_count], zero - 1), tf.fill([pixel_count], BEYOND)
    _, _, ids, depth = tf.while_loop(lambda _, start, *__: start < total, look_at_chunk, (zero, zero, *nothing))
    return tf.reshape(ids, [batch, height, width]), tf.reshape(depth, [batch, height, width])


def _box_sizes(cells, triangles):
    """[B, V, 2], [F, 3] -> [B F] int64: how many pixel centers lie in the box of each triangle, 0 if it is spoiled."""
    low, high = _bounds(*(tf.gather(cells, triangles[:, k], axis=1) for k in range(3)))
    spoiled, extent = low[..., 0] < 0., tf.cast(high - low, tf.int64)
    return tf.reshape(tf.where(spoiled, tf.constant(0, tf.int64), extent[..., 0] * extent[..., 1]), [-1])


def _bounds(a, b, c):
    return tf.minimum(tf.minimum(a, b), c), tf.maximum(tf.maximum(a, b), c)


def _pairs(begins, box, start, chunk):
    """Whose the pairs numbered `start` and following are: at most `chunk` pairs, and no more new boxes than that.

    Args:
      begins: [boxes + chunk + 1] the number of each box's first pair, then the number of all pairs.
      box: the first that has not begun before `start`; start, chunk: integers.

    Returns:
      owners [chunk] of the pairs; numbers [chunk] of the pairs in their boxes, -1 from the end on; the end, where to go on.
    """
    end = tf.minimum(start + chunk, begins[box + chunk])
    places = tf.clip_by_value(tf.slice(begins, [box], [chunk]) - start, 0, chunk)
    begun = tf.cumsum(tf.math.unsorted_segment_sum(tf.ones([chunk]), places, chunk + 1))  # exact: far below 2^24
    pairs, owners = start + tf.range(chunk), box - 1 + tf.cast(begun[:-1], tf.int64)
    return owners, tf.where(pairs < end, pairs - tf.gather(begins, owners), -1), end


def _pixel_of_box(corners, numbers):
    """Three _Corners, [N] the number of the pixel in the triangle's box -> its column and row, [N] float32."""
    left, right = _bounds(*(corner.column for corner in corners))
    top, _ = _bounds(*(corner.row for corner in corners))
    width = tf.cast(tf.maximum(right - left, 1.), tf.int64)
    return left + tf.cast(numbers % width, tf.float32), top + tf.cast(numbers // width, tf.float32)


def _depth_if_covered(corners, x, y):
    """Three _Corners, [N] pixel centers -> [N] the triangle's depth there, BEYOND if it does not cover the center."""
    ax, ay, az, bx, by, bz, cx, cy, cz = (tf.cast(value, tf.float64) for corner in corners for value in corner[:3])
    orientation = tf.sign((bx - ax) * (cy - ay) - (by - ay) * (cx - ax))
    # Products of float32 are exact in double: triangles that share an edge agree on which side of it the pixel is.
    from_pixel = [(tf.cast(corner.x - x, tf.float64), tf.cast(corner.y - y, tf.float64)) for corner in corners]
    covered, weights = orientation != 0., []
    for start, end in ((1, 2), (2, 0), (0, 1)):  # the edges opposite to the corners
        (start_x, start_y), (end_x, end_y) = from_pixel[start], from_pixel[end]
        weights.append(orientation * (start_x * end_y - start_y * end_x))
        # A center on the edge is the triangle's if that is a left edge, or a horizontal top edge.
        up, right = corners[end].y < corners[start].y, corners[end].x > corners[start].x
        owned = (up | (right & (corners[end].y == corners[start].y))) == (orientation > 0.)
        covered &= (weights[-1] > 0.) | (owned & (weights[-1] == 0.))
    a, b, c = weights
    z = tf.cast((a * az + b * bz + c * cz) / (a + b + c), tf.float32)
    return tf.where(covered & (z >= -1.) & (z <= 1.), z, BEYOND)


def _keep_nearest(ids, depth, pixel, triangle, z):
    """The pictures' ids and depth [B H W] with N more pairs looked at; those whose pixel is -1 do not count."""
    count = tf.size(depth, tf.int64)
    nearest = tf.minimum(depth, tf.math.unsorted_segment_min(z, pixel, count))
    wins = z == tf.gather(nearest, tf.maximum(pixel, 0))
    first = tf.math.unsorted_segment_min(tf.where(wins, tf.cast(triangle, tf.int32), tf.int32.max), pixel, count)
    return tf.where(nearest < depth, tf.cast(first, tf.int64), ids), nearest


@tf.custom_gradient
def _barycentrics(corners):
    """[B, H, W, 3, 4] clip space of the seen triangles' corners -> [B, H, W, 3]; 0 where they have no area."""
    height, width = corners.shape[1:3]
    column, row = ((2. * tf.range(size, dtype=tf.float64) + 1.) * (1. / size) - 1. for size in (width, height))
    row = row[:, None]
    x, y, _, w = tf.unstack(tf.transpose(tf.cast(corners, tf.float64), [4, 3, 0, 1, 2]))  # [3, B, H, W] each
    x, y = x - column * w, y - row * w  # the pixel's ray becomes x = y = 0, and differences small
    weights = _edges(x, y)
    total = tf.reduce_sum(weights, 0)
    # Coverage was decided on coordinates rounded to float32: on an edge a weight may be a rounding error below zero.
    inside = tf.maximum(tf.where(total < 0., -weights, weights), 0.)
    inside = tf.math.divide_no_nan(inside, tf.reduce_sum(inside, 0))

    def gradient(upstream):
        """See RasterizeGradient in kernels/rasterize.cc."""
        upstream = tf.transpose(tf.cast(upstream, tf.float64), [3, 0, 1, 2])
        plane = tf.math.divide_no_nan(weights, total)
        determinant = tf.reduce_sum(w * weights, 0)
        slope = tf.math.divide_no_nan(tf.reduce_sum(upstream * plane, 0) - upstream, determinant)
        dx, dy, dw = (tf.reduce_sum(slope * dual, 0) for dual in (_edges(y, w), _edges(w, x), weights))
        point = tf.stack([dx, dy, tf.zeros_like(dx), dw - column * dx - row * dy])
        return tf.cast(tf.transpose(plane * point[:, None], [2, 3, 4, 1, 0]), tf.float32)

    return tf.cast(tf.transpose(inside, [1, 2, 3, 0]), tf.float32), gradient


def _edges(x, y):
    """[3, ...] two coordinates of a triangle's corners -> [3, ...] the cross product of the two corners after each."""
    return _following(x) * _preceding(y) - _following(y) * _preceding(x)


def _following(corners):
    return tf.roll(corners, -1, 0)


def _preceding(corners):
    return tf.roll(corners, 1, 0)
