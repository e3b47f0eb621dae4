// Runs the kernels on random input, much of it absurd, under the address and undefined-behavior sanitizers, and asks
// of every result what must hold of any: among others, that shares computed one by one make up the whole, bit by bit. Compiled and run by test_kernels.py.
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <random>
#include <vector>

#include "interpolate.h"
#include "normals.h"
#include "phong.h"
#include "rasterize.h"
#include "srgb.h"

namespace {

using Floats = std::vector<float>;
std::mt19937 generator(1);

int Integer(int low, int high) { return std::uniform_int_distribution<int>(low, high)(generator); }
float Uniform(float low, float high) { return std::uniform_real_distribution<float>(low, high)(generator); }

float Absurd() {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  const float special[] = {0.f,   1.f,     -1.f,   .5f,   NAN,  kInfinity, -kInfinity,
                           1e30f, -1e-30f, 1e-45f, 3e38f, 1e6f, 16384.f};
  const int kind = Integer(0, 9);
  return kind < 7 ? Uniform(-2.f, 2.f) : kind == 7 ? Uniform(-1e4f, 1e4f) : special[Integer(0, 12)];
}

Floats AbsurdVector(int size) {
  Floats values(size);
  for (float& value : values) value = Absurd();
  return values;
}

Floats GradientVector(int size) {
  Floats values(size);
  for (float& value : values) value = Uniform(-1.f, 1.f);
  return values;
}

void Require(bool condition, const char* what) {
  if (condition) return;
  std::puts(what);
  std::exit(1);
}

// Computes [0, cut) and [cut, count) one after the other, and the whole at once, and asks that both are the same bits.
template <typename Compute>
Floats InShares(int size, int cut, int count, Compute compute) {
  Floats shares(size, 7.f), whole(size, 8.f);
  compute(morph3d::Range{0, cut}, shares.data());
  compute(morph3d::Range{cut, count}, shares.data());
  compute(morph3d::Range{0, count}, whole.data());
  Require(size == 0 || std::memcmp(shares.data(), whole.data(), size * sizeof(float)) == 0, "shares differ from the whole");
  return whole;
}

void FuzzMesh() {
  const int vertices = Integer(1, 12), triangle_count = Integer(0, 13), channels = Integer(1, 10);
  const morph3d::RasterSize size = {Integer(1, 20), Integer(1, 20)};
  const int pixels = size.height * size.width, cut = Integer(0, size.height), share = Integer(0, vertices);
  Floats clip = AbsurdVector(4 * vertices);
  for (int i = 0; i < vertices; ++i) {
    if (Integer(0, 3)) clip[4 * i + 3] = Uniform(.1f, 3.f);
  }
  std::vector<int32_t> triangles(3 * triangle_count), ids(pixels), whole_ids(pixels);
  for (int32_t& index : triangles) index = Integer(0, vertices - 1);
  const morph3d::ClipMesh mesh = {clip.data(), vertices, triangles.data(), triangle_count};
  Floats barycentrics(3 * pixels), depth(pixels), whole_barycentrics(3 * pixels), whole_depth(pixels);
  morph3d::RasterizeRows(mesh, size, {0, cut}, ids.data(), barycentrics.data(), depth.data());
  morph3d::RasterizeRows(mesh, size, {cut, size.height}, ids.data(), barycentrics.data(), depth.data());
  morph3d::RasterizeRows(mesh, size, {0, size.height}, whole_ids.data(), whole_barycentrics.data(), whole_depth.data());
  Require(ids == whole_ids && barycentrics == whole_barycentrics && depth == whole_depth,
          "bands differ from the whole");
  for (int p = 0; p < pixels; ++p) {
    const float *b = &barycentrics[3 * p], sum = b[0] + b[1] + b[2];
    Require(ids[p] >= -1 && ids[p] < triangle_count, "a triangle id out of range");
    Require(depth[p] >= -1.f && depth[p] <= 1.f, "a depth out of range");
    Require(b[0] >= 0.f && b[1] >= 0.f && b[2] >= 0.f, "a negative barycentric");
    Require(std::abs(sum - (ids[p] >= 0 ? 1.f : 0.f)) < 1e-5f, "barycentrics do not add up");
  }
  const Floats of_barycentrics = GradientVector(3 * pixels);
  const Floats gradient = InShares(4 * vertices, share, vertices, [&](morph3d::Range range, float* out) {
    morph3d::RasterizeGradient(mesh, size, ids.data(), of_barycentrics.data(), range, out);
  });
  for (float value : gradient) Require(!std::isnan(value), "a gradient that is not a number");

  const morph3d::Fragments fragments = {ids.data(), barycentrics.data(), triangles.data(), pixels};
  const Floats attributes = AbsurdVector(vertices * channels);
  InShares(pixels * channels, cut * size.width, pixels, [&](morph3d::Range range, float* out) {
    morph3d::Interpolate(fragments, attributes.data(), channels, range, out);
  });
  const Floats of_output = GradientVector(pixels * channels);
  Floats unused(vertices * channels + 3 * pixels);
  InShares(vertices * channels, share, vertices, [&](morph3d::Range range, float* out) {
    morph3d::InterpolateGradient(fragments, attributes.data(), channels, of_output.data(), range, {0, 0}, out,
                                 unused.data());
  });
  InShares(3 * pixels, cut * size.width, pixels, [&](morph3d::Range range, float* out) {
    morph3d::InterpolateGradient(fragments, attributes.data(), channels, of_output.data(), {0, 0}, range, unused.data(),
                                 out);
  });

  const Floats positions = AbsurdVector(3 * vertices);
  const morph3d::Mesh solid = {positions.data(), vertices, triangles.data(), triangle_count};
  Floats lengths(vertices), sums_gradient(3 * vertices);
  const Floats normals = InShares(3 * vertices, share, vertices, [&](morph3d::Range range, float* out) {
    morph3d::VertexNormals(solid, range, out, lengths.data());
  });
  for (float value : normals) Require(std::abs(value) <= 1.001f, "a normal longer than one");
  morph3d::NormalSumsGradient(normals.data(), lengths.data(), GradientVector(3 * vertices).data(), {0, vertices},
                              sums_gradient.data());
  InShares(3 * vertices, share, vertices, [&](morph3d::Range range, float* out) {
    morph3d::VertexNormalsGradient(solid, sums_gradient.data(), range, out);
  });
}

void FuzzPixels() {
  const int pixels = Integer(0, 30), count = Integer(0, 3);
  const Floats albedo = AbsurdVector(3 * pixels), normals = AbsurdVector(3 * pixels),
               positions = AbsurdVector(3 * pixels), light_positions = AbsurdVector(3 * count),
               intensities = AbsurdVector(3 * count), ambient = AbsurdVector(3), gradient = GradientVector(3 * pixels);
  Floats out(3 * pixels), second(3 * pixels), third(3 * pixels);
  std::vector<double> of_positions(3 * count), of_intensities(3 * count), of_ambient(3);
  const morph3d::Surface surface = {albedo.data(), normals.data(), positions.data(), pixels};
  const morph3d::Lights lights = {light_positions.data(), intensities.data(), ambient.data(), count};
  morph3d::Shade(surface, lights, {.2f, 10.f}, {0, pixels}, out.data());
  morph3d::ShadeGradient(
      surface, lights, {.2f, 10.f}, gradient.data(), {0, pixels},
      {out.data(), second.data(), third.data(), of_positions.data(), of_intensities.data(), of_ambient.data()});
  morph3d::LinearFromSrgb(albedo.data(), 3 * pixels, out.data());
  morph3d::SrgbFromLinear(albedo.data(), 3 * pixels, out.data());
  morph3d::LinearFromSrgbGradient(albedo.data(), gradient.data(), 3 * pixels, out.data());
  morph3d::SrgbFromLinearGradient(albedo.data(), gradient.data(), 3 * pixels, out.data());
}

}  // namespace

int main() {
  for (int round = 0; round < 10000; ++round) {
    FuzzMesh();
    FuzzPixels();
  }
  std::puts("sound");
}
