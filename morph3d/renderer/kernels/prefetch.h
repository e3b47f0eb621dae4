// A loop over the pixels of a raster whose triangles lie anywhere in memory, which asks for that memory ahead of time.
#ifndef MORPH3D_RENDERER_KERNELS_PREFETCH_H_
#define MORPH3D_RENDERER_KERNELS_PREFETCH_H_

#include <cstdint>

#include "range.h"

namespace morph3d {

// How many pixels ahead the indices, and then what they point at, are fetched: about one trip to memory.
constexpr int64_t kFetchIndices = 48;
constexpr int64_t kFetchVertices = 20;

struct Always {
  bool operator()(int64_t, const int32_t*) const { return true; }
};

// Calls visit(pixel, corner) for every covered pixel of the range that wanted(pixel, corner) is true of, and long before
// fetch(vertex) for its corners.
template <typename Wanted, typename Fetch, typename Visit>
inline void ForEachCoveredPixel(const int32_t* triangle_ids, Range pixels, const int32_t* triangles, Wanted wanted,
                                Fetch fetch, Visit visit) {
  for (int64_t pixel = pixels.first; pixel < pixels.end; ++pixel) {
    if (pixel + kFetchIndices < pixels.end) {
      const int64_t id = triangle_ids[pixel + kFetchIndices];
      if (id >= 0) __builtin_prefetch(triangles + 3 * id);
    }
    if (pixel + kFetchVertices < pixels.end) {
      const int64_t id = triangle_ids[pixel + kFetchVertices];
      if (id >= 0 && wanted(pixel + kFetchVertices, triangles + 3 * id)) {
        for (int i = 0; i < 3; ++i) fetch(triangles[3 * id + i]);
      }
    }
    const int64_t id = triangle_ids[pixel];
    if (id >= 0 && wanted(pixel, triangles + 3 * id)) visit(pixel, triangles + 3 * id);
  }
}

}  // namespace morph3d

#endif  // MORPH3D_RENDERER_KERNELS_PREFETCH_H_
