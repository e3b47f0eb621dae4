// The TensorFlow ops of meshes (rasterize, interpolate, normals): shapes, checks, threads. Every op takes a whole batch
// of pictures of one mesh topology; every sum is made by one thread, in order, so that results are the same
// whatever the number of threads.
#include "checks.h"
#include "interpolate.h"
#include "normals.h"
#include "rasterize.h"

namespace morph3d {
namespace {

absl::Status RasterizeShape(InferenceContext* c) {
  ShapeHandle clip, triangles;
  int height, width;
  TF_RETURN_IF_ERROR(InputShape(c, 0, 3, 4, &clip));
  TF_RETURN_IF_ERROR(InputShape(c, 1, 2, 3, &triangles));
  TF_RETURN_IF_ERROR(c->GetAttr("height", &height));
  TF_RETURN_IF_ERROR(c->GetAttr("width", &width));
  const DimensionHandle batch = c->Dim(clip, 0);
  c->set_output(0, c->MakeShape({batch, height, width}));
  c->set_output(1, c->MakeShape({batch, height, width, 3}));
  c->set_output(2, c->MakeShape({batch, height, width}));
  return absl::OkStatus();
}

absl::Status InterpolateShape(InferenceContext* c) {
  ShapeHandle attributes, triangles, ids, barycentrics, picture;
  TF_RETURN_IF_ERROR(InputShape(c, 0, 3, kAny, &attributes));
  TF_RETURN_IF_ERROR(InputShape(c, 1, 2, 3, &triangles));
  TF_RETURN_IF_ERROR(InputShape(c, 2, 3, kAny, &ids));
  TF_RETURN_IF_ERROR(InputShape(c, 3, 4, 3, &barycentrics));
  TF_RETURN_IF_ERROR(c->Concatenate(ids, c->Vector(c->Dim(attributes, 2)), &picture));
  c->set_output(0, picture);
  return absl::OkStatus();
}

absl::Status VertexNormalsShape(InferenceContext* c) {
  ShapeHandle vertices, triangles;
  TF_RETURN_IF_ERROR(InputShape(c, 0, 3, 3, &vertices));
  TF_RETURN_IF_ERROR(InputShape(c, 1, 2, 3, &triangles));
  c->set_output(0, vertices);
  c->set_output(1, c->MakeShape({c->Dim(vertices, 0), c->Dim(vertices, 1)}));
  return absl::OkStatus();
}

absl::Status CheckTriangles(const Tensor& triangles, int64_t vertex_count) {
  TF_RETURN_IF_ERROR(CheckShape(triangles, "triangles", {{kAny, "F"}, {3, "3"}}));
  return CheckRange(triangles, "triangles", 0, vertex_count);
}

absl::Status CheckClip(const Tensor& clip, const Tensor& triangles) {
  TF_RETURN_IF_ERROR(CheckShape(clip, "clip", {{kAny, "B"}, {kAny, "V"}, {4, "4"}}));
  return CheckTriangles(triangles, clip.dim_size(1));
}

ClipMesh ClipMeshOf(const Tensor& clip, const Tensor& triangles, int64_t image) {
  return {ImageOf(clip, image), clip.dim_size(1), triangles.flat<int32_t>().data(), triangles.dim_size(0)};
}

class RasterizeOp : public OpKernel {
 public:
  explicit RasterizeOp(OpKernelConstruction* context) : OpKernel(context) {
    OP_REQUIRES_OK(context, context->GetAttr("height", &size_.height));
    OP_REQUIRES_OK(context, context->GetAttr("width", &size_.width));
    OP_REQUIRES(context, size_.height <= kMaxRasterSide && size_.width <= kMaxRasterSide,
                absl::InvalidArgumentError(absl::StrCat("height and width must be at most ", kMaxRasterSide,
                                                        ", but are ", size_.height, " and ", size_.width)));
  }

