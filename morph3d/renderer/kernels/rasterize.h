// Rasterization of one picture: numerics only, plain pointers, no TensorFlow.
//
// Clip space is OpenGL's: x, y, z, w; what is seen has -w <= x, y, z <= w. Row r of a raster of H rows has its pixel
// centers at y / w = (2 r + 1) / H - 1, so row 0 lies at y = -1; columns likewise.
#ifndef MORPH3D_RENDERER_KERNELS_RASTERIZE_H_
#define MORPH3D_RENDERER_KERNELS_RASTERIZE_H_

#include <cstdint>

#include "range.h"

namespace morph3d {

struct ClipMesh {
  const float* vertices;  // [vertex_count, 4] clip space
  int64_t vertex_count;
  const int32_t* triangles;  // [triangle_count, 3], every index in [0, vertex_count): the caller checks
  int64_t triangle_count;
};

struct RasterSize {
  int height, width;  // at most kMaxRasterSide each
};

constexpr int kMaxRasterSide = 16384;
constexpr int32_t kBackground = -1;

// Writes the rows of the raster whose whole the pointers name.
//
//   triangle_ids [H, W]: the nearest triangle, kBackground where there is none. A pixel belongs to a triangle that
//   holds its
//     center; a center on a shared edge belongs to exactly one of the two (top-left rule). Of triangles at the same
//     depth the first wins. Both sides of a triangle are drawn.
//   barycentrics [H, W, 3]: perspective-correct weights of the triangle's vertices, none negative, sum 1; background 0.
//   depth [H, W]: z / w in [-1, 1]; background 1.
//
// Nothing is drawn nearer than the near plane or beyond the far plane, pixel by pixel. A triangle is dropped whole when
// a vertex is not finite, has w <= 0 (it is behind the camera), or lies further than a million pixels away (where float
// has no fraction of a pixel left), and when it has no area.
void RasterizeRows(const ClipMesh& mesh, RasterSize size, Range rows, int32_t* triangle_ids, float* barycentrics,
                   float* depth);

// The gradient of the barycentrics to the clip-space vertices: writes those in the range of gradient [vertex_count, 4]; to z
// it is 0.
//
// The visible triangle stands for its whole plane: with v_i = (x, y, w) of its vertices and p = (x, y, 1) of the pixel,
// b = V^-1 p / sum(V^-1 p), a smooth function that is also defined outside of the triangle.
//
//   triangle_ids [H, W], every one in [-1, triangle_count): the caller checks.
//   barycentrics_gradient [H, W, 3]
void RasterizeGradient(const ClipMesh& mesh, RasterSize size, const int32_t* triangle_ids,
                       const float* barycentrics_gradient, Range vertices, float* gradient);

}  // namespace morph3d

#endif  // MORPH3D_RENDERER_KERNELS_RASTERIZE_H_
