#include "normals.h"

#include <algorithm>
#include <memory>

#include "vector3.h"

namespace morph3d {
namespace {

// Calls visit(a, b, c, e, f, e x f) for every finite triangle: where its corners lie in [vertex_count, 3]; e = b - a, f
// = c - a.
template <typename Visit>
void ForEachTriangle(const Mesh& mesh, Visit visit) {
  for (int64_t t = 0; t < mesh.triangle_count; ++t) {
    const int32_t* corner = mesh.triangles + 3 * t;
    const int64_t a = 3 * static_cast<int64_t>(corner[0]), b = 3 * static_cast<int64_t>(corner[1]),
                  c = 3 * static_cast<int64_t>(corner[2]);
    const Vector3 origin = Load(mesh.vertices + a);
    const Vector3 e = Load(mesh.vertices + b) - origin, f = Load(mesh.vertices + c) - origin;
    const Vector3 normal = Cross(e, f);
    if (IsFinite(normal)) visit(a, b, c, e, f, normal);
  }
}

}  // namespace

void VertexNormals(const Mesh& mesh, float* normals, float* lengths) {
  std::fill(normals, normals + 3 * mesh.vertex_count, 0.f);
  ForEachTriangle(mesh, [&](int64_t a, int64_t b, int64_t c, Vector3, Vector3, Vector3 normal) {
    Add(normal, normals + a);
    Add(normal, normals + b);
    Add(normal, normals + c);
  });
  for (int64_t i = 0; i < mesh.vertex_count; ++i) {
    const Direction direction(Load(normals + 3 * i));
    lengths[i] = direction.length;
    Store(direction.unit, normals + 3 * i);
  }
}

// With s = e x f: de = f x ds, df = ds x e.
void VertexNormalsGradient(const Mesh& mesh, const float* normals, const float* lengths, const float* normals_gradient,
                           float* vertices_gradient) {
  const std::unique_ptr<float[]> sums(new float[3 * mesh.vertex_count]);
  for (int64_t i = 0; i < mesh.vertex_count; ++i) {
    const Direction direction(Load(normals + 3 * i), lengths[i]);
    Store(direction.Gradient(Load(normals_gradient + 3 * i)), sums.get() + 3 * i);
  }
  std::fill(vertices_gradient, vertices_gradient + 3 * mesh.vertex_count, 0.f);
  ForEachTriangle(mesh, [&](int64_t a, int64_t b, int64_t c, Vector3 e, Vector3 f, Vector3) {
    const Vector3 ds = Load(sums.get() + a) + Load(sums.get() + b) + Load(sums.get() + c);
    const Vector3 de = Cross(f, ds), df = Cross(ds, e);
    Add(de, vertices_gradient + b);
    Add(df, vertices_gradient + c);
    Add(-1.f * (de + df), vertices_gradient + a);
  });
}

}  // namespace morph3d
