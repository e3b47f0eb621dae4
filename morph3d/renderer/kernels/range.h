// Shares of a picture's work for several threads, which change no result: every sum belongs to one thread, which makes it
// in the same order as if it were alone.
#ifndef MORPH3D_RENDERER_KERNELS_RANGE_H_
#define MORPH3D_RENDERER_KERNELS_RANGE_H_

#include <cstdint>

namespace morph3d {

struct Range {
  int64_t first, end;
  bool Holds(int64_t i) const { return i >= first && i < end; }
  bool HoldsAny(const int32_t* corner) const { return Holds(corner[0]) || Holds(corner[1]) || Holds(corner[2]); }
};

// The share of `piece` of `pieces` in [0, count).
inline Range ShareOf(int64_t count, int64_t piece, int64_t pieces) {
  return {count * piece / pieces, count * (piece + 1) / pieces};
}

}  // namespace morph3d

#endif  // MORPH3D_RENDERER_KERNELS_RANGE_H_
