// Vertex normals of one mesh: numerics only, plain pointers, no TensorFlow.
#ifndef MORPH3D_RENDERER_KERNELS_NORMALS_H_
#define MORPH3D_RENDERER_KERNELS_NORMALS_H_

#include <cstdint>

#include "range.h"

namespace morph3d {

struct Mesh {
  const float* vertices;  // [vertex_count, 3]
  int64_t vertex_count;
  const int32_t* triangles;  // [triangle_count, 3], every index in [0, vertex_count): the caller checks
  int64_t triangle_count;
};

// The unit normal of every vertex: the sum of (b - a) x (c - a) over its triangles (twice their area long), normalized.
// Triangles with a vertex that is not finite count for nothing; a vertex whose sum vanishes has the normal 0.
// Writes the vertices of the range:
//   normals [vertex_count, 3]; lengths [vertex_count]: of the sums, 0 where the normal is 0, for the gradient.
void VertexNormals(const Mesh& mesh, Range vertices, float* normals, float* lengths);

// Its gradient, in two steps, the first to be done for all vertices before the second: from normals_gradient
// [vertex_count, 3] that to the sums, and from sums_gradient [vertex_count, 3] vertices_gradient [vertex_count, 3]. Both
// write the vertices of the range.
void NormalSumsGradient(const float* normals, const float* lengths, const float* normals_gradient, Range vertices,
                        float* sums_gradient);
void VertexNormalsGradient(const Mesh& mesh, const float* sums_gradient, Range vertices, float* vertices_gradient);

}  // namespace morph3d

#endif  // MORPH3D_RENDERER_KERNELS_NORMALS_H_
