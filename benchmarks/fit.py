"""The speed of fitting a face to its photo, step by step: landmarks, by Gauss-Newton and by gradient descent; pixels; texture.

    python -m benchmarks.fit --json=runs/fit.json

On scikit-image's astronaut, once what belongs to the network and its model alone is in memory. `everything` is from photo to Face:
detection of the face, network, landmarks, pixels, texture and overlays.
"""
import skimage.data
from absl import app, flags

from benchmarks import measuring
from morph3d.fitting import overlays, photo_fit, photo_texture
from morph3d.fitting.fitter import Fitter
from morph3d.inference import reconstructor

_ROUNDS = flags.DEFINE_integer("rounds", 5, "how often each is measured", lower_bound=1)


def main(_):
    photo, loaded = skimage.data.astronaut(), reconstructor.load().reading(expected=True)
    face = loaded.reconstruct(photo)
    landmarks, pixels, descent, identity = (Fitter(loaded, **choices) for choices in (
        {"pixels": False}, {}, {"pixels": False, "gradient_descent": True}, {"identity": True}))
    fit = pixels.solve(photo, face)
    found = measuring.medians({
        "network": lambda: loaded.reconstruct(photo),
        "landmarks": lambda: landmarks.solve(photo, face),
        "landmarks_by_gradient_descent": lambda: descent.solve(photo, face),
        "landmarks_and_pixels": lambda: pixels.solve(photo, face),
        "with_identity": lambda: identity.solve(photo, face),
        "texture": lambda: photo_texture.make(pixels.model, loaded.uvs, fit, photo),
        "overlays": lambda: overlays.draw(pixels.model, fit, photo),
        "everything": lambda: pixels.fit(photo, loaded.reconstruct(photo)),
    }, _ROUNDS.value)
    figures = {f"{name}_milliseconds": 1e3 * seconds for name, seconds in found.items()}
    figures |= {"fitted_pixels": photo_fit.SIZE, "photos_per_minute": 60. / found["everything"]}
    measuring.show(figures)
    measuring.keep(figures)


if __name__ == "__main__":
    app.run(main)
