// The TensorFlow ops of pixels (Phong, sRGB): shapes, checks, threads. Sums over a picture are made block by block, in
// order.
#include "checks.h"
#include "phong.h"
#include "srgb.h"

namespace morph3d {
namespace {

// The first six inputs of both Phong ops, checked, and the attributes.
struct ShadeInputs {
  const Tensor &albedo, &normals, &positions, &light_positions, &light_intensities, &ambient;
  Gloss gloss;
  int64_t batch = 0, pixels = 0;

  ShadeInputs(OpKernelContext* context, Gloss the_gloss)
      : albedo(context->input(0)),
        normals(context->input(1)),
        positions(context->input(2)),
        light_positions(context->input(3)),
        light_intensities(context->input(4)),
        ambient(context->input(5)),
        gloss(the_gloss) {}

  absl::Status Check() {
    TF_RETURN_IF_ERROR(CheckShape(albedo, "albedo", {{kAny, "B"}, {kAny, "H"}, {kAny, "W"}, {3, "3"}}));
    batch = albedo.dim_size(0);
    pixels = albedo.dim_size(1) * albedo.dim_size(2);
    TF_RETURN_IF_ERROR(CheckPicture(normals, "normals"));
    TF_RETURN_IF_ERROR(CheckPicture(positions, "positions"));
    TF_RETURN_IF_ERROR(CheckShape(light_positions, "light positions", {{batch, "B"}, {kAny, "L"}, {3, "3"}}));
    TF_RETURN_IF_ERROR(CheckShape(light_intensities, "light intensities",
                                  {{batch, "B"}, {light_positions.dim_size(1), "L"}, {3, "3"}}));
    return CheckShape(ambient, "ambient", {{batch, "B"}, {3, "3"}});
  }

  absl::Status CheckPicture(const Tensor& tensor, const char* name) const {
    return CheckShape(tensor, name, {{batch, "B"}, {albedo.dim_size(1), "H"}, {albedo.dim_size(2), "W"}, {3, "3"}});
  }

  Surface SurfaceOf(int64_t image) const {
    return {ImageOf(albedo, image), ImageOf(normals, image), ImageOf(positions, image), pixels};
  }

  Lights LightsOf(int64_t image) const {
    return {ImageOf(light_positions, image), ImageOf(light_intensities, image), ImageOf(ambient, image),
            static_cast<int>(light_positions.dim_size(1))};
  }
};

absl::Status ReadGloss(OpKernelConstruction* context, Gloss* gloss) {
  TF_RETURN_IF_ERROR(context->GetAttr("specular", &gloss->specular));
  TF_RETURN_IF_ERROR(context->GetAttr("shininess", &gloss->shininess));
  if (gloss->shininess >= 1.f && gloss->specular >= 0.f && gloss->specular <= 1.f) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("specular must lie in [0, 1] and shininess be at least 1, but they are ", gloss->specular, " and ",
                   gloss->shininess));
}

class ShadeOp : public OpKernel {
 public:
  explicit ShadeOp(OpKernelConstruction* context) : OpKernel(context) {
    OP_REQUIRES_OK(context, ReadGloss(context, &gloss_));
  }

  void Compute(OpKernelContext* context) override {
    ShadeInputs in(context, gloss_);
    OP_REQUIRES_OK(context, in.Check());
    Tensor* output;
    OP_REQUIRES_OK(context, context->allocate_output(0, in.albedo.shape(), &output));
    ForEachPiece(context, in.batch, [&](int64_t image, int64_t piece, int64_t pieces) {
      Shade(in.SurfaceOf(image), in.LightsOf(image), gloss_, ShareOf(in.pixels, piece, pieces), ImageOf(output, image));
    });
  }

 private:
  Gloss gloss_;
};

class ShadeGradOp : public OpKernel {
 public:
  explicit ShadeGradOp(OpKernelConstruction* context) : OpKernel(context) {
    OP_REQUIRES_OK(context, ReadGloss(context, &gloss_));
  }

  void Compute(OpKernelContext* context) override {
    ShadeInputs in(context, gloss_);
    OP_REQUIRES_OK(context, in.Check());
    const Tensor& output_gradient = context->input(6);
    OP_REQUIRES_OK(context, in.CheckPicture(output_gradient, "output_gradient"));
    Tensor* gradients[6];
    for (int i = 0; i < 6; ++i)
      OP_REQUIRES_OK(context, context->allocate_output(i, context->input(i).shape(), &gradients[i]));
    const int64_t blocks = (in.pixels + kBlock - 1) / kBlock, lights = 3 * in.light_positions.dim_size(1);
    std::vector<double> sums(in.batch * blocks * (2 * lights + 3));
    ForEach(context, in.batch * blocks, [&](int64_t task) {
      const int64_t image = task / blocks, first = task % blocks * kBlock;
      double* of_lights = &sums[task * (2 * lights + 3)];
      ShadeGradient(in.SurfaceOf(image), in.LightsOf(image), gloss_, ImageOf(output_gradient, image),
                    {first, std::min(first + kBlock, in.pixels)},
                    {ImageOf(gradients[0], image), ImageOf(gradients[1], image), ImageOf(gradients[2], image), of_lights,
                     of_lights + lights, of_lights + 2 * lights});
    });
    for (int64_t image = 0; image < in.batch; ++image) {
      const double* of_image = sums.data() + image * blocks * (2 * lights + 3);
      AddUp(of_image, blocks, 2 * lights + 3, lights, ImageOf(gradients[3], image));
      AddUp(of_image + lights, blocks, 2 * lights + 3, lights, ImageOf(gradients[4], image));
      AddUp(of_image + 2 * lights, blocks, 2 * lights + 3, 3, ImageOf(gradients[5], image));
    }
  }

