#include "phong.h"

#include "vector3.h"

namespace morph3d {
namespace {

const Vector3 kWhite = {1.f, 1.f, 1.f};
const Vector3 kBlack = {0.f, 0.f, 0.f};

bool IsZero(Vector3 v) { return v.x == 0.f && v.y == 0.f && v.z == 0.f; }

// std::pow, but several times faster for the small whole exponents that highlights usually have.
float Power(float base, float exponent) {
  if (!(exponent < 256.f && exponent == std::floor(exponent))) return std::pow(base, exponent);
  float result = 1.f;
  for (int rest = static_cast<int>(exponent); rest > 0; rest /= 2) {
    if (rest % 2) result *= base;
    base *= base;
  }
  return result;
}

// One light on one point.
struct Reflection {
  Direction light;
  float cosine;     // n.l, positive where the light is before the surface
  float mirrored;   // r.v
  float highlight;  // max(r.v, 0)^shininess

  Reflection(Vector3 light_position, Vector3 position, Vector3 normal, Vector3 view, float shininess)
      : light(light_position - position) {
    cosine = Dot(normal, light.unit);
    mirrored = 2.f * cosine * Dot(normal, view) - Dot(light.unit, view);
    highlight = cosine > 0.f && mirrored > 0.f ? Power(mirrored, shininess) : 0.f;
  }
};

void Add(Vector3 a, double* sum) {
  sum[0] += a.x;
  sum[1] += a.y;
  sum[2] += a.z;
}

}  // namespace

void Shade(const Surface& surface, const Lights& lights, Gloss gloss, Range pixels, float* output) {
  const Vector3 ambient = Load(lights.ambient);
  for (int64_t i = 3 * pixels.first; i < 3 * pixels.end; i += 3) {
    const Vector3 albedo = Load(surface.albedo + i), position = Load(surface.positions + i);
    Vector3 diffuse = ambient, specular = kBlack;
    if (!IsZero(Load(surface.normals + i))) {
      const Vector3 normal = Direction(Load(surface.normals + i)).unit, view = Direction(-1.f * position).unit;
      for (int k = 0; k < lights.count; ++k) {
        const Reflection r(Load(lights.positions + 3 * k), position, normal, view, gloss.shininess);
        if (!(r.cosine > 0.f)) continue;
        diffuse = diffuse + r.cosine * Load(lights.intensities + 3 * k);
        specular = specular + r.highlight * Load(lights.intensities + 3 * k);
      }
    }
    Store(albedo * diffuse + gloss.specular * ((kWhite - albedo) * specular), output + i);
  }
}

// The chain rule, from the last line of Shade to its first; d names the gradient of the sum of outputs times g.
void ShadeGradient(const Surface& surface, const Lights& lights, Gloss gloss, const float* output_gradient, Range pixels,
                   const ShadeGradients& gradients) {
  const Vector3 ambient = Load(lights.ambient);
  for (int64_t i = 3 * pixels.first; i < 3 * pixels.end; i += 3) {
    const Vector3 albedo = Load(surface.albedo + i), position = Load(surface.positions + i),
                  g = Load(output_gradient + i);
    const Vector3 d_diffuse = g * albedo, d_specular = gloss.specular * (g * (kWhite - albedo));
    Vector3 diffuse = ambient, specular = kBlack, d_normal = kBlack, d_position = kBlack;
    Add(d_diffuse, gradients.ambient);
    if (!IsZero(Load(surface.normals + i))) {
      const Direction normal(Load(surface.normals + i)), view(-1.f * position);
      const float facing = Dot(normal.unit, view.unit);
      Vector3 d_unit_normal = kBlack, d_view = kBlack;
      for (int k = 0; k < lights.count; ++k) {
        const Reflection r(Load(lights.positions + 3 * k), position, normal.unit, view.unit, gloss.shininess);
        if (!(r.cosine > 0.f)) continue;
        const Vector3 intensity = Load(lights.intensities + 3 * k);
        diffuse = diffuse + r.cosine * intensity;
        specular = specular + r.highlight * intensity;
        Add(r.cosine * d_diffuse + r.highlight * d_specular, gradients.light_intensities + 3 * k);
        const float d_highlight = Dot(d_specular, intensity);
        const float d_mirrored = r.highlight > 0.f ? d_highlight * gloss.shininess * r.highlight / r.mirrored : 0.f;
        const float d_cosine = Dot(d_diffuse, intensity) + 2.f * facing * d_mirrored;
        const Vector3 d_light = r.light.Gradient(d_cosine * normal.unit - d_mirrored * view.unit);
        d_unit_normal = d_unit_normal + d_cosine * r.light.unit + 2.f * r.cosine * d_mirrored * view.unit;
        d_view = d_view + 2.f * r.cosine * d_mirrored * normal.unit - d_mirrored * r.light.unit;
        Add(d_light, gradients.light_positions + 3 * k);
        d_position = d_position - d_light;
      }
      d_normal = normal.Gradient(d_unit_normal);
      d_position = d_position - view.Gradient(d_view);
    }
    Store(g * (diffuse - gloss.specular * specular), gradients.albedo + i);
    Store(d_normal, gradients.normals + i);
    Store(d_position, gradients.positions + i);
  }
}

}  // namespace morph3d
