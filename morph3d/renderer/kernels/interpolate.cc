#include "interpolate.h"

#include <algorithm>

#include "prefetch.h"

namespace morph3d {
namespace {

constexpr int kFloatsPerCacheLine = 16;

// Attributes of a vertex may lie across several cache lines.
template <int kWrite>
void FetchVertex(const float* values, int channels) {
  __builtin_prefetch(values, kWrite);
  for (int k = channels - 1; k > 0; k -= kFloatsPerCacheLine) __builtin_prefetch(values + k, kWrite);
}

// kChannels = 0 stands for a number known only at run time.
template <int kChannels>
void InterpolateChannels(const Fragments& fragments, const float* attributes, int runtime_channels, Range pixels,
                         float* output) {
  const int channels = kChannels ? kChannels : runtime_channels;
  std::fill(output + pixels.first * channels, output + pixels.end * channels, 0.f);
  ForEachCoveredPixel(
      fragments.triangle_ids, pixels, fragments.triangles, Always(),
      [&](int64_t vertex) { FetchVertex<0>(attributes + vertex * channels, channels); },
      [&](int64_t pixel, const int32_t* corner) {
        const float* weight = fragments.barycentrics + 3 * pixel;
        const float* a = attributes + static_cast<int64_t>(corner[0]) * channels;
        const float* b = attributes + static_cast<int64_t>(corner[1]) * channels;
        const float* c = attributes + static_cast<int64_t>(corner[2]) * channels;
        float* out = output + pixel * channels;
        for (int k = 0; k < channels; ++k) out[k] = weight[0] * a[k] + weight[1] * b[k] + weight[2] * c[k];
      });
}

template <int kChannels>
void InterpolateChannelsGradient(const Fragments& fragments, const float* attributes, int runtime_channels,
                                 const float* output_gradient, Range vertices, Range pixels,
                                 float* attributes_gradient, float* barycentrics_gradient) {
  const int channels = kChannels ? kChannels : runtime_channels;
  std::fill(attributes_gradient + vertices.first * channels, attributes_gradient + vertices.end * channels, 0.f);
  std::fill(barycentrics_gradient + 3 * pixels.first, barycentrics_gradient + 3 * pixels.end, 0.f);
  ForEachCoveredPixel(
      fragments.triangle_ids, {0, fragments.pixel_count}, fragments.triangles,
      [&](int64_t pixel, const int32_t* corner) { return pixels.Holds(pixel) || vertices.HoldsAny(corner); },
      [&](int64_t vertex) {
        FetchVertex<0>(attributes + vertex * channels, channels);
        FetchVertex<1>(attributes_gradient + vertex * channels, channels);
      },
      [&](int64_t pixel, const int32_t* corner) {
        const float* g = output_gradient + pixel * channels;
        for (int i = 0; i < 3; ++i) {
          const int64_t offset = static_cast<int64_t>(corner[i]) * channels;
          if (vertices.Holds(corner[i])) {
            const float weight = fragments.barycentrics[3 * pixel + i];
            for (int k = 0; k < channels; ++k) attributes_gradient[offset + k] += weight * g[k];
          }
          if (pixels.Holds(pixel)) {
            float dot = 0.f;
            for (int k = 0; k < channels; ++k) dot += g[k] * attributes[offset + k];
            barycentrics_gradient[3 * pixel + i] = dot;
          }
        }
      });
}

}  // namespace

void Interpolate(const Fragments& fragments, const float* attributes, int channels, Range pixels, float* output) {
  switch (channels) {
    case 3: return InterpolateChannels<3>(fragments, attributes, channels, pixels, output);
    case 6: return InterpolateChannels<6>(fragments, attributes, channels, pixels, output);
    case 9: return InterpolateChannels<9>(fragments, attributes, channels, pixels, output);
    default: return InterpolateChannels<0>(fragments, attributes, channels, pixels, output);
  }
}

void InterpolateGradient(const Fragments& fragments, const float* attributes, int channels,
                         const float* output_gradient, Range vertices, Range pixels, float* attributes_gradient,
                         float* barycentrics_gradient) {
  auto run = InterpolateChannelsGradient<0>;
  if (channels == 3) run = InterpolateChannelsGradient<3>;
  if (channels == 6) run = InterpolateChannelsGradient<6>;
  if (channels == 9) run = InterpolateChannelsGradient<9>;
  run(fragments, attributes, channels, output_gradient, vertices, pixels, attributes_gradient, barycentrics_gradient);
}

}  // namespace morph3d
