#include "rasterize.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <utility>

#include "prefetch.h"

namespace morph3d {
namespace {

constexpr float kFarthestPixel = 1e6f;
constexpr int16_t kInvalidRow = -1;

struct ScreenVertex {
  float x, y;  // pixels; the center of the first pixel is at .5
  float z;     // z / w
};

// The first column and row whose pixel centers lie at or beyond the vertex, clamped to the picture. A triangle holds no
// pixel center outside of [smallest, largest) of its vertices' cells, so that most tiny triangles are told by 12 bytes.
struct Cell {
  int16_t column, row;
};

int16_t FirstCenter(float position, int low, int high) {
  const float inside = std::min(std::max(static_cast<float>(low), position - .5f), static_cast<float>(high));
  const int floor = static_cast<int>(inside);
  return static_cast<int16_t>(floor + (static_cast<float>(floor) < inside));
}

void ProjectVertices(const ClipMesh& mesh, RasterSize size, Range rows, ScreenVertex* screen, Cell* cells) {
  const int first_row = static_cast<int>(rows.first), end_row = static_cast<int>(rows.end);
  const float half_width = .5f * size.width, half_height = .5f * size.height;
  for (int64_t i = 0; i < mesh.vertex_count; ++i) {
    const float* clip = mesh.vertices + 4 * i;
    const float inverse_w = 1.f / clip[3];
    const ScreenVertex v = {(clip[0] * inverse_w + 1.f) * half_width, (clip[1] * inverse_w + 1.f) * half_height,
                            clip[2] * inverse_w};
    // Written so that a NaN fails every comparison, and an infinite w the first.
    const bool valid = inverse_w > 0.f && std::abs(v.x) < kFarthestPixel && std::abs(v.y) < kFarthestPixel &&
                       std::abs(v.z) < kFarthestPixel;
    screen[i] = v;
    cells[i].column = FirstCenter(v.x, 0, size.width);
    cells[i].row = valid ? FirstCenter(v.y, first_row, end_row) : kInvalidRow;
  }
}

// Twice the signed area of (a, b, pixel). Products of floats are exact in double and the difference keeps its sign, so
// two triangles that share the edge always agree on which side the pixel is.
double Edge(float ax, float ay, float bx, float by) {
  return static_cast<double>(ax) * by - static_cast<double>(ay) * bx;
}

// Whether a pixel center on the edge from a to b belongs to the triangle: on a left edge, or on a horizontal top edge.
bool OwnsEdge(const ScreenVertex& a, const ScreenVertex& b) { return b.y < a.y || (b.y == a.y && b.x > a.x); }

void DrawTriangle(const ScreenVertex& a, ScreenVertex b, ScreenVertex c, int32_t id, int first_column, int end_column,
                  int first_row, int end_row, int width, int32_t* triangle_ids, float* depth) {
  const double area = (static_cast<double>(b.x) - a.x) * (static_cast<double>(c.y) - a.y) -
                      (static_cast<double>(b.y) - a.y) * (static_cast<double>(c.x) - a.x);
  if (area == 0.) return;
  if (area < 0.) std::swap(b, c);
  for (int row = first_row; row < end_row; ++row) {
    const float y = row + .5f;
    const float ay = a.y - y, by = b.y - y, cy = c.y - y;
    for (int column = first_column; column < end_column; ++column) {
      const float x = column + .5f;
      const float ax = a.x - x, bx = b.x - x, cx = c.x - x;
      const double ea = Edge(bx, by, cx, cy), eb = Edge(cx, cy, ax, ay), ec = Edge(ax, ay, bx, by);
      if (ea < 0. || eb < 0. || ec < 0.) continue;
      if (ea == 0. && !OwnsEdge(b, c)) continue;
      if (eb == 0. && !OwnsEdge(c, a)) continue;
      if (ec == 0. && !OwnsEdge(a, b)) continue;
      const float z = static_cast<float>((ea * a.z + eb * b.z + ec * c.z) / (ea + eb + ec));
      const int64_t pixel = static_cast<int64_t>(row) * width + column;
      if (!(z >= -1.f && z <= 1.f && z < depth[pixel])) continue;
      depth[pixel] = z;
      triangle_ids[pixel] = id;
    }
  }
}

// The center of a pixel in normalized device coordinates.
struct PixelCenter {
  double x, y;
  PixelCenter(int64_t pixel, RasterSize size) {
    const int row = static_cast<int>(pixel) / size.width, column = static_cast<int>(pixel) - row * size.width;
    x = (2 * column + 1) * (1. / size.width) - 1.;
    y = (2 * row + 1) * (1. / size.height) - 1.;
  }
};

// A vertex as seen from a pixel: sheared so that the pixel's ray is x = y = 0, which changes no determinant and leaves
// only small numbers to subtract.
struct RelativeVertex {
  double x, y, w;
  RelativeVertex(const ClipMesh& mesh, int64_t vertex, PixelCenter center) {
    const float* clip = mesh.vertices + 4 * vertex;
    w = clip[3];
    x = clip[0] - center.x * w;
    y = clip[1] - center.y * w;
  }
};

struct DualVector {
  double x, y, w;
};

DualVector Cross(const RelativeVertex& a, const RelativeVertex& b) {
  return {a.y * b.w - a.w * b.y, a.w * b.x - a.x * b.w, a.x * b.y - a.y * b.x};
}

void WriteBarycentrics(const ClipMesh& mesh, RasterSize size, Range pixels, int32_t* triangle_ids, float* barycentrics,
                       float* depth) {
  std::fill(barycentrics + 3 * pixels.first, barycentrics + 3 * pixels.end, 0.f);
  ForEachCoveredPixel(
      triangle_ids, pixels, mesh.triangles, Always(),
      [&](int64_t vertex) { __builtin_prefetch(mesh.vertices + 4 * vertex); },
      [&](int64_t pixel, const int32_t* corner) {
        const PixelCenter center(pixel, size);
        const RelativeVertex a(mesh, corner[0], center), b(mesh, corner[1], center), c(mesh, corner[2], center);
        const double ea = Cross(b, c).w, eb = Cross(c, a).w, ec = Cross(a, b).w;
        // Coverage was decided on coordinates rounded to float: on an edge a weight may be a rounding error below zero.
        const double sign = ea + eb + ec < 0. ? -1. : 1.;
        const double wa = std::max(0., sign * ea), wb = std::max(0., sign * eb), wc = std::max(0., sign * ec);
        const double sum = wa + wb + wc;
        if (!(sum > 0.)) {
          triangle_ids[pixel] = kBackground;
          return;
        }
        float* out = barycentrics + 3 * pixel;
        out[0] = static_cast<float>(wa / sum);
        out[1] = static_cast<float>(wb / sum);
        out[2] = static_cast<float>(wc / sum);
      });
  for (int64_t pixel = pixels.first; pixel < pixels.end; ++pixel) {
    if (triangle_ids[pixel] == kBackground) depth[pixel] = 1.f;
  }
}

}  // namespace

void RasterizeRows(const ClipMesh& mesh, RasterSize size, Range rows, int32_t* triangle_ids, float* barycentrics,
                   float* depth) {
  const std::unique_ptr<ScreenVertex[]> screen(new ScreenVertex[mesh.vertex_count]);
  const std::unique_ptr<Cell[]> cells(new Cell[mesh.vertex_count]);
  ProjectVertices(mesh, size, rows, screen.get(), cells.get());
  const Range pixels = {rows.first * size.width, rows.end * size.width};
  std::fill(triangle_ids + pixels.first, triangle_ids + pixels.end, kBackground);
  std::fill(depth + pixels.first, depth + pixels.end, 2.f);  // beyond the far plane
  for (int64_t id = 0; id < mesh.triangle_count; ++id) {
    const int32_t* corner = mesh.triangles + 3 * id;
    const Cell a = cells[corner[0]], b = cells[corner[1]], c = cells[corner[2]];
    const int left = std::min({a.column, b.column, c.column}), right = std::max({a.column, b.column, c.column});
    const int top = std::min({a.row, b.row, c.row}), bottom = std::max({a.row, b.row, c.row});
    if (left >= right || top >= bottom || top == kInvalidRow) continue;
    DrawTriangle(screen[corner[0]], screen[corner[1]], screen[corner[2]], static_cast<int32_t>(id), left, right, top,
                 bottom, size.width, triangle_ids, depth);
  }
  WriteBarycentrics(mesh, size, pixels, triangle_ids, barycentrics, depth);
}

// With v_i = (x, y, w), dual vectors n_i = v_j x v_k, D = det V, a = V^-1 p and b = a / sum(a):
//   da_i = -a_j (n_i / D) . dv_j   and   dL/da_i = (g_i - g . b) / sum(a),   hence   dL/dv_j = -b_j sum_i (g_i - g . b)
//   n_i / D.
void RasterizeGradient(const ClipMesh& mesh, RasterSize size, const int32_t* triangle_ids,
                       const float* barycentrics_gradient, Range vertices, float* gradient) {
  std::fill(gradient + 4 * vertices.first, gradient + 4 * vertices.end, 0.f);
  ForEachCoveredPixel(
      triangle_ids, {0, static_cast<int64_t>(size.height) * size.width}, mesh.triangles,
      [&](int64_t, const int32_t* corner) { return vertices.HoldsAny(corner); },
      [&](int64_t vertex) {
        __builtin_prefetch(mesh.vertices + 4 * vertex);
        __builtin_prefetch(gradient + 4 * vertex, 1);
      },
      [&](int64_t pixel, const int32_t* corner) {
        const PixelCenter center(pixel, size);
        const RelativeVertex a(mesh, corner[0], center), b(mesh, corner[1], center), c(mesh, corner[2], center);
        const DualVector na = Cross(b, c), nb = Cross(c, a), nc = Cross(a, b);
        const double sum = na.w + nb.w + nc.w, determinant = a.w * na.w + b.w * nb.w + c.w * nc.w;
        if (sum == 0. || determinant == 0.) return;
        const double inverse_sum = 1. / sum, inverse_determinant = 1. / determinant;
        const double weights[3] = {na.w * inverse_sum, nb.w * inverse_sum, nc.w * inverse_sum};
        const float* g = barycentrics_gradient + 3 * pixel;
        const double mean = g[0] * weights[0] + g[1] * weights[1] + g[2] * weights[2];
        const double ha = (mean - g[0]) * inverse_determinant, hb = (mean - g[1]) * inverse_determinant,
                     hc = (mean - g[2]) * inverse_determinant;
        const double dx = ha * na.x + hb * nb.x + hc * nc.x;
        const double dy = ha * na.y + hb * nb.y + hc * nc.y;
        const double dw = ha * na.w + hb * nb.w + hc * nc.w - center.x * dx - center.y * dy;  // undoes the shear
        for (int i = 0; i < 3; ++i) {
          if (!vertices.Holds(corner[i])) continue;
          float* out = gradient + 4 * static_cast<int64_t>(corner[i]);
          out[0] += static_cast<float>(weights[i] * dx);
          out[1] += static_cast<float>(weights[i] * dy);
          out[3] += static_cast<float>(weights[i] * dw);
        }
      });
}

}  // namespace morph3d
