#include "normals.h"

#include <algorithm>

#include "vector3.h"

namespace morph3d {
namespace {

void AddIfHeld(Range vertices, Vector3 value, int64_t vertex, float* sums) {
  if (vertices.Holds(vertex)) Add(value, sums + 3 * vertex);
}

// Calls visit(corner, e, f, e x f), e = b - a, f = c - a, for every finite triangle with a corner in the range.
template <typename Visit>
void ForEachTriangle(const Mesh& mesh, Range vertices, Visit visit) {
  for (int64_t t = 0; t < mesh.triangle_count; ++t) {
    const int32_t* corner = mesh.triangles + 3 * t;
    if (!vertices.HoldsAny(corner)) continue;
    const Vector3 origin = Load(mesh.vertices + 3 * static_cast<int64_t>(corner[0]));
    const Vector3 e = Load(mesh.vertices + 3 * static_cast<int64_t>(corner[1])) - origin;
    const Vector3 f = Load(mesh.vertices + 3 * static_cast<int64_t>(corner[2])) - origin;
    const Vector3 normal = Cross(e, f);
    if (IsFinite(normal)) visit(corner, e, f, normal);
  }
}

}  // namespace

void VertexNormals(const Mesh& mesh, Range vertices, float* normals, float* lengths) {
  std::fill(normals + 3 * vertices.first, normals + 3 * vertices.end, 0.f);
  ForEachTriangle(mesh, vertices, [&](const int32_t* corner, Vector3, Vector3, Vector3 normal) {
    for (int i = 0; i < 3; ++i) AddIfHeld(vertices, normal, corner[i], normals);
  });
  for (int64_t i = vertices.first; i < vertices.end; ++i) {
    const Direction direction(Load(normals + 3 * i));
    lengths[i] = direction.length;
    Store(direction.unit, normals + 3 * i);
  }
}

void NormalSumsGradient(const float* normals, const float* lengths, const float* normals_gradient, Range vertices,
                        float* sums_gradient) {
  for (int64_t i = vertices.first; i < vertices.end; ++i) {
    const Direction direction(Load(normals + 3 * i), lengths[i]);
    Store(direction.Gradient(Load(normals_gradient + 3 * i)), sums_gradient + 3 * i);
  }
}

// With s = e x f: de = f x ds, df = ds x e.
void VertexNormalsGradient(const Mesh& mesh, const float* sums_gradient, Range vertices, float* vertices_gradient) {
  std::fill(vertices_gradient + 3 * vertices.first, vertices_gradient + 3 * vertices.end, 0.f);
  ForEachTriangle(mesh, vertices, [&](const int32_t* corner, Vector3 e, Vector3 f, Vector3) {
    Vector3 ds = {0.f, 0.f, 0.f};
    for (int i = 0; i < 3; ++i) ds = ds + Load(sums_gradient + 3 * static_cast<int64_t>(corner[i]));
    const Vector3 de = Cross(f, ds), df = Cross(ds, e);
    AddIfHeld(vertices, -1.f * (de + df), corner[0], vertices_gradient);
    AddIfHeld(vertices, de, corner[1], vertices_gradient);
    AddIfHeld(vertices, df, corner[2], vertices_gradient);
  });
}

}  // namespace morph3d
