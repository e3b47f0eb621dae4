// Common parts of the TensorFlow ops: checks of their inputs before a kernel touches memory, and sharing of their work
// between threads.
#ifndef MORPH3D_RENDERER_KERNELS_CHECKS_H_
#define MORPH3D_RENDERER_KERNELS_CHECKS_H_

#include <algorithm>
#include <functional>
#include <limits>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "tensorflow/core/framework/op.h"
#include "tensorflow/core/framework/op_kernel.h"
#include "tensorflow/core/framework/shape_inference.h"

namespace morph3d {

using tensorflow::DEVICE_CPU;
using tensorflow::OpKernel;
using tensorflow::OpKernelConstruction;
using tensorflow::OpKernelContext;
using tensorflow::Tensor;
using tensorflow::TensorShape;
using tensorflow::shape_inference::DimensionHandle;
using tensorflow::shape_inference::InferenceContext;
using tensorflow::shape_inference::ShapeHandle;

// One axis of an expected shape: a size, or kAny; and its name for the message.
struct Axis {
  int64_t size;
  const char* name;
};
constexpr int64_t kAny = -1;

inline absl::Status CheckShape(const Tensor& tensor, const std::string& name, const std::vector<Axis>& axes) {
  bool matches = tensor.dims() == static_cast<int>(axes.size());
  std::string expected;
  for (size_t i = 0; i < axes.size(); ++i) {
    matches = matches && (axes[i].size == kAny || tensor.dim_size(static_cast<int>(i)) == axes[i].size);
    expected += (i ? ", " : "") + std::string(axes[i].name);
    if (axes[i].size != kAny && std::to_string(axes[i].size) != axes[i].name)
      expected += "=" + std::to_string(axes[i].size);
  }
  if (matches) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat(name, " must have the shape [", expected, "], but it has shape ", tensor.shape().DebugString()));
}

// Every element must lie in [low, end).
inline absl::Status CheckRange(const Tensor& tensor, const std::string& name, int32_t low, int64_t end) {
  const int32_t *values = tensor.flat<int32_t>().data(), *values_end = values + tensor.NumElements();
  const int32_t last = static_cast<int32_t>(std::min<int64_t>(end - 1, std::numeric_limits<int32_t>::max()));
  const auto wrong = [low, last](int32_t value) { return (value < low) | (value > last); };
  int32_t any_wrong = 0;  // without a branch, so that the compiler makes vector code of it
  for (const int32_t* value = values; value < values_end; ++value) any_wrong |= wrong(*value);
  if (!any_wrong) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(name, " must lie in [", low, ", ", end, "), but found ",
                                                 *std::find_if(values, values_end, wrong)));
}

// The inferred shape of an input of the given rank whose last axis has `channels` entries (kAny: any number).
inline absl::Status InputShape(InferenceContext* c, int input, int rank, int64_t channels, ShapeHandle* shape) {
  TF_RETURN_IF_ERROR(c->WithRank(c->input(input), rank, shape));
  DimensionHandle unused;
  return channels == kAny ? absl::OkStatus() : c->WithValue(c->Dim(*shape, -1), channels, &unused);
}

// A gradient op's outputs have the shapes of the inputs they belong to.
template <int... kInputs>
absl::Status ShapesOfInputs(InferenceContext* c) {
  int output = 0;
  (c->set_output(output++, c->input(kInputs)), ...);
  return absl::OkStatus();
}

// One picture's share of a tensor whose first axis is the batch.
inline const float* ImageOf(const Tensor& tensor, int64_t image) {
  return tensor.flat<float>().data() + image * (tensor.NumElements() / tensor.dim_size(0));
}
inline float* ImageOf(Tensor* tensor, int64_t image) {
  return tensor->flat<float>().data() + image * (tensor->NumElements() / tensor->dim_size(0));
}

// Runs work(0) .. work(count - 1) on TensorFlow's threads, each a task of its own.
inline void ForEach(OpKernelContext* context, int64_t count, const std::function<void(int64_t)>& work) {
  if (count == 0) return;
  const auto* workers = context->device()->tensorflow_cpu_worker_threads();
  workers->workers->ParallelFor(count, tensorflow::thread::ThreadPool::SchedulingParams::Fixed(1),
                                [&](int64_t first, int64_t end) {
                                  for (int64_t i = first; i < end; ++i) work(i);
                                });
}

// Runs work(image, piece, pieces) for every piece of every picture of a batch: one piece each, or as many as there are
// threads to spare, so that a lone picture uses every core too.
inline void ForEachPiece(OpKernelContext* context, int64_t batch,
                         const std::function<void(int64_t, int64_t, int64_t)>& work) {
  if (batch == 0) return;
  const int64_t threads = context->device()->tensorflow_cpu_worker_threads()->num_threads;
  const int64_t pieces = std::max<int64_t>(1, threads / batch);
  ForEach(context, batch * pieces, [&](int64_t task) { work(task / pieces, task % pieces, pieces); });
}

}  // namespace morph3d

#endif  // MORPH3D_RENDERER_KERNELS_CHECKS_H_
