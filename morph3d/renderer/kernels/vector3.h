// Vectors in space, and the algebra that the kernels need.
#ifndef MORPH3D_RENDERER_KERNELS_VECTOR3_H_
#define MORPH3D_RENDERER_KERNELS_VECTOR3_H_

#include <cmath>

namespace morph3d {

struct Vector3 {
  float x, y, z;
};

inline Vector3 Load(const float* p) { return {p[0], p[1], p[2]}; }
inline Vector3 operator+(Vector3 a, Vector3 b) { return {a.x + b.x, a.y + b.y, a.z + b.z}; }
inline Vector3 operator-(Vector3 a, Vector3 b) { return {a.x - b.x, a.y - b.y, a.z - b.z}; }
inline Vector3 operator*(float s, Vector3 a) { return {s * a.x, s * a.y, s * a.z}; }
inline Vector3 operator*(Vector3 a, Vector3 b) { return {a.x * b.x, a.y * b.y, a.z * b.z}; }  // component by component
inline float Dot(Vector3 a, Vector3 b) { return a.x * b.x + a.y * b.y + a.z * b.z; }
inline Vector3 Cross(Vector3 a, Vector3 b) {
  return {a.y * b.z - a.z * b.y, a.z * b.x - a.x * b.z, a.x * b.y - a.y * b.x};
}
inline bool IsFinite(Vector3 a) { return std::isfinite(a.x + a.y + a.z); }

inline void Store(Vector3 a, float* p) {
  p[0] = a.x;
  p[1] = a.y;
  p[2] = a.z;
}

inline void Add(Vector3 a, float* p) { Store(Load(p) + a, p); }

// A vector's direction, and what its gradient needs. Vectors too short for their squares to fit a float, and those that
// are not finite, have the direction 0 and no gradient.
struct Direction {
  Vector3 unit;
  float length, inverse_length;  // both 0 where the direction is 0

  explicit Direction(Vector3 v) {
    length = std::sqrt(Dot(v, v));
    if (!(length > 1e-18f && std::isfinite(length))) length = 0.f;
    inverse_length = length > 0.f ? 1.f / length : 0.f;
    unit = length > 0.f ? inverse_length * v : Vector3{0.f, 0.f, 0.f};
  }

  Direction(Vector3 unit_vector, float its_length)
      : unit(unit_vector), length(its_length), inverse_length(its_length > 0.f ? 1.f / its_length : 0.f) {}

  // From the gradient to the direction, that to the vector: (g - (g . u) u) / |v|.
  Vector3 Gradient(Vector3 g) const { return inverse_length * (g - Dot(g, unit) * unit); }
};

}  // namespace morph3d

#endif  // MORPH3D_RENDERER_KERNELS_VECTOR3_H_
