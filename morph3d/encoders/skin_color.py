"""Colors of a face beside a recognizer's features, which hardly hold them: it knows a person in any light, and forgets the light.

They are the mean colors around a few places of the face, as photographers compare them: of each the logarithms of brightness, of
red over green and of blue over green. Another exposure, or another white balance, adds the same to those of all places, for sRGB is
nearly a power of light; so what they have in common tells of light and skin together, and how they differ (the whites of the eyes
and the lips from the cheeks, one side from the other, the face from all the picture) tells of which.
"""
import numpy as np
import tensorflow as tf

from morph3d.encoders.base import Encoder

VERSION = 1  # of the numbers

# In distances of the eyes: where, to the picture's right and down from the middle between them, and how far the weights reach (the
# standard deviation of a normal distribution).
PLACES = {"right cheek": (-.5, .48, .14), "left cheek": (.5, .48, .14), "bridge of the nose": (0., .16, .09),
          "tip of the nose": (0., .52, .08), "forehead": (0., -.6, .15), "chin": (0., 1.5, .14), "right eye": (-.5, 0., .08),
          "left eye": (.5, 0., .08), "mouth": (0., 1.06, .08), "all": (0., .45, 1.4)}
CHEEKS = "right cheek", "left cheek"  # where skin is seen the best
SIZE = 3 * len(PLACES)
DARKEST = .03  # added to all: below the noise of a camera a logarithm tells nothing
GRAY = 2. / 255.  # a picture whose channels differ by less on the average, as in a gray JPEG, has no colors,
USUAL = .28, -.19  # and gets the logarithms of red and blue over green that cheeks have on the average
LUMINANCE = .2126, .7152, .0722  # of red, green and blue (IEC 61966-2-1)


def beside(encoder):
    """The same Encoder, whose features have the colors of the face at their end, SIZE numbers."""
    network = WithColors(encoder, encoder.template, encoder.image_size)
    return Encoder(encoder.name, encoder.image_size, encoder.template, network, f"{encoder.version}, colors {VERSION}",
                   encoder.recognizer)


class WithColors(tf.Module):
    """images [B, size, size, 3] -> (an encoder's features and the colors of the face [B, D + SIZE], the encoder's embedding)."""

    def __init__(self, encoder, template, size):
        super().__init__("with_colors")
        self.encoder = encoder
        self._weights = tf.constant(weights(template, size), tf.float32)

    def __call__(self, images):
        features, embedding = self.encoder(images)
        return tf.concat([features, face_colors(images, self._weights)], -1), embedding


def weights(template, size, names=tuple(PLACES)):
    """[P, size, size] NumPy, the weights of a picture's pixels at each of some PLACES, whose sum is 1.

    Args:
      template: [5, 2] pixels, where the five points of a face are in the picture; the first two are the eyes.
      size: of the picture, pixels.
      names: of the places.
    """
    right, left = np.float64(template[:2])
    x, y, reach = (np.array([PLACES[name] for name in names]) * np.linalg.norm(left - right)).T[:, :, None]
    (middle_x, middle_y), pixels = (right + left) / 2., np.arange(size) + .5
    across, down = (np.exp(-.5 * ((pixels - middle - where) / reach)**2) for middle, where in ((middle_x, x), (middle_y, y)))
    falling = down[:, :, None] * across[:, None]
    return falling / falling.sum((1, 2), keepdims=True)


def face_colors(images, places):
    """[B, SIZE] the logarithms of brightness, red over green and blue over green, of one place after another.

    Args:
      images: [B, size, size, 3] sRGB in 0..1, framed like the template.
      places: [P, size, size], see `weights`.
    """
    pixels = tf.reshape(images, [-1, places.shape[1] * places.shape[2], 3])
    means = DARKEST + tf.reshape(places, [len(places), -1]) @ pixels
    brightness = tf.math.log(tf.linalg.matvec(means, LUMINANCE))
    red, green, blue = tf.unstack(tf.math.log(means), axis=-1)
    red, blue = (tf.where(is_gray(images)[:, None], usual, ratio) for usual, ratio in zip(USUAL, (red - green, blue - green)))
    return tf.reshape(tf.stack([brightness, red, blue], -1), [-1, SIZE])


def is_gray(images):
    """[...] whether pictures [..., size, size, 3], sRGB in 0..1, have no colors."""
    return tf.reduce_mean(tf.reduce_max(images, -1) - tf.reduce_min(images, -1), [-2, -1]) < GRAY