  void Compute(OpKernelContext* context) override {
    const Tensor &clip = context->input(0), &triangles = context->input(1);
    OP_REQUIRES_OK(context, CheckClip(clip, triangles));
    const int64_t batch = clip.dim_size(0), pixels = static_cast<int64_t>(size_.height) * size_.width;
    Tensor *ids, *barycentrics, *depth;
    OP_REQUIRES_OK(context, context->allocate_output(0, TensorShape({batch, size_.height, size_.width}), &ids));
    OP_REQUIRES_OK(context,
                   context->allocate_output(1, TensorShape({batch, size_.height, size_.width, 3}), &barycentrics));
    OP_REQUIRES_OK(context, context->allocate_output(2, TensorShape({batch, size_.height, size_.width}), &depth));
    ForEachPiece(context, batch, [&](int64_t image, int64_t piece, int64_t pieces) {
      RasterizeRows(ClipMeshOf(clip, triangles, image), size_, ShareOf(size_.height, piece, pieces),
                    ids->flat<int32_t>().data() + image * pixels, ImageOf(barycentrics, image), ImageOf(depth, image));
    });
  }

 private:
  RasterSize size_;
};

class RasterizeGradOp : public OpKernel {
 public:
  using OpKernel::OpKernel;

  void Compute(OpKernelContext* context) override {
    const Tensor &clip = context->input(0), &triangles = context->input(1), &ids = context->input(2),
                 &barycentrics_gradient = context->input(3);
    OP_REQUIRES_OK(context, CheckClip(clip, triangles));
    const int64_t batch = clip.dim_size(0);
    OP_REQUIRES_OK(context, CheckShape(ids, "triangle_ids", {{batch, "B"}, {kAny, "H"}, {kAny, "W"}}));
    OP_REQUIRES_OK(context, CheckShape(barycentrics_gradient, "barycentrics_gradient",
                                       {{batch, "B"}, {ids.dim_size(1), "H"}, {ids.dim_size(2), "W"}, {3, "3"}}));
    OP_REQUIRES_OK(context, CheckRange(ids, "triangle_ids", kBackground, triangles.dim_size(0)));
    Tensor* gradient;
    OP_REQUIRES_OK(context, context->allocate_output(0, clip.shape(), &gradient));
    const RasterSize size = {static_cast<int>(ids.dim_size(1)), static_cast<int>(ids.dim_size(2))};
    const int64_t pixels = ids.dim_size(1) * ids.dim_size(2);
    ForEachPiece(context, batch, [&](int64_t image, int64_t piece, int64_t pieces) {
      RasterizeGradient(ClipMeshOf(clip, triangles, image), size, ids.flat<int32_t>().data() + image * pixels,
                        ImageOf(barycentrics_gradient, image), ShareOf(clip.dim_size(1), piece, pieces),
                        ImageOf(gradient, image));
    });
  }
};

// The first four inputs of both interpolation ops, checked.
struct InterpolateInputs {
  const Tensor &attributes, &triangles, &ids, &barycentrics;
  int64_t batch, height, width, pixels, vertex_count;
  int channels;

  explicit InterpolateInputs(OpKernelContext* context)
      : attributes(context->input(0)),
        triangles(context->input(1)),
        ids(context->input(2)),
        barycentrics(context->input(3)) {}

  absl::Status Check() {
    TF_RETURN_IF_ERROR(CheckShape(attributes, "attributes", {{kAny, "B"}, {kAny, "V"}, {kAny, "C"}}));
    batch = attributes.dim_size(0);
    vertex_count = attributes.dim_size(1);
    channels = static_cast<int>(attributes.dim_size(2));
    TF_RETURN_IF_ERROR(CheckTriangles(triangles, vertex_count));
    TF_RETURN_IF_ERROR(CheckShape(ids, "triangle_ids", {{batch, "B"}, {kAny, "H"}, {kAny, "W"}}));
    height = ids.dim_size(1);
    width = ids.dim_size(2);
    pixels = height * width;
    TF_RETURN_IF_ERROR(CheckRange(ids, "triangle_ids", kBackground, triangles.dim_size(0)));
    return CheckShape(barycentrics, "barycentrics", {{batch, "B"}, {height, "H"}, {width, "W"}, {3, "3"}});
  }

