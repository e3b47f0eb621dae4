// Visits the pixels of a raster whose triangles lie anywhere in memory, and asks for that memory ahead of time.
#ifndef MORPH3D_RENDERER_KERNELS_PREFETCH_H_
#define MORPH3D_RENDERER_KERNELS_PREFETCH_H_

#include <cstdint>

#include "range.h"

namespace morph3d {

// How many pixels ahead the indices, and then what they point at, are fetched: about one trip to memory.
constexpr int64_t kFetchIndices = 48;
constexpr int64_t kFetchVertices = 20;

// Calls visit(pixel, triangle) for every covered pixel of the range, and long before fetch(vertex) for its vertices.
template <typename Fetch, typename Visit>
inline void ForEachCoveredPixel(const int32_t* triangle_ids, Range pixels, const int32_t* triangles, Fetch fetch,
                                Visit visit) {
  for (int64_t pixel = pixels.first; pixel < pixels.end; ++pixel) {
    if (pixel + kFetchIndices < pixels.end) {
      const int64_t id = triangle_ids[pixel + kFetchIndices];
      if (id >= 0) __builtin_prefetch(triangles + 3 * id);
    }
    if (pixel + kFetchVertices < pixels.end) {
      const int64_t id = triangle_ids[pixel + kFetchVertices];
      if (id >= 0) {
        for (int corner = 0; corner < 3; ++corner) fetch(triangles[3 * id + corner]);
      }
    }
    if (triangle_ids[pixel] >= 0) visit(pixel, triangles + 3 * static_cast<int64_t>(triangle_ids[pixel]));
  }
}

}  // namespace morph3d

#endif  // MORPH3D_RENDERER_KERNELS_PREFETCH_H_
