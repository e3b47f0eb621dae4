// The sRGB transfer curve (IEC 61966-2-1), both pieces exact to float: numerics only, plain pointers, no TensorFlow.
#ifndef MORPH3D_RENDERER_KERNELS_SRGB_H_
#define MORPH3D_RENDERER_KERNELS_SRGB_H_

#include <cstdint>

namespace morph3d {

// Inputs are clipped to 0..1; beyond it the gradient is 0. Each writes output [count].
void LinearFromSrgb(const float* encoded, int64_t count, float* output);
void SrgbFromLinear(const float* linear, int64_t count, float* output);

// gradient [count] = output_gradient [count] times the slope at the input, which is finite everywhere.
void LinearFromSrgbGradient(const float* encoded, const float* output_gradient, int64_t count, float* gradient);
void SrgbFromLinearGradient(const float* linear, const float* output_gradient, int64_t count, float* gradient);

}  // namespace morph3d

#endif  // MORPH3D_RENDERER_KERNELS_SRGB_H_
