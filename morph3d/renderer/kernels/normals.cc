#include "normals.h"

#include <algorithm>
#include <cmath>
#include <memory>

namespace morph3d {
namespace {

// Below this length (twice an area) the squares of a normal's components leave the range of float.
constexpr float kShortestNormal = 1e-18f;

struct Vector3 {
  float x, y, z;
};

Vector3 Load(const float* p) { return {p[0], p[1], p[2]}; }
Vector3 operator+(Vector3 a, Vector3 b) { return {a.x + b.x, a.y + b.y, a.z + b.z}; }
Vector3 operator-(Vector3 a, Vector3 b) { return {a.x - b.x, a.y - b.y, a.z - b.z}; }
Vector3 operator*(float s, Vector3 a) { return {s * a.x, s * a.y, s * a.z}; }
float Dot(Vector3 a, Vector3 b) { return a.x * b.x + a.y * b.y + a.z * b.z; }
Vector3 Cross(Vector3 a, Vector3 b) { return {a.y * b.z - a.z * b.y, a.z * b.x - a.x * b.z, a.x * b.y - a.y * b.x}; }
bool IsFinite(Vector3 a) { return std::isfinite(a.x + a.y + a.z); }

void Store(Vector3 a, float* p) {
  p[0] = a.x;
  p[1] = a.y;
  p[2] = a.z;
}

void Add(Vector3 a, float* p) { Store(Load(p) + a, p); }

}  // namespace

void VertexNormals(const Mesh& mesh, float* normals, float* lengths) {
  std::fill(normals, normals + 3 * mesh.vertex_count, 0.f);
  for (int64_t t = 0; t < mesh.triangle_count; ++t) {
    const int64_t a = 3 * static_cast<int64_t>(mesh.triangles[3 * t]), b = 3 * static_cast<int64_t>(mesh.triangles[3 * t + 1]),
                  c = 3 * static_cast<int64_t>(mesh.triangles[3 * t + 2]);
    const Vector3 origin = Load(mesh.vertices + a);
    const Vector3 normal = Cross(Load(mesh.vertices + b) - origin, Load(mesh.vertices + c) - origin);
    if (!IsFinite(normal)) continue;
    Add(normal, normals + a);
    Add(normal, normals + b);
    Add(normal, normals + c);
  }
  for (int64_t i = 0; i < mesh.vertex_count; ++i) {
    const Vector3 sum = Load(normals + 3 * i);
    const float length = std::sqrt(Dot(sum, sum));
    const bool usable = length > kShortestNormal && std::isfinite(length);
    lengths[i] = usable ? length : 0.f;
    Store(usable ? (1.f / length) * sum : Vector3{0.f, 0.f, 0.f}, normals + 3 * i);
  }
}

// n = s / |s| gives ds = (g - (g . n) n) / |s|; with e = b - a, f = c - a and s = e x f: de = f x ds, df = ds x e.
void VertexNormalsGradient(const Mesh& mesh, const float* normals, const float* lengths, const float* normals_gradient,
                           float* vertices_gradient) {
  const std::unique_ptr<float[]> sums(new float[3 * mesh.vertex_count]);
  for (int64_t i = 0; i < mesh.vertex_count; ++i) {
    const Vector3 n = Load(normals + 3 * i), g = Load(normals_gradient + 3 * i);
    const float inverse = lengths[i] > 0.f ? 1.f / lengths[i] : 0.f;
    Store(inverse * (g - Dot(g, n) * n), sums.get() + 3 * i);
  }
  std::fill(vertices_gradient, vertices_gradient + 3 * mesh.vertex_count, 0.f);
  for (int64_t t = 0; t < mesh.triangle_count; ++t) {
    const int64_t a = 3 * static_cast<int64_t>(mesh.triangles[3 * t]), b = 3 * static_cast<int64_t>(mesh.triangles[3 * t + 1]),
                  c = 3 * static_cast<int64_t>(mesh.triangles[3 * t + 2]);
    const Vector3 origin = Load(mesh.vertices + a);
    const Vector3 e = Load(mesh.vertices + b) - origin, f = Load(mesh.vertices + c) - origin;
    if (!IsFinite(Cross(e, f))) continue;
    const Vector3 ds = Load(sums.get() + a) + Load(sums.get() + b) + Load(sums.get() + c);
    const Vector3 de = Cross(f, ds), df = Cross(ds, e);
    Add(de, vertices_gradient + b);
    Add(df, vertices_gradient + c);
    Add(-1.f * (de + df), vertices_gradient + a);
  }
}

}  // namespace morph3d
