// Interpolation of vertex attributes over one raster: numerics only, plain pointers, no TensorFlow.
#ifndef MORPH3D_RENDERER_KERNELS_INTERPOLATE_H_
#define MORPH3D_RENDERER_KERNELS_INTERPOLATE_H_

#include <cstdint>

#include "range.h"

namespace morph3d {

// The visible triangles and the places on them, pixel by pixel, in row-major order.
struct Fragments {
  const int32_t*
      triangle_ids;           // [pixel_count], -1 for the background, below the number of triangles: the caller checks
  const float* barycentrics;  // [pixel_count, 3]
  const int32_t* triangles;   // [triangle_count, 3]
  int64_t pixel_count;
};

// output[p] = sum_i barycentrics[p, i] attributes[triangles[triangle_ids[p], i]] for the range's pixels; background 0.
//   attributes [vertex_count, channels], output [pixel_count, channels]
void Interpolate(const Fragments& fragments, const float* attributes, int channels, Range pixels, float* output);

// Its gradients, from output_gradient [pixel_count, channels]: writes the vertices of attributes_gradient [vertex_count,
// channels] and the pixels of barycentrics_gradient [pixel_count, 3] (0 for the background) that lie in the ranges.
void InterpolateGradient(const Fragments& fragments, const float* attributes, int channels,
                         const float* output_gradient, Range vertices, Range pixels, float* attributes_gradient,
                         float* barycentrics_gradient);

}  // namespace morph3d

#endif  // MORPH3D_RENDERER_KERNELS_INTERPOLATE_H_
