// Phong's reflection model, pixel by pixel: numerics only, plain pointers, no TensorFlow.
#ifndef MORPH3D_RENDERER_KERNELS_PHONG_H_
#define MORPH3D_RENDERER_KERNELS_PHONG_H_

#include <cstdint>

#include "range.h"

namespace morph3d {

// The lights of one picture. The camera sits at the origin.
struct Lights {
  const float* positions;    // [count, 3]
  const float* intensities;  // [count, 3] linear RGB
  const float* ambient;      // [3]
  int count;
};

struct Gloss {
  float specular;   // c of Ks = c - c Kd
  float shininess;  // the exponent, at least 1
};

// The deferred buffers of one picture, [pixel_count, 3] each.
struct Surface {
  const float* albedo;   // Kd, linear
  const float* normals;  // of any length; 0, as of the background, is lit by the ambient light alone
  const float* positions;
  int64_t pixel_count;
};

// Writes the reflected light of the range's pixels to output [pixel_count, 3]:
//   Ka Kd + sum over lights with n.l > 0 of I (Kd n.l + Ks max(r.v, 0)^shininess),   r = 2 (n.l) n - l.
void Shade(const Surface& surface, const Lights& lights, Gloss gloss, Range pixels, float* output);

// Outputs of ShadeGradient. Those of the range's pixels are written; those of the lights are sums over pixels, in double
// because there are many of them.
struct ShadeGradients {
  float *albedo, *normals, *positions;                     // [pixel_count, 3] each
  double *light_positions, *light_intensities, *ambient;  // shaped as Lights; what the range's pixels contribute is added
};

void ShadeGradient(const Surface& surface, const Lights& lights, Gloss gloss, const float* output_gradient, Range pixels,
                   const ShadeGradients& gradients);

}  // namespace morph3d

#endif  // MORPH3D_RENDERER_KERNELS_PHONG_H_