  Fragments FragmentsOf(int64_t image) const {
    return {ids.flat<int32_t>().data() + image * pixels, ImageOf(barycentrics, image), triangles.flat<int32_t>().data(),
            pixels};
  }
};

class InterpolateOp : public OpKernel {
 public:
  using OpKernel::OpKernel;

  void Compute(OpKernelContext* context) override {
    InterpolateInputs in(context);
    OP_REQUIRES_OK(context, in.Check());
    Tensor* output;
    OP_REQUIRES_OK(context,
                   context->allocate_output(0, TensorShape({in.batch, in.height, in.width, in.channels}), &output));
    ForEachPiece(context, in.batch, [&](int64_t image, int64_t piece, int64_t pieces) {
      Interpolate(in.FragmentsOf(image), ImageOf(in.attributes, image), in.channels, ShareOf(in.pixels, piece, pieces),
                  ImageOf(output, image));
    });
  }
};

class InterpolateGradOp : public OpKernel {
 public:
  using OpKernel::OpKernel;

  void Compute(OpKernelContext* context) override {
    InterpolateInputs in(context);
    OP_REQUIRES_OK(context, in.Check());
    const Tensor& output_gradient = context->input(4);
    OP_REQUIRES_OK(context, CheckShape(output_gradient, "output_gradient",
                                       {{in.batch, "B"}, {in.height, "H"}, {in.width, "W"}, {in.channels, "C"}}));
    Tensor *attributes_gradient, *barycentrics_gradient;
    OP_REQUIRES_OK(context, context->allocate_output(0, in.attributes.shape(), &attributes_gradient));
    OP_REQUIRES_OK(context, context->allocate_output(1, in.barycentrics.shape(), &barycentrics_gradient));
    ForEachPiece(context, in.batch, [&](int64_t image, int64_t piece, int64_t pieces) {
      InterpolateGradient(in.FragmentsOf(image), ImageOf(in.attributes, image), in.channels,
                          ImageOf(output_gradient, image), ShareOf(in.vertex_count, piece, pieces),
                          ShareOf(in.pixels, piece, pieces), ImageOf(attributes_gradient, image),
                          ImageOf(barycentrics_gradient, image));
    });
  }
};

absl::Status CheckVertices(const Tensor& vertices, const Tensor& triangles) {
  TF_RETURN_IF_ERROR(CheckShape(vertices, "vertices", {{kAny, "B"}, {kAny, "V"}, {3, "3"}}));
  return CheckTriangles(triangles, vertices.dim_size(1));
}

Mesh MeshOf(const Tensor& vertices, const Tensor& triangles, int64_t image) {
  return {ImageOf(vertices, image), vertices.dim_size(1), triangles.flat<int32_t>().data(), triangles.dim_size(0)};
}

class VertexNormalsOp : public OpKernel {
 public:
  using OpKernel::OpKernel;

  void Compute(OpKernelContext* context) override {
    const Tensor &vertices = context->input(0), &triangles = context->input(1);
    OP_REQUIRES_OK(context, CheckVertices(vertices, triangles));
    const int64_t batch = vertices.dim_size(0), count = vertices.dim_size(1);
    Tensor *normals, *lengths;
    OP_REQUIRES_OK(context, context->allocate_output(0, vertices.shape(), &normals));
    OP_REQUIRES_OK(context, context->allocate_output(1, TensorShape({batch, count}), &lengths));
    ForEachPiece(context, batch, [&](int64_t image, int64_t piece, int64_t pieces) {
      VertexNormals(MeshOf(vertices, triangles, image), ShareOf(count, piece, pieces), ImageOf(normals, image),
                    ImageOf(lengths, image));
    });
  }
};

class VertexNormalsGradOp : public OpKernel {
 public:
  using OpKernel::OpKernel;