 private:
  // Pixels; the same whatever the number of threads, so that the sums are too.
  static constexpr int64_t kBlock = 4096;

  // output[i] = sum over blocks of values[block * stride + i].
  static void AddUp(const double* values, int64_t blocks, int64_t stride, int64_t count, float* output) {
    for (int64_t i = 0; i < count; ++i) {
      double sum = 0.;
      for (int64_t block = 0; block < blocks; ++block) sum += values[block * stride + i];
      output[i] = static_cast<float>(sum);
    }
  }

  Gloss gloss_;
};

// A function of every element by itself; kGradient: its second input is the gradient to its output.
template <auto kFunction, bool kGradient>
class ElementwiseOp : public OpKernel {
 public:
  using OpKernel::OpKernel;

  void Compute(OpKernelContext* context) override {
    const Tensor& input = context->input(0);
    if (kGradient) {
      OP_REQUIRES(
          context, context->input(1).shape() == input.shape(),
          absl::InvalidArgumentError(absl::StrCat("the gradient must have the shape ", input.shape().DebugString(),
                                                  ", but it has shape ", context->input(1).shape().DebugString())));
    }
    Tensor* output;
    OP_REQUIRES_OK(context, context->allocate_output(0, input.shape(), &output));
    const int64_t count = input.NumElements(), blocks = (count + kBlock - 1) / kBlock;
    ForEach(context, blocks, [&](int64_t block) {
      const int64_t first = block * kBlock, size = std::min(kBlock, count - first);
      const float* in = input.flat<float>().data() + first;
      float* out = output->flat<float>().data() + first;
      if constexpr (kGradient) {
        kFunction(in, context->input(1).flat<float>().data() + first, size, out);
      } else {
        kFunction(in, size, out);
      }
    });
  }

 private:
  static constexpr int64_t kBlock = 1 << 16;  // large enough to be worth a task
};

REGISTER_OP("Morph3dShade")
    .Input("albedo: float")
    .Input("normals: float")
    .Input("positions: float")
    .Input("light_positions: float")
    .Input("light_intensities: float")
    .Input("ambient: float")
    .Output("light: float")
    .Attr("specular: float")
    .Attr("shininess: float")
    .SetShapeFn([](InferenceContext* c) {
      ShapeHandle unused;
      for (int i = 0; i < 3; ++i) TF_RETURN_IF_ERROR(InputShape(c, i, 4, 3, &unused));
      for (int i = 3; i < 5; ++i) TF_RETURN_IF_ERROR(InputShape(c, i, 3, 3, &unused));
      TF_RETURN_IF_ERROR(InputShape(c, 5, 2, 3, &unused));
      return ShapesOfInputs<0>(c);
    });
REGISTER_OP("Morph3dShadeGrad")
    .Input("albedo: float")
    .Input("normals: float")
    .Input("positions: float")
    .Input("light_positions: float")
    .Input("light_intensities: float")
    .Input("ambient: float")
    .Input("light_gradient: float")
    .Output("albedo_gradient: float")
    .Output("normals_gradient: float")
    .Output("positions_gradient: float")
    .Output("light_positions_gradient: float")
    .Output("light_intensities_gradient: float")
    .Output("ambient_gradient: float")
    .Attr("specular: float")
    .Attr("shininess: float")
    .SetShapeFn(ShapesOfInputs<0, 1, 2, 3, 4, 5>);
REGISTER_OP("Morph3dLinearFromSrgb").Input("encoded: float").Output("linear: float").SetShapeFn(ShapesOfInputs<0>);
REGISTER_OP("Morph3dSrgbFromLinear").Input("linear: float").Output("encoded: float").SetShapeFn(ShapesOfInputs<0>);
REGISTER_OP("Morph3dLinearFromSrgbGrad")
    .Input("encoded: float")
    .Input("linear_gradient: float")
    .Output("encoded_gradient: float")
    .SetShapeFn(ShapesOfInputs<0>);
REGISTER_OP("Morph3dSrgbFromLinearGrad")
    .Input("linear: float")
    .Input("encoded_gradient: float")
    .Output("linear_gradient: float")
    .SetShapeFn(ShapesOfInputs<0>);

// The macro takes no commas inside of a type's template arguments.
using LinearFromSrgbOp = ElementwiseOp<LinearFromSrgb, false>;
using SrgbFromLinearOp = ElementwiseOp<SrgbFromLinear, false>;
using LinearFromSrgbGradOp = ElementwiseOp<LinearFromSrgbGradient, true>;
using SrgbFromLinearGradOp = ElementwiseOp<SrgbFromLinearGradient, true>;

REGISTER_KERNEL_BUILDER(Name("Morph3dShade").Device(DEVICE_CPU), ShadeOp);
REGISTER_KERNEL_BUILDER(Name("Morph3dShadeGrad").Device(DEVICE_CPU), ShadeGradOp);
REGISTER_KERNEL_BUILDER(Name("Morph3dLinearFromSrgb").Device(DEVICE_CPU), LinearFromSrgbOp);
REGISTER_KERNEL_BUILDER(Name("Morph3dSrgbFromLinear").Device(DEVICE_CPU), SrgbFromLinearOp);
REGISTER_KERNEL_BUILDER(Name("Morph3dLinearFromSrgbGrad").Device(DEVICE_CPU), LinearFromSrgbGradOp);
REGISTER_KERNEL_BUILDER(Name("Morph3dSrgbFromLinearGrad").Device(DEVICE_CPU), SrgbFromLinearGradOp);

}  // namespace
}  // namespace morph3d
