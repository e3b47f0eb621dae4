#include "srgb.h"

#include <algorithm>
#include <cmath>
#include <cstring>

// The exponents are 12/5 and 5/12: with a fifth and a twelfth root by Newton's method, all loops become vector code,
// several times faster than std::pow.
namespace morph3d {
namespace {

constexpr float kEncodedKnee = .04045f, kLinearKnee = .0031308f;

float Clip(float x, float low) { return std::min(std::max(x, low), 1.f); }

// A first guess of x^(1/n) for x in (0, 1], within 6 %: a float's bits are nearly its logarithm.
template <int n>
float RootGuess(float x) {
  int32_t bits;
  std::memcpy(&bits, &x, sizeof(bits));
  constexpr int32_t kOne = 0x3f800000;
  bits = kOne - static_cast<int32_t>(static_cast<float>(kOne - bits) * (1.f / n));
  float guess;
  std::memcpy(&guess, &bits, sizeof(guess));
  return guess;
}

float FifthRoot(float x) {
  float root = RootGuess<5>(x);
  for (int i = 0; i < 3; ++i) {
    const float squared = root * root;
    root += (x / (squared * squared) - root) * (1.f / 5.f);
  }
  return root;
}

float CubeRoot(float x) {
  float root = RootGuess<3>(x);
  for (int i = 0; i < 3; ++i) root += (x / (root * root) - root) * (1.f / 3.f);
  return root;
}

// x^(2/5) and x^(5/12) for x in (0, 1].
float TwoFifths(float x) {
  const float root = FifthRoot(x);
  return root * root;
}

float FiveTwelfths(float x) {
  const float third = CubeRoot(x);
  return third * std::sqrt(std::sqrt(third));
}

float Chain(float gradient, float x, float slope) { return x >= 0.f && x <= 1.f ? gradient * slope : 0.f; }

}  // namespace

void LinearFromSrgb(const float* encoded, int64_t count, float* output) {
  for (int64_t i = 0; i < count; ++i) {
    const float base = (Clip(encoded[i], kEncodedKnee) + .055f) * (1.f / 1.055f);
    const float line = Clip(encoded[i], 0.f) * (1.f / 12.92f), power = base * base * TwoFifths(base);
    output[i] = encoded[i] > kEncodedKnee ? power : line;
  }
}

void LinearFromSrgbGradient(const float* encoded, const float* output_gradient, int64_t count, float* gradient) {
  for (int64_t i = 0; i < count; ++i) {
    const float base = (Clip(encoded[i], kEncodedKnee) + .055f) * (1.f / 1.055f);
    const float slope = encoded[i] > kEncodedKnee ? (2.4f / 1.055f) * base * TwoFifths(base) : 1.f / 12.92f;
    gradient[i] = Chain(output_gradient[i], encoded[i], slope);
  }
}

void SrgbFromLinear(const float* linear, int64_t count, float* output) {
  for (int64_t i = 0; i < count; ++i) {
    const float base = Clip(linear[i], kLinearKnee);
    const float line = Clip(linear[i], 0.f) * 12.92f, power = 1.055f * FiveTwelfths(base) - .055f;
    output[i] = linear[i] > kLinearKnee ? power : line;
  }
}

void SrgbFromLinearGradient(const float* linear, const float* output_gradient, int64_t count, float* gradient) {
  for (int64_t i = 0; i < count; ++i) {
    const float base = Clip(linear[i], kLinearKnee);
    const float slope = linear[i] > kLinearKnee ? (1.055f / 2.4f) * FiveTwelfths(base) / base : 12.92f;
    gradient[i] = Chain(output_gradient[i], linear[i], slope);
  }
}

}  // namespace morph3d