  void Compute(OpKernelContext* context) override {
    const Tensor &vertices = context->input(0), &triangles = context->input(1), &normals = context->input(2),
                 &lengths = context->input(3), &normals_gradient = context->input(4);
    OP_REQUIRES_OK(context, CheckVertices(vertices, triangles));
    const int64_t batch = vertices.dim_size(0), count = vertices.dim_size(1);
    OP_REQUIRES_OK(context, CheckShape(normals, "normals", {{batch, "B"}, {count, "V"}, {3, "3"}}));
    OP_REQUIRES_OK(context, CheckShape(lengths, "lengths", {{batch, "B"}, {count, "V"}}));
    OP_REQUIRES_OK(context, CheckShape(normals_gradient, "normals_gradient", {{batch, "B"}, {count, "V"}, {3, "3"}}));
    Tensor* gradient;
    OP_REQUIRES_OK(context, context->allocate_output(0, vertices.shape(), &gradient));
    Tensor sums_gradient;
    OP_REQUIRES_OK(context, context->allocate_temp(tensorflow::DT_FLOAT, vertices.shape(), &sums_gradient));
    ForEachPiece(context, batch, [&](int64_t image, int64_t piece, int64_t pieces) {
      NormalSumsGradient(ImageOf(normals, image), ImageOf(lengths, image), ImageOf(normals_gradient, image),
                         ShareOf(count, piece, pieces), ImageOf(&sums_gradient, image));
    });
    ForEachPiece(context, batch, [&](int64_t image, int64_t piece, int64_t pieces) {
      VertexNormalsGradient(MeshOf(vertices, triangles, image), ImageOf(sums_gradient, image),
                            ShareOf(count, piece, pieces), ImageOf(gradient, image));
    });
  }
};

REGISTER_OP("Morph3dRasterize")
    .Input("clip: float")
    .Input("triangles: int32")
    .Output("triangle_ids: int32")
    .Output("barycentrics: float")
    .Output("depth: float")
    .Attr("height: int >= 1")
    .Attr("width: int >= 1")
    .SetShapeFn(RasterizeShape);
REGISTER_OP("Morph3dRasterizeGrad")
    .Input("clip: float")
    .Input("triangles: int32")
    .Input("triangle_ids: int32")
    .Input("barycentrics_gradient: float")
    .Output("clip_gradient: float")
    .SetShapeFn(ShapesOfInputs<0>);
REGISTER_OP("Morph3dInterpolate")
    .Input("attributes: float")
    .Input("triangles: int32")
    .Input("triangle_ids: int32")
    .Input("barycentrics: float")
    .Output("output: float")
    .SetShapeFn(InterpolateShape);
REGISTER_OP("Morph3dInterpolateGrad")
    .Input("attributes: float")
    .Input("triangles: int32")
    .Input("triangle_ids: int32")
    .Input("barycentrics: float")
    .Input("output_gradient: float")
    .Output("attributes_gradient: float")
    .Output("barycentrics_gradient: float")
    .SetShapeFn(ShapesOfInputs<0, 3>);
REGISTER_OP("Morph3dVertexNormals")
    .Input("vertices: float")
    .Input("triangles: int32")
    .Output("normals: float")
    .Output("lengths: float")
    .SetShapeFn(VertexNormalsShape);
REGISTER_OP("Morph3dVertexNormalsGrad")
    .Input("vertices: float")
    .Input("triangles: int32")
    .Input("normals: float")
    .Input("lengths: float")
    .Input("normals_gradient: float")
    .Output("vertices_gradient: float")
    .SetShapeFn(ShapesOfInputs<0>);

REGISTER_KERNEL_BUILDER(Name("Morph3dRasterize").Device(DEVICE_CPU), RasterizeOp);
REGISTER_KERNEL_BUILDER(Name("Morph3dRasterizeGrad").Device(DEVICE_CPU), RasterizeGradOp);
REGISTER_KERNEL_BUILDER(Name("Morph3dInterpolate").Device(DEVICE_CPU), InterpolateOp);
REGISTER_KERNEL_BUILDER(Name("Morph3dInterpolateGrad").Device(DEVICE_CPU), InterpolateGradOp);
REGISTER_KERNEL_BUILDER(Name("Morph3dVertexNormals").Device(DEVICE_CPU), VertexNormalsOp);
REGISTER_KERNEL_BUILDER(Name("Morph3dVertexNormalsGrad").Device(DEVICE_CPU), VertexNormalsGradOp);

}  // namespace
}  // namespace morph3d
